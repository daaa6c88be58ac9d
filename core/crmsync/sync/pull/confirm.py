"""Confirm: ids that are said to be gone are asked for, and only what is not there is marked as deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from crmsync.mapping import LinkPlan, ReadPlan
from crmsync.spec.model import Place
from crmsync.sync.model import Batch, Counts, Gone
from crmsync.sync.pull.fetch import in_parts, read_by_id
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.link import with_links
from crmsync.sync.pull.map import map_batch
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker


@dataclass(frozen=True, slots=True)
class Confirm:
    """Asks for the records of one stream by their ids."""

    source: Source
    lander: Lander
    worker: Worker
    plans: Mapping[Place, ReadPlan]
    links: Sequence[LinkPlan]

    async def gone(self, told: Sequence[Gone]) -> AsyncIterator[Counts]:
        """Mark those of `told` that are not there, and land those that are, with no word about the checkpoint.

        May be killed at any line: a commit a request, and what is marked need not be told again.
        """
        for part in in_parts(told, self.source.stream.by_id):
            page = await read_by_id(self.source, [id_ for id_, _ in part])
            batch = await with_links(Batch((page,)), self.source, self.links)
            counts, absent = await self.worker.do(self._land, batch, part)
            if absent:
                counts += await self.worker.do(self.lander.mark, absent, self.source.now())
            yield counts

    def _land(self, batch: Batch, asked: Sequence[Gone]) -> tuple[Counts, Sequence[Gone]]:
        """Land those that are there; the others, too. An entry without an id may be any, so nobody is absent then."""
        if not batch.bodies:
            return Counts(), asked
        plan, engine = self.plans[batch.place], self.lander.store.engine
        map_batch(self.lander.store, plan, batch)
        there = {row[0] for row in engine.rows("SELECT _id FROM mapped")}
        counts, _ = self.lander.land(batch, plan, "census", None, sweep=False, fresh=False)
        return counts, [] if None in there else [gone for gone in asked if gone[0] not in there]
