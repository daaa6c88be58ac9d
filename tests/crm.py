"""A simulated CRM without limits, served by the test, and the installed program connected to it."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from cli import CRMSYNC, Shell, package, shell
from crmsync import plugins
from crmsync.sandbox import Fault, Server, SimRequest
from providers import DRIVERS, Driver


@dataclass(frozen=True)
class Crm:
    """`crm("run", …)` runs the program; `connected` are the words that name the connection."""

    driver: Driver
    server: Server
    shell: Shell

    @property
    def simulator(self) -> Any:
        return self.driver.simulator

    def __call__(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.shell(*words, **environment)

    def inside(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.shell.inside(*words, **environment)

    def sync(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.shell("run", "--connector", self.shell.connector, *words, **environment)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a run and return when it holds its leases: when it asks for records."""
        asked = threading.Event()

        def hear(request: SimRequest) -> None:
            if self.driver.is_reading(request):
                asked.set()

        self.simulator.switches.on_request = hear
        run = self.shell.start("run", "--connector", self.shell.connector, *words, **environment)
        assert asked.wait(30)
        return run

    def hang(self) -> None:
        """The next request for contacts gets its answer in a minute."""
        self.simulator.faults.add(Fault(self.driver.is_reading, delay_s=60))


@contextmanager
def served(folder: Path, records: int = 0, provider: str = "hubspot", page: int | None = None) -> Iterator[Crm]:
    """A Crm whose simulator answers while the block runs; with `page`, for a connector `small` whose pages are so."""
    driver = DRIVERS[provider](records, 1, None)
    with Server(driver.simulator) as server:
        if page is None:
            yield Crm(driver, server, shell(folder, connector=provider, **server.options))
        else:
            package(folder / "site", "small", _smaller(driver, page))
            run = shell(folder, connector="small", **server.options)
            yield Crm(driver, server, replace(run, environment={**run.environment, "PYTHONPATH": str(folder / "site")}))


def _smaller(driver: Driver, page: int) -> str:
    spec_file = plugins.connector(driver.name).spec_file
    assert spec_file is not None
    tree = yaml.safe_load(spec_file.read_text())
    driver.shrink(tree, page)
    return yaml.safe_dump({**tree, "name": "small"}, sort_keys=False)


def on_terminal(run: Shell, *words: str, columns: int = 80, **environment: str) -> str:
    """What a person sees: the program with a terminal of that width for both of its outputs."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [str(CRMSYNC), *words],
        cwd=run.folder,
        env={**run.environment, **size, **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # the terminal's other end is closed
        while part := os.read(ours, 65536):
            seen += part
    os.close(ours)
    process.wait()
    return seen.decode().replace("\r\n", "\n")
