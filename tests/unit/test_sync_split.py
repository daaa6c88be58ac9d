"""Lists that are read in several ranges at once: complete whatever comes, and no dearer where they are short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.http import Head
from crmsync.spec.model import Pool
from crmsync.spec.model_stream import Request
from crmsync.sync.model import Position
from crmsync.sync.pull.split import ALONE, READERS_MAX, readers_of, walk_split
from effort import examples

SIZE = 3
CURSOR = Request("GET", "/people", query={"after": "$page"}, next="next")
KEYSET = Request("GET", "/people", query={"above": "$after_id"}, page="keyset", limit=SIZE)


@dataclass
class Provider:
    """A list of ids; `answers` counts requests, `order` may spoil what a page holds."""

    ids: list[int]
    request: Request
    dice: Random = field(default_factory=lambda: Random(1))
    order: Callable[[list[int]], list[int]] = list
    answers: int = 0

    async def ask(self, place: dict[str, Any]) -> tuple[str, Head]:
        for _ in range(self.dice.randint(0, 3)):  # answers overtake each other
            await asyncio.sleep(0)
        self.answers += 1
        if self.request.page == "keyset":
            there = [i for i in self.ids if i > int(place["after_id"])]
            return "", self._head(there[:SIZE], None)
        there = [i for i in self.ids if i >= int(place["page"] or 0)]
        return "", self._head(there[:SIZE], str(there[SIZE]) if len(there) > SIZE else None)

    def _head(self, ids: list[int], following: str | None) -> Head:
        shown = self.order(ids)
        return Head(next=following, ids=tuple(map(str, shown)), entries=len(shown))


def read(provider: Provider, position: Position | None = None, stop_after: int = 10**9) -> tuple[list[int], Position]:
    """The ids met until the end, or until so many pages; and the position behind the last one."""

    async def main() -> tuple[list[int], Position]:
        met, behind, count = list[int](), position or Position(), 0
        async with aclosing(walk_split(provider.request, provider.ask, behind, 4, lambda _: None)) as pages:
            async for _, head, at, until in pages:
                met += [i for i in map(int, head.ids) if until is None or i < until]
                behind, count = at, count + 1
                if count >= stop_after:
                    break
        return met, behind

    return asyncio.run(main())


IDS = st.lists(st.integers(1, 5000), min_size=0, max_size=200, unique=True).map(sorted)


@settings(deadline=None, max_examples=examples(40, 200))
@given(IDS, st.sampled_from([CURSOR, KEYSET]), st.integers(1, 60), st.integers(0, 1 << 32))
def test_stopped_anywhere_and_gone_on_it_has_everything(
    ids: list[int], request: Request, stop_after: int, seed: int
) -> None:
    """And each record once: from the position behind the last page that was taken, whatever was under way then."""
    provider = Provider(ids, request, Random(seed))
    met, behind = read(provider, stop_after=stop_after)
    while not behind.done:
        more, behind = read(provider, behind, stop_after)
        met += more
    assert sorted(met) == ids


@pytest.mark.parametrize("request_", [CURSOR, KEYSET], ids=["cursor", "keyset"])
def test_a_short_list_costs_what_one_chain_costs(request_: Request) -> None:
    """No request more than those of one reader."""
    pages = ALONE - 1
    provider = Provider(list(range(1, pages * SIZE)), request_)
    met, behind = read(provider)
    assert (len(met), behind.done) == (pages * SIZE - 1, True)
    assert provider.answers == pages + (request_.page == "keyset")  # whose end is an empty page


def test_few_pages_are_read_twice() -> None:
    """A thousand pages, with a gap in the middle: what cuts cost stays small."""
    ids = [*range(1, 1501), *range(900_000, 901_500)]
    provider = Provider(ids, CURSOR)
    met, _ = read(provider)
    assert sorted(met) == ids
    assert provider.answers < 1.1 * 1000


@pytest.mark.parametrize(
    "order",
    [lambda ids: ids[::-1], lambda ids: ids[:1] * 2 + ids[1:] if len(ids) > 2 else ids],
    ids=["falling", "twice"],
)
def test_ids_that_do_not_rise_are_read_in_one_chain(order: Callable[[list[int]], list[int]]) -> None:
    """And the position says so, so that nobody tries again."""
    ids = list(range(1, 200))
    met, behind = read(Provider(ids, CURSOR, order=order))
    assert set(met) == set(ids)
    assert behind.ranges == ()


def test_a_list_that_breaks_its_order_later_is_read_from_its_start() -> None:
    """Everything that was taken for granted is read again."""
    ids = list(range(1, 400))
    provider = Provider(ids, CURSOR, order=lambda page: page[::-1] if page[0] > 200 else page)
    met, behind = read(provider)
    assert set(met) == set(ids)
    assert behind.ranges == ()
    assert met.count(1) == 2


def test_ids_that_are_no_numbers_are_read_in_one_chain() -> None:
    """They cannot be cut."""

    async def ask(place: dict[str, Any]) -> tuple[str, Head]:
        number = int((place["page"] or "p0")[1:])
        following = f"p{number + 1}" if number < 30 else None
        return "", Head(next=following, ids=(f"id-{number}",), entries=1)

    async def main() -> list[str]:
        return [h.ids[0] async for _, h, *_ in walk_split(CURSOR, ask, Position(), 4, lambda _: None)]

    assert asyncio.run(main()) == [f"id-{number}" for number in range(31)]


def test_readers_are_as_many_as_the_limits_let_through() -> None:
    """The narrowest of the pools that a request takes from."""
    pools = {
        "calls": Pool("calls", concurrent=5, default=True),
        "heavy": Pool("heavy", concurrent=2),
        "x": Pool("x", rate=1),
    }
    assert readers_of(CURSOR, pools) == 5
    assert readers_of(Request("GET", "/", uses=("heavy",)), pools) == 2
    assert readers_of(CURSOR, {}) == READERS_MAX
