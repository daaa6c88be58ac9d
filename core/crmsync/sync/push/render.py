"""Render: a slice of intents -> items, and batches of them as texts, in one statement for each kind of write.

Beside the items it makes `link_ends`: the links of these intents that stand in no record (links.py writes them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crmsync.mapping import identifier, literal
from crmsync.mapping.item import NOTHING
from crmsync.mapping.labels import NO_LABEL
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.mapping.types import duckdb_type
from crmsync.mapping.write import WritePlan
from crmsync.store import FileStore, theirs
from crmsync.store.schema import LINKS
from crmsync.sync.merge.side import Side

RENDERED = "rendered"
WAITS = "the CRM does not have its record yet"
# SQL: what keeps an item of `rendered` (r), or some of its fields, from being written.
TOLD = f"list_filter(r._problems, lambda p: len(r._problems) = 1 OR p.reason <> {literal(NOTHING)})"
# SQL: the fields that are left out of an item of `rendered` (r).
HELD = "list_transform(list_filter(r._problems, lambda p: p.hold), lambda p: p.field)"
_RECORDS, _ROWS = "records as shown", "hub rows as they are"


@dataclass(frozen=True, slots=True)
class Body:
    """What one request carries: the text of its items, and whose they are."""

    keys: tuple[str, ...]
    ids: tuple[str | None, ...]
    items: str
    columns: str | None = None


def render(store: FileStore, side: Side, plan: WritePlan, way: str) -> list[Body]:
    """The bodies of the intents that go this `way` in the engine table `intents`; `rendered` has an item for each.

    An item's key is the hub's row, so that a create that is planned twice makes one record where keys mean something.
    Words go out as the CRM's, and references as ids of its records. One whose record the CRM has not got yet is left
    out: it delays itself only.
    What is wrong in halves goes out whole: with a field of such a group all of them that the hub has a value for. What
    the CRM lets nobody write counts as sent where the hub has a value: it stands until the CRM's changes. A create says
    nothing of empty fields: what the CRM fills them with is the hub's then. But what stands in for one is none of its.
    """
    types = {field.name: field.type for field in side.fields}
    written = [name for name in (*(field.name for field in plan.fields), *plan.links) if name in types]
    references = {f.name: f.refers for f in side.fields if f.refers is not None and f.name in written}
    created = way in ("upsert", "create")
    stood_in = [field.name for field in plan.fields if field.stand_in]
    cleared, measured = (stood_in, _measured(side)) if created else (list(types), "")
    shape = ", ".join(f'"{name}": "{duckdb_type(types[name])}"' for name in written)
    store.engine.table(
        "values_to_write",
        f"SELECT hub_id, remote_id, value, {_names(cleared, measured)} AS names, "
        f"from_json(fields, {literal('{' + shape + '}')}) AS v FROM intents WHERE way = {literal(way)}",
    )
    for name, stream in references.items():
        column = f"v.{identifier(name)}"
        asked = (
            f"SELECT DISTINCT {side.who(stream)}, {column} AS hub_id FROM values_to_write WHERE {column} IS NOT NULL"
        )
        store.lookup(LINKS, asked, _into(name), (*LINKS.key, "remote_id"))
    links = [name for name in plan.links if name in types]
    joins = _joins(references) + _shown(store, side, plan, links)
    beside, more = _beside(store, side, written)
    waiting = _waiting(references)
    named = kept(f"list_concat(w.names, {beside})", f"NOT coalesce(list_contains({waiting}, {ELEMENT}), false)")
    store.engine.table(
        "outgoing",
        f"SELECT w.hub_id AS _key, w.remote_id AS _id, w.value AS _value, {named} AS _write, "
        f"{plan.now_sql('n')} AS _now{_values(side, plan, references, more)} FROM values_to_write w{joins}"
        + (f" LEFT JOIN {identifier(_ROWS)} h ON h._id = w.hub_id" if more else ""),
    )
    store.engine.execute(plan.create_sql(RENDERED))
    if more and way == "update":
        _only_beside(store, plan)
    found = store.engine.rows(plan.batches_sql(RENDERED))
    _link_ends(store, side, {name: _end(name, references) for name in links}, joins)
    _tell_waiting(store, waiting, joins)
    return [Body(tuple(keys), tuple(ids), items, columns) for _, keys, ids, items, columns in found]


def problems(connection: str) -> str:
    """SQL: in words, what keeps an item of `rendered` (r), or some of its fields, from being written; NULL: nothing."""
    unknown = f"concat({literal(connection)}, ' has no ', p.field, ' called ', chr(39), p.value, chr(39))"
    told = (
        f"CASE WHEN p.reason = {literal(NO_LABEL)} THEN {unknown} "
        "ELSE concat_ws(': ', nullif(p.field, ''), p.reason) END"
    )
    return f"nullif(array_to_string(list_transform({TOLD}, lambda p: {told}), '; '), '')"


def _names(cleared: Sequence[str], measured: str) -> str:
    """SQL: the fields that an intent names, less those `measured`; of empty ones, only what is `cleared`."""
    value, listed = f"fields->>('$.\"' || {ELEMENT} || '\"')", ", ".join(map(literal, cleared))
    named = f"({value} IS NOT NULL OR list_contains([{listed}]::VARCHAR[], {ELEMENT})){measured}"
    return kept("json_keys(fields)", named)


def _measured(side: Side) -> str:
    """SQL: a condition that leaves out an amount in a currency, where the CRM has one of its own for all records."""
    groups = [group for group in side.groups if group.measured and side.linked]
    return "".join(
        f" AND NOT ({ELEMENT} IN ({', '.join(literal(field.name) for field in group.measured or ())}) "
        f"AND coalesce({group.left_out('fields')}, false))"
        for group in groups
    )


def _joins(references: Mapping[str, str]) -> str:
    """SQL: the joins that find the CRM's ids of references."""
    return "".join(
        f" LEFT JOIN {identifier(_into(name))} ON {identifier(_into(name))}.hub_id = w.v.{identifier(name)}"
        for name in references
    )


