"""Settle: outcomes, and what the mirror shows after them -> links and intents as they are to be."""

from __future__ import annotations

from crmsync.mapping import literal
from crmsync.store import Append, Change, FileStore, Update
from crmsync.store.schema import INTENTS, LINKS
from crmsync.sync.merge import settle_sql
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.terms import bring_records
from crmsync.sync.merge.verdict import any_of
from crmsync.sync.push.render import HELD, RENDERED, problems

_STATE = (
    "CASE outcome WHEN 'applied' THEN 'applied' WHEN 'unknown' THEN 'unknown' WHEN 'linked' THEN 'superseded' "
    "ELSE 'rejected' END"
)


def settle(store: FileStore, side: Side, action: str, run_id: str) -> list[Change]:
    """The changes that follow from the engine table `outcomes`, of intents of one `action`."""
    engine, moved = store.engine, f"now() AS moved_at, {literal(run_id)} AS run_id"
    store.engine.table("ours", f"SELECT * FROM intents WHERE action = {literal(action)}")
    if not side.linked:
        pass
    elif action == "archive":
        store.engine.table(
            "moved",
            f"SELECT {side.who()}, i.hub_id, 'deleted' AS state, {moved} "
            "FROM outcomes o JOIN ours i ON i.hub_id = o._key WHERE o.outcome IN ('applied', 'gone')",
        )
    else:
        _written(store, side)
        # What was held is no part of the write: nobody is told that it was written, however often
        engine.execute("UPDATE ours SET fields = w.sent FROM written w WHERE w.hub_id = ours.hub_id")
        bring_records(store, side, "SELECT remote_id AS _id FROM written")
        engine.execute(settle_sql(side.groups, created=action == "create"))
        link = f"{side.who()}, _id AS hub_id, _remote_id AS remote_id, _base AS base, _shown AS shown"
        if action == "create":
            _new(store)
            moved = f"'linked' AS state, now() AS linked_at, {moved}"
        store.engine.table("moved", f"SELECT {link}, {moved} FROM settled")
    store.engine.table(
        "ended",
        f"SELECT i.id, i.fields, {_STATE} AS state, o._id AS remote_id, o.code, "
        f"nullif(concat_ws('; ', o.message, {problems(side.connection)}), '') AS message, o.request_id, "
        "CASE WHEN outcome <> 'unknown' THEN now() END AS settled_at "
        f"FROM outcomes o JOIN ours i ON i.hub_id = o._key LEFT JOIN {RENDERED} r ON r._key = o._key",
    )
    links: list[Change] = [Append(LINKS, "moved") if action == "create" else Update(LINKS, "moved")]
    return [*(links if side.linked else []), Update(INTENTS, "ended")]


def _new(store: FileStore) -> None:
    """Put those into `settled` that are linked though nothing is agreed on yet: what is there is for the next merge.

    Of them are records that stood in the way of a create, and new ones that nobody could read: without a link they
    would be made again.
    """
    store.engine.execute(
        "INSERT INTO settled BY NAME SELECT _key AS _id, o._id AS _remote_id, '{}' AS _base, '{}' AS _shown "
        "FROM outcomes o WHERE outcome IN ('applied', 'linked') AND _key NOT IN (SELECT _id FROM settled)"
    )


def _written(store: FileStore, side: Side) -> None:
    """Fill `written` with the links of what was applied, and what of each was really sent."""
    asked = f"SELECT {side.who()}, i.hub_id FROM outcomes o JOIN ours i ON i.hub_id = o._key"
    store.lookup(LINKS, asked, "links", (*LINKS.key, "base", "shown"))
    value = "coalesce((i.fields->('$.\"' || name || '\"'))::VARCHAR, 'null')"
    sent = f"list_contains(g._write, name) AND NOT list_contains({HELD}, name)"
    names = f"list_filter(json_keys(i.fields), lambda name: {sent})"
    entries = f"list_transform({names}, lambda name: to_json(name)::VARCHAR || ':' || {value})"
    left_out = any_of(group.left_out("i.fields") for group in side.groups)
    store.engine.table(
        "written",
        "SELECT i.hub_id, o._id AS remote_id, coalesce(l.base, '{}') AS base, coalesce(l.shown, '{}') AS shown, "
        f"'{{' || array_to_string({entries}, ',') || '}}' AS sent, coalesce({left_out}, false) AS left_out, "
        f"CASE WHEN i.way = 'create' THEN {HELD} END AS held "
        "FROM outcomes o JOIN ours i ON i.hub_id = o._key "
        f"JOIN outgoing g ON g._key = o._key JOIN {RENDERED} r ON r._key = o._key "
        "LEFT JOIN links l ON l.hub_id = i.hub_id WHERE o.outcome = 'applied'",
    )
