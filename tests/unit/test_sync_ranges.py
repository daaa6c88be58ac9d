"""Ranges: a list that is read in pieces, by readers that are as fast or slow as they like."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.sync.pull.ranges import Disorder, Range, Ranges

IDS = st.lists(st.integers(1, 4000), max_size=80, unique=True).map(sorted)


class Readers:
    """Reads `ids` by pages of `size`; what an owner got is in `met`, pages that wait for him in `queue`."""

    def __init__(self, ids: list[int], size: int) -> None:
        self.ids, self.size = ids, size
        self.ranges = Ranges(((0, None),), first=ids[0] if ids else 0, step=size)
        self.reading: list[Range] = []
        self.probes: list[tuple[Range, int, list[int], int | None]] = []
        self.queue: list[tuple[Range, list[int], int]] = []
        self.met: list[int] = []

    def page(self, at: int) -> tuple[list[int], int | None]:
        there = [i for i in self.ids if i >= at]
        return there[: self.size], there[self.size] if len(there) > self.size else None

    def begin(self) -> None:
        """Another reader: takes a range, or asks for a page to cut one."""
        if (taken := self.ranges.take()) is not None:
            self.reading.append(taken)
        elif (cut := self.ranges.cut()) is not None:
            self.probes.append((*cut, *self.page(cut[1])))

    def answer(self, index: int) -> None:
        """A page that was asked for in order to cut arrives."""
        whole, cut, ids, following = self.probes.pop(index)
        if (new := self.ranges.found(whole, cut, ids)) is not None:
            self._put(new, ids, following)

    def read(self, index: int) -> None:
        """A reader gets its next page."""
        each = self.reading.pop(index)
        if each.is_open:
            self._put(each, *self.page(each.at))

    def own(self) -> None:
        """The owner takes the oldest page."""
        each, ids, at = self.queue.pop(0)
        self.met += ids
        self.ranges.got(each, at)

    def _put(self, each: Range, ids: list[int], following: int | None) -> None:
        self.queue.append((each, ids, self.ranges.read(each, ids, following)))
        if each.is_open:
            self.reading.append(each)

    def lacking(self) -> list[int]:
        """Ids that were neither met nor would be read by going on from where the owner is."""
        left, met = self.ranges.left, set(self.met)
        return [
            i for i in self.ids if i not in met and not any(at <= i and (end is None or i < end) for at, end in left)
        ]


@settings(deadline=None)
@given(IDS, st.integers(1, 9), st.integers(0, 1 << 32))
def test_whatever_moment_reading_stops_at_nothing_is_lost(ids: list[int], size: int, seed: int) -> None:
    """What the owner has and what is left are everything, however the readers take turns; and the end comes."""
    readers, dice = Readers(ids, size), Random(seed)
    while readers.ranges.left:
        turns = [("begin", 0)] if readers.ranges.is_open and len(readers.reading) + len(readers.probes) < 5 else []
        turns += [("read", i) for i in range(len(readers.reading))]
        turns += [("answer", i) for i in range(len(readers.probes))]
        turns += [("own", 0)] if readers.queue else []
        name, index = dice.choice(turns)
        getattr(readers, name)(*([index] if name in ("read", "answer") else []))
        assert readers.lacking() == []


def test_everything_is_read_by_readers_that_never_rest() -> None:
    """10,000 ids that lie together in two places, 100 a page, six readers: few pages more than there are."""
    ids = [*range(1_000, 6_000), *range(9_000_000, 9_005_000)]
    readers, pages = Readers(ids, 100), 0
    while readers.ranges.left:
        for _ in range(6 - len(readers.reading) - len(readers.probes)):
            readers.begin()
        pages += len(readers.probes) + len(readers.reading)
        for _ in range(len(readers.probes)):
            readers.answer(0)
        for _ in range(len(readers.reading)):
            readers.read(0)
        while readers.queue:
            readers.own()
    assert sorted(set(readers.met)) == ids
    assert pages < 150


@pytest.mark.parametrize(
    ("ids", "following"), [([5, 7, 6], 9), ([5, 5], 9), ([4, 7], 9), ([5, 7], 7), ([], 5)], ids=str
)
def test_ids_that_do_not_rise_are_noticed(ids: list[int], following: int) -> None:
    """Within a page, from page to page, and where the next page begins."""
    ranges = Ranges(((5, None),), first=1, step=1)
    taken = ranges.take()
    assert taken is not None
    with pytest.raises(Disorder):
        ranges.read(taken, ids, following)


def test_a_cut_whose_page_begins_before_it_is_noticed() -> None:
    """As of a provider that takes the number for a page's."""
    ranges = Ranges(((0, None),), first=1, step=1)
    cut = ranges.cut()
    assert cut is not None
    with pytest.raises(Disorder):
        ranges.found(*cut, [1, 2, 3])
