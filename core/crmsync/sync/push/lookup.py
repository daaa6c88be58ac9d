"""Look-up: before records are made, those are read that somebody made meanwhile, as far as they can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.mapping import identifier
from crmsync.spec.model_stream import Stream
from crmsync.spec.model_write import Write
from crmsync.store import FileStore
from crmsync.store.schema import INTENTS
from crmsync.sync.merge.side import Side
from crmsync.sync.pull.confirm import Confirm, drained
from crmsync.sync.push.value import value_of
from crmsync.sync.worker import Worker

SLICE = 20_000  # intents


def can_look_up(stream: Stream, side: Side) -> bool:
    """Whether the CRM can be asked for the records that have some value in the field by which they are matched."""
    return stream.find is not None and side.key is not None and stream.write is not None and stream.write.by == side.key


async def look_up(confirm: Confirm, store: FileStore, worker: Worker, side: Side, write: Write) -> None:
    """Bring the records into the mirror that have the value of a planned create.

    Only by a field that the hub has, too: our own key is on records only that we made. Not where a create is refused
    that would make a second record: its answer tells the same, and is never too old.
    """
    if not can_look_up(confirm.source.stream, side) or (write.refuses and write.new == "create"):
        return
    where, after = {**side.whose, "state": "planned", "action": "create"}, ""
    while found := await worker.do(_values, store, write, where, after):
        values, after = found
        await drained(confirm.found(values))


def _values(store: FileStore, write: Write, where: Mapping[str, Any], after: str) -> tuple[list[str], str] | None:
    """The values of the next intents, and the last one's id; None where there are no more."""
    if not store.slice(INTENTS, where, after, SLICE, "creates"):
        return None
    rows = store.engine.rows(
        f"SELECT DISTINCT {value_of(write, 'fields')} AS value FROM creates WHERE value IS NOT NULL"
    )
    return [row[0] for row in rows], store.engine.value(f"SELECT max({identifier('id')}) FROM creates")
