"""Explain: one pair of hub row and record -> what each field is on both sides, and what the next merge makes of it.

For one record, whose values become Python objects here; nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync.mapping import identifier, literal
from crmsync.store import FileStore
from crmsync.store.schema import LINKS
from crmsync.sync.merge.pairs import merge_pairs
from crmsync.sync.merge.side import Side

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair. Of a side that is not there, the values are None; `remote` is in the hub's terms.

    `states`: of each field `agreed`, `never agreed`, `hub changed`, `CRM changed`, `conflict`, `hub wins`, `CRM wins`
    (by a policy) or `waits` (for a record that is not on the other side yet). `ending`: see threeway.py.
    """

    base: Values
    shown: Values
    hub: Values | None
    remote: Values | None
    states: Mapping[str, str]
    ending: str | None


def seen(store: FileStore, side: Side, hub_id: str | None, remote_id: str | None) -> Seen:
    """The pair as the next merge finds it; without a hub row, the record alone, and the other way round."""
    engine = store.engine
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE asked AS SELECT {side.who()}, $hub::VARCHAR AS hub_id, "
        "$remote::VARCHAR AS remote_id",
        {"hub": hub_id, "remote": remote_id},
    )
    store.lookup(LINKS, "FROM asked", "links", (*LINKS.key, "base", "shown"))
    merge_pairs(store, side, "SELECT hub_id, remote_id, base, shown FROM asked LEFT JOIN links USING (hub_id)")
    ((base, shown),) = engine.rows("SELECT base, shown FROM pairs")
    hub, remote = (_row(store, side, table) for table in ("hub", "remote"))
    merged = engine.rows(f"SELECT _write, _conflicts, _ending, {_text(side)} FROM merged")
    states: dict[str, str] = {}
    ending = None
    if merged:
        write, conflicts, ending, values = merged[0]
        states = _states(side, _waiting(store, side), write, conflicts, hub, remote, _values(base), _values(values))
    return Seen(_values(base), _values(shown), hub, remote, states, ending)


def _states(
    side: Side,
    waiting: set[str],
    write: Sequence[str],
    conflicts: Sequence[Mapping[str, Any]],
    hub: Values | None,
    remote: Values | None,
    base: Values,
    merged: Values,
) -> dict[str, str]:
    states = {}
    disputed = {name: conflict["winner"] for conflict in conflicts for name in conflict["fields"]}
    for name in (field.name for field in side.fields):
        if name in waiting:
            states[name] = "waits"
        elif name in disputed:
            states[name] = {None: "conflict", "hub": "hub wins", "remote": "CRM wins"}[disputed[name]]
        elif name in write:
            states[name] = "hub changed"
        elif hub is not None and merged[name] != hub[name]:
            states[name] = "CRM changed"
        else:
            states[name] = "agreed" if name in base or hub is None or remote is None else "never agreed"
    return states


def _waiting(store: FileStore, side: Side) -> set[str]:
    """The references whose record the other side does not know yet."""
    (pending,) = store.engine.rows("SELECT _pending FROM remote") or [([],)]
    waiting = set(pending[0])
    for field in side.fields:
        if field.refers is not None:
            column = f"h.{identifier(field.name)}"
            asked = f"SELECT {side.who(field.refers)}, {column} AS hub_id FROM hub h WHERE {column} IS NOT NULL"
            if store.engine.value(f"SELECT count(*) FROM ({asked})") and not store.lookup(LINKS, asked, "referred"):
                waiting.add(field.name)
    return waiting


def _row(store: FileStore, side: Side, table: str) -> Values | None:
    found = store.engine.rows(f"SELECT {_text(side)} FROM {table}")
    return _values(found[0][0]) if found else None


def _text(side: Side) -> str:
    struct = ", ".join(f"{literal(field.name)}: {identifier(field.name)}" for field in side.fields)
    return f"to_json({{{struct}}})::VARCHAR"


def _values(text: str | None) -> Values:
    """The values of a JSON text; numbers keep their digits. What is no such text has none."""
    try:
        found = json.loads(text or "{}", parse_float=str)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
