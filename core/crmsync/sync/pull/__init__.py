"""Pull: provider -> mirror, one stream at a time, in the order: plan, fetch, gather, link, map, land."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from crmsync.errors import BrakePulled
from crmsync.events import BatchLanded, PageRead, PhaseStarted
from crmsync.mapping import LinkPlan, ReadPlan
from crmsync.spec.model_stream import Place
from crmsync.sync.checkpoint import Checkpoint, advance, encode
from crmsync.sync.model import Batch, Counts, Gone, Page, Phase, Position, Window
from crmsync.sync.pull.census import Census
from crmsync.sync.pull.confirm import Confirm
from crmsync.sync.pull.fetch import fetch
from crmsync.sync.pull.gather import Pace, gather
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.link import with_links
from crmsync.sync.pull.map import map_batch
from crmsync.sync.pull.plan import next_window
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker


@dataclass(slots=True)
class Pull:
    """One stream's pull: where it reads, where it lands, how far it is.

    `plans` are the compiled mappings by the place of the records, `links` those of what no record holds, and
    `tombstone_plan` is that of the list of deleted ones.
    """

    source: Source
    lander: Lander
    worker: Worker
    checkpoint: Checkpoint
    plans: Mapping[Place, ReadPlan]
    links: Sequence[LinkPlan]
    tombstone_plan: ReadPlan | None
    brake: float
    pace: Pace = field(default_factory=Pace)

    async def run(self) -> Counts:
        """Bring the stream up to date; tell what became of every record.

        May be killed at any line: rows and checkpoint commit together. Raises ProviderDown when retries are used up,
        BudgetSpent, and UnreadablePage rather than skip a page; BrakePulled at the very end.
        """
        counts, done = await self._asked(), set[Phase]()
        braked: BrakePulled | None = None
        while (step := next_window(self.source.stream, self.checkpoint, self.source.now(), done)) is not None:
            self.checkpoint, window = step
            self._emit_phase(window)
            try:
                counts += await (self._census() if window.phase == "census" else self._read(window))
            except BrakePulled as error:
                braked = error  # the census waits for a person; what changed need not
            if window.phase != "changes" or window.position == Position():
                done.add(window.phase)  # a window that an earlier run left open ends in the past: the present follows
        if braked is not None:
            raise braked
        return counts

    async def _asked(self) -> Counts:
        """Read again what a person wants to be read again, where single records can be asked for."""
        counts = Counts()
        ids = await self.worker.do(self.lander.rejects.asked) if self.source.stream.by_id else []
        async for part in self.confirm.gone([(id_, None) for id_ in ids]):
            counts += part
            self._emit_landed(part, 0.0)
        return counts

    async def _read(self, window: Window) -> Counts:
        counts, opened = Counts(), self.checkpoint
        fresh = window.position == Position()
        pages = fetch(window, self.source)
        told = pages if window.phase == "ids" else self._told(pages)
        async with aclosing(gather(told, self.pace)) as batches:
            async for batch, more in batches:
                self.checkpoint = advance(opened, window, batch.position)
                counts += await self._land(batch, window, fresh=fresh, more=more)
                fresh = False
        return counts

    async def _land(self, batch: Batch, window: Window, *, fresh: bool, more: bool) -> Counts:
        if window.phase == "tombstones":
            counts, took = await self._bury(batch)
            work_s = took
        elif window.phase == "ids":
            counts = Counts()  # an id is no record
            took = work_s = await self.worker.do(self._note_ids, batch, fresh)
        else:
            batch = await with_links(batch, self.source, self.links)
            counts, took, work_s = await self.worker.do(self._map_and_land, batch, window, fresh)
        self.pace.landed(took, work_s)
        if self.pace.slow and not more:
            await self.worker.do(self.lander.store.rest)
        self._emit_landed(counts, took)
        return counts

    def _map_and_land(self, batch: Batch, window: Window, fresh: bool) -> tuple[Counts, float, float]:
        """What became of the records; the seconds that the commit took, and all of this."""
        begun, checkpoint = time.monotonic(), encode(self.checkpoint)
        plan = self.plans[batch.place]
        if batch.bodies:
            self.source.note_left_out(map_batch(self.lander.store, self.plans, batch))
        sweep = window.phase == "full" and self.checkpoint.full.sweep
        counts, took = self.lander.land(batch, plan, window.phase, checkpoint, sweep=sweep, fresh=fresh)
        return counts, took, time.monotonic() - begun

    def _note_ids(self, batch: Batch, fresh: bool) -> float:
        return self.lander.ids(batch, encode(self.checkpoint), fresh=fresh)

    async def _bury(self, batch: Batch) -> tuple[Counts, float]:
        """Mark what a batch of the list of deleted records tells, once it is confirmed; then the checkpoint moves.

        A record may have been restored since, or be told as deleted again for good: so nobody is marked unasked, or,
        where the spec has no way to ask, who changed since. The seconds are those of the last commit.
        """
        told, gone = await self.worker.do(self._told_gone, batch)
        marked = Counts()
        async for counts in self.confirm.gone(gone):
            marked += counts
        if gone and self.source.stream.by_id is None:
            now = self.source.now()
            marked = await self.worker.do(self.lander.mark, [(id_, gone_at or now) for id_, gone_at in gone])
        told = replace(told, applied=marked.deleted, unchanged=told.unchanged - marked.deleted)
        took = await self.worker.do(self._buried, batch, told)
        return told + marked, took

    def _told_gone(self, batch: Batch) -> tuple[Counts, list[Gone]]:
        if not batch.bodies:
            return Counts(), []
        assert self.tombstone_plan is not None  # no window asks for tombstones that the spec does not describe
        map_batch(self.lander.store, {batch.place: self.tombstone_plan}, batch)
        return self.lander.told_gone(self.tombstone_plan, by_time=self.source.stream.by_id is None)

    def _buried(self, batch: Batch, counts: Counts) -> float:
        assert self.tombstone_plan is not None
        if counts.rejected:  # other streams have used the table since
            map_batch(self.lander.store, {batch.place: self.tombstone_plan}, batch)
        return self.lander.tombstones(batch, self.tombstone_plan, encode(self.checkpoint), counts)

    @property
    def confirm(self) -> Confirm:
        return Confirm(self.source, self.lander, self.worker, self.plans, self.links)

    async def _census(self) -> Counts:
        census = Census(self.confirm, self.brake)
        counted = self.source.stream.census.reader is not None
        counts, begun = Counts(), self.checkpoint.ids.as_of if counted else self.checkpoint.full.as_of
        taken = advance(self.checkpoint, Window("census", Position()), Position(done=True))
        async for part in census.run(encode(taken), begun):
            counts += part
            self._emit_landed(part, 0.0)
        self.checkpoint = taken
        return counts

    async def _told(self, pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
        async for page in pages:
            self.source.events.emit(PageRead(self.source.connection, self.source.stream.name, len(page.ids)))
            yield page

    def _emit_phase(self, window: Window) -> None:
        self.source.events.emit(PhaseStarted(self.source.connection, self.source.stream.name, window.phase))

    def _emit_landed(self, counts: Counts, seconds: float) -> None:
        who = (self.source.connection, self.source.stream.name)
        self.source.events.emit(BatchLanded(*who, counts.as_dict(), seconds))
