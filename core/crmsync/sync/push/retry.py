"""Retry: writes that the CRM refused, or that a person is to decide on, are sent again by the next sync."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.store import FileStore, leases
from crmsync.store.schema import INTENTS


def retry(store: FileStore, ids: Sequence[str] = (), *, code: str | None = None) -> int:
    """Plan rejected intents again, as if they had never been sent; tell how many.

    Those with one of `ids`, or, without any, all of them; in both cases only those with that `code`, if there is one.
    Rows that were given, and are not the hub's, are left alone: they are given again.
    Raises AlreadyRunning while a run holds one of their streams: nothing is changed then.
    """
    which = "state = 'rejected' AND source IS NULL AND (len($ids::VARCHAR[]) = 0 OR list_contains($ids::VARCHAR[], id))"
    which += " AND ($code::VARCHAR IS NULL OR code = $code::VARCHAR)"
    values = {"ids": list(ids), "code": code}
    with store.changing() as engine:
        intents = engine.full(INTENTS)
        streams = engine.rows(f"SELECT DISTINCT connection, stream FROM {intents} WHERE {which} ORDER BY ALL", values)
        held = [leases.acquire(engine, connection, stream, "by hand") for connection, stream in streams]
        found = engine.rows(
            f"UPDATE {intents} SET state = 'planned', attempts = 0, settled_at = NULL WHERE {which} RETURNING id",
            values,
        )
        for lease in held:
            leases.release(engine, lease)
    return len(found)
