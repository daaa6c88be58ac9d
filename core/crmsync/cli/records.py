"""What rows of the hub, and records, are called when a person reads of them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from crmsync.cli.sides import columns_of
from crmsync.quote import identifier

if TYPE_CHECKING:
    from crmsync.store import FileStore

KEYS = ("email", "domain")  # what tells people, or companies, of one name apart

_SHORT = 6


def called(opened: FileStore, schema: str, stream: str, ids: Collection[str]) -> dict[str, str]:
    """Name and address, such as `Ada Lovelace <ada@example.com>`, of those rows of `schema.stream` that are there."""
    there = columns_of(opened, schema, stream)
    if not ids or "_id" not in there:
        return {}
    key = next((name for name in KEYS if name in there), "NULL")
    name = "name" if "name" in there else "NULL"
    found = opened.query(
        f"SELECT _id, {name}, {key} FROM {identifier(schema)}.{identifier(stream)} "
        "WHERE list_contains($1::VARCHAR[], _id)",
        [list(ids)],
    )
    return {row[0]: spoken(*row[1:]) for row in found[1]}


def entries(text: str | None) -> dict[str, Any] | None:
    """The values of a JSON text of the store, by field; numbers keep their digits. Of what is no such text, none."""
    if text is None:
        return None
    try:
        found = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def said(value: Any) -> str:
    """A value of such a text, for a table."""
    if value is None:
        return "(empty)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def short(id_: str, ids: Collection[str] = ()) -> str:
    """The end of an id, long enough to tell it from `ids`. Their beginnings, which are times, are alike."""
    letters = next(n for n in range(_SHORT, len(id_) + 1) if sum(other.endswith(id_[-n:]) for other in ids) <= 1)
    return id_[-letters:]


def spoken(name: str | None, key: str | None) -> str:
    """How one is called."""
    if name and key:
        return f"{name} <{key}>"
    return name or key or "(no name)"
