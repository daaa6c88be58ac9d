"""Gather: pages -> batches. Fetching goes on while a batch is mapped and committed.

A batch grows until a commit pays: large enough, and the pause since the last one a multiple of what landing that one
cost, since finding rows and committing grow dearer with the table. A slow provider's pages are committed every few
seconds all the same.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from crmsync.sync.model import Batch, Page

BATCH_ROWS = int(os.environ.get("CRMSYNC_BATCH_ROWS", "5000"))  # fewer: smaller steps, dearer commits
BATCH_BYTES = 10 * 1024 * 1024
QUEUE_BYTES = 4 * 1024 * 1024
_AGE_S = 4.0
_AGE = 80.0  # times the last batch's work, most of which small batches cost as well: it stays near 1 % of the time
_PAUSE = 4.0  # times what landing the last batch cost: it stays under a fifth of the time


@dataclass(slots=True)
class Pace:
    """What the last batch cost: its landing and all its work, in seconds; when it ended (loop time); its rows."""

    land_s: float = 0.0
    work_s: float = 0.0
    ended_at: float = 0.0
    rows: int = 0

    @property
    def slow(self) -> bool:
        """Whether we wait for the provider: then the store need not be held between commits."""
        return self.rows < BATCH_ROWS

    def landed(self, land_s: float, work_s: float) -> None:
        """Note a batch whose commit just ended."""
        self.land_s, self.work_s, self.ended_at = land_s, work_s, asyncio.get_running_loop().time()

    def wait_s(self, rows: int, size: int, age_s: float, now: float) -> float:
        """The seconds that a batch of `rows` rows and `size` bytes, begun `age_s` ago, waits for more, if above 0."""
        if size >= BATCH_BYTES:
            return 0.0
        rest_s = self.ended_at + _PAUSE * self.land_s - now
        return rest_s if rows >= BATCH_ROWS else max(rest_s, max(_AGE_S, _AGE * self.work_s) - age_s)


async def gather(pages: AsyncIterator[Page], pace: Pace) -> AsyncGenerator[tuple[Batch, bool], None]:
    """Batches of consecutive pages, each with whether more pages already wait behind it."""
    queue: asyncio.Queue[Page | BaseException | None] = asyncio.Queue(maxsize=256)
    room = _Room(QUEUE_BYTES)
    producer = asyncio.create_task(_produce(pages, queue, room))
    try:
        ended = False
        while not ended:
            held, failure, ended = await _collect(queue, room, pace)
            if held:
                yield Batch(_in_order(held), held[-1].position), not queue.empty()
            if failure is not None:
                raise failure
    finally:
        producer.cancel()
        await asyncio.gather(producer, return_exceptions=True)


def _in_order(held: list[Page]) -> tuple[Page, ...]:
    """Pages of several ranges in the order of their ids, which no two of them share.

    What is read together is then stored together: the next reading finds it in a third of the time.
    """
    if all(page.position.ranges for page in held):
        held = sorted(held, key=lambda page: int(page.ids[0]) if page.ids else 0)
    return tuple(held)


class _Room:
    """Bounds the bytes that wait in the queue."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used, self._free = limit, 0, asyncio.Event()
        self._free.set()

    async def take(self, size: int) -> None:
        while self._used and self._used + size > self._limit:
            self._free.clear()
            await self._free.wait()
        self._used += size

    def give(self, size: int) -> None:
        self._used -= size
        self._free.set()


async def _produce(pages: AsyncIterator[Page], queue: asyncio.Queue[Page | BaseException | None], room: _Room) -> None:
    try:
        async for page in pages:
            await room.take(page.size)
            await queue.put(page)
        await queue.put(None)
    except Exception as error:  # noqa: BLE001 - handed to the consumer, which raises it
        await queue.put(error)


async def _collect(
    queue: asyncio.Queue[Page | BaseException | None], room: _Room, pace: Pace
) -> tuple[list[Page], BaseException | None, bool]:
    """Pages until the batch is ripe; the producer's failure, if it ended in one; and whether it ended."""
    loop = asyncio.get_running_loop()
    held: list[Page] = []
    rows = size = 0
    begun = loop.time()
    while True:
        wait_s = pace.wait_s(rows, size, loop.time() - begun, loop.time()) if held else None
        if wait_s is not None and wait_s <= 0:
            pace.rows = rows
            return held, None, False
        try:
            async with asyncio.timeout(wait_s):  # `wait_for` may swallow that we are cancelled
                item = await queue.get()
        except TimeoutError:
            continue
        if item is None or isinstance(item, BaseException):
            pace.rows = rows
            return held, item, True
        if not held:
            begun = loop.time()
        held.append(item)
        rows += len(item.ids)
        size += item.size
        room.give(item.size)
