"""The store as one DuckDB file: attached for seconds, never for a run, so that others can read it meanwhile.

Every commit is durable in the write-ahead log. The file is let go (which checkpoints it) after the first commit that
ends `hold_s` seconds or more after it was opened, and then stays free for a gap: 0.1 s, or as long as it was held if
that was shorter. Calls beside the stream of batches let it go at once. Letting go may fail on a full disk; what was
committed holds all the same, in the log, and the next commit tells. Where no commit comes, a heartbeat lets it go.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from crmsync import __version__, errors, faults
from crmsync.quote import identifier
from crmsync.store import apart, changes, leases, outside, schema, tables
from crmsync.store.changes import now, transaction
from crmsync.store.duckdb_errors import Locked
from crmsync.store.engine import Engine
from crmsync.store.found import Found
from crmsync.store.hub import HUB, heed_losses
from crmsync.store.interface import Clear, Commit, Lease, Pairing, Table
from crmsync.store.views import VIEWS

OnWait = Callable[[str, float], None]

_HOLD_S = 2.0  # others wait at most about this long, plus one commit
_GAP_S = 0.1
_POLL_S = (0.01, 0.05)  # our own waiters look more often than a gap is long, so that each gap lets one in
_TELL_S = (0.5, 10.0)  # a wait is told after the first, then ever more seldom, at least every so often


class FileStore:
    """One DuckDB file.

    `on_wait(holder, seconds)` hears of waits for a file that somebody else has open; what it raises ends the wait.
    After `patience_s` the wait ends in StoreLocked.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_wait: OnWait | None = None,
        patience_s: float = 600.0,
        read_only: bool = False,
        hold_s: float = _HOLD_S,
    ) -> None:
        _require_usable(path.absolute(), read_only=read_only)
        self.engine = Engine(path)
        self.path = self.engine.path
        self._found = Found(self.engine)
        self._on_wait = on_wait or (lambda _holder, _seconds: None)
        self._patience_s, self._read_only, self._hold_s = patience_s, read_only, hold_s
        self._since = 0.0  # when the file was attached
        self._free_at = 0.0  # not attached again before
        self._full: errors.StoreFull | None = None  # letting go failed after a commit that holds

    # -- what pull and push use -------------------------------------------------------------------------------------

    def ensure(self, table: Table) -> dict[str, str]:
        with self._visit(), transaction(self.engine):
            self._found.forget(table)
            if table.schema == HUB:
                heed_losses(self.engine, table)
            return tables.ensure(self.engine, table)

    def lookup(self, table: Table, keys: str, into: str, columns: Sequence[str] | None = None) -> int:
        self._open()
        return self._found.bring(table, keys, into, columns)

    def compare(self, table: Table, staged: str, into: str, columns: Sequence[str]) -> int:
        self._open()
        return self._found.compare(table, staged, into, columns)

    def unseen(self, table: Table, connection: str, stream: str, begun: datetime | None, into: str) -> tuple[int, int]:
        missing, full, who = identifier(into), self.engine.full(table), [connection, stream]
        with self._visit():
            live = self._living(table)
            self.engine.execute(
                f"CREATE OR REPLACE TEMP TABLE {missing} AS SELECT _id, {live} AS _live FROM {full} "
                f"WHERE _deleted_at IS NULL AND coalesce(_created_at < ?, true) AND _id NOT IN ({self._met()})",
                [begun, *who],
            )
            self.engine.execute(
                f"INSERT INTO {missing} SELECT record_id, false FROM {self.engine.full(schema.REJECTS)} "
                "WHERE connection = ? AND stream = ? AND resolved_at IS NULL AND outcome = 'rejected' "
                f"AND record_id <> md5(payload) AND record_id NOT IN (SELECT _id FROM {missing}) "
                f"AND record_id NOT IN ({self._met()})",
                [*who, *who],
            )
            return int(self.engine.value(f"SELECT count(*) FROM {missing} WHERE _live")), self._live(table)

    def unknown(self, table: Table, connection: str, stream: str, after: str, size: int) -> list[str]:
        with self._visit():
            found = self.engine.rows(
                f"SELECT DISTINCT record_id FROM ({self._met()}) WHERE record_id > ? AND record_id NOT IN "
                f"(SELECT _id FROM {self.engine.full(table)} WHERE {self._living(table)}) ORDER BY record_id LIMIT ?",
                [connection, stream, after, size],
            )
        return [row[0] for row in found]

    def _met(self) -> str:
        return f"SELECT record_id FROM {self.engine.full(schema.SEEN)} WHERE connection = ? AND stream = ?"

    def slice(self, table: Table, where: Mapping[str, Any], after: str, size: int, into: str) -> int:
        by, equal = identifier(table.key[-1]), "".join(f"{identifier(c)} = ? AND " for c in where)
        with self._visit():
            return self.engine.table(
                into,
                f"FROM {self.engine.full(table)} WHERE {equal}{by} > ? ORDER BY {by} LIMIT ?",
                [*where.values(), after, size],
            )

    def apart(self, pairing: Pairing, into: str) -> int:
        with self._visit():
            return apart.bring(self.engine, pairing, self._living(pairing.mirror), into)

    def commit(self, commit: Commit) -> float:
        self._stop_if_full()
        self._open()
        begin = time.monotonic()
        faults.point("commit.begun")
        with self._found.unsettled(), transaction(self.engine):
            leases.verify(self.engine, commit.lease)
            for expect in commit.expects:
                changes.require(expect, self._found)
            for change in commit.changes:
                changes.apply(self.engine, change, self._found)
            faults.point("commit.rows")
            if commit.checkpoint is not None:
                changes.move_checkpoint(self.engine, commit.lease, commit.checkpoint)
            changes.journal(self.engine, commit.lease, commit.run, commit.logs)
            faults.point("commit.before")
        faults.point("commit.after")
        took = time.monotonic() - begin
        self._rest_if_due()
        return took

    def acquire(self, connection: str, stream: str, run: Mapping[str, Any]) -> Lease:
        with self._visit(), transaction(self.engine):
            lease = leases.acquire(self.engine, connection, stream, str(run["run_id"]))
            row = {**run, **leases.me(), "status": "running", "heartbeat_at": now()}
            changes.insert(self.engine, schema.RUNS, row)
            return lease

    def hold(self, connection: str, stream: str, run_id: str, doing: str) -> Lease:
        with self._visit(), transaction(self.engine):
            return leases.acquire(self.engine, connection, stream, run_id, doing)

    def let_go(self, lease: Lease) -> None:
        with self._visit(), transaction(self.engine):
            leases.release(self.engine, lease)

    def release(self, lease: Lease, run: Mapping[str, Any], logs: Sequence[Mapping[str, Any]] = ()) -> None:
        with self._visit(), transaction(self.engine):
            mirror = Table(lease.connection, lease.stream, (), ("_id",))
            rows = self._live(mirror) if self.engine.has(mirror) else None
            changes.journal(self.engine, lease, {**run, "finished_at": now(), "rows": rows}, logs)
            if run.get("status") == "done":
                changes.close_pages(self.engine, lease)
            leases.release(self.engine, lease)

    def heartbeat(self, held: Sequence[Lease]) -> None:
        with self._visit(), transaction(self.engine):
            for lease in held:
                leases.heartbeat(self.engine, lease)
        self._rest_if_due()  # a provider that stalls must not keep the file ours

    def checkpoint(self, connection: str, stream: str) -> str | None:
        with self._visit():
            found = self.engine.rows(
                f"SELECT checkpoint FROM {self.engine.full(schema.CHECKPOINTS)} WHERE connection = ? AND stream = ?",
                [connection, stream],
            )
        return str(found[0][0]) if found else None

    def open_rejects(self, connection: str, stream: str) -> int:
        with self._visit():
            return int(
                self.engine.value(
                    f"SELECT count(*) FROM {self.engine.full(schema.REJECTS)} "
                    "WHERE connection = ? AND stream = ? AND resolved_at IS NULL AND outcome <> 'page'",
                    [connection, stream],
                )
            )

    def rest(self) -> None:
        if not self.engine.attached:
            return
        held = time.monotonic() - self._since
        self._found.forget()
        try:
            self.engine.detach()
        except errors.StoreFull as error:
            self._full = error  # the log keeps what was committed; the next commit tells
        finally:
            self._free_at = time.monotonic() + min(_GAP_S, held)
        faults.point("file.let_go")

    def close(self) -> None:
        try:
            self.rest()
        finally:
            self.engine.close()

    def keep_page(self, lease: Lease, reason: str, body: bytes) -> None:
        """Keep an unreadable answer in crmsync.rejects, for a person to look at."""
        text = body.decode(errors="replace")
        row = {
            "connection": lease.connection,
            "stream": lease.stream,
            "record_id": hashlib.md5(body, usedforsecurity=False).hexdigest(),
            "outcome": "page",
            "problems": [{"field": "", "reason": reason, "value": None, "hold": False}],
            "payload": text.replace("\0", ""),
            "run_id": lease.run_id,
            "attempts": 1,
            "first_at": now(),
            "last_at": now(),
        }
        with self._visit(), transaction(self.engine):
            same = {k: row[k] for k in schema.REJECTS.key}
            changes.apply(self.engine, Clear(schema.REJECTS, same), self._found)
            changes.insert(self.engine, schema.REJECTS, row)

    # -- what the command line and the service use ------------------------------------------------------------------

    def query(self, sql: str, parameters: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one statement, which can only read, with the store as the current database; column names and all rows.

        Raises UsageError, in DuckDB's words, where the statement is wrong or would do more than read.
        """
        with self._visit():
            return self.engine.ask(sql, parameters)

    def set_checkpoint(self, connection: str, stream: str, checkpoint: str | None) -> None:
        """Write, or with None forget, a checkpoint by hand. Raises AlreadyRunning while a run holds the stream."""
        with self._visit(), transaction(self.engine):
            lease = leases.acquire(self.engine, connection, stream, "by hand")
            if checkpoint is None:
                gone = Clear(schema.CHECKPOINTS, {"connection": connection, "stream": stream})
                changes.apply(self.engine, gone, self._found)
            else:
                changes.move_checkpoint(self.engine, lease, checkpoint)
            leases.release(self.engine, lease)

    def _live(self, mirror: Table) -> int:
        return int(self.engine.value(f"SELECT count(*) FROM {self.engine.full(mirror)} WHERE {self._living(mirror)}"))

    def _living(self, mirror: Table) -> str:
        """SQL: whether a row of a mirror is that of a living record of its stream."""
        ends = {"_deleted_at", "_left_at"} & tables.columns(self.engine, mirror)  # the hub's have neither
        return " AND ".join(f"{end} IS NULL" for end in sorted(ends)) or "true"

    def outside(self, source: str, into: str) -> list[str]:
        """Fill the engine table `into` with what a person gave; see outside.py."""
        with self._visit():
            pass  # the layout is made, and whoever had the file open is gone
        self.rest()
        return outside.bring(self.engine, source, into)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Several calls in a row, for which the file is opened once; commits let it go when it is due all the same."""
        with self._visit():
            yield

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """All calls of the block go to a copy of the store, which is gone afterwards; engine tables stay.

        Raises StoreFull where there is no room for the copy, beside the store.
        """
        with self._visit():
            self.engine.copy()
        try:
            self.rest()
            self.engine.drafting = True
            yield
        finally:
            self.rest()
            self.engine.drafting = False
            self.engine.drop_draft()

    @contextmanager
    def changing(self) -> Iterator[Engine]:
        """One transaction of its own, on a file that is let go after it unless it was open before."""
        with self._visit(), transaction(self.engine):
            yield self.engine

    # -- the file ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _visit(self) -> Iterator[None]:
        """Open the file for one thing, and let it go again unless it was open before."""
        was_open = self.engine.attached
        self._open()
        try:
            yield
        except BaseException:
            if not was_open:
                with suppress(errors.StoreError):  # the first error is the one to tell
                    self.rest()
            raise
        if not was_open:
            self.rest()

    def _rest_if_due(self) -> None:
        if time.monotonic() - self._since > self._hold_s:
            self.rest()

    def _open(self) -> None:
        if self.engine.attached:
            return
        begin = time.monotonic()
        time.sleep(max(0.0, self._free_at - begin))
        self._attach(begin)
        self._since = time.monotonic()
        try:
            self._bring_layout()
        except BaseException:
            with suppress(errors.StoreError):
                self.rest()
            raise

    def _attach(self, begin: float) -> None:
        pause, tell_at = _POLL_S[0], _TELL_S[0]
        while (holder := self._holder()) is not None:
            waited = time.monotonic() - begin
            if waited > self._patience_s:
                raise errors.StoreLocked(
                    f"{holder} keeps {self.path} open.", hint="Close it there and run the same command again."
                )
            if waited >= tell_at:
                self._on_wait(holder, waited)
                tell_at = min(waited * 2, waited + _TELL_S[1])
            time.sleep(pause)
            pause = min(pause * 1.5, _POLL_S[1])

    def _holder(self) -> str | None:
        """Attach the file, or tell who has it open."""
        try:
            self.engine.attach(read_only=self._read_only)
        except Locked as lock:
            return lock.holder
        return None

    def _bring_layout(self) -> None:
        """Make or widen our own tables; refuse those of a newer crmsync, which may come while we run."""
        version = self._layout()
        if version > schema.VERSION:
            raise errors.StoreTooNew(f"{self.path} was written by a newer crmsync (layout {version}).")
        if version == schema.VERSION or (version and self._read_only):
            return  # an older layout reads as well: columns and views were added to it
        if self._read_only:
            hint = "Fill it with: crmsync run --connector NAME"
            raise errors.StoreError(f"{self.path} has nothing of crmsync yet.", hint=hint)
        with transaction(self.engine):
            for table in schema.SYSTEM:
                tables.ensure(self.engine, table)
            for view in VIEWS:
                tables.replace_view(self.engine, view)
            row = {"version": schema.VERSION, "crmsync": __version__, "applied_at": now()}
            changes.insert(self.engine, schema.MIGRATIONS, row)

    def _layout(self) -> int:
        if not self.engine.has(schema.MIGRATIONS):
            return 0
        return int(self.engine.value(f"SELECT max(version) FROM {self.engine.full(schema.MIGRATIONS)}") or 0)

    def _stop_if_full(self) -> None:
        error, self._full = self._full, None
        if error is not None:
            raise error


def _require_usable(path: Path, *, read_only: bool) -> None:
    """Refuse early what DuckDB would refuse in words that help nobody."""
    if not path.parent.is_dir():
        raise errors.StoreReadOnly(f"The folder {path.parent} does not exist.", hint="Create it, or use --store.")
    if path.is_dir():
        raise errors.StoreCorrupt(f"{path} is a folder, not a store file.", hint="Name a file in it with --store.")
    if read_only and not path.exists():
        raise errors.StoreError(f"There is no store {path} yet.", hint="Fill it with: crmsync run --connector NAME")
    if path.is_file() and path.stat().st_size == 0:
        raise errors.StoreCorrupt(f"{path} is empty, not a store.", hint="Delete it; the store is then made anew.")
