"""The hub: the team's own tables, which people edit with any tool. Ordinary tables, made from a list of fields."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.store.interface import Column, Table

HUB = "crm"

_META = (
    Column("_id", "VARCHAR", "Id of the row; made for it when it is inserted, and never changed", "id"),
    Column("_created_at", "TIMESTAMPTZ", "When the row was inserted", "now"),
    Column("_updated_at", "TIMESTAMPTZ", "When it was changed last, where whoever changed it wants to say so"),
)


def hub_table(name: str, fields: Sequence[Column], comment: str) -> Table:
    """The hub's table of one kind of record, such as `contact`. Columns that people add to it are left alone."""
    return Table(HUB, name, (*fields, *_META), ("_id",), comment)
