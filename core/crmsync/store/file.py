"""The store as one DuckDB file: attached for seconds, never for a run, so that others can read it meanwhile.

Every commit is durable in the write-ahead log. The file is let go (which checkpoints it) about every `hold_s`
seconds, and then stays free for at least `gap_s`, or as long as the last stretch of commits makes fair.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmsync import __version__, errors
from crmsync.store import leases, schema
from crmsync.store.engine import ALIAS, Engine, Locked
from crmsync.store.interface import Change, Clear, Commit, Lease, Table, Upsert

OnWait = Callable[[str, float], None]

_HOLD_S = 2.0  # others wait at most about this long, plus one commit
_GAP_S = 0.1  # our own waiters poll faster than this, so each gap lets at least one in
_POLL_S = (0.01, 0.25)


class FileStore:
    """One DuckDB file. `on_wait(holder, seconds)` hears of waits for a file that somebody else has open."""

    def __init__(
        self,
        path: Path,
        *,
        on_wait: OnWait | None = None,
        patience_s: float = 600.0,
        read_only: bool = False,
        hold_s: float = _HOLD_S,
    ) -> None:
        self.path = path.absolute()
        if not self.path.parent.is_dir():
            raise errors.StoreReadOnly(
                f"The folder {self.path.parent} does not exist.", hint="Create it, or use --store."
            )
        if read_only and not self.path.exists():
            raise errors.StoreError(f"There is no store {self.path} yet.", hint="Fill it with: crmsync run")
        self.engine = Engine(self.path)
        self._on_wait = on_wait or (lambda _holder, _seconds: None)
        self._patience_s, self._read_only, self._hold_s = patience_s, read_only, hold_s
        self._since = 0.0  # when the file was attached
        self._free_at = 0.0  # not attached again before
        self._ensured: dict[tuple[str, str], Table] = {}

    # -- what pull and push use -------------------------------------------------------------------------------------

    def ensure(self, table: Table) -> tuple[str, ...]:
        self._open()
        differing = _ensure(self.engine, table)
        self._ensured[table.schema, table.name] = table
        return differing

    def lookup(self, table: Table, keys: str, into: str, columns: Sequence[str] | None = None) -> int:
        self._open()
        picked = ", ".join(f"m.{_name(c)}" for c in columns) if columns else "m.*"
        using = ", ".join(_name(k) for k in table.key)
        self.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {_name(into)} AS "
            f"SELECT {picked} FROM {_full(table)} m SEMI JOIN ({keys}) k USING ({using})"
        )
        return int(self.engine.value(f"SELECT count(*) FROM {_name(into)}"))

    def unseen(self, table: Table, connection: str, stream: str, into: str) -> tuple[int, int]:
        self._open()
        self.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {_name(into)} AS SELECT _id FROM {_full(table)} WHERE _deleted_at IS NULL "
            f"AND _id NOT IN (SELECT record_id FROM {_full(schema.SEEN)} WHERE connection = ? AND stream = ?)",
            [connection, stream],
        )
        live = self.engine.value(f"SELECT count(*) FROM {_full(table)} WHERE _deleted_at IS NULL")
        return int(self.engine.value(f"SELECT count(*) FROM {_name(into)}")), int(live)

    def commit(self, commit: Commit) -> float:
        self._open()
        begin = time.monotonic()
        with self._transaction():
            leases.verify(self.engine, commit.lease)
            for change in commit.changes:
                self._apply(change)
            if commit.checkpoint is not None:
                self._move_checkpoint(commit.lease, commit.checkpoint)
            self._journal(commit.lease, commit.run, commit.logs)
        took = time.monotonic() - begin
        if time.monotonic() - self._since > self._hold_s:
            self.rest()
        return took

    def acquire(self, connection: str, stream: str, run: Mapping[str, Any]) -> Lease:
        self._open()
        with self._transaction():
            lease = leases.acquire(self.engine, connection, stream, str(run["run_id"]))
            self._insert(schema.RUNS, {**run, **leases.me(), "status": "running", "heartbeat_at": _now()})
        return lease

    def release(self, lease: Lease, run: Mapping[str, Any], logs: Sequence[Mapping[str, Any]] = ()) -> None:
        self._open()
        with self._transaction():
            self._journal(lease, {**run, "finished_at": _now()}, logs)
            leases.release(self.engine, lease)

    def heartbeat(self, held: Sequence[Lease]) -> None:
        self._open()
        with self._transaction():
            for lease in held:
                leases.heartbeat(self.engine, lease)

    def checkpoint(self, connection: str, stream: str) -> str | None:
        self._open()
        found = self.engine.rows(
            f"SELECT checkpoint FROM {_full(schema.CHECKPOINTS)} WHERE connection = ? AND stream = ?",
            [connection, stream],
        )
        return str(found[0][0]) if found else None

    def rest(self) -> None:
        if not self.engine.attached:
            return
        held = time.monotonic() - self._since
        try:
            self.engine.detach()
        finally:
            self._free_at = time.monotonic() + min(_GAP_S, held)

    def close(self) -> None:
        try:
            self.rest()
        finally:
            self.engine.close()

    def keep_page(self, lease: Lease, reason: str, body: bytes) -> None:
        """Keep an unreadable answer in crmsync.rejects, for a person to look at."""
        self._open()
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
            "first_at": _now(),
            "last_at": _now(),
        }
        with self._transaction():
            same = {k: row[k] for k in schema.REJECTS.key}
            self._apply(Clear(schema.REJECTS, same))
            self._insert(schema.REJECTS, row)

    # -- what the command line and the service use ------------------------------------------------------------------

    def query(self, sql: str, parameters: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one statement with the store as the current database; column names and all rows."""
        self._open()
        self.engine.execute(f"USE {ALIAS}")
        try:
            cursor = self.engine.execute(sql, parameters)
            names = [d[0] for d in cursor.description or ()]
            return names, cursor.fetchall() if names else []
        finally:
            self.engine.execute("USE memory")

    def set_checkpoint(self, connection: str, stream: str, checkpoint: str | None) -> None:
        """Write, or with None forget, a checkpoint by hand. Raises AlreadyRunning while a run holds the stream."""
        self._open()
        with self._transaction():
            lease = leases.acquire(self.engine, connection, stream, "by hand")
            if checkpoint is None:
                self._apply(Clear(schema.CHECKPOINTS, {"connection": connection, "stream": stream}))
            else:
                self._move_checkpoint(lease, checkpoint)
            leases.release(self.engine, lease)

    # -- the file ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self.engine.attached:
            return
        begin = time.monotonic()
        time.sleep(max(0.0, self._free_at - begin))
        pause, told = _POLL_S[0], 0.0
        while True:
            try:
                self.engine.attach(read_only=self._read_only)
                break
            except Locked as lock:
                waited = time.monotonic() - begin
                if waited > self._patience_s:
                    raise errors.StoreLocked(
                        f"{lock.holder} keeps {self.path} open.", hint="Close it there and run the same command again."
                    ) from None
                if waited - told > 0.5:
                    self._on_wait(lock.holder, waited)
                    told = waited
                time.sleep(pause)
                pause = min(pause * 1.5, _POLL_S[1])
        self._since = time.monotonic()
        if not self._ensured:
            self._migrate()

    def _migrate(self) -> None:
        self._ensured["", ""] = schema.MIGRATIONS  # opened once; not again at the next attach
        known = self.engine.value(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [ALIAS, schema.MIGRATIONS.schema, schema.MIGRATIONS.name],
        )
        version = self.engine.value(f"SELECT max(version) FROM {_full(schema.MIGRATIONS)}") if known else 0
        if version and version > schema.VERSION:
            raise errors.StoreTooNew(f"{self.path} was written by a newer crmsync (layout {version}).")
        if version == schema.VERSION or self._read_only:
            return
        with self._transaction():
            for table in schema.SYSTEM:
                _ensure(self.engine, table)
            self._insert(schema.MIGRATIONS, {"version": schema.VERSION, "crmsync": __version__, "applied_at": _now()})

    def _transaction(self) -> _Transaction:
        return _Transaction(self.engine)

    # -- changes ----------------------------------------------------------------------------------------------------

    def _apply(self, change: Change) -> None:
        target = _full(change.table)
        if isinstance(change, Clear):
            where = " AND ".join(f"{_name(c)} = ?" for c in change.where)
            self.engine.execute(f"DELETE FROM {target} WHERE {where}", list(change.where.values()))
            return
        staged = _name(change.staged)
        if isinstance(change, Upsert) and change.known:
            same = " AND ".join(f"t.{_name(k)} = s.{_name(k)}" for k in change.table.key)
            self.engine.execute(f"DELETE FROM {target} t USING {staged} s WHERE {same}")
        self.engine.execute(f"INSERT INTO {target} BY NAME SELECT * FROM {staged}")

    def _insert(self, table: Table, row: Mapping[str, Any]) -> None:
        names = ", ".join(_name(n) for n in row)
        marks = ", ".join("?" for _ in row)
        self.engine.execute(f"INSERT INTO {_full(table)} ({names}) VALUES ({marks})", list(row.values()))

    def _move_checkpoint(self, lease: Lease, checkpoint: str) -> None:
        who = [lease.connection, lease.stream]
        target = _full(schema.CHECKPOINTS)
        version = self.engine.value(f"SELECT version FROM {target} WHERE connection = ? AND stream = ?", who) or 0
        self.engine.execute(f"DELETE FROM {target} WHERE connection = ? AND stream = ?", who)
        self.engine.execute(f"INSERT INTO {target} VALUES (?, ?, ?, ?, ?)", [*who, checkpoint, version + 1, _now()])

    def _journal(self, lease: Lease, run: Mapping[str, Any], logs: Sequence[Mapping[str, Any]]) -> None:
        row = {**run, "heartbeat_at": _now()}
        sets = ", ".join(f"{_name(c)} = ?" for c in row)
        self.engine.execute(
            f"UPDATE {_full(schema.RUNS)} SET {sets} WHERE run_id = ? AND connection = ? AND stream = ?",
            [*row.values(), lease.run_id, lease.connection, lease.stream],
        )
        for log in logs:
            who = {"run_id": lease.run_id, "connection": lease.connection, "stream": lease.stream}
            self._insert(schema.LOGS, {**who, **log, "data": json.dumps(log.get("data", {}))})


