"""Pairs: links -> their hub rows and records side by side, and what a merge makes of them."""

from __future__ import annotations

from crmsync.store import FileStore
from crmsync.sync.merge.flips import bring_flips
from crmsync.sync.merge.origin import bring_origins
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.terms import bring_records
from crmsync.sync.merge.threeway import merge_sql


def merge_pairs(store: FileStore, side: Side, pairs: str, *, take: bool = True) -> int:
    """Merge the pairs of the engine query (`hub_id`, `remote_id`, `base`, `shown`), in the engine alone; tell how many.

    See threeway.py for `take`.

    Fills the engine tables `pairs`, `remote` and `hub`, which threeway.py reads, `merged`, which it makes, and
    `hub_rows`: the hub's rows as they were read.
    """
    engine, columns = store.engine, ("_id", "_updated_at", *(field.name for field in side.fields))
    engine.table("pairs", pairs)
    bring_records(store, side, "SELECT remote_id AS _id FROM pairs")
    store.lookup(side.hub, "SELECT hub_id AS _id FROM pairs", "hub_rows", columns)
    bring_flips(store, side)
    engine.table(
        "hub",
        "SELECT h.*, []::VARCHAR[] AS _pending, f.flipping AS _flipping "
        "FROM hub_rows h LEFT JOIN flips f ON f.hub_id = h._id",
    )
    bring_origins(store, side)
    return int(engine.execute(merge_sql(side.groups, take=take)).fetchall()[0][0])
