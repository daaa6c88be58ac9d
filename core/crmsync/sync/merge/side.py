"""A stream of a connection beside its hub table: what the two share, and by what their rows are known again."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.mapping import literal
from crmsync.mapping.types import duckdb_type
from crmsync.spec.model import Objects
from crmsync.spec.model_stream import Field, Stream
from crmsync.store import Column, Pairing, Shared, Table, hub_table
from crmsync.sync.merge.model import Group, MergeField, groups

_KEYS = ("email", "domain")  # the types whose values mean one person or company


@dataclass(frozen=True, slots=True)
class Side:
    """`key` is the field by which a record and a hub row without a link are known to be the same; None: by nothing.

    `linked`: a row that is written is kept in step from then on.
    """

    connection: str
    stream: str
    pairing: Pairing
    groups: tuple[Group, ...]
    key: str | None = None
    linked: bool = True

    def who(self, stream: str | None = None) -> str:
        """SQL: the columns that say whose a row is, of this stream or of another one of the connection."""
        return f"{literal(self.connection)} AS connection, {literal(stream or self.stream)} AS stream"

    @property
    def whose(self) -> dict[str, str]:
        """The same as values."""
        return {"connection": self.connection, "stream": self.stream}

    @property
    def fields(self) -> tuple[Shared, ...]:
        return self.pairing.fields

    @property
    def hub(self) -> Table:
        return self.pairing.hub

    @property
    def mirror(self) -> Table:
        return self.pairing.mirror


def hub_of(name: str, objects: Objects) -> Table:
    """The hub's table of the canonical object `name`."""
    columns = [
        Column(n, duckdb_type(f.type), f"_id of the row in crm.{_refers(n)}" if f.type == "ref" else f.title)
        for n, f in objects[name].items()
    ]
    return hub_table(name, columns, f"The team's own {name}s, kept in step with each CRM; edit them with any tool.")


def side_of(connection: str, stream: Stream, mirror: Table, objects: Objects) -> Side | None:
    """The stream beside the hub's table of its name; None where the hub has none."""
    if stream.name not in objects:
        return None
    canonical = objects[stream.name]
    merged = groups([MergeField(f.name, f.type, writable=_is_written(f)) for f in stream.fields if f.name in canonical])
    fields = [field for group in merged for field in group.fields]
    shared = tuple(Shared(f.name, f.name, f.type, _refers(f.name) if f.type == "ref" else None) for f in fields)
    pairing = Pairing(connection, stream.name, hub_of(stream.name, objects), mirror, shared)
    key = next((field.name for field in fields if field.type in _KEYS), None)
    return Side(connection, stream.name, pairing, merged, key)


def _refers(name: str) -> str:
    """The object that a canonical reference is to: `company_id` to `company`."""
    return name.removesuffix("_id")


def _is_written(field: Field) -> bool:
    return field.dir != "read"
