"""Fetch over a provider in memory: complete under any order, cap and page size, and never for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import NotFound, RestartNeeded, UnexpectedAnswer
from crmsync.http import Head
from crmsync.spec.model_stream import Census, Field, Reader, Record, Request, Stream, Transform
from crmsync.sync.model import Page, Position, Window
from crmsync.sync.pull.fetch import URL_NAMES_MAX, fetch, in_parts, read_by_id
from crmsync.sync.source import Source

FULL = Request("GET", "/all", {"from": "$page"}, records="items", limit=3, next="next")
SEARCH = Request("POST", "/search", records="results", limit=3, next="next")
BY_ID = Request("POST", "/get", records="found", batch=2)
STREAM = Stream(
    name="contact",
    record=Record(Field("_id", "text", ("id",), Transform("text"))),
    fields=(),
    full=Reader("list", FULL),
    changes=Reader("window", SEARCH, bounds="epoch_ms", total="total", cap=10),
    by_id=BY_ID,
    tombstones=None,
    census=Census(),
)


@dataclass
class Provider:
    """Records: id -> milliseconds of its change. Stands where a Source does.

    `order` is how a search sorts; `before` is called ahead of each answer.
    """

    records: dict[int, int]
    stream: Stream = STREAM
    names: Sequence[str] = ()
    further: Sequence[Sequence[str]] = ()
    order: Callable[[int], Any] = int
    before: Callable[[Provider], None] = lambda _: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    async def ask(self, request: Request, *, total: str | None = None, **values: Any) -> tuple[str, Head]:
        self.asked.append(values)
        self.before(self)
        if request.path == "/get":
            found = tuple(i for i in values["ids"] if int(i) in self.records)
            return "found", Head(ids=found, entries=len(found))
        if request.path == "/all":
            ids = [str(i) for i in sorted(self.records)]
            return "items", self._page(ids, self._start(request, ids, values), request.limit or 0)
        low, high = self._bound(values["lower"]), self._bound(values["upper"])
        hits = [i for i, at in self.records.items() if low <= at <= high and i > int(values["after_id"])]
        ids = [str(i) for i in sorted(hits, key=self.order)]
        start, size = values.get("offset") or 0, values.get("limit") or request.limit or 0
        reader = self.stream.changes
        assert reader is not None and (reader.cap is None or start + size <= reader.cap), "the provider would refuse"
        head = self._page(ids, start, size)
        return "results", replace(head, total=len(ids)) if total else head

    def _start(self, request: Request, ids: Sequence[str], values: dict[str, Any]) -> int:
        if request.page == "number":
            return (int(values["page"]) - 1) * (request.limit or 0)
        if request.page == "keyset":
            return sum(int(i) <= int(values["after_id"]) for i in ids)
        return int(values["offset"] if request.page == "offset" else values["page"] or 0)

    def note(self, level: str, message: str) -> None:
        self.notes.append(f"{level}: {message}")

    def _page(self, ids: Sequence[str], start: int, size: int) -> Head:
        rest = len(ids) > start + size
        shown = tuple(ids[start : start + size])
        return Head(next=str(start + size) if rest else None, more=rest, ids=shown, entries=len(shown))

    def _bound(self, text: str) -> int:
        return int(text) if text.isdigit() else round(datetime.fromisoformat(text).timestamp() * 1000)


def read(provider: Provider, window: Window, pages: int = 10_000) -> list[Page]:
    """The pages of a window, at most so many."""

    async def collect() -> list[Page]:
        found: list[Page] = []
        async for page in fetch(window, cast(Source, provider)):
            found.append(page)
            if len(found) == pages:
                break
        return found

    return asyncio.run(collect())


def ids(pages: Sequence[Page]) -> list[int]:
    return [int(i) for page in pages for i in page.ids]


def span(low: int = 0, high: int = 100_000, position: Position | None = None) -> Window:
    moments = [datetime.fromtimestamp(ms / 1000, UTC) for ms in (low, high)]
    return Window("changes", position or Position(), *moments)


EVERYTHING = Window("full", Position())
moments = st.integers(0, 40).map(lambda n: n * 500) | st.integers(0, 20_000)
accounts = st.dictionaries(st.integers(1, 2000), moments, max_size=60)
orders = st.sampled_from([int, str, lambda i: -i, lambda i: random.Random(i).random()])
caps = st.sampled_from([(3, 10), (4, 10), (1, 7), (10, 10), (40, 40)])


@settings(deadline=None)
@given(accounts, orders, caps, st.sampled_from(["epoch_ms", "iso", "sql"]), st.integers(1, 30))
def test_a_window_is_complete_or_says_that_it_is_not(
    records: dict[int, int], order: Callable[[int], Any], cap: tuple[int, int], bounds: str, stop: int
) -> None:
    """Under any order, page size, cap and way to write times; broken off anywhere and taken up again."""
    reader = replace(cast(Reader, STREAM.changes), bounds=bounds, cap=cap[1], request=replace(SEARCH, limit=cap[0]))
    provider = Provider(records, replace(STREAM, changes=reader), order=order)
    if bounds == "sql":
        provider._bound = lambda text: round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)  # type: ignore[method-assign]
    first = read(provider, span(), stop)
    rest = [] if first[-1].position.done else read(provider, span(position=first[-1].position))
    last = (rest or first)[-1].position
    assert last.done
    assert last.missed or set(ids(first) + ids(rest)) == set(records)
    crowds = [sum(abs(at - other) <= 1000 for other in records.values()) for at in records.values()]
    assert not last.missed or max(crowds) >= cap[1]  # only a crowd at one moment may be too many


def test_a_window_that_fits_on_one_page_is_one_request() -> None:
    """Its total is on the page: nothing is left to ask."""
    provider = Provider({1: 10, 2: 20})
    assert ids(read(provider, span())) == [1, 2]
    assert len(provider.asked) == 1


def test_a_page_that_claims_to_be_the_last_one_is_compared_with_the_total() -> None:
    """A provider that forgets the cursor must not make us forget the rest."""
    provider = Provider({i: i for i in range(1, 6)})
    plain = provider._page
    provider._page = lambda *how: replace(plain(*how), next=None)  # type: ignore[method-assign]
    assert read(provider, span())[-1].position.missed


def test_a_record_that_enters_behind_the_walk_is_found_at_the_end_of_the_window() -> None:
    """The window holds more than was read, so it is read in parts."""
    provider = Provider({i: i for i in range(10, 18)})
    provider.before = lambda p: p.records.update({1: 5}) if len(p.asked) == 2 else None
    assert set(ids(read(provider, span()))) == {1, *range(10, 18)}


def test_records_that_leave_the_window_while_it_is_read_in_parts_are_not_missed() -> None:
    """Edited meanwhile, they are the next window's business; no full read follows."""
    provider = Provider({i: i for i in range(1, 10)}, order=str)
    provider.before = lambda p: p.records.update({9: 10**9}) if len(p.asked) == 3 else None
    pages = read(provider, span(position=Position(parts=((0, 100_000),))))
    assert set(range(1, 9)) <= set(ids(pages)) and not pages[-1].position.missed