def _waiting(references: Mapping[str, str]) -> str:
    """SQL: the list of the references that wait for their record."""
    waiting = [
        f"CASE WHEN w.v.{identifier(name)} IS NOT NULL AND {_found(name)} IS NULL THEN {literal(name)} END"
        for name in references
    ]
    return kept(f"[{', '.join(waiting)}]::VARCHAR[]", f"{ELEMENT} IS NOT NULL")


def _shown(store: FileStore, side: Side, plan: WritePlan, links: Sequence[str]) -> str:
    """Bring what the mirror has of the records, as far as it is needed; SQL of the join that finds it."""
    columns = [field.column for field in side.fields if field.name in links]
    columns = list(dict.fromkeys(["_id", *plan.shown.values(), *columns]))
    if len(columns) == 1:
        return ""
    asked = "SELECT remote_id AS _id FROM values_to_write WHERE remote_id IS NOT NULL"
    store.lookup(side.mirror, asked, _RECORDS, columns)
    return f" LEFT JOIN {identifier(_RECORDS)} n ON n._id = w.remote_id"


def _beside(store: FileStore, side: Side, written: Sequence[str]) -> tuple[str, frozenset[str]]:
    """Bring the hub's rows of groups; SQL of the list of what goes out beside what is named, and what that may be."""
    groups = [[field.name for field in group.fields if field.name in written] for group in side.groups]
    groups = [names for names in groups if len(names) > 1 and side.linked]  # other rows say all that they mean
    more = [name for names in groups for name in names]
    if not more:
        return "[]::VARCHAR[]", frozenset()
    store.lookup(side.hub, "SELECT hub_id AS _id FROM values_to_write", _ROWS, ("_id", *more))
    listed = [
        f"CASE WHEN list_has_any(w.names, [{', '.join(map(literal, names))}]) AND h.{identifier(name)} IS NOT NULL "
        f"AND NOT list_contains(w.names, {literal(name)}) THEN {literal(name)} END"
        for names in groups
        for name in names
    ]
    return kept(f"[{', '.join(listed)}]::VARCHAR[]", f"{ELEMENT} IS NOT NULL"), frozenset(more)