class _Transaction:
    """BEGIN … COMMIT, or ROLLBACK where anything failed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        self._engine.execute("BEGIN")

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            self._engine.execute("COMMIT")
            return
        try:
            self._engine.execute("ROLLBACK")
        except (errors.StoreError, Locked):
            return  # the first error is the one to tell


def _ensure(engine: Engine, table: Table) -> tuple[str, ...]:
    """Create or widen a table; the names of columns that are there with another type."""
    there = dict(
        engine.rows(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [ALIAS, table.schema, table.name],
        )
    )
    full = _full(table)
    if not there:
        engine.execute(f"CREATE SCHEMA IF NOT EXISTS {ALIAS}.{_name(table.schema)}")
        body = ", ".join(f"{_name(c.name)} {c.type}" for c in table.columns)
        engine.execute(f"CREATE TABLE {full} ({body})")
        if table.comment:
            engine.execute(f"COMMENT ON TABLE {full} IS {_text(table.comment)}")
    for column in table.columns:
        if there and column.name not in there:
            engine.execute(f"ALTER TABLE {full} ADD COLUMN {_name(column.name)} {column.type}")
        if column.name not in there and column.comment:
            engine.execute(f"COMMENT ON COLUMN {full}.{_name(column.name)} IS {_text(column.comment)}")
    return tuple(c.name for c in table.columns if c.name in there and not _same_type(engine, there[c.name], c.type))


def _same_type(engine: Engine, stored: str, wanted: str) -> bool:
    return stored == wanted or bool(engine.value(f"SELECT typeof(CAST(NULL AS {wanted})) = ?", [stored]))


def _full(table: Table) -> str:
    return f"{ALIAS}.{_name(table.schema)}.{_name(table.name)}"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _now() -> datetime:
    return datetime.now(UTC)
