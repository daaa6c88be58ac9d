"""One run a stream: who holds it, whether the holder lives, and the fence that a late writer runs into.

All functions run inside a transaction of the caller.
"""

from __future__ import annotations

import hashlib
import os
import socket
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from crmsync import errors
from crmsync.process import birth
from crmsync.store.engine import Engine
from crmsync.store.interface import Lease
from crmsync.store.schema import LEASES, RUNS

DEAD_AFTER = timedelta(seconds=60)  # of silence, for a holder on another machine


def me() -> dict[str, Any]:
    """This process, as leases and runs name it."""
    return {"host": _host(), "pid": os.getpid()}


def acquire(engine: Engine, connection: str, stream: str, run_id: str, doing: str | None = None) -> Lease:
    """Take the lease, from a dead holder if need be; raises AlreadyRunning where the holder lives.

    `doing` is what the holder does, where it is not reading the stream.
    """
    found = engine.rows(
        f"SELECT run_id, fence, host, pid, process_start, heartbeat_at FROM {engine.full(LEASES)} "
        "WHERE connection = ? AND stream = ?",
        [connection, stream],
    )
    fence = 0
    if found:
        holder, fence, host, pid, start, heartbeat = found[0]
        if holder is not None and _alive(host, pid, start, heartbeat):
            doing = doing or f"is reading {connection}.{stream}"
            raise errors.AlreadyRunning(f"Run {holder} (process {pid} on {host}) {doing}.")
        if holder is not None:
            _bury(engine, holder, connection, stream)
        engine.execute(f"DELETE FROM {engine.full(LEASES)} WHERE connection = ? AND stream = ?", [connection, stream])
    now = datetime.now(UTC)
    born = birth(os.getpid())
    row = [connection, stream, run_id, fence + 1, _host(), os.getpid(), str(born) if born else None, now]
    engine.execute(f"INSERT INTO {engine.full(LEASES)} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return Lease(connection, stream, run_id, fence + 1)


def verify(engine: Engine, lease: Lease) -> None:
    """Refuse a commit of a run that was taken over."""
    fence = engine.value(
        f"SELECT fence FROM {engine.full(LEASES)} WHERE connection = ? AND stream = ? AND run_id = ?",
        [lease.connection, lease.stream, lease.run_id],
    )
    if fence != lease.fence:
        raise errors.LeaseLost(f"Another run took over {lease.connection}.{lease.stream}.")


def heartbeat(engine: Engine, lease: Lease) -> None:
    """Note a sign of life, in the lease and in the run."""
    now = datetime.now(UTC)
    who = [lease.connection, lease.stream, lease.run_id]
    for table in (LEASES, RUNS):
        engine.execute(
            f"UPDATE {engine.full(table)} SET heartbeat_at = ? WHERE connection = ? AND stream = ? AND run_id = ?",
            [now, *who],
        )


def release(engine: Engine, lease: Lease) -> None:
    """Give the lease back; the fence stays, so that it goes on rising."""
    engine.execute(
        f"UPDATE {engine.full(LEASES)} SET run_id = NULL "
        "WHERE connection = ? AND stream = ? AND run_id = ? AND fence = ?",
        [lease.connection, lease.stream, lease.run_id, lease.fence],
    )


def _bury(engine: Engine, run_id: str, connection: str, stream: str) -> None:
    engine.execute(
        f"UPDATE {engine.full(RUNS)} SET status = 'lost', finished_at = heartbeat_at "
        "WHERE run_id = ? AND connection = ? AND stream = ? AND status = 'running'",
        [run_id, connection, stream],
    )


def _alive(host: str, pid: int, start: str | None, heartbeat_at: datetime) -> bool:
    if host == _host() and start is not None:
        return str(birth(pid)) == start
    return datetime.now(UTC) - heartbeat_at < DEAD_AFTER


@cache
def _host() -> str:
    """The machine, and its boot and container, since a process number says nothing across either."""
    marks = "".join(_read(Path(p)) for p in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"))
    digest = hashlib.md5(marks.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"{socket.gethostname()}/{digest}" if marks else socket.gethostname()


def _read(mark: Path) -> str:
    """What a file of the kernel says, or where its link points; nothing on systems without."""
    try:
        return str(mark.readlink()) if mark.is_symlink() else mark.read_text()
    except OSError:
        return ""
