"""Fetch: window -> pages, as text, each with the position behind it. One function a strategy; knows no SQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

from crmsync.errors import NotFound, RestartNeeded
from crmsync.http import Head, Literals
from crmsync.spec.bind import fill
from crmsync.spec.model_stream import Reader, Request
from crmsync.sync.model import Further, Page, Position, Window
from crmsync.sync.paging import ended, require_another, walk
from crmsync.sync.pull.split import Ask, Found, readers_of, walk_split
from crmsync.sync.source import Source, asking_for

T = TypeVar("T")

# A URL this long is taken by the servers we know; a longer list of names goes into the body of `by_id` instead.
URL_NAMES_MAX = 6000
_RESTARTS = 3  # of one list in one run; a place that is forgotten sooner than the next page is asked for leads nowhere
_PASSES = 8  # over one part of a window whose order cannot be trusted


def fetch(window: Window, source: Source) -> AsyncIterator[Page]:
    """The pages of `window`, from its position on. The last one's position is `done`."""
    if window.phase == "tombstones":
        assert source.stream.tombstones is not None
        return _list(window, source, source.stream.tombstones, whole=False)
    if window.phase == "ids":
        assert source.stream.census.reader is not None
        return _list(window, source, source.stream.census.reader, whole=False)
    if window.phase == "changes":
        assert source.stream.changes is not None
        if source.stream.changes.by == "window":
            return _window(window, source, source.stream.changes)
        return _list(window, source, source.stream.changes)
    longest = max(len(",".join(names)) for names in (source.names, *source.further))
    if source.stream.by_id is not None and longest > URL_NAMES_MAX:
        return _list_then_read(window, source, source.stream.full)
    return _list(window, source, source.stream.full)


async def read_by_id(source: Source, ids: Sequence[str]) -> Page:
    """One page with those of `ids`, a part that fits, that exist."""
    assert source.stream.by_id is not None  # nobody has ids to ask for where the spec has no way to
    return await _read_ids(source, source.stream.by_id, ids)


async def read_by_key(source: Source, values: Sequence[str]) -> Page:
    """One page with the records, if any, that have one of `values`, a part that fits, in the field that is unique."""
    request = source.stream.find
    assert request is not None
    items = [fill(request.item, {"value": value}) for value in values]
    asked = {"value": values[0]} if request.one else {"items": items, "values": Literals(values)}
    try:
        body, head = await source.ask(request, **asked)
    except NotFound:
        if len(values) > 1:
            raise
        return Page("", (), Position(), request.place)
    further = await _further(source, request, head, asked)
    return Page(body, head.ids, Position(), request.place, head.entries, further=further)


async def exist(source: Source, ids: Sequence[str]) -> Page:
    """One page that tells which of `ids`, a part that fits, exist, whatever their kind."""
    assert source.stream.confirm is not None
    return await _read_ids(source, source.stream.confirm, ids)


async def _read_ids(source: Source, request: Request, ids: Sequence[str]) -> Page:
    asked = asking_for(request, ids, source.stream.record)
    try:
        body, head = await source.ask(request, **asked)
        further = await _further(source, request, head, asked) if request is source.stream.by_id else ()
    except NotFound:
        if len(ids) > 1:
            raise  # which of them?
        return Page("", (), Position(), request.place)
    return Page(body, head.ids, Position(), request.place, head.entries, further=further)


async def _further(source: Source, request: Request, head: Head, asked: Mapping[str, Any]) -> tuple[Further, ...]:
    """The fields that do not fit into one request, of the records that a page has.

    The same request is asked for them, as it was `asked`, and `by_id` for those that it shows no longer.
    """
    found, by_id = list[Further](), source.stream.by_id
    for part, names in enumerate(source.further if head.ids else ()):
        body, shown = await source.ask(request, **{**asked, "names": list(names)})
        found.append(Further(part, request.place, body))
        gone = set(head.ids) - set(shown.ids) if request is not by_id else set()
        for ids in in_parts(sorted(gone), by_id):
            assert by_id is not None
            with suppress(NotFound):
                body, _ = await source.ask(by_id, names=list(names), **asking_for(by_id, ids, source.stream.record))
                found.append(Further(part, by_id.place, body))
    return tuple(found)


