"""Split: the ranges of one list, read by several readers at once. Part of fetch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from crmsync.http import Head
from crmsync.sync.pull.ranges import Disorder, Range, Ranges

# The page from an id on: its body, its head, and the id to go on from (None: the list ends).
Ask = Callable[[int], Awaitable[tuple[str, Head, int | None]]]
_Item = tuple[str, Head, Range, int] | BaseException | None


async def side_by_side(ask: Ask, ranges: Ranges, readers: int) -> AsyncGenerator[tuple[str, Head]]:
    """All pages of `ranges`, as they come. While one is handed out, `ranges.left` is what is behind it.

    Raises Disorder where the list's ids do not rise, and what `ask` raises.
    """
    queue: asyncio.Queue[_Item] = asyncio.Queue(maxsize=readers)
    crew = asyncio.create_task(_crew(ask, ranges, readers, queue))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            body, head, each, at = item
            ranges.got(each, at)
            yield body, head
    finally:
        crew.cancel()
        await asyncio.gather(crew, return_exceptions=True)


async def _crew(ask: Ask, ranges: Ranges, readers: int, queue: asyncio.Queue[_Item]) -> None:
    changed = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(readers):
                group.create_task(_reader(ask, ranges, queue, changed))
        await queue.put(None)
    except* Exception as failed:  # noqa: BLE001 - handed to the owner of the pages, who raises it
        await queue.put(failed.exceptions[0])


async def _reader(ask: Ask, ranges: Ranges, queue: asyncio.Queue[_Item], changed: asyncio.Event) -> None:
    """Read ranges that nobody reads, then cut others and read the piece, until nothing is left."""

    async def read(each: Range, page: tuple[str, Head, int | None]) -> None:
        body, head, following = page
        at = ranges.read(each, _numbers(head), following)
        changed.set()
        await queue.put((body, head, each, at))

    while ranges.is_open:
        each = ranges.take()
        if each is None and (cut := ranges.cut()) is not None:
            page = await ask(cut[1])
            each = ranges.found(*cut, _numbers(page[1]))
            changed.set()
            if each is not None:
                await read(each, page)
        elif each is None:
            changed.clear()
            await changed.wait()
        while each is not None and each.is_open:
            await read(each, await ask(each.at))


def _numbers(head: Head) -> list[int]:
    try:
        return [int(found) for found in head.ids]
    except ValueError:
        raise Disorder from None
