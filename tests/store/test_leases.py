"""Promises of leases: one run a stream, the dead are taken over, the late write nothing."""

from __future__ import annotations

import os
import socket

import pytest

from crmsync.errors import AlreadyRunning, LeaseLost
from store_kit import begin, contacts, edit, line, one, put, python

HOLD = """
store = FileStore(Path(sys.argv[1]), hold_s=0)
print(begin(store, run_id="theirs").fence, flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_told_who_runs_the_stream(store, lease, opened):
    """The run's id, its process and its machine."""
    with pytest.raises(AlreadyRunning, match=rf"Run r1 \(process {os.getpid()} on {socket.gethostname()}"):
        begin(opened(), run_id="r2")


def test_another_stream_is_free_meanwhile(store, lease):
    """Streams of one connection run side by side."""
    assert begin(store, "deal", run_id="r2").fence == 1


def test_a_living_process_keeps_its_lease(store, path):
    """However long it says nothing."""
    with python(HOLD, path) as holder:
        line(holder)
        edit(path, "UPDATE crmsync.leases SET heartbeat_at = '2000-01-01'")
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"):
            begin(store)


def test_a_killed_process_is_taken_over_and_its_run_is_lost(store, path):
    """SIGKILL leaves no stream stuck: the next run goes on, with a higher fence."""
    with python(HOLD, path) as holder:
        fence = int(line(holder))
        holder.kill()
        holder.wait()
        assert begin(store, run_id="ours").fence == fence + 1
    runs = "SELECT status, finished_at IS NOT NULL FROM crmsync.runs WHERE run_id = 'theirs'"
    assert one(store, runs) == ("lost", True)


def test_a_dead_process_that_nobody_has_waited_for_is_dead(store, path):
    """A zombie has a process number and writes nothing."""
    with python(HOLD, path) as holder:
        line(holder)
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        begin(store, run_id="ours")


def test_a_reused_process_number_is_not_mistaken_for_the_holder(store, lease, path):
    """The number lives, but began at another moment."""
    edit(path, "UPDATE crmsync.leases SET process_start = '1'")
    assert begin(store, run_id="r2").fence == 2


@pytest.mark.parametrize(("silence", "taken"), [("50 SECONDS", False), ("70 SECONDS", True)])
def test_a_holder_on_another_machine_lives_by_its_heartbeat(store, lease, path, silence, taken):
    """A minute of silence is death; less is not."""
    edit(path, f"UPDATE crmsync.leases SET host = 'elsewhere', heartbeat_at = now() - INTERVAL {silence}")
    if taken:
        assert begin(store, run_id="r2").fence == 2
    else:
        with pytest.raises(AlreadyRunning, match="on elsewhere"):
            begin(store, run_id="r2")


def test_a_holder_whose_start_is_unknown_lives_by_its_heartbeat(store, lease, path):
    """Systems without /proc do not say when a process began; no lease is held for ever there."""
    edit(path, "UPDATE crmsync.leases SET process_start = NULL, heartbeat_at = now() - INTERVAL 70 SECONDS")
    assert begin(store, run_id="r2").fence == 2


def test_a_late_writer_gets_lease_lost_and_writes_nothing(store, lease, path):
    """A run that was taken over while it slept changes neither rows nor checkpoint."""
    put(store, lease, {"1": "a@x"}, "1")
    edit(path, "UPDATE crmsync.leases SET process_start = 'another'")
    begin(store, run_id="r2")
    with pytest.raises(LeaseLost, match=r"took over hubspot\.contact"):
        put(store, lease, {"1": "late@x"}, "2")
    assert contacts(store) == [("1", "a@x")]
    assert store.checkpoint("hubspot", "contact") == "1"


def test_a_late_release_does_not_free_the_new_holder(store, lease, path):
    """The run that was taken over ends; the other goes on holding the stream."""
    edit(path, "UPDATE crmsync.leases SET process_start = 'another'")
    ours = begin(store, run_id="r2")
    store.release(lease, {"status": "stopped"})
    put(store, ours, {"1": "a@x"})
    assert contacts(store) == [("1", "a@x")]


def test_a_released_stream_is_free_and_its_fence_goes_on_rising(store, lease):
    """A commit of the released run is refused even if nobody came after it."""
    store.release(lease, {"status": "done"})
    with pytest.raises(LeaseLost):
        put(store, lease, {"1": "a@x"})
    assert begin(store, run_id="r2").fence == lease.fence + 1
    assert one(store, "SELECT status, finished_at IS NOT NULL FROM crmsync.runs WHERE run_id = 'r1'") == ("done", True)


def test_a_checkpoint_is_not_set_by_hand_under_a_running_stream(store, lease, opened):
    """Else the run's next commit would overwrite it."""
    with pytest.raises(AlreadyRunning):
        opened().set_checkpoint("hubspot", "contact", "1")


def test_a_heartbeat_moves_lease_and_run(store, lease, path):
    """Others see that the holder lives."""
    edit(path, "UPDATE crmsync.leases SET heartbeat_at = '2000-01-01'")
    edit(path, "UPDATE crmsync.runs SET heartbeat_at = '2000-01-01'")
    store.heartbeat([lease])
    for table in ("leases", "runs"):
        assert one(store, f"SELECT heartbeat_at > now() - INTERVAL 1 HOUR FROM crmsync.{table}") == (True,)
