"""Confirm: ids that are said to be gone are asked for, and only what is not there is marked as deleted.

What is there, but not in this stream any more (a person that became a company), has left it: it is marked as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from crmsync.mapping import LinkPlan, ReadPlan
from crmsync.spec.model_stream import Place, Request
from crmsync.sync.model import Batch, Counts, Gone, Page
from crmsync.sync.pull.fetch import exist, in_parts, read_by_id, read_by_key
from crmsync.sync.pull.gather import BATCH_ROWS
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.link import with_links
from crmsync.sync.pull.map import map_batch
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker

REQUESTS = 50  # that are on their way at once, where each brings few records


async def drained(counts: AsyncIterator[Counts]) -> None:
    """Let it all be done, whatever came of it."""
    async for _ in counts:
        pass


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

        May be killed at any line: each commit stands for itself, and what is marked need not be told again.
        """
        for part in in_parts(told, self.source.stream.by_id):
            asked_at = self.source.now()  # who comes back while we ask changed after that
            counts, absent = await self._read([id_ for id_, _ in part])
            left = await self._elsewhere(absent)
            if left is None:
                yield counts
                continue
            dead = [(id_, gone_at or asked_at) for id_, gone_at in part if id_ in absent - left]
            if dead:
                counts += await self.worker.do(self.lander.mark, dead)
            if left and (new := await self.worker.do(self.lander.mark_left, [(id_, asked_at) for id_ in left])):
                self.source.note("info", f"Records that have become those of another kind: {new}.")
            yield counts

    async def arrived(self, ids: Sequence[str]) -> AsyncIterator[Counts]:
        """Land those of `ids` that are there."""
        async for counts in self._together(read_by_id, ids, self.source.stream.by_id):
            yield counts

    async def found(self, values: Sequence[str]) -> AsyncIterator[Counts]:
        """Land the records that have one of `values` in the field that is unique."""
        async for counts in self._together(read_by_key, values, self.source.stream.find):
            yield counts

    async def _together(
        self, read: Callable[[Source, Sequence[str]], Awaitable[Page]], what: Sequence[str], request: Request | None
    ) -> AsyncIterator[Counts]:
        """Land what `read` brings, of many requests at once: they are sent side by side, as far as limits allow.

        A batch of 100 records costs half as much as one of 5,000, and a push waits for what it reads again.
        """
        parts = in_parts(what, request)
        size = max(1, min(REQUESTS, BATCH_ROWS // (request.batch or 1))) if request else 1
        while some := list(islice(parts, size)):
            yield await self._landed(await asyncio.gather(*(read(self.source, part) for part in some)))

    async def known_as(self, value: str) -> Sequence[str]:
        """Land the records that have `value` in the field that is unique; their ids."""
        page = await read_by_key(self.source, [value])
        await self._landed([page])
        return page.ids

    async def _read(self, ids: Sequence[str]) -> tuple[Counts, set[str]]:
        """Land those that are there; the others, too. An entry without an id may be any: nobody is absent then."""
        page = await read_by_id(self.source, ids)
        counts = await self._landed([page])
        return counts, set() if page.entries > len(page.ids) else set(ids) - set(page.ids)

    async def _landed(self, pages: Sequence[Page]) -> Counts:
        batch = await with_links(Batch(tuple(pages)), self.source, self.links)
        return await self.worker.do(self._land, batch) if batch.bodies else Counts()

    def _land(self, batch: Batch) -> Counts:
        self.source.note_left_out(map_batch(self.lander.store, self.plans, batch))
        counts, _ = self.lander.land(batch, self.plans[batch.place], "census", None, sweep=False, fresh=False)
        return counts

    async def _elsewhere(self, absent: set[str]) -> set[str] | None:
        """Those who exist all the same, but not in this stream; None where it cannot be told."""
        left = set[str]()
        for part in in_parts(sorted(absent), self.source.stream.confirm):
            page = await exist(self.source, part)
            if page.entries > len(page.ids):
                return None
            left |= set(page.ids) & absent
        return left
