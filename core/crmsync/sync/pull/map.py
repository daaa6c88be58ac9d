"""Map: a batch of page bodies -> mapped and rejected rows in the engine, by the stream's one compiled statement."""

from __future__ import annotations

from crmsync import faults
from crmsync.errors import UnreadablePage
from crmsync.mapping import ReadPlan
from crmsync.store import FileStore
from crmsync.sync.model import Batch, LinkAnswers

MAPPED = "mapped"


def map_batch(store: FileStore, plan: ReadPlan, batch: Batch) -> None:
    """Fill the engine table `mapped` with one row a record of the batch.

    Raises UnreadablePage with the body where a page's records cannot be told, rather than read it as none.
    """
    engine, bodies = store.engine, batch.bodies
    engine.execute(plan.create_sql(MAPPED), {"bodies": bodies})
    for number, page in enumerate(page for page in batch.pages if page.body):
        if page.until is not None:  # the rest of it is in a page of the next range
            engine.execute(f"DELETE FROM {MAPPED} WHERE _page = {number} AND try_cast(_id AS HUGEINT) >= {page.until}")
    for page, reason in engine.rows(f"SELECT _page, _problems[1].reason FROM {MAPPED} WHERE _pos = 0 LIMIT 1"):
        raise UnreadablePage(f"A page could not be read: {reason}.", body=bodies[page].encode())
    if engine.value(f"SELECT count(_id) > count(DISTINCT _id) FROM {MAPPED}"):
        engine.execute(plan.older_sql(MAPPED))
    for answers in batch.links:
        _fill(store, answers)
    faults.point("land.mapped")


def _fill(store: FileStore, answers: LinkAnswers) -> None:
    """Put what the answers about one link say into its column of `mapped`."""
    engine, plan = store.engine, answers.plan
    engine.execute(plan.create_sql("linked"), {"bodies": answers.bodies})
    for page, fault in engine.rows("SELECT _page, fault FROM linked WHERE fault IS NOT NULL LIMIT 1"):
        message = f"The links that {plan.link.field} holds could not be read: {fault}."
        raise UnreadablePage(message, body=answers.bodies[page].encode())
    engine.execute(plan.fill_sql(MAPPED, "linked"))
