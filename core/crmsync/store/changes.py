"""The changes of a commit as SQL. All functions run inside a transaction of the caller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from crmsync import errors
from crmsync.quote import identifier
from crmsync.store import schema
from crmsync.store.duckdb_errors import Locked
from crmsync.store.engine import Engine
from crmsync.store.found import Found
from crmsync.store.interface import Change, Clear, Expect, Lease, Table, Update, Upsert


@contextmanager
def transaction(engine: Engine) -> Iterator[None]:
    """BEGIN … COMMIT, or ROLLBACK where anything failed; the first error is the one to tell."""
    engine.execute("BEGIN")
    try:
        yield
        engine.execute("COMMIT")
    except BaseException:
        with suppress(errors.StoreError, Locked):
            engine.execute("ROLLBACK")
        raise


def require(expect: Expect, found: Found) -> None:
    """Raise StoreMoved where rows are no longer what they were when they were read."""
    if moved := found.moved(expect.table, expect.staged):
        raise errors.StoreMoved(f"{expect.table.schema}.{expect.table.name}", tuple(moved))


def apply(engine: Engine, change: Change, found: Found) -> None:
    """Carry out one change; what was found in its table is forgotten."""
    if isinstance(change, Clear):
        where = " AND ".join(f"{identifier(c)} = ?" for c in change.where)
        engine.execute(f"DELETE FROM {engine.full(change.table)} WHERE {where}", list(change.where.values()))
    elif isinstance(change, Update):
        found.update(change.table, change.staged)
    else:
        if isinstance(change, Upsert) and change.known:
            found.delete(change.table, change.staged)
        engine.execute(f"INSERT INTO {engine.full(change.table)} BY NAME SELECT * FROM {identifier(change.staged)}")
    found.forget(change.table)


def insert(engine: Engine, table: Table, row: Mapping[str, Any]) -> None:
    """Add one row."""
    names = ", ".join(map(identifier, row))
    marks = ", ".join("?" for _ in row)
    engine.execute(f"INSERT INTO {engine.full(table)} ({names}) VALUES ({marks})", list(row.values()))


def move_checkpoint(engine: Engine, lease: Lease, checkpoint: str) -> None:
    """Replace the checkpoint of the lease's stream."""
    who = [lease.connection, lease.stream]
    target = engine.full(schema.CHECKPOINTS)
    version = engine.value(f"SELECT version FROM {target} WHERE connection = ? AND stream = ?", who) or 0
    engine.execute(f"DELETE FROM {target} WHERE connection = ? AND stream = ?", who)
    engine.execute(f"INSERT INTO {target} VALUES (?, ?, ?, ?, ?)", [*who, checkpoint, version + 1, now()])


def close_pages(engine: Engine, lease: Lease) -> None:
    """The lease's stream was read past the answers that could not be read: resolve them, and drop their bodies."""
    engine.execute(
        f"UPDATE {engine.full(schema.REJECTS)} SET resolved_at = ?, payload = NULL "
        "WHERE connection = ? AND stream = ? AND outcome = 'page' AND resolved_at IS NULL",
        [now(), lease.connection, lease.stream],
    )


def journal(engine: Engine, lease: Lease, run: Mapping[str, Any], logs: Sequence[Mapping[str, Any]]) -> None:
    """Bring the run's row up to date and add its log lines."""
    row = {**run, "heartbeat_at": now()}
    sets = ", ".join(f"{identifier(c)} = ?" for c in row)
    engine.execute(
        f"UPDATE {engine.full(schema.RUNS)} SET {sets} WHERE run_id = ? AND connection = ? AND stream = ?",
        [*row.values(), lease.run_id, lease.connection, lease.stream],
    )
    who = {"run_id": lease.run_id, "connection": lease.connection, "stream": lease.stream}
    for log in logs:
        insert(engine, schema.LOGS, {**who, **log, "data": json.dumps(log.get("data", {}))})


def now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)
