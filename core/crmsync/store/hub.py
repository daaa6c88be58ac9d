"""The hub: the team's own tables, which people edit with any tool. Ordinary tables, made from a list of fields."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crmsync.errors import HubLost
from crmsync.quote import identifier, literal
from crmsync.store import tables
from crmsync.store.engine import Engine
from crmsync.store.interface import Column, Table
from crmsync.store.schema import LINKS

HUB = "crm"

_META = (
    Column("_id", "VARCHAR", "Id of the row; made for it when it is inserted, and never changed", "id"),
    Column("_created_at", "TIMESTAMPTZ", "When the row was inserted", "now"),
    Column("_updated_at", "TIMESTAMPTZ", "When it was changed last, where whoever changed it wants to say so"),
)


def hub_table(name: str, fields: Sequence[Column], comment: str) -> Table:
    """The hub's table of one kind of record, such as `contact`. Columns that people add to it are left alone."""
    return Table(HUB, name, (*fields, *_META), ("_id",), comment)


def heed_losses(engine: Engine, table: Table) -> None:
    """Where people dropped or renamed a column of the hub's `table`, forget what was agreed on in it.

    It is made again, empty, and that is nobody's edit: the CRMs must not lose their values for it. It is filled from
    them as on a first match. Raises HubLost where the whole table is gone, or the column by which rows are known.
    """
    there, name = tables.columns(engine, table), f"{table.schema}.{table.name}"
    lost = [column.name for column in table.columns if column.name not in there]
    if not lost:
        return
    linked = engine.value(f"SELECT count(*) FROM {engine.full(LINKS)} WHERE stream = ?", [table.name])
    if linked and not there:
        raise HubLost(f"The table {name} is gone, and {linked:,} records of CRMs are linked to its rows.")
    if linked and "_id" in lost:
        raise HubLost(f"{name} has no column _id any more, by which {linked:,} records of CRMs know its rows.")
    if linked:
        texts = ", ".join(f"{text} = {_without(text, lost)}" for text in ("base", "shown"))
        engine.execute(f"UPDATE {engine.full(LINKS)} SET {texts} WHERE stream = ?", [table.name])


def _without(text: str, names: Collection[str]) -> str:
    """SQL: the JSON text of a link without some fields."""
    column, listed = identifier(text), ", ".join(map(literal, names))
    kept = f"list_filter(json_keys({column}), lambda name: name NOT IN ({listed}))"
    value = f"({column}->('$.\"' || name || '\"'))::VARCHAR"
    entries = f"list_transform({kept}, lambda name: to_json(name)::VARCHAR || ':' || {value})"
    return f"CASE WHEN json_valid({column}) THEN '{{' || array_to_string({entries}, ',') || '}}' ELSE {column} END"
