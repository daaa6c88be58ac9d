"""Promises on a full disk: the run stops with StoreFull, and what was committed is there when it has room again."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from crmsync.errors import StoreFull
from crmsync.store import FileStore
from store_kit import CONTACT, begin, contacts, one, put, python

# Commits 200 rows at a time with the number of the commit as checkpoint; says how many commits returned.
FILL = """
store = FileStore(Path(sys.argv[1]), hold_s=float(sys.argv[2]))
store.ensure(CONTACT)
lease, done = begin(store), 0
limit_files(int(sys.argv[3]))
try:
    while True:
        put(store, lease, {f"{done}/{n}": os.urandom(100).hex() for n in range(200)}, str(done))
        done += 1
finally:
    print(done, flush=True)
    store.close()
"""


@pytest.mark.parametrize("hold_s", ["1e9", "0"], ids=["in the log", "in the checkpoint of the file"])
def test_a_file_that_cannot_grow_stops_the_run_and_keeps_what_was_committed(path, hold_s):
    """COMMIT returned means done, whatever letting go says afterwards; what did not return left nothing."""
    with python(FILL, path, hold_s, str(3_000_000)) as filler:
        said, complaint = filler.communicate()
    assert "StoreFull: No space left for" in complaint
    done = int(said)
    assert done > 1
    _holds(path, done)


def test_the_next_run_after_a_full_disk_goes_on(path):
    """A fresh engine opens the file, takes the dead run's stream over and writes."""
    with python(FILL, path, "0", str(3_000_000)) as filler:
        filler.communicate()
    with closing(FileStore(path)) as store:
        before = len(contacts(store))
        put(store, begin(store, run_id="r2"), {"new": "a@x"}, "1000")
        assert len(contacts(store)) == before + 1


def test_a_store_that_had_no_room_to_let_go_tells_at_its_next_commit(path):
    """It stops the run early, with the last batch counted as done; closing the run's row works on."""
    code = """
store = FileStore(Path(sys.argv[1]), hold_s=0)
store.ensure(CONTACT)
lease = begin(store)
limit_files(Path(sys.argv[1]).stat().st_size)
put(store, lease, {str(n): os.urandom(100).hex() for n in range(2000)}, "1")
try:
    put(store, lease, {"late": "a@x"}, "2")
except Exception as error:
    print(type(error).__name__, flush=True)
store.release(lease, {"status": "failed"})
store.close()
"""
    with python(code, path) as filler:
        assert filler.communicate() == ("StoreFull\n", "")
    with closing(FileStore(path)) as store:
        assert store.checkpoint("hubspot", "contact") == "1"
        assert len(contacts(store)) == 2000
        assert one(store, "SELECT status FROM crmsync.runs") == ("failed",)


def test_a_full_disk_stops_the_run_and_keeps_what_was_committed(small_disk):
    """The same on a real disk; with room again the next run writes."""
    path, done = small_disk / "s.duckdb", 0
    store = FileStore(path, hold_s=0)
    store.ensure(CONTACT)
    lease = begin(store)
    with pytest.raises(StoreFull) as caught:
        while True:
            put(store, lease, {f"{done}/{n}": os.urandom(100).hex() for n in range(200)}, str(done))
            done += 1
    store.close()
    assert caught.value.hint.startswith("Free some space")
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    _holds(path, done)


def _holds(path: Path, done: int) -> None:
    """Exactly the commits that returned, rows and checkpoint."""
    with closing(FileStore(path)) as store:
        assert store.checkpoint("hubspot", "contact") == str(done - 1)
        batches = "SELECT count(*), count(DISTINCT split_part(_id, '/', 1)) FROM hubspot.contact"
        assert one(store, batches) == (done * 200, done)