def test_a_record_that_a_leaving_one_pushed_over_a_page_break_is_read_by_another_pass() -> None:
    """By offset, one that leaves moves all behind it; so a part is read until a pass meets nothing new."""
    provider = Provider({i: i for i in range(1, 10)}, order=str)
    provider.before = lambda p: p.records.update({1: 10**9}) if len(p.asked) == 3 else None
    pages = read(provider, span(position=Position(parts=((0, 100_000),))))
    assert set(ids(pages)) == set(range(1, 10))


def test_a_page_that_begins_before_the_last_one_ended_is_not_trusted() -> None:
    """Ids must rise from page to page, too: else `id > after_id` was not obeyed."""
    provider = Provider({i: i for i in range(1, 7)})
    plain = provider._page

    def back(ids_: Sequence[str], start: int, size: int) -> Head:
        return plain(["1", "2", "3"] if len(provider.asked) == 2 else ids_, start, size)

    provider._page = back  # type: ignore[method-assign]
    assert set(ids(read(provider, span()))) == set(range(1, 7))
    assert any("cannot be trusted" in note for note in provider.notes)


def test_more_records_of_one_instant_than_the_cap_are_reported() -> None:
    """What can be listed is; the position says that records were missed."""
    provider = Provider(dict.fromkeys(range(1, 31), 500), order=str)
    pages = read(provider, span())
    assert pages[-1].position.missed and len(set(ids(pages))) >= 10
    assert any("could not be listed" in note for note in provider.notes)


