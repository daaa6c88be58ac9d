"""The stores under test. A later driver joins by adding its name to DRIVERS and a line to `opened`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from crmsync.store import FileStore, Lease
from store_kit import CONTACT, begin

DRIVERS = ["file"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store file is, or will be."""
    return tmp_path / "team.duckdb"


@pytest.fixture(params=DRIVERS)
def opened(request: pytest.FixtureRequest, path: Path) -> Iterator[Callable[[], FileStore]]:
    """Opens the same store as often as called, each time as a process of its own would."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(FileStore(path, hold_s=0)))


@pytest.fixture
def store(opened: Callable[[], FileStore]) -> FileStore:
    """A store with an empty mirror of contacts."""
    made = opened()
    made.ensure(CONTACT)
    return made


@pytest.fixture
def lease(store: FileStore) -> Lease:
    """The right to write the contacts."""
    return begin(store)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"only root may mount a disk ({mounted.stderr.decode().strip()}); other tests cover the promise")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)
