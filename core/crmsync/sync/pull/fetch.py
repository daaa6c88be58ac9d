"""Fetch: window -> pages, as text, each with the position behind it. One function a strategy; knows no SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from crmsync.errors import RestartNeeded
from crmsync.http import Head
from crmsync.spec.bind import fill
from crmsync.spec.model import Reader, Request
from crmsync.sync.model import Page, Position, Window
from crmsync.sync.source import Source

# A URL this long is taken by the servers we know; a longer list of names goes into the body of `by_id` instead.
URL_NAMES_MAX = 6000
_PASSES = 8  # over one part of a window whose order cannot be trusted


def fetch(window: Window, source: Source) -> AsyncIterator[Page]:
    """The pages of `window`, from its position on. The last one's position is `done`."""
    if window.phase == "tombstones":
        assert source.stream.tombstones is not None
        return _list(window, source, source.stream.tombstones, names=())
    if window.phase == "changes":
        assert source.stream.changes is not None
        if source.stream.changes.by == "window":
            return _window(window, source, source.stream.changes)
        return _list(window, source, source.stream.changes, names=source.names)
    if source.stream.by_id is not None and len(",".join(source.names)) > URL_NAMES_MAX:
        return _list_then_read(window, source, source.stream.full, source.stream.by_id)
    return _list(window, source, source.stream.full, names=source.names)


async def read_by_id(source: Source, request: Request, ids: Sequence[str]) -> Page:
    """One page with those of `ids` that exist; at most `request.batch` of them."""
    items = [fill(request.item, {"id": i}) for i in ids] if request.item is not None else list(ids)
    body, head = await source.ask(request, ids=list(ids), items=items)
    return Page(body, head.ids, Position(), request.records)


# -- list: all pages of one request ---------------------------------------------------------------------------------


async def _list(window: Window, source: Source, reader: Reader, names: Sequence[str]) -> AsyncIterator[Page]:
    position, request = window.position, reader.request
    while not position.done:
        values = {"page": position.page, "after_id": position.after_id or ("0" if request.page == "keyset" else None)}
        try:
            body, head = await source.ask(request, names=list(names), **values)
        except RestartNeeded:
            if position == Position():
                raise
            source.note("warning", "The provider forgot our place in the list; reading it from the start.")
            position = Position()
            continue
        position = _behind(position, request, head)
        yield Page(body, head.ids, position, request.records)


async def _list_then_read(window: Window, source: Source, reader: Reader, by_id: Request) -> AsyncIterator[Page]:
    """For more fields than fit in a URL: ids by list, values by id."""
    async for page in _list(window, source, reader, names=()):
        size = by_id.batch or 1
        parts = [page.ids[i : i + size] for i in range(0, len(page.ids), size)] or [()]
        for part in parts[:-1]:
            yield replace(await read_by_id(source, by_id, part), position=window.position)
        last = await read_by_id(source, by_id, parts[-1]) if parts[-1] else page
        yield replace(last, position=page.position)


def _behind(position: Position, request: Request, head: Head) -> Position:
    read = position.read + len(head.ids)
    if request.page == "keyset":
        done = head.more is False if request.more else len(head.ids) < (request.limit or 1)
        return Position(after_id=head.ids[-1] if head.ids else position.after_id, read=read, done=done or not head.ids)
    return Position(page=head.next, read=read, done=head.next is None)


# -- window: a frozen span of time, walked in the order of ids --------------------------------------------------------


async def _window(window: Window, source: Source, reader: Reader) -> AsyncIterator[Page]:
    """Complete over equal times, edits while paging and result caps, if ids rise; where they don't, by parts."""
    low, high = _ms(window.lower), _ms(window.upper)
    position = window.position
    while position.parts is None and not position.done:
        after = position.after_id or "0"
        body, head = await _ask(source, reader, low, high, after_id=after)
        if reader.total and not _rising(head.ids, after):
            source.note("warning", "The provider's order cannot be trusted; reading the window in parts.")
            position = replace(position, parts=((low, high),))
            break
        first = position.read == 0
        position = replace(position, after_id=(head.ids or [after])[-1], read=position.read + len(head.ids))
        if _ended(reader.request, head):
            whole = first and head.total == len(head.ids)
            if reader.total is None or whole or await _total(source, reader, low, high) <= position.read:
                position = replace(position, done=True)
            else:
                position = replace(position, parts=((low, high),))
        yield Page(body, head.ids, position, reader.request.records)
    if position.parts is not None and not position.done:
        async for page in _by_parts(source, reader, position):
            yield page


async def _by_parts(source: Source, reader: Reader, position: Position) -> AsyncIterator[Page]:
    """Halve the window until each part is below the cap; read each by offset until every id it holds was met."""
    parts, missed = list(position.parts or ()), position.missed
    while parts:
        low, high = parts.pop()
        total = await _total(source, reader, low, high)
        if reader.cap and total >= reader.cap and low < high:
            middle = (low + high) // 2
            parts += [(middle + 1, high), (low, middle)]
            continue
        here = replace(position, parts=(*parts, (low, high)), missed=missed)
        met: set[str] = set()
        for _ in range(_PASSES):
            before = len(met)
            async for body, head in _offsets(source, reader, low, high):
                met.update(head.ids)
                yield Page(body, head.ids, here, reader.request.records)
            if len(met) >= total and len(met) == before:
                break
            total = max(total, len(met)) if before else total
        if len(met) < total:
            source.note(
                "warning", f"{total - len(met)} records of one moment could not be listed; a full read follows."
            )
            missed = True
        left = replace(position, parts=tuple(parts), missed=missed, done=not parts)
        yield Page("", (), left, reader.request.records)


async def _offsets(source: Source, reader: Reader, low: int, high: int) -> AsyncIterator[tuple[str, Head]]:
    offset, size = 0, reader.request.limit or 1
    while reader.cap is None or offset + size <= reader.cap:
        body, head = await _ask(source, reader, low, high, after_id="0", offset=offset or None)
        yield body, head
        offset += len(head.ids)
        if _ended(reader.request, head) or not head.ids:
            return


async def _total(source: Source, reader: Reader, low: int, high: int) -> int:
    _, head = await _ask(source, reader, low, high, after_id="0", limit=1)
    return head.total or 0


async def _ask(source: Source, reader: Reader, low: int, high: int, **values: Any) -> tuple[str, Head]:
    bounds = {"lower": _bound(low, reader.bounds), "upper": _bound(high, reader.bounds)}
    return await source.ask(reader.request, total=reader.total, **bounds, **values)


def _ended(request: Request, head: Head) -> bool:
    if not head.ids:
        return True
    if request.next:
        return head.next is None
    return head.more is False if request.more else len(head.ids) < (request.limit or 1)


def _rising(ids: Sequence[str], after: str) -> bool:
    try:
        numbers = [int(after), *map(int, ids)]
    except ValueError:
        return False
    return all(a < b for a, b in pairwise(numbers))


def _ms(moment: datetime | None) -> int:
    assert moment is not None
    return round(moment.timestamp() * 1000)


def _bound(ms: int, style: str) -> str:
    if style == "epoch_ms":
        return str(ms)
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if style == "iso" else "%Y-%m-%d %H:%M:%S")
