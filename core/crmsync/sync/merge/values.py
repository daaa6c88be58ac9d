"""Values that a merge compares: in SQL columns, and in the JSON texts of a link. Their form is that of store/agreed.py.

A text that another version of DuckDB wrote reads the same: values are compared by their type, not by their spelling.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from crmsync.mapping import identifier, literal
from crmsync.mapping.types import duckdb_type
from crmsync.store import agreed_text, alike, plain
from crmsync.sync.merge.model import MergeField


def compared(field: MergeField, value: str) -> str:
    """SQL: a value of the hub's in the form in which this connection compares it."""
    return alike(field.words, plain(value, field.type))


def document(fields: Iterable[MergeField], alias: str) -> str:
    """SQL: the JSON text of the row `alias`, as `base` and `shown` are written: with the same text, nothing changed.

    It has all `fields`, in their order; the order in which `groups` has them is that of the links' texts.
    """
    return agreed_text((f.name, f.type, f"{alias}.{identifier(f.name)}") for f in fields)


def piece(field: MergeField, value: str) -> str:
    """SQL: the field's entry in a JSON text; `value` is in its plain form."""
    text = value if field.type == "json" else f"to_json({value})::VARCHAR"
    return f"{literal(json.dumps(field.name, ensure_ascii=False) + ':')} || coalesce({text}, 'null')"


def pieces(entries: Sequence[str]) -> str:
    """SQL: the JSON text of those entries that are not NULL."""
    if not entries:
        return "'{}'"
    return f"'{{' || concat_ws(',', {', '.join(entries)}) || '}}'"


def link(alias: str, fields: Sequence[MergeField]) -> str:
    """SQL: `base` and `shown` of the row `alias` as structs of `fields`, and `agreed`, the names that base has.

    One text that is no JSON makes all of it NULL: then nothing was agreed on. A value that does not fit is NULL.
    """
    return f"""TRY({{'base': {parsed(f"{alias}.base", fields)}, 'shown': {parsed(f"{alias}.shown", fields)},
      'agreed': json_keys({alias}.base)}})"""


def parsed(text: str, fields: Sequence[MergeField]) -> str:
    """SQL: a JSON text that we wrote as a struct of `fields`; fails where it is no JSON."""
    shape = {f.name: ["VARCHAR"] if f.type == "set" else duckdb_type(f.type) for f in fields}
    return f"from_json({text}, {literal(json.dumps(shape))})"


def entry(struct: str, field: MergeField) -> str:
    """SQL: a field of what `parsed` gave. It is in its plain form: so it was written."""
    value = f"{struct}.{identifier(field.name)}"
    return f"{value}::VARCHAR" if field.type == "json" else value


def absent(link: str, field: MergeField) -> str:
    """SQL: whether the field was never agreed on."""
    return f"NOT coalesce(list_contains({link}.agreed, {literal(field.name)}), false)"
