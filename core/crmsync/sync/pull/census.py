"""Census: what the mirror has and a finished sweep did not meet is asked for by id; what is not there is deleted.

The brake: a census that would mark more than its share of the live rows stops and leaves the decision to a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import BrakePulled
from crmsync.mapping import LinkPlan, ReadPlan, literal
from crmsync.spec.model import Place
from crmsync.sync.model import Batch, Counts
from crmsync.sync.pull.fetch import in_parts, read_by_id
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.link import with_links
from crmsync.sync.pull.map import map_batch
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker

BRAKE_FREE = 20  # rows that any census may mark: a small table has no meaningful share


@dataclass(frozen=True, slots=True)
class Census:
    """The census of one stream; `brake` is the share of live rows that it may mark as deleted."""

    source: Source
    lander: Lander
    worker: Worker
    plans: Mapping[Place, ReadPlan]
    links: Sequence[LinkPlan]
    brake: float

    async def run(self, checkpoint: str, begun: datetime | None) -> AsyncIterator[Counts]:
        """Confirm and mark the missing ones, a commit a request; the last commit moves the checkpoint.

        `begun`: when the sweep began, by the provider's clock; what was created since is not missing. May be killed at
        any line: what is marked is no longer missing, so the rest follows the next time.
        """
        by_id = self.source.stream.by_id
        ids = await self.worker.do(self._missing, begun) if by_id else []  # nothing can be confirmed
        for part in in_parts(ids, by_id):
            page = await read_by_id(self.source, part)
            batch = await with_links(Batch((page,)), self.source, self.links)
            yield await self.worker.do(self._mark, batch, part)
        yield await self.worker.do(self.lander.census_done, checkpoint)

    def _missing(self, begun: datetime | None) -> list[str]:
        mirror = self.lander.mirror
        missing, live = self.lander.store.unseen(mirror.table, mirror.connection, mirror.stream, begun, "missing")
        if missing > max(BRAKE_FREE, live * self.brake):
            raise BrakePulled(
                f"{missing} of {live} rows of {mirror.connection}.{mirror.stream} are gone from the provider, "
                f"more than the brake of {self.brake:.0%} allows. None of them was marked as deleted.",
                hint="If that is right, run it again with: --brake 100",
            )
        return [row[0] for row in self.lander.store.engine.rows("SELECT _id FROM missing ORDER BY _id")]

    def _mark(self, batch: Batch, asked: Sequence[str]) -> Counts:
        """Land those that are there after all (with no word about the checkpoint), mark the others.

        An entry whose id cannot be read may be any of them, so none of them is absent then.
        """
        engine = self.lander.store.engine
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest($ids::VARCHAR[]) AS _id", {"ids": list(asked)}
        )
        counts = Counts()
        absent = f"SELECT _id, TIMESTAMPTZ {literal(self.source.now().isoformat())} AS gone_at FROM asked"
        if batch.bodies:
            plan = self.plans[batch.place]
            map_batch(self.lander.store, plan, batch)
            engine.execute("CREATE OR REPLACE TEMP TABLE there AS SELECT _id FROM mapped")
            absent += " WHERE _id NOT IN (SELECT _id FROM there)"  # nothing at all where one of these is NULL
            counts, _ = self.lander.land(batch, plan, "census", None, sweep=False, fresh=False)
        return counts + self.lander.delete(absent)
