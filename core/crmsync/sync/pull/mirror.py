"""The mirror's table of one stream: what the mapping yields plus the runtime's own columns."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.mapping import ReadPlan
from crmsync.store import Column, Table

_LEFT = Column("_left_at", "TIMESTAMPTZ", "When it became a record of another kind in the CRM; empty while it is none")
_META = (
    Column("_id", "VARCHAR", "Id of the record in the CRM; unique in this table"),
    Column("_created_at", "TIMESTAMPTZ", "When the CRM says it was created"),
    Column("_updated_at", "TIMESTAMPTZ", "When the CRM says it was changed last"),
    Column("_archived", "BOOLEAN", "Put away in the CRM, but alive"),
    Column("_deleted_at", "TIMESTAMPTZ", "When it was deleted, purged or merged away in the CRM; empty while it lives"),
    Column("_synced_at", "TIMESTAMPTZ", "When crmsync last changed this row"),
)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where a stream's rows go. `fields` are the columns that come from the record.

    `ended` are the columns that tell, each by a moment, that a row is no living record of the stream; `kept` those that
    are filled no longer: their rows keep what they had.
    """

    connection: str
    stream: str
    table: Table
    fields: tuple[str, ...]
    ended: tuple[str, ...] = ("_deleted_at",)
    kept: tuple[Column, ...] = ()

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that make a row what it is; `_synced_at` moves only when one of them does."""
        return (*self.fields, "_created_at", "_updated_at", "_archived")


def mirror_of(connection: str, stream: str, title: str, plan: ReadPlan, *, leaves: bool = False) -> Mirror:
    """The mirror of a stream as its mapping defines it; `leaves`: its records may become those of another stream."""
    meta = (*_META, _LEFT) if leaves else _META
    own = tuple(Column(c.name, c.type, c.comment) for c in plan.columns if c.name not in {m.name for m in meta})
    table = Table(connection, stream, (*own, *meta), ("_id",), title)
    ended = ("_deleted_at", "_left_at") if leaves else ("_deleted_at",)
    return Mirror(connection, stream, table, tuple(c.name for c in own), ended)