def test_ids_that_are_no_numbers_are_read_in_parts() -> None:
    """Their order says nothing, so each part is counted."""
    provider = Provider({i: i for i in range(1, 9)})
    plain = provider._page
    provider._page = lambda *how: replace(plain(*how), ids=tuple(f"x{i}" for i in plain(*how).ids))  # type: ignore[method-assign]
    assert {i for page in read(provider, span()) for i in page.ids} == {f"x{i}" for i in range(1, 9)}


def test_without_a_total_the_walk_goes_to_the_end() -> None:
    """By a flag or by a page that is not full."""
    for request in (SEARCH, replace(SEARCH, next=None), replace(SEARCH, next=None, more="more")):
        reader = replace(cast(Reader, STREAM.changes), total=None, cap=None, request=request)
        provider = Provider({i: i for i in range(1, 9)}, replace(STREAM, changes=reader))
        assert ids(read(provider, span())) == list(range(1, 9))


WAYS = [
    FULL,
    *(
        replace(FULL, next=None, page=page, more=more)
        for page in ("keyset", "number", "offset")
        for more in ("m", None)
    ),
]


@settings(deadline=None)
@given(st.sampled_from(WAYS), st.integers(0, 12), st.integers(1, 5))
def test_a_list_is_read_to_its_end_from_any_page_on(request_: Request, number: int, limit: int) -> None:
    """By cursor, by the last id, by number or offset of the page; an empty account is an empty list."""
    stream = replace(STREAM, full=Reader("list", replace(request_, limit=limit)))
    provider = Provider(dict.fromkeys(range(1, number + 1), 0), stream)
    pages = read(provider, EVERYTHING)
    assert ids(pages) == list(range(1, number + 1)) and [p.position.done for p in pages].index(True) == len(pages) - 1
    for count, page in enumerate(pages[:-1], 1):
        assert ids(read(provider, Window("full", page.position))) == ids(pages[count:])


def test_a_list_by_ids_ends_with_an_empty_page_only() -> None:
    """The provider may give fewer than it is asked for."""
    provider = Provider(
        dict.fromkeys(range(1, 8), 0), replace(STREAM, full=Reader("list", replace(FULL, page="keyset")))
    )
    plain = provider._page
    provider._page = lambda found, start, _size: plain(found, start, 2)  # type: ignore[method-assign]
    assert ids(read(provider, EVERYTHING)) == list(range(1, 8))


def nameless(provider: Provider) -> Provider:
    """The same, but the first entry of each page has no id."""
    plain = provider._page

    def page(*how: Any) -> Head:
        head = plain(*how)
        return replace(head, ids=head.ids[1:])

    provider._page = page  # type: ignore[method-assign]
    return provider


@pytest.mark.parametrize("page", ["number", "offset"])
def test_a_list_by_places_that_a_cursor_left_off_is_read_from_its_start(page: str) -> None:
    """A spec may change; a cursor of another kind leads nowhere."""
    request = replace(FULL, next=None, page=page)
    provider = Provider(dict.fromkeys(range(1, 6), 0), replace(STREAM, full=Reader("list", request)))
    assert ids(read(provider, Window("full", Position(page="c-7f3a")))) == list(range(1, 6))


@pytest.mark.parametrize("more", [None, "more"])
@pytest.mark.parametrize("total", [None, "total"])
def test_a_page_with_an_entry_without_id_is_as_full_as_any(more: str | None, total: str | None) -> None:
    """It is neither short, and so the last one, nor is a record missed."""
    request = replace(SEARCH, next=None, more=more)
    reader = replace(cast(Reader, STREAM.changes), total=total, cap=None, request=request)
    pages = read(nameless(Provider({i: i for i in range(1, 9)}, replace(STREAM, changes=reader))), span())
    assert ids(pages) == [2, 3, 5, 6, 8]
    assert pages[-1].position == Position(after_id="8", read=8, done=True)


def test_an_entry_without_id_in_a_part_of_a_window_is_not_missed() -> None:
    """It stands in the answer, and is rejected; no full read would do better."""
    pages = read(nameless(Provider({i: i for i in range(1, 9)}, order=lambda i: -i)), span())
    assert set(ids(pages)) < set(range(1, 9)) and not pages[-1].position.missed


def test_a_list_by_ids_goes_on_behind_an_entry_without_id() -> None:
    """A page of such entries only leads nowhere, and that is an error."""
    stream = replace(STREAM, full=Reader("list", replace(FULL, page="keyset")))
    assert ids(read(nameless(Provider(dict.fromkeys(range(1, 9), 0), stream)), EVERYTHING)) == [2, 3, 5, 6, 8]
    with pytest.raises(UnexpectedAnswer):
        read(nameless(Provider({1: 0}, stream)), EVERYTHING)


