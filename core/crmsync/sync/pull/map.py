"""Map: a batch of page bodies -> mapped and rejected rows in the engine, by the stream's one compiled statement."""

from __future__ import annotations

from crmsync import faults
from crmsync.errors import UnreadablePage
from crmsync.mapping import ReadPlan
from crmsync.store import FileStore
from crmsync.sync.model import Batch

MAPPED = "mapped"


def map_batch(store: FileStore, plan: ReadPlan, batch: Batch) -> None:
    """Fill the engine table `mapped` with one row a record of the batch.

    Raises UnreadablePage with the body where a page's records cannot be told, rather than read it as none.
    """
    engine, bodies = store.engine, batch.bodies
    engine.execute(plan.create_sql(MAPPED), {"bodies": bodies})
    for page, reason in engine.rows(f"SELECT _page, _problems[1].reason FROM {MAPPED} WHERE _pos = 0 LIMIT 1"):
        raise UnreadablePage(f"A page could not be read: {reason}.", body=bodies[page].encode())
    engine.execute(plan.older_sql(MAPPED))
    faults.point("land.mapped")
