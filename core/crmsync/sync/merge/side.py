"""A stream of a connection beside its hub table: what the two share, and by what their rows are known again."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.config import Rule, Terms
from crmsync.errors import ConfigError
from crmsync.mapping import literal
from crmsync.mapping.types import duckdb_type
from crmsync.spec.load import objects
from crmsync.spec.model import Objects
from crmsync.spec.model_stream import Field, Stream
from crmsync.store import Column, FileStore, Pairing, Shared, Table, hub_table
from crmsync.sync.merge.model import Group, MergeField, groups

_KEYS = ("email", "domain")  # the types whose values mean one person or company


@dataclass(frozen=True, slots=True)
class Side:
    """`key` is the field by which a record and a hub row without a link are known to be the same; None: by nothing.

    `rank` are connections, and the hub itself, of which the first one wins. `linked`: a row that is written is kept in
    step from then on.
    """

    connection: str
    stream: str
    pairing: Pairing
    groups: tuple[Group, ...]
    key: str | None = None
    rank: tuple[str, ...] = ()
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
    """The hub's table of the object `name`."""
    columns = [
        Column(n, duckdb_type(f.type), f"_id of the row in crm.{_refers(n)}" if f.type == "ref" else f.title)
        for n, f in objects[name].items()
    ]
    return hub_table(name, columns, f"The team's own {name}s, kept in step with each CRM; edit them with any tool.")


def side_of(connection: str, stream: Stream, mirror: Table, terms: Terms) -> Side | None:
    """The stream beside the hub's table of its name; None where the hub has none.

    Raises ConfigError where a column of the mirror has another type than the hub's field, and keeps it.
    """
    if stream.name not in terms.objects:
        return None
    ours = terms.objects[stream.name]
    for field in stream.fields:
        if field.name in ours and field.type != ours[field.name].type:
            raise ConfigError(
                f"{field.name} of {connection}.{stream.name} is stored as {field.type}, and in the hub it is of type "
                f"{ours[field.name].type}.",
                hint="Give the hub's field another name.",
            )
    merged = groups([_merged(f, stream.name, terms) for f in stream.fields if f.name in ours])
    fields = [field for group in merged for field in group.fields]
    shared = tuple(
        Shared(f.name, f.name, f.type, _refers(f.name) if f.type == "ref" else None, f.words) for f in fields
    )
    pairing = Pairing(connection, stream.name, hub_of(stream.name, terms.objects), mirror, shared)
    canonical = objects()[stream.name]
    key = next((field.name for field in fields if field.type in _KEYS and field.name in canonical), None)
    return Side(connection, stream.name, pairing, merged, key, terms.rank)


def bring_hub(store: FileStore, side: Side) -> None:
    """Make or widen the hub's table. Raises ConfigError where a field is there with another type."""
    there = store.ensure(side.hub)
    for column in side.hub.columns:
        if column.name in there:
            table, type_ = f"{side.hub.schema}.{side.hub.name}", there[column.name]
            ours = column.name not in objects()[side.stream]
            rename, whose = ("Give the field another name, or: ", "crmsync.yaml makes it") if ours else ("", "must be")
            raise ConfigError(
                f"{table}.{column.name} is of type {type_} in the store, and {whose} {column.type}.",
                hint=f"{rename}ALTER TABLE {table} ALTER {column.name} TYPE {column.type}",
            )


def _merged(field: Field, stream: str, terms: Terms) -> MergeField:
    rule = terms.rules.get(stream, {}).get(field.name, Rule())
    words = terms.words.get(stream, {}).get(field.name, {})
    fixed = field.default if isinstance(field.default, str) else None
    return MergeField(field.name, field.type, rule, _is_written(field), tuple(words.items()), fixed)


def _refers(name: str) -> str:
    """The object that a canonical reference is to: `company_id` to `company`."""
    return name.removesuffix("_id")


def _is_written(field: Field) -> bool:
    return field.dir != "read"
