"""Split: a list in the order of ids, read in several ranges at once where one page after the other takes long.

Part of fetch. A list begins as one chain, so that a small account pays for nothing; ids that do not rise end the split,
and everything is read again in one chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from crmsync.http import Head
from crmsync.spec.model import Pool
from crmsync.spec.model_stream import Request
from crmsync.sync.model import Position
from crmsync.sync.paging import walk
from crmsync.sync.pull.ranges import Disorder, Range, Ranges

ALONE = 10  # pages, before a list is split
READERS_MAX = 6

T = TypeVar("T")  # a page
Ask = Callable[[dict[str, Any]], Awaitable[tuple[T, Head]]]
Found = tuple[T, Head, Position, int | None]  # and the id from which on the page is another range's, too
_Item = tuple[T, Head, Range, int, int | None] | BaseException | None


def readers_of(request: Request, pools: Mapping[str, Pool]) -> int:
    """How many pages of a list may be on their way at once."""
    used = [pool for name, pool in pools.items() if pool.default or name in request.uses]
    return min([READERS_MAX, *(pool.concurrent for pool in used if pool.concurrent)])


async def walk_split(
    request: Request, ask: Ask[T], position: Position, readers: int, note: Callable[[str], None]
) -> AsyncGenerator[Found[T]]:
    """The pages behind `position`, as `walk` gives them, but in any order."""
    if position.ranges is None:
        opening = _Opening()
        async with aclosing(walk(request, ask, position)) as pages:
            async for body, head, behind in pages:
                position = behind
                yield body, head, behind, None
                if behind.done:
                    return
                if opening.met(head):
                    break
        position = replace(position, ranges=opening.ranges(request, position))
    if position.ranges:
        ranges, read = Ranges(position.ranges, position.ranges[0][0], 1), position.read
        try:
            async with aclosing(_side_by_side(request, ask, ranges, readers)) as crew:
                async for body, head, until in crew:
                    read += head.entries
                    yield body, head, Position(read=read, ranges=ranges.left, done=not ranges.left), until
        except Disorder:
            note("The list is not in the order of ids; reading it from the start, one page after the other.")
            position = Position(ranges=())
        else:
            return
    async for body, head, behind in walk(request, ask, position):
        yield body, head, replace(behind, ranges=()), None


class _Opening:
    """The first pages of a list, and whether their ids rise."""

    def __init__(self) -> None:
        self._pages, self._ids, self._rises = 0, list[int](), True

    def met(self, head: Head) -> bool:
        """Note a page; whether the list is long enough to be split."""
        self._pages += 1
        try:
            self._ids += _numbers(head)
        except Disorder:
            self._rises = False
        return self._pages >= ALONE

    def ranges(self, request: Request, position: Position) -> tuple[tuple[int, int | None], ...]:
        """What is behind the first pages, as one range; none where it cannot be cut."""
        try:
            following = _following(request, Head(next=position.page, ids=(position.after_id or "",), entries=1))
        except Disorder:
            return ()
        rises = self._rises and self._ids == sorted(set(self._ids))
        return ((following, None),) if rises and following and self._ids and following > self._ids[-1] else ()


async def _side_by_side(
    request: Request, ask: Ask[T], ranges: Ranges, readers: int
) -> AsyncGenerator[tuple[T, Head, int | None]]:
    """All pages of `ranges`, as they come. While one is handed out, `ranges.left` is what is behind it."""
    queue: asyncio.Queue[_Item[T]] = asyncio.Queue(maxsize=readers)
    crew = asyncio.create_task(_crew(request, ask, ranges, readers, queue))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            body, head, each, at, until = item
            ranges.got(each, at)
            yield body, head, until
    finally:
        crew.cancel()
        await asyncio.gather(crew, return_exceptions=True)


async def _crew(request: Request, ask: Ask[T], ranges: Ranges, readers: int, queue: asyncio.Queue[_Item[T]]) -> None:
    changed = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(readers):
                group.create_task(_read(request, ask, ranges, queue, changed))
        await queue.put(None)
    except* Exception as failed:  # noqa: BLE001 - handed to the owner of the pages, who raises it
        await queue.put(failed.exceptions[0])


async def _read(
    request: Request, ask: Ask[T], ranges: Ranges, queue: asyncio.Queue[_Item[T]], changed: asyncio.Event
) -> None:
    """Read ranges that nobody reads, then cut others and read the piece, until nothing is left."""

    async def page(at: int) -> tuple[T, Head]:
        return await ask({"after_id": str(at - 1)} if request.page == "keyset" else {"page": str(at)})

    async def hand_over(each: Range, body: T, head: Head) -> None:
        ids = _numbers(head)
        at = ranges.read(each, ids, _following(request, head))
        changed.set()
        await queue.put((body, head, each, at, ranges.until(each, ids)))

    while ranges.is_open:
        each = ranges.take()
        if each is None and (cut := ranges.cut()) is not None:
            body, head = await page(cut[1])
            each = ranges.found(*cut, _numbers(head))
            changed.set()
            if each is not None:
                await hand_over(each, body, head)
        elif each is None:
            changed.clear()
            await changed.wait()
        while each is not None and each.is_open:
            await hand_over(each, *await page(each.at))


def _following(request: Request, head: Head) -> int | None:
    """The id from which the list goes on behind a page; None at its end. Raises Disorder."""
    if request.page == "keyset":
        ended = not head.entries or (request.more is not None and head.more is False)
        return None if ended else _number(head.ids[-1]) + 1
    return None if head.next is None else _number(head.next)


def _numbers(head: Head) -> list[int]:
    if len(head.ids) != head.entries:
        raise Disorder  # where an entry without an id stands, nobody knows
    if not all(map(str.isdecimal, head.ids)):
        raise Disorder
    return list(map(int, head.ids))


def _number(text: str) -> int:
    if not text.isdecimal():
        raise Disorder
    return int(text)
