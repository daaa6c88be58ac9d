"""Render: a slice of intents -> items, and batches of them as texts, in one statement for each kind of write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.mapping import identifier, literal
from crmsync.mapping.types import duckdb_type
from crmsync.mapping.write import WritePlan
from crmsync.store import FileStore, theirs
from crmsync.store.schema import LINKS
from crmsync.store.words import Words
from crmsync.sync.merge.side import Side

RENDERED = "rendered"


@dataclass(frozen=True, slots=True)
class Body:
    """What one request carries: the text of its items, and whose they are."""

    keys: tuple[str, ...]
    ids: tuple[str | None, ...]
    items: str
    columns: str | None = None


def render(store: FileStore, side: Side, plan: WritePlan, action: str) -> list[Body]:
    """The bodies of the intents of this `action` in the engine table `intents`; `rendered` has an item for each.

    An item's key is the hub's row, so that a create that is planned twice makes one record where keys mean something.
    Words go out as the CRM's, and references as ids of its records. One whose record the CRM has not got yet is left
    out: it delays itself only.
    """
    types = {field.name: field.type for field in side.fields}
    written = [field.name for field in plan.fields if field.name in types]
    references = {f.name: f.refers for f in side.fields if f.refers is not None and f.name in written}
    shape = ", ".join(f'"{name}": "{duckdb_type(types[name])}"' for name in written)
    store.engine.execute(
        f"CREATE OR REPLACE TEMP TABLE values_to_write AS SELECT hub_id, remote_id, json_keys(fields) AS names, "
        f"from_json(fields, {literal('{' + shape + '}')}) AS v FROM intents WHERE action = {literal(action)}"
    )
    for name, stream in references.items():
        column = f"v.{identifier(name)}"
        asked = (
            f"SELECT DISTINCT {side.who(stream)}, {column} AS hub_id FROM values_to_write WHERE {column} IS NOT NULL"
        )
        store.lookup(LINKS, asked, _into(name), (*LINKS.key, "remote_id"))
    words = {field.name: field.words for field in side.fields}
    values, joins, waiting = _values(plan, words, references)
    store.engine.execute(
        "CREATE OR REPLACE TEMP TABLE outgoing AS "
        "SELECT w.hub_id AS _key, w.remote_id AS _id, NULL::VARCHAR AS _value, "
        f"list_filter(w.names, lambda name: NOT list_contains({waiting}, name)) AS _write, NULL::VARCHAR AS _now"
        f"{values} FROM values_to_write w{joins}"
    )
    store.engine.execute(plan.create_sql(RENDERED))
    found = store.engine.rows(plan.batches_sql(RENDERED))
    return [Body(tuple(keys), tuple(ids), items, columns) for _, keys, ids, items, columns in found]


def _values(plan: WritePlan, words: Mapping[str, Words], references: Mapping[str, str]) -> tuple[str, str, str]:
    """SQL: the columns of `outgoing`, the joins that find references, and the list of those that wait."""
    values, joins, waiting = "", "", []
    for field in plan.fields:
        name = identifier(field.name)
        if field.name in references:
            found = identifier(_into(field.name))
            joins += f" LEFT JOIN {found} ON {found}.hub_id = w.v.{name}"
            values += f", {found}.remote_id AS {name}"
            waiting.append(
                f"CASE WHEN w.v.{name} IS NOT NULL AND {found}.remote_id IS NULL THEN {literal(field.name)} END"
            )
        elif field.name in words:
            values += f", {theirs(words[field.name], f'w.v.{name}')} AS {name}"
        else:
            values += f", NULL::{duckdb_type(field.type)} AS {name}"
    return values, joins, f"[{', '.join(waiting)}]::VARCHAR[]"


def _into(name: str) -> str:
    return f"records of {name}"