def _values(side: Side, plan: WritePlan, references: Mapping[str, str], beside: frozenset[str]) -> str:
    """SQL: the columns of `outgoing` that are fields."""
    values, words = "", {field.name: field.words for field in side.fields}
    for field in plan.fields:
        name = identifier(field.name)
        if field.name in references:
            value = _end(field.name, references)
        elif field.name in beside:
            value = f"CASE WHEN list_contains(w.names, {literal(field.name)}) THEN w.v.{name} ELSE h.{name} END"
            value = theirs(words[field.name], value)
        elif field.name in words:
            value = theirs(words[field.name], f"w.v.{name}")
        else:
            value = f"NULL::{duckdb_type(field.type)}"
        values += f", {value} AS {name}"
    return values


def _only_beside(store: FileStore, plan: WritePlan) -> None:
    """Reject updates of which nothing is left but what goes out beside an edit: the edit itself cannot be written."""
    fields = ", ".join(literal(field.name) for field in plan.fields)
    edits = kept("w.names", f"{ELEMENT} IN ({fields}) AND NOT list_contains({HELD}, {ELEMENT})")
    why = f"{{'field': '', 'reason': {literal(NOTHING)}, 'value': NULL, 'hold': false}}"
    store.engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {RENDERED} AS SELECT r.* REPLACE (r._rejected OR nothing AS _rejected, "
        f"CASE WHEN NOT nothing THEN r._item END AS _item, "
        f"CASE WHEN nothing THEN list_prepend({why}, r._problems) ELSE r._problems END AS _problems) "
        f"FROM (SELECT r, NOT r._rejected AND len({edits}) = 0 AS nothing "
        f"FROM {RENDERED} r JOIN values_to_write w ON w.hub_id = r._key)"
    )


def _link_ends(store: FileStore, side: Side, links: Mapping[str, str], joins: str) -> None:
    """Fill `link_ends`; an intent that has nothing else to write is no longer rejected, and has no item."""
    columns = {field.name: field.column for field in side.fields}
    ends = [
        f"SELECT w.hub_id AS _key, {literal(name)} AS field, {end} AS ref, n.{identifier(columns[name])} AS old "
        f"FROM values_to_write w{joins} WHERE list_contains(w.names, {literal(name)}) "
        f"AND (w.v.{identifier(name)} IS NULL OR {end} IS NOT NULL)"
        for name, end in links.items()
    ]
    none = "SELECT NULL::VARCHAR AS _key, NULL::VARCHAR AS field, NULL::VARCHAR AS ref, NULL::VARCHAR AS old LIMIT 0"
    store.engine.table("link_ends", " UNION ALL ".join(ends) or none)
    nothing = f"{ELEMENT}.field = '' AND {ELEMENT}.reason = {literal(NOTHING)}"
    store.engine.execute(
        f"UPDATE {RENDERED} SET _rejected = false, _problems = {kept('_problems', f'NOT ({nothing})')} "
        f"WHERE _rejected AND _id IS NOT NULL AND _key IN (SELECT _key FROM link_ends) "
        f"AND len({kept('_problems', f'NOT {ELEMENT}.hold AND NOT ({nothing})')}) = 0"
    )


def _tell_waiting(store: FileStore, waiting: str, joins: str) -> None:
    """Add to the problems of `rendered` the references that were left out."""
    problem = f"{{'field': {ELEMENT}, 'reason': {literal(WAITS)}, 'value': NULL::VARCHAR, 'hold': true}}"
    store.engine.execute(
        f"UPDATE {RENDERED} SET _problems = list_concat(_problems, waiting.problems) FROM ("
        f"SELECT w.hub_id, list_transform({waiting}, lambda {ELEMENT}: {problem}) AS problems "
        f"FROM values_to_write w{joins}) waiting WHERE waiting.hub_id = _key AND len(waiting.problems) > 0"
    )


def _into(name: str) -> str:
    return f"records of {name}"


def _found(name: str) -> str:
    return f"{identifier(_into(name))}.remote_id"


def _end(name: str, references: Mapping[str, str]) -> str:
    """SQL: the CRM's id that a reference says; rows that are not the hub's say it themselves."""
    return _found(name) if name in references else f"w.v.{identifier(name)}"
