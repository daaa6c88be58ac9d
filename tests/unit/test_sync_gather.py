"""Gather: every page once and in order, in batches that pay, and an end that is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from crmsync.errors import ProviderDown
from crmsync.sync.model import Batch, Page, Position
from crmsync.sync.pull.gather import BATCH_BYTES, BATCH_ROWS, QUEUE_BYTES, Pace, gather


def page(number: int, body: str = "{}") -> Page:
    return Page(body, (str(number),), Position(page=str(number)), "items")


async def pages(number: int, body: str = "{}", failure: Exception | None = None) -> AsyncIterator[Page]:
    for count in range(number):
        yield page(count, body)
    if failure is not None:
        raise failure


async def batches(source: AsyncIterator[Page], into: list[Batch]) -> None:
    async for batch, _ in gather(source, Pace()):
        into.append(batch)


def test_every_page_comes_once_and_in_order() -> None:
    """More pages than the queue holds; the last batch is not lost, whatever its size."""
    found: list[Batch] = []
    asyncio.run(batches(pages(700), found))
    assert [p for batch in found for p in batch.pages] == [page(n) for n in range(700)]


def test_pages_of_several_ranges_stand_in_the_order_of_their_ids() -> None:
    """They come in turns; the position is that behind the last one that came. One chain keeps its order."""

    def of_range(first: int) -> Page:
        return Page("{}", (str(first), str(first + 1)), Position(read=first, ranges=((first, None),)), "items")

    async def given(*came: Page) -> AsyncIterator[Page]:
        for each in came:
            yield each

    found: list[Batch] = []
    came = [of_range(first) for first in (1, 70, 9, 200, 11)]
    asyncio.run(batches(given(*came), found))
    assert [int(p.ids[0]) for p in found[0].pages] == [1, 9, 11, 70, 200]
    assert found[0].position == came[-1].position
    chain = [page(9), page(1)]
    asyncio.run(batches(given(*chain), found))
    assert list(found[1].pages) == chain


def test_a_batch_is_bounded_by_its_bytes() -> None:
    """Large pages do not pile up in memory, even one that is larger than all bounds."""
    found: list[Batch] = []
    asyncio.run(batches(pages(9, "x" * (BATCH_BYTES // 3 + 1)), found))
    assert [len(batch.pages) for batch in found] == [3, 3, 3]
    asyncio.run(batches(pages(1, "x" * (QUEUE_BYTES + 1)), found))
    assert len(found) == 4


def test_a_failure_comes_behind_what_was_read_before_it() -> None:
    """What was fetched is landed, then the stream fails."""
    found: list[Batch] = []
    with pytest.raises(ProviderDown):
        asyncio.run(batches(pages(3, failure=ProviderDown("down")), found))
    assert [len(batch.pages) for batch in found] == [3]


@pytest.mark.parametrize("turns", range(6))
def test_who_is_told_to_stop_stops_even_when_a_page_arrives_at_that_moment(turns: int) -> None:
    """A cancelled wait is never mistaken for a page that came."""

    async def main() -> None:
        gate = asyncio.Event()

        async def late() -> AsyncIterator[Page]:
            yield page(1)
            await gate.wait()
            yield page(2)
            await asyncio.Event().wait()

        task = asyncio.create_task(batches(late(), []))
        await asyncio.sleep(0.01)  # until it waits for the second page
        gate.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done and task.cancelled()

    asyncio.run(main())


def test_a_commit_waits_until_it_pays() -> None:
    """Enough rows or four seconds, and four times what the last landing cost; too many bytes do not wait."""
    pace = Pace(land_s=1.0, ended_at=10.0)
    assert pace.wait_s(BATCH_ROWS, 0, age_s=9.0, now=13.0) == 1.0
    assert pace.wait_s(BATCH_ROWS, 0, age_s=0.0, now=14.0) == 0.0
    assert pace.wait_s(1, 0, age_s=4.0, now=14.0) == 0.0
    assert pace.wait_s(BATCH_ROWS - 1, BATCH_BYTES - 1, age_s=3.0, now=99.0) == 1.0
    assert pace.wait_s(1, BATCH_BYTES, age_s=0.0, now=10.0) == 0.0


def test_a_provider_is_slow_when_its_batch_is_not_full() -> None:
    """Then the store is let go between commits."""
    assert (Pace(rows=BATCH_ROWS - 1).slow, Pace(rows=BATCH_ROWS).slow) == (True, False)
