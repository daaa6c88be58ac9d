"""Pairs: links -> their hub rows and records side by side, and what a merge makes of them."""

from __future__ import annotations

from crmsync.store import FileStore
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.terms import bring_records
from crmsync.sync.merge.threeway import merge_sql


def merge_pairs(store: FileStore, side: Side, pairs: str) -> None:
    """Merge the pairs of the engine query (`hub_id`, `remote_id`, `base`, `shown`), in the engine alone.

    Fills the engine tables `pairs`, `remote` and `hub`, which threeway.py reads, `merged`, which it makes, and
    `hub_rows`: the hub's rows as they were read.
    """
    engine = store.engine
    engine.execute(f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT *, NULL::BOOLEAN AS _outranks FROM ({pairs})")
    bring_records(store, side, "SELECT remote_id AS _id FROM pairs")
    store.lookup(side.hub, "SELECT hub_id AS _id FROM pairs", "hub_rows", hub_columns(side))
    engine.execute("CREATE OR REPLACE TEMP TABLE hub AS SELECT *, []::VARCHAR[] AS _pending FROM hub_rows")
    engine.execute(merge_sql(side.groups))


def hub_columns(side: Side) -> tuple[str, ...]:
    """The columns of the hub's table that a merge reads."""
    return ("_id", "_updated_at", *(field.name for field in side.fields))
