"""Promises to others: the file is let go, those who wait are told for whom, and a shell reads it without a manual."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from threading import Thread

import duckdb
import pytest

from crmsync.errors import StoreLocked
from crmsync.store import FileStore
from crmsync.store.schema import SYSTEM
from crmsync.store.views import VIEWS
from store_kit import CONTACT, DATED, begin, contacts, edit, line, looked_up, put, python, shell, shell_rows

WRITE = """
store = FileStore(Path(sys.argv[1]), hold_s=float(sys.argv[2]))
store.ensure(CONTACT)
put(store, begin(store, sys.argv[3]), {sys.argv[3]: "a@x"}, "1")
print("written", flush=True)
sys.stdin.read()
"""


def test_a_file_held_longer_than_hold_s_is_let_go_after_the_commit(store, lease, path):
    """Between commits another program opens it."""
    put(store, lease, {"1": "a@x"})
    assert shell_rows(path, "SELECT email FROM hubspot.contact") == ["a@x"]


def test_calls_beside_the_batches_let_the_file_go_at_once(store, lease, path):
    """A run that waits for its provider holds up nobody."""
    with closing(FileStore(path, hold_s=1e9)) as patient:
        patient.ensure(DATED)
        patient.checkpoint("hubspot", "contact")
        patient.heartbeat([begin(patient, "deal")])
        patient.unseen(DATED, "hubspot", "contact", None, "missing")
        edit(path, "SELECT 1")


def test_a_call_beside_the_batches_does_not_let_go_of_what_a_batch_holds(store, lease, path):
    """What a batch found stays valid until its commit."""
    with closing(FileStore(path, hold_s=1e9)) as patient:
        looked_up(patient, ["1"])
        patient.heartbeat([lease])
        with pytest.raises(duckdb.IOException, match="Could not set lock"):
            _in_another_process(path)
        put(patient, lease, {"1": "a@x"})


def test_a_heartbeat_lets_go_of_a_file_held_too_long(store, lease, path):
    """The provider stalled after a commit, or between two."""
    looked_up(store, ["1"])
    store.heartbeat([lease])
    edit(path, "SELECT 1")


def test_others_wait_and_are_told_the_holder(path):
    """Its program and its process."""
    told: list[str] = []
    with python(WRITE, path, "1e9", "deal") as holder:
        line(holder)

        def free(name, seconds):
            told.append(name)
            holder.kill()

        with closing(FileStore(path, on_wait=free)) as store:
            assert contacts(store) == [("deal", "a@x")]
    assert told
    assert f"(process {holder.pid})" in told[0]
    assert told[0].startswith("python")


def test_a_shell_holds_up_our_commit_only_until_it_lets_go(store, lease, path):
    """The commit waits, names the shell, and goes on."""
    told: list[str] = []
    with shell(path) as held:

        def leave(name, seconds):
            told.append(name)
            held.stdin.close()

        with closing(FileStore(path, on_wait=leave)) as waiting:
            put(waiting, lease, {"1": "a@x"})
    assert told[0] == f"duckdb (process {held.pid})"
    assert contacts(store) == [("1", "a@x")]


def test_patience_runs_out_in_store_locked(store, path):
    """With the holder's name and what to do."""
    with shell(path) as held, closing(FileStore(path, patience_s=0.05)) as waiting:
        with pytest.raises(StoreLocked, match=rf"duckdb \(process {held.pid}\) keeps") as caught:
            waiting.checkpoint("hubspot", "contact")
        assert caught.value.hint == "Close it there and run the same command again."


def test_a_wait_ends_when_the_listener_raises(store, path):
    """So that a person who presses Ctrl-C need not wait for the patience to run out."""

    def stop(name, seconds):
        raise KeyboardInterrupt

    with shell(path), closing(FileStore(path, on_wait=stop)) as waiting, pytest.raises(KeyboardInterrupt):
        waiting.checkpoint("hubspot", "contact")


def test_two_stores_in_one_process_take_turns(store, lease, path):
    """The system's locks do not tell apart two openers in one process: the second waits like a stranger."""
    looked_up(store, ["1"])
    done: list[str | None] = []
    with closing(FileStore(path)) as other:
        thread = Thread(target=lambda: done.append(other.checkpoint("hubspot", "contact")))
        thread.start()
        put(store, lease, {"1": "a@x"}, "1")
        thread.join()
    assert done == ["1"]


