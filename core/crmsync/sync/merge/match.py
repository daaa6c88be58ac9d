"""Match: records and hub rows without a link -> who is who, by the stream's key. With several candidates, nobody is.

A row whose record is gone counts as one without a link, for records and not for creates: somebody may have made the
record anew, or a merge has, as where of two a third one becomes.
"""

from __future__ import annotations

from dataclasses import replace

from crmsync.mapping import identifier
from crmsync.store import FileStore, plain
from crmsync.store.schema import LINKS
from crmsync.sync.merge.side import Side


def match(store: FileStore, side: Side) -> None:
    """Fill the engine tables `matched` and `unclear` from those in `apart` that have no link, or none any more.

    `matched` (`hub_id`, `remote_id`): one record and one row, and nobody else, have the same key. `unclear`
    (`remote_id`, `hub_ids`): there is a row with its key, but more than one of either; a person decides.
    """
    engine = store.engine
    field = next((field for field in side.fields if field.name == side.key), None)
    new = "FROM apart WHERE mirror = 'new'"
    if field is None or not engine.value(f"SELECT count(*) {new}"):
        engine.execute("CREATE OR REPLACE TEMP TABLE matched (hub_id VARCHAR, remote_id VARCHAR)")
        engine.execute("CREATE OR REPLACE TEMP TABLE unclear (remote_id VARCHAR, hub_ids VARCHAR[])")
        return
    store.lookup(side.mirror, f"SELECT remote_id AS _id {new}", "theirs", ("_id", field.column))
    asked = f"SELECT {side.who()}, 'deleted' AS state"
    store.lookup(replace(LINKS, key=("connection", "stream", "state")), asked, "ended", ("hub_id",))
    free = "SELECT hub_id AS _id FROM apart WHERE hub = 'new' OR state = 'linked' AND mirror = 'deleted'"
    store.lookup(side.hub, f"{free} UNION SELECT hub_id FROM ended", "ours", ("_id", field.name))
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE alike AS SELECT key, o.ids AS hub_ids, t.ids AS remote_ids "
        f"FROM ({_by_key('ours', field.name, field.type)}) o JOIN ({_by_key('theirs', field.column, field.type)}) t "
        "USING (key)"
    )
    sure = "len(hub_ids) = 1 AND len(remote_ids) = 1"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE matched AS SELECT hub_ids[1] AS hub_id, remote_ids[1] AS remote_id "
        f"FROM alike WHERE {sure}"
    )
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE unclear AS SELECT unnest(remote_ids) AS remote_id, hub_ids FROM alike "
        f"WHERE NOT ({sure})"
    )


def _by_key(table: str, column: str, type_: str) -> str:
    key = plain(identifier(column), type_)
    return f"SELECT {key} AS key, list(_id ORDER BY _id) AS ids FROM {table} WHERE {key} IS NOT NULL GROUP BY 1"
