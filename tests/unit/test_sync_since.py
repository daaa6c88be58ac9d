"""Lists of changes since a time or a token: whatever happens between and within readings, nothing stays unread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import RestartNeeded
from crmsync.http import Head
from crmsync.spec.model_stream import Census, Field, Reader, Record, Request, Stream, Transform
from crmsync.sync.checkpoint import Checkpoint, advance, decode, encode
from crmsync.sync.model import Position, Window
from crmsync.sync.pull.fetch import fetch
from crmsync.sync.pull.plan import next_window
from crmsync.sync.source import Source
from effort import examples

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
LAG_S = 30
FULL = Request("GET", "/all", {"n": "$page"}, limit=2, page="number")
CHANGED = Request("GET", "/changed", {"from": "$page", "since": "$since"}, next="next")
DELTA = Request("GET", "/delta", {"from": "$page", "token": "$token"}, next="next")
LINKED = Request("GET", "/delta", next="next")
STREAM = Stream(
    name="contact",
    record=Record(Field("_id", "text", ("id",), Transform("text"))),
    fields=(),
    full=Reader("list", FULL, every_s=1e9),
    changes=Reader("list", CHANGED, overlap_s=LAG_S),
    by_id=None,
    tombstones=None,
    census=Census(),
)
DELTAS = [
    replace(STREAM, changes=Reader("list", request, token="delta"), full=full)
    for request in (DELTA, LINKED)
    for full in (STREAM.full, Reader("list", request, token="delta", every_s=1e9))
]


@dataclass
class Provider:
    """Records: id -> moment and number of their last change. Stands where a Source does; its pages hold two.

    A change shows up `LAG_S` late in the list of changes. Tokens older than `oldest` are forgotten. Records of `busy`
    are changed one by one, ahead of each answer.
    """

    stream: Stream
    records: dict[int, tuple[datetime, int]] = field(default_factory=dict)
    now: datetime = START
    version: int = 0
    oldest: int = 0
    names: tuple[str, ...] = ()
    further: tuple[tuple[str, ...], ...] = ()
    busy: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def edit(self, number: int) -> None:
        self.version += 1
        self.records[number] = (self.now, self.version)

    async def ask(self, request: Request, *, url: str | None = None, **values: Any) -> tuple[str, Head]:
        self.asked.append(values | {"url": url})
        if self.busy:
            self.edit(self.busy.pop())
        if request.path == "/all":
            return self._page(self.records, int(values["page"]) * 2 - 2)
        if request.path == "/changed":
            since = datetime.fromisoformat(values["since"])
            seen = [n for n, (at, _) in self.records.items() if since <= at <= self.now - timedelta(seconds=LAG_S)]
            return self._above(seen, values["page"])
        place = (url or values.get("page") or values.get("token") or "0").removeprefix("https://")
        known, upto, last = [*place.split("/"), str(self.version), "0"][:3] if "/" not in place else place.split("/")
        if 0 < int(known) < self.oldest:
            raise RestartNeeded("too old")
        body, head = self._above([n for n, (_, v) in self.records.items() if v > int(known)], last)
        link = "https://" if request is LINKED else ""
        if head.next is None:
            return body, replace(head, token=f"{link}{upto}")
        return body, replace(head, next=f"{link}{known}/{upto}/{head.next}")

    def note(self, level: str, message: str) -> None:
        pass

    def _above(self, found: Iterable[int], last: str | None) -> tuple[str, Head]:
        """By a cursor that keeps its place whatever changes meanwhile: the last id."""
        body, head = self._page([n for n in found if n > int(last or 0)], 0)
        return body, replace(head, next=head.ids[-1] if head.next else None)

    def _page(self, found: Iterable[int], start: int) -> tuple[str, Head]:
        ids = sorted(found)
        shown = tuple(map(str, ids[start : start + 2]))
        return "page", Head(next="more" if len(ids) > start + 2 else None, ids=shown, entries=len(shown))


@dataclass
class Reading:
    """Runs over a provider, with a mirror that remembers which change of each record it has."""

    provider: Provider
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    mirror: dict[int, int] = field(default_factory=dict)

    def run(self, pages: int = 10**6) -> None:
        """Read what is due, and be killed after so many pages."""
        done: set[Any] = set()
        stream, provider = self.provider.stream, self.provider
        while (step := next_window(stream, decode(encode(self.checkpoint)), provider.now, done)) is not None:
            self.checkpoint, window = step
            if window.phase == "census":
                self.checkpoint = advance(self.checkpoint, window, Position(done=True))
                continue
            pages = asyncio.run(self._read(window, pages))
            if pages < 0:
                return
            if window.phase != "changes" or window.position == Position():
                done.add(window.phase)

    async def _read(self, window: Window, pages: int) -> int:
        opened = self.checkpoint
        async for page in fetch(window, cast(Source, self.provider)):
            pages -= 1
            if pages < 0:
                break
            self.mirror |= {int(i): self.provider.records[int(i)][1] for i in page.ids}
            self.checkpoint = advance(opened, window, page.position)
        return pages


numbers = st.integers(1, 9)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), numbers),
        st.tuples(st.just("busy"), numbers),
        st.tuples(st.just("wait"), st.sampled_from([1, LAG_S // 2, 2 * LAG_S])),
        st.tuples(st.just("run"), st.sampled_from([100, 100, 0, 1, 2, 4])),
        st.tuples(st.just("forget"), st.just(0)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=examples(150, 600))
@given(st.sampled_from([STREAM, STREAM, *DELTAS]), steps)
def test_whatever_happens_between_readings_nothing_stays_unread(stream: Stream, history: list[tuple[str, int]]) -> None:
    """Runs may be killed at any page; a token may be forgotten at any time: then everything is read."""
    provider = Provider(stream)
    reading = Reading(provider)
    for what, number in history:
        if what == "edit":
            provider.edit(number)
        elif what == "wait":
            provider.now += timedelta(seconds=number)
        elif what == "busy":
            provider.busy.append(number)
        elif what == "forget":
            provider.oldest = provider.version
        else:
            reading.run(pages=number)
    reading.run()
    provider.busy.clear()
    provider.now += timedelta(seconds=LAG_S + 1)
    reading.run()  # an open reading ends in the past: the present may be the next one's
    assert reading.mirror == {number: version for number, (_, version) in provider.records.items()}


def test_the_time_moves_only_when_a_list_was_read_to_its_end() -> None:
    """To where the reading began, less the overlap; killed within, the same time is asked for again."""
    provider = Provider(STREAM, {n: (START, n) for n in range(1, 6)})
    reading = Reading(provider)
    reading.run()
    first = START - timedelta(seconds=LAG_S)
    provider.now += timedelta(hours=1)
    provider.records |= {n: (START, n) for n in range(1, 6)}
    reading.run(pages=1)
    provider.now += timedelta(hours=1)
    asked = len(provider.asked)
    reading.run()
    since = [values["since"] for values in provider.asked[asked:] if values.get("since")]
    assert since[0] == f"{first:%Y-%m-%dT%H:%M:%S}+00:00"
    assert since[-1] == f"{first + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+00:00"


@pytest.mark.parametrize("stream", DELTAS)
def test_a_token_is_what_the_next_reading_goes_on_from(stream: Stream) -> None:
    """Nothing is read again; and where the list of everything ends with one, nothing is read twice at first."""
    provider = Provider(stream)
    for number in range(1, 6):
        provider.edit(number)
    reading = Reading(provider)
    reading.run()
    full_has_token = stream.full.token is not None
    assert len(provider.asked) == (3 + 1 if full_has_token else 3 + 3)
    provider.edit(3)
    asked = len(provider.asked)
    reading.run()
    assert len(provider.asked) == asked + 1 and reading.mirror[3] == 6