def in_parts(ids: Sequence[T], by_id: Request | None) -> Iterator[Sequence[T]]:
    """`ids`, and what belongs to them, in the portions of one request; none where the spec has no way to ask by id."""
    size = (by_id.batch or 1) if by_id else 1
    return (ids[i : i + size] for i in range(0, len(ids) if by_id else 0, size))


# -- list: all pages of one request ---------------------------------------------------------------------------------


async def _list(window: Window, source: Source, reader: Reader, *, whole: bool = True) -> AsyncIterator[Page]:
    """Not `whole`: their ids are all that is asked for of the records."""

    async def ask(place: dict[str, Any]) -> tuple[tuple[str, tuple[Further, ...]], Head]:
        if window.token and not request.asks("token") and place == {"page": None}:
            place = {"url": window.token}  # a link: the first request itself
        asked = {**since, **place, **({} if whole else {"names": []})}
        body, head = await source.ask(request, token_at=reader.token, **asked)
        return (body, await _further(source, request, head, asked) if whole else ()), head

    position, request = window.position, reader.request
    since: dict[str, Any] = {
        "since": _bound(_ms(window.lower), reader.bounds) if window.lower else None,
        "token": window.token,
    }
    for restarts in range(_RESTARTS + 1):
        try:
            async for (body, further), head, behind, until in _pages(source, reader, ask, position):
                position = behind
                ids = head.ids if until is None else [id_ for id_ in head.ids if int(id_) < until]
                yield Page(body, ids, position, request.place, head.entries, until, further)
        except RestartNeeded:
            if window.token is not None:
                source.note("warning", "The provider forgot what it has told us; a full read follows.")
                yield Page("", (), Position(missed=True, done=True), request.place)
                return
            if position == Position() or restarts == _RESTARTS:
                raise
            source.note("warning", "The provider forgot our place in the list; reading it from the start.")
            position = Position()
        else:
            return


async def _pages(source: Source, reader: Reader, ask: Ask[T], position: Position) -> AsyncGenerator[Found[T]]:
    readers = readers_of(reader.request, source.spec.pools) if reader.split else 1
    if readers > 1:
        note = partial(source.note, "warning")
        async with aclosing(walk_split(reader.request, ask, position, readers, note)) as found:
            async for page in found:
                yield page
    else:
        async for body, head, behind in walk(reader.request, ask, position):
            yield body, head, behind, None


async def _list_then_read(window: Window, source: Source, reader: Reader) -> AsyncIterator[Page]:
    """For more fields than fit in a URL: ids by list, values by id."""
    before = window.position
    async for page in _list(window, source, reader, whole=False):
        if nameless := page.entries - len(page.ids):
            source.note("warning", f"Entries of the list that could not be read, for want of an id: {nameless}.")
        for part in in_parts(page.ids, source.stream.by_id):
            yield replace(await read_by_id(source, part), position=before)
        before = page.position
        yield replace(page, body="", ids=())


# -- window: a frozen span of time, walked in the order of ids --------------------------------------------------------


