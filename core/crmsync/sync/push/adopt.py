"""Adopt: a create that met a record in the CRM -> a link to it, or a word about whose it is."""

from __future__ import annotations

from dataclasses import replace

from crmsync.mapping import identifier
from crmsync.store import FileStore
from crmsync.store.schema import LINKS_BY_REMOTE
from crmsync.sync.merge.side import Side

_LINK = (*LINKS_BY_REMOTE.key, "hub_id", "state")


def standing(store: FileStore) -> tuple[list[str], list[str]]:
    """Of the creates of `outcomes` in whose way a record is: the ids that the CRM told, and the values of the rest."""
    rows = store.engine.rows(
        "SELECT DISTINCT o.existing, CASE WHEN o.existing IS NULL THEN i.value END "
        "FROM outcomes o JOIN intents i ON i.hub_id = o._key WHERE o.outcome = 'conflict'"
    )
    return [id_ for id_, _ in rows if id_ is not None], [value for _, value in rows if value is not None]


def adopt(store: FileStore, side: Side) -> None:
    """Note in `outcomes` what becomes of creates that met a record; what stands in the way was read into the mirror.

    `linked`, with the record's id: it is nobody's, and so it is this row's, to be merged with it. One that is another
    row's, or has become that by the same request, makes the create `rejected`, even where an upsert wrote to it, and so
    does one that several rows met.
    """
    engine = store.engine
    conflicts = engine.value("SELECT count(*) FROM outcomes WHERE outcome = 'conflict'")
    if not conflicts and not engine.value("SELECT count(*) FROM intents WHERE way = 'upsert'"):
        return  # what was made was nobody's
    _find_by_key(store, side)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT _key, outcome, "
        "CASE outcome WHEN 'conflict' THEN existing ELSE _id END AS record FROM outcomes "
        "WHERE outcome IN ('applied', 'conflict')"
    )
    store.lookup(side.mirror, "SELECT DISTINCT record AS _id FROM met", "standing", ("_id", "_deleted_at"))
    store.lookup(LINKS_BY_REMOTE, f"SELECT DISTINCT {side.who()}, record AS remote_id FROM met", "taken", _LINK)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE ruled AS SELECT _key, record, there, owner IS DISTINCT FROM _key "
        "AND (owner IS NOT NULL OR rivals > 1) AS claimed, 'The record ' || record || CASE WHEN owner IS NULL "
        "THEN ' would be several rows of the hub.' ELSE ' is the row ' || owner || ' of the hub.' END AS told "
        "FROM (SELECT m._key, m.record, s._id IS NOT NULL AS there, count(*) OVER met AS rivals, "
        "coalesce(t.hub_id, CASE WHEN count(*) FILTER (m.outcome = 'applied') OVER met = 1 "
        "THEN max(m._key) FILTER (m.outcome = 'applied') OVER met END) AS owner "
        "FROM met m LEFT JOIN standing s ON s._id = m.record AND s._deleted_at IS NULL "
        "LEFT JOIN taken t ON t.remote_id = m.record WHERE m.record IS NOT NULL WINDOW met AS (PARTITION BY m.record))"
    )
    engine.execute(
        "UPDATE outcomes o SET outcome = 'rejected', code = coalesce(code, 'conflict'), "
        "message = concat_ws(' ', message, told) FROM ruled r WHERE r._key = o._key AND r.claimed"
    )
    engine.execute(
        "UPDATE outcomes o SET outcome = 'linked', _id = r.record FROM ruled r "
        "WHERE r._key = o._key AND o.outcome = 'conflict' AND NOT r.claimed AND r.there"
    )


def _find_by_key(store: FileStore, side: Side) -> None:
    """Put the record that has the value of the key where the CRM told of a conflict, but not with whom."""
    field = next((field for field in side.fields if field.name == side.key), None)
    if field is None:
        return
    column = identifier(field.column)
    store.lookup(
        replace(side.mirror, key=(field.column,)),
        f"SELECT DISTINCT i.value AS {column} FROM outcomes o JOIN intents i ON i.hub_id = o._key "
        "WHERE o.outcome = 'conflict' AND o.existing IS NULL AND i.value IS NOT NULL",
        "alike",
        ("_id", field.column, "_deleted_at"),
    )
    store.engine.execute(
        "UPDATE outcomes o SET existing = a.id FROM intents i JOIN (SELECT "
        f"{column} AS value, min(_id) AS id FROM alike WHERE _deleted_at IS NULL GROUP BY 1 HAVING count(*) = 1) a "
        "ON a.value = i.value WHERE i.hub_id = o._key AND o.outcome = 'conflict' AND o.existing IS NULL"
    )
