"""Census: what the mirror has and a finished sweep did not meet is asked for by id; what is not there is deleted.

The brake: a census that would mark more than its share of the live rows stops and leaves the decision to a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from crmsync.errors import BrakePulled
from crmsync.mapping import ReadPlan
from crmsync.store import Clear, Commit
from crmsync.store.schema import SEEN
from crmsync.sync.model import Batch, Counts
from crmsync.sync.pull.fetch import read_by_id
from crmsync.sync.pull.land import Journal, Lander
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
    plans: Mapping[str, ReadPlan]
    brake: float
    journal: Journal

    async def run(self, checkpoint: str) -> AsyncIterator[Counts]:
        """Confirm and mark the missing ones, a commit a request; the last commit moves the checkpoint.

        May be killed at any line: what is marked is no longer missing, so the rest follows the next time.
        """
        ids = await self.worker.do(self._missing)
        by_id = self.source.stream.by_id
        size = (by_id.batch or 1) if by_id else 1
        for start in range(0, len(ids) if by_id else 0, size):
            part = ids[start : start + size]
            assert by_id is not None
            page = await read_by_id(self.source, by_id, part)
            yield await self.worker.do(self._mark, Batch((page,)), part)
        yield await self.worker.do(self._finish, checkpoint)

    def _missing(self) -> list[str]:
        mirror = self.lander.mirror
        missing, live = self.lander.store.unseen(mirror.table, mirror.connection, mirror.stream, "missing")
        if missing > max(BRAKE_FREE, live * self.brake):
            raise BrakePulled(
                f"{missing} of {live} rows of {mirror.connection}.{mirror.stream} are gone from the provider, "
                f"more than the brake of {self.brake:.0%} allows. Nothing was marked as deleted.",
                hint="If that is right, run it again with: --brake 100",
            )
        return [row[0] for row in self.lander.store.engine.rows("SELECT _id FROM missing ORDER BY _id")]

    def _mark(self, batch: Batch, asked: list[str]) -> Counts:
        """Land those that are there after all (with no word about the checkpoint), mark the others."""
        engine = self.lander.store.engine
        engine.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest($ids::VARCHAR[]) AS _id", {"ids": asked})
        counts = Counts()
        absent = "SELECT _id, now() AS at FROM asked"
        if batch.bodies:
            map_batch(self.lander.store, self.plans[batch.records_at], batch)
            engine.execute("CREATE OR REPLACE TEMP TABLE there AS SELECT _id FROM mapped")
            absent += " WHERE _id NOT IN (SELECT _id FROM there WHERE _id IS NOT NULL)"
            counts, _ = self.lander.land(batch, "census", None, sweep=False, fresh=False, journal=self.journal)
        return counts + self.lander.delete(absent, self.journal)

    def _finish(self, checkpoint: str) -> Counts:
        lease = self.lander.lease
        run, logs = self.journal(Counts())
        seen = Clear(SEEN, {"connection": lease.connection, "stream": lease.stream})
        self.lander.store.commit(Commit(lease, [seen], checkpoint, run, logs))
        return Counts()
