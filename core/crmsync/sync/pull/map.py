"""Map: a batch of page bodies -> mapped and rejected rows in the engine, by the stream's one compiled statement."""

from __future__ import annotations

from collections.abc import Mapping

from crmsync import faults
from crmsync.errors import UnreadablePage
from crmsync.mapping import ReadPlan, identifier
from crmsync.spec.model_stream import Place
from crmsync.store import FileStore
from crmsync.sync.model import Batch, LinkAnswers

MAPPED = "mapped"


def map_batch(store: FileStore, plans: Mapping[Place, ReadPlan], batch: Batch) -> int:
    """Fill the engine table `mapped` with one row a record of the batch; tell how many records are left out.

    These are no longer there when their further fields were asked for: without them they would have nulls for values.
    Raises UnreadablePage with the body where a page's records cannot be told, rather than read it as none.
    """
    plan, left_out = plans[batch.place], 0
    _read(store, plan, MAPPED, batch.bodies)
    for number, page in enumerate(page for page in batch.pages if page.body):
        if page.until is not None:  # the rest of it is in a page of the next range
            rest = f"_page = {number} AND try_cast(_id AS HUGEINT) >= {page.until}"
            store.engine.execute(f"DELETE FROM {MAPPED} WHERE {rest}")
    for index, part in enumerate(plan.parts):
        left_out += _join(store, plans, part, batch, index)
    if store.engine.value(f"SELECT count(_id) > count(DISTINCT _id) FROM {MAPPED}"):
        store.engine.execute(plan.older_sql(MAPPED))
    for answers in batch.links:
        _fill(store, answers)
    faults.point("land.mapped")
    return left_out


def _read(store: FileStore, plan: ReadPlan, table: str, bodies: list[str]) -> None:
    store.engine.execute(plan.create_sql(table), {"bodies": bodies})
    for page, reason in store.engine.rows(f"SELECT _page, _problems[1].reason FROM {table} WHERE _pos = 0 LIMIT 1"):
        raise UnreadablePage(f"A page could not be read: {reason}.", body=bodies[page].encode())


def _join(store: FileStore, plans: Mapping[Place, ReadPlan], part: ReadPlan, batch: Batch, index: int) -> int:
    """Put the columns of one part into `mapped`, to the copy of a record that its own page had."""
    engine = store.engine
    columns = "".join(f", {identifier(field.name)}" for field in part.fields)
    shown = f"_id, _problems, _rejected{columns} FROM part"
    _read(store, part, "part", [])
    engine.execute(f"CREATE OR REPLACE TEMP TABLE further AS SELECT 0 AS _of, {shown}")
    for place, found in batch.further(index).items():
        _read(store, plans[place].parts[index], "part", [body for _, body in found])
        engine.execute(
            f"INSERT INTO further SELECT ($pages::INTEGER[])[_page + 1], {shown} "
            "WHERE _id IS NOT NULL QUALIFY row_number() OVER (PARTITION BY _page, _id) = 1",
            {"pages": [page for page, _ in found]},
        )
    before = engine.value(f"SELECT count(*) FROM {MAPPED}")
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE whole AS "
        "SELECT m.* REPLACE (m._problems || coalesce(f._problems, []) AS _problems, "
        f"m._rejected OR coalesce(f._rejected, false) AS _rejected){columns} "
        f"FROM {MAPPED} m LEFT JOIN further f ON f._of = m._page AND f._id = m._id "
        "WHERE m._id IS NULL OR f._id IS NOT NULL"
    )
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {MAPPED} AS FROM whole")
    return int(before - engine.value(f"SELECT count(*) FROM {MAPPED}"))


def _fill(store: FileStore, answers: LinkAnswers) -> None:
    """Put what the answers about one link say into its column of `mapped`."""
    engine, plan = store.engine, answers.plan
    engine.execute(plan.create_sql("linked"), {"bodies": answers.bodies})
    for page, fault in engine.rows("SELECT _page, fault FROM linked WHERE fault IS NOT NULL LIMIT 1"):
        message = f"The links that {plan.link.field} holds could not be read: {fault}."
        raise UnreadablePage(message, body=answers.bodies[page].encode())
    engine.execute(plan.fill_sql(MAPPED, "linked"))