def test_an_entry_without_id_that_should_be_read_by_id_is_told() -> None:
    """Else it would vanish without a trace."""
    provider = nameless(Provider(dict.fromkeys(range(1, 4), 0), names=["x" * URL_NAMES_MAX, "y"]))
    assert ids(read(provider, EVERYTHING)) == [2, 3]
    assert provider.notes == ["warning: Entries of the list that could not be read, for want of an id: 1."]


def test_a_list_whose_place_is_forgotten_is_read_from_its_start() -> None:
    """In the same run, and in one that resumes."""

    def forget(provider: Provider) -> None:
        if len(provider.asked) == 2:
            raise RestartNeeded("gone")

    provider = Provider(dict.fromkeys(range(1, 8), 0), before=forget)
    assert ids(read(provider, EVERYTHING)) == [1, 2, 3, *range(1, 8)]
    resumed = Provider(dict.fromkeys(range(1, 8), 0), before=forget, asked=[{}])
    assert ids(read(resumed, Window("full", Position(page="3")))) == list(range(1, 8))


def test_a_place_that_is_always_forgotten_ends_in_an_error() -> None:
    """Not in a loop that spends the account's limits."""

    def forget(provider: Provider) -> None:
        if provider.asked[-1]["page"] is not None:
            raise RestartNeeded("gone")

    provider = Provider(dict.fromkeys(range(1, 8), 0), before=forget)
    with pytest.raises(RestartNeeded):
        read(provider, EVERYTHING)
    assert len(provider.asked) < 10


@pytest.mark.parametrize("window", [EVERYTHING, span()])
def test_a_page_that_comes_again_and_again_ends_in_an_error(window: Window) -> None:
    """A provider that ignores the cursor would keep us for ever."""
    reader = replace(cast(Reader, STREAM.changes), total=None)
    provider = Provider({}, replace(STREAM, changes=reader))
    provider._page = lambda *_: Head(next="3", more=True, ids=("1", "2"), entries=2)  # type: ignore[method-assign]
    with pytest.raises(UnexpectedAnswer, match="twice"):
        read(provider, window)


def test_more_names_than_a_url_holds_are_read_by_id_and_the_place_never_goes_back() -> None:
    """Ids by list, values by id; each position is that of the pages whose records are in."""
    provider = Provider(dict.fromkeys(range(1, 8), 0), names=["x" * URL_NAMES_MAX, "y"])
    pages = read(provider, EVERYTHING)
    assert {p.place.path for p in pages if p.body} == {"found"} and ids(pages) == list(range(1, 8))
    for count, page in enumerate(pages[:-1], 1):
        left = set(range(1, 8)) - set(ids(pages[:count]))
        assert left <= set(ids(read(provider, Window("full", page.position))))
    places = [int(p.position.page or 0) for p in pages[:-1]]
    assert places == sorted(places)


@pytest.mark.parametrize("names", [["x" * URL_NAMES_MAX], ["x" * URL_NAMES_MAX, "y"]])
def test_as_many_names_as_a_url_holds_go_into_it(names: list[str]) -> None:
    """At the limit by list, above it by id."""
    provider = Provider({1: 0}, names=names)
    assert {p.place.path for p in read(provider, EVERYTHING) if p.body} == {"items" if len(names) == 1 else "found"}


def test_an_id_that_is_not_found_is_absent() -> None:
    """A provider that is asked for one record at a time says so by an error; of several it would say too little."""

    def refuse(provider: Provider) -> None:
        raise NotFound("none")

    provider = cast(Source, Provider({}, before=refuse))
    assert asyncio.run(read_by_id(provider, ["1"])) == Page("", (), Position(), BY_ID.place)
    with pytest.raises(NotFound):
        asyncio.run(read_by_id(provider, ["1", "2"]))


def test_ids_are_asked_for_in_the_portions_that_a_request_takes() -> None:
    """One by one where the spec names no number; not at all where it has no way to."""
    asked = ["1", "2", "3"]
    assert list(in_parts(asked, BY_ID)) == [["1", "2"], ["3"]]
    assert list(in_parts(asked, replace(BY_ID, batch=None))) == [["1"], ["2"], ["3"]]
    assert list(in_parts(asked, None)) == []
