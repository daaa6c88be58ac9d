"""Origin: where the hub's value of a group comes from, and since when it is there, for policies that ask.

Nobody writes down who made an edit of the hub. What there is are texts that said the same as the hub says now: a link's
base, of a CRM that it was taken from (or that has confirmed it); an intent or a conflict, of a sync that has seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmsync.mapping import identifier, literal
from crmsync.settings_hub import HUB
from crmsync.store import FileStore
from crmsync.store.schema import CONFLICTS_OF_ROW, INTENTS_OF_ROW, LINKS
from crmsync.sync.merge.model import MergeField
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.values import absent, compared, entry, link
from crmsync.sync.merge.verdict import any_of


def bring_origins(store: FileStore, side: Side) -> None:
    """Fill the engine table `origins` of `pairs` and `hub`, as threeway.py wants it; nothing, where no policy asks.

    The hub's value comes from the highest in the ranking of the other CRMs whose base has it; from the hub itself,
    where none has. It was edited at `_updated_at` where that was set since the pair agreed last, else when a sync
    noticed it first, which may be now. It costs some 25 ms, and 5 µs of CPU for each pair.
    """
    ranked, dated = any(group.ranked for group in side.groups), any(group.dated for group in side.groups)
    if not ranked and not dated:
        return
    joins = (_ranks(store, side) if ranked else "") + (_noticed(store, side) if dated else "")
    mine, own = (str(side.rank.index(name)) if name in side.rank else "NULL" for name in (side.connection, HUB))
    outranks, edited = [], []
    for number, group in enumerate(side.groups, 1):
        outranks.append(f"{mine} < coalesce(ranks.least[{number}], {own})" if group.ranked else "NULL")
        edited.append(f"coalesce({_UPDATED}, noticed.least[{number}], now())" if group.dated else "NULL")
    _table(
        store,
        "origins",
        f"SELECT p.hub_id, [{', '.join(outranks)}]::BOOLEAN[] AS _outranks, "
        f"[{', '.join(edited)}]::TIMESTAMPTZ[] AS _hub_at FROM pairs p{joins}",
    )


_UPDATED = "CASE WHEN coalesce(h._updated_at > own.moved_at, true) THEN h._updated_at END"


def _ranks(store: FileStore, side: Side) -> str:
    """Fill `ranks` with the highest rank of those whose base says what the hub says; the join that finds it."""
    others = [literal(name) for name in side.rank if name not in (side.connection, HUB)]
    who = f"unnest([{', '.join(others)}]::VARCHAR[]) AS connection, {literal(side.stream)} AS stream"
    store.lookup(LINKS, f"SELECT {who}, hub_id FROM pairs", "others", (*LINKS.key, "base"))
    ranking = f"[{', '.join(map(literal, side.rank))}]"
    _least(
        store, side, "ranks", f"SELECT hub_id, list_position({ranking}, connection) - 1 AS measure, base FROM others"
    )
    return " LEFT JOIN ranks USING (hub_id)"


def _noticed(store: FileStore, side: Side) -> str:
    """Fill `noticed` with the time of the first sync that saw what the hub says, and did not get it agreed on."""
    who = f"SELECT {side.who()}, hub_id FROM pairs"
    store.lookup(INTENTS_OF_ROW, who, "intended", ("hub_id", "state", "planned_at", "fields"))
    store.lookup(CONFLICTS_OF_ROW, who, "disputes", ("hub_id", "resolved_at", "opened_at", "hub"))
    store.lookup(LINKS, who, "own links", ("hub_id", "moved_at"))
    _least(
        store,
        side,
        "noticed",
        "SELECT hub_id, planned_at AS measure, fields AS base FROM intended WHERE state <> 'applied' "
        "UNION ALL SELECT hub_id, opened_at, hub FROM disputes WHERE resolved_at IS NULL",
    )
    return (
        ' LEFT JOIN hub h ON h._id = p.hub_id LEFT JOIN "own links" own ON own.hub_id = p.hub_id'
        " LEFT JOIN noticed ON noticed.hub_id = p.hub_id"
    )


def _least(store: FileStore, side: Side, into: str, texts: str) -> None:
    """Fill `into` (`hub_id`, `least`, by the number of the group) from `texts` (`hub_id`, `measure`, `base`).

    It has the least measure of those texts that have something of the group and nothing else than the hub has.
    """
    fields = [field for group in side.groups for field in group.fields]
    values = ", ".join(f"h.{identifier(field.name)}" for field in fields)
    least = ", ".join(f"min(measure) FILTER (WHERE {_same(group.fields)})" for group in side.groups)
    _table(
        store,
        into,
        f"SELECT hub_id, [{least}] AS least FROM (SELECT t.hub_id, t.measure, {link('t', fields)} AS link, {values} "
        f"FROM (SELECT *, NULL AS shown FROM ({texts})) t JOIN hub h ON h._id = t.hub_id) GROUP BY hub_id",
    )


def _same(fields: Sequence[MergeField]) -> str:
    """SQL: whether a text has one of the fields, and each that it has is as in the hub."""
    says = [f"NOT ({absent('link', field)})" for field in fields]
    differs = [f"{said} AND {_differs(field)}" for said, field in zip(says, fields, strict=True)]
    return f"{any_of(says)} AND NOT {any_of(differs)}"


def _differs(field: MergeField) -> str:
    """SQL: both in the form in which this connection compares them: a text may be of another one."""
    there = entry("link.base", replace(field, words=()))
    return f"{compared(field, there)} IS DISTINCT FROM {compared(field, identifier(field.name))}"


def _table(store: FileStore, name: str, query: str) -> None:
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