async def _window(window: Window, source: Source, reader: Reader) -> AsyncIterator[Page]:
    """Complete over equal times, edits while paging and result caps, if ids rise; where they don't, by parts."""
    low, high = _ms(window.lower), _ms(window.upper)
    position, last = window.position, Head()
    while position.parts is None and not position.done:
        after = position.after_id or "0"
        asked = {**_bounds(reader, low, high), "after_id": after}
        body, head = await source.ask(reader.request, total=reader.total, **asked)
        if reader.total and not _rising(head.ids, after):
            source.note("warning", "The provider's order cannot be trusted; reading the window in parts.")
            position = replace(position, parts=((low, high),))
            break
        first = position.read == 0
        position = replace(position, after_id=(head.ids or [after])[-1], read=position.read + head.entries)
        if ended(reader.request, head):
            whole = first and head.total == head.entries
            if reader.total is None or whole or await _total(source, reader, low, high) <= position.read:
                position = replace(position, done=True)
            else:
                position = replace(position, parts=((low, high),))
        require_another(head, last, done=position.done or position.parts is not None)
        last = head
        yield await _page(source, reader, body, head, asked, position)
    if position.parts is not None and not position.done:
        async for page in _by_parts(source, reader, position):
            yield page


async def _by_parts(source: Source, reader: Reader, position: Position) -> AsyncIterator[Page]:
    """Halve the window until each part is below the cap; read each by offset until every id it holds was met."""
    parts, missed = list(position.parts or ()), position.missed
    while parts:
        low, high = parts.pop()
        total = await _total(source, reader, low, high)
        if reader.cap and total >= reader.cap and (halves := _halves(low, high, reader.bounds)):
            parts += halves
            continue
        here = replace(position, parts=(*parts, (low, high)), missed=missed)
        met: set[str] = set()
        for _ in range(_PASSES):
            before, nameless = len(met), 0
            async for body, head, asked in _offsets(source, reader, low, high):
                met.update(head.ids)
                nameless += head.entries - len(head.ids)  # rejected, and so not missed
                total = total if head.total is None else head.total  # records leave the window while it is read
                yield await _page(source, reader, body, head, asked, here)
            if len(met) + nameless >= total and len(met) == before:
                break
        if (left := total - len(met) - nameless) > 0:
            source.note("warning", f"{left} records of one moment could not be listed; a full read follows.")
            missed = True
        behind = replace(position, parts=tuple(parts), missed=missed, done=not parts)
        yield Page("", (), behind, reader.request.place)


def _halves(low: int, high: int, bounds: str) -> list[tuple[int, int]]:
    """The two halves of a part, the later one first; nothing where it cannot be halved.

    Bounds that are written in whole seconds are shared by both, since records may lie between two seconds.
    """
    if bounds == "epoch_ms":
        middle = (low + high) // 2
        return [(middle + 1, high), (low, middle)] if low < high else []
    middle = (low + high) // 2000 * 1000
    return [(middle, high), (low, middle)] if low < middle < high else []


async def _page(
    source: Source, reader: Reader, body: str, head: Head, asked: Mapping[str, Any], position: Position
) -> Page:
    further = await _further(source, reader.request, head, asked)
    return Page(body, head.ids, position, reader.request.place, head.entries, further=further)


async def _offsets(
    source: Source, reader: Reader, low: int, high: int
) -> AsyncIterator[tuple[str, Head, Mapping[str, Any]]]:
    offset, size, bounds = 0, reader.request.limit or 1, _bounds(reader, low, high)
    while reader.cap is None or offset < reader.cap:
        room = size if reader.cap is None else min(size, reader.cap - offset)
        asked = {**bounds, "after_id": "0", "offset": offset or None, "limit": room}
        body, head = await source.ask(reader.request, total=reader.total, **asked)
        yield body, head, asked
        offset += head.entries
        if ended(reader.request, head):
            return


async def _total(source: Source, reader: Reader, low: int, high: int) -> int:
    _, head = await source.ask(reader.request, total=reader.total, **_bounds(reader, low, high), after_id="0", limit=1)
    return head.total or 0


def _bounds(reader: Reader, low: int, high: int) -> dict[str, Any]:
    return {"lower": _bound(low, reader.bounds), "upper": _bound(high, reader.bounds)}


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
    return moment.isoformat(timespec="seconds") if style == "iso" else moment.strftime("%Y-%m-%d %H:%M:%S")