def test_another_name_of_the_same_file_is_not_a_way_round_the_lock(store, lease, path):
    """A symbolic link to the store in use is the store in use."""
    looked_up(store, ["1"])
    link = path.with_name("link.duckdb")
    link.symlink_to(path)
    with closing(FileStore(link, patience_s=0)) as other, pytest.raises(StoreLocked):
        other.checkpoint("hubspot", "contact")


def test_readers_do_not_exclude_each_other(store, lease, path):
    """`crmsync query` and a shell that only reads share the file."""
    put(store, lease, {"1": "a@x"})
    with shell(path, "-readonly"), closing(FileStore(path, read_only=True, patience_s=0)) as reader:
        assert contacts(reader) == [("1", "a@x")]


def test_two_processes_commit_to_one_file_and_nothing_is_lost(store, path):
    """Different streams, one file, each letting go after each commit."""
    writer = """
store, stream = FileStore(Path(sys.argv[1]), hold_s=0), sys.argv[2]
lease = begin(store, stream)
for n in range(40):
    put(store, lease, {f"{stream}{n}": "a@x"}, str(n))
"""
    with python(writer, path, "contact") as one, python(writer, path, "deal") as two:
        assert [p.communicate(timeout=60)[1] for p in (one, two)] == ["", ""]
    assert store.checkpoint("hubspot", "contact") == store.checkpoint("hubspot", "deal") == "39"
    assert {id_ for id_, _ in contacts(store)} == {f"{s}{n}" for s in ("contact", "deal") for n in range(40)}
    assert len(contacts(store)) == 80


def test_a_shell_reads_every_table_and_its_comments(store, lease, path):
    """Each table and each column says what it is."""
    put(store, lease, {"1": "a@x"}, "1")
    for table in (*SYSTEM, *VIEWS, CONTACT):
        shell_rows(path, f'FROM "{table.schema}"."{table.name}"')
    silent = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
    assert shell_rows(path, silent) == []
    for kind in ("table", "view"):
        assert shell_rows(path, f"SELECT 1 FROM duckdb_{kind}s() WHERE NOT internal AND comment IS NULL") == []
    assert "Main address" in shell_rows(path, "SELECT comment FROM duckdb_columns() WHERE comment IS NOT NULL")


@pytest.mark.parametrize("options", [(), ("-readonly",)])
def test_a_shell_reads_what_a_killed_writer_left_in_its_log(path, options):
    """The shell people have is older than our engine, and replays its log all the same."""
    with python(WRITE, path, "1e9", "deal") as writer:
        line(writer)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    assert path.with_name(f"{path.name}.wal").stat().st_size > 0
    with shell(path, *options) as reader:
        assert reader.communicate("SELECT _id, email FROM hubspot.contact;\n")[0].strip() == "deal,a@x"


def _in_another_process(path):
    code = "import duckdb\ntry: duckdb.connect(sys.argv[1])\nexcept duckdb.IOException as e: print(e, flush=True)"
    with python(code, path) as other:
        raise duckdb.IOException(line(other))


@pytest.mark.parametrize("name", ["crmsync.duckdb", "team.duckdb"])
def test_our_tables_have_one_name_whatever_the_file_is_called(tmp_path, name):
    """`crmsync.runs` in a shell and in `crmsync query`; a file called like the schema would be ambiguous."""
    path = tmp_path / name
    with closing(FileStore(path)) as store:
        begin(store)
        assert store.query("SELECT run_id FROM crmsync.runs")[1] == [("r1",)]
    assert shell_rows(path, "SELECT run_id FROM crmsync.runs") == ["r1"]


@pytest.mark.parametrize(("before", "after"), [("crmsync", "team"), ("team", "crmsync")])
def test_a_renamed_store_is_still_the_same_store(tmp_path, before, after):
    """What was committed under one name is found under the other."""
    with closing(FileStore(tmp_path / f"{before}.duckdb")) as store:
        store.release(begin(store), {"status": "done"})
    (tmp_path / f"{before}.duckdb").rename(tmp_path / f"{after}.duckdb")
    with closing(FileStore(tmp_path / f"{after}.duckdb")) as store:
        assert begin(store, run_id="r2").fence == 2
        assert store.query("SELECT run_id FROM crmsync.runs ORDER BY ALL")[1] == [("r1",), ("r2",)]
