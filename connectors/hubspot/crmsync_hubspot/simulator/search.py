"""Search over the index of one kind: fast where a time window is walked by id, correct for the rest.

Untouched records match by arithmetic where the filters are ranges of id or time, since those rise with the index;
other filters look at each record once and remember the result until the index changes.
"""

from __future__ import annotations

import heapq
import random
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from crmsync_hubspot.simulator.filters import HIGHEST, LOWEST, Filter, Groups, bounds, predicate
from crmsync_hubspot.simulator.links import Links
from crmsync_hubspot.simulator.portal import Shelf
from crmsync_hubspot.simulator.runs import Run
from crmsync_hubspot.simulator.switches import Switches
from crmsync_hubspot.simulator.table import Version

MEMO_MAX = 8
LINKED = "associations."
Match = Callable[[Version], bool]
Key = Callable[[Version], Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A search that was read from its body."""

    groups: Groups
    text: str
    sort: str
    descending: bool
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The true total, and one page: indexes of untouched records, and versions as the index knows them."""

    total: int
    page: Sequence[int | Version]


@dataclass(frozen=True, slots=True)
class _Found:
    """All that match: indexes of untouched records and versions of touched ones, both by rising id."""

    untouched: Run | array[int]
    touched: Sequence[Version]
    touched_ids: Sequence[int]


class Search:
    """The search of one kind."""

    def __init__(self, shelf: Shelf, links: Links, switches: Switches) -> None:
        self._shelf, self._links, self._switches = shelf, links, switches
        self._memo: dict[tuple[object, ...], _Found] = {}
        self._generation = -1
        self._hidden: list[int] = []  # indexes of the baseline that the index knows as touched, rising

    def run(self, query: Query, now_ms: int) -> Hits:
        self._shelf.index.settle(now_ms)
        if self._generation != self._shelf.index.generation:
            self._forget()
        ids, rest = _id_range(query.groups)
        found = self._cut(self._find(rest, query.text), *ids)
        page = islice(self._sorted(found, query), query.offset, query.offset + query.limit)
        return Hits(len(found.untouched) + len(found.touched), list(page))

    def _forget(self) -> None:
        self._memo.clear()
        self._generation = self._shelf.index.generation
        places = (self._shelf.table.baseline.index_of(record_id) for record_id in self._shelf.index.rows)
        self._hidden = sorted(place for place in places if place is not None)

    def _find(self, groups: Groups, text: str) -> _Found:
        if any(condition.name.startswith(LINKED) for group in groups for condition in group):
            return self._look(groups, text)  # links change without the index
        key = (groups, text)
        if key not in self._memo:
            if len(self._memo) >= MEMO_MAX:
                self._memo.pop(next(iter(self._memo)))
            self._memo[key] = self._look(groups, text)
        return self._memo[key]

    def _look(self, groups: Groups, text: str) -> _Found:
        match = self._match(groups, text)
        rows = self._shelf.index.rows
        touched = sorted((row for row in rows.values() if row is not None and match(row)), key=lambda row: row.id)
        window, rest = self._window(groups)
        untouched: Run | array[int]
        if rest or text:
            make = self._shelf.table.untouched
            untouched = array("I", (index for index in Run(window, self._hidden) if match(make(index))))
        else:
            untouched = Run(window, self._hidden)
        return _Found(untouched, touched, [row.id for row in touched])

    def _window(self, groups: Groups) -> tuple[range, bool]:
        """The indexes that a single group's ranges of time leave, and whether other filters are left to check."""
        base = self._shelf.table.baseline
        low, high, rest = 0, base.count, len(groups) > 1
        firsts = {"createdate": base.first_created, self._shelf.kind.modified: base.first_updated}
        for condition in groups[0] if len(groups) == 1 else ():
            span = bounds(condition) if condition.name in firsts else None
            if span is None:
                rest = True
                continue
            first = firsts[condition.name]
            low, high = max(low, first(span[0])), min(high, first(span[1] + 1))
        return range(low, max(low, high)), rest

    def _cut(self, found: _Found, low: int, high: int) -> _Found:
        """What is left between two ids."""
        base = self._shelf.table.baseline
        first, last = base.first_at(low), base.first_at(high + 1)
        start, stop = bisect_left(found.touched_ids, low), bisect_right(found.touched_ids, high)
        return _Found(_between(found.untouched, first, last), found.touched[start:stop], found.touched_ids[start:stop])

    def _sorted(self, found: _Found, query: Query) -> Iterator[int | Version]:
        kind, key = self._shelf.kind, self._key(query)
        make = self._shelf.table.untouched
        rising = query.sort in ("hs_object_id", "createdate", kind.modified) and not self._disturbed(query)
        if not rising:
            return iter(sorted([*map(make, found.untouched), *found.touched], key=key, reverse=query.descending))
        indexes = reversed(found.untouched) if query.descending else iter(found.untouched)
        if not found.touched:
            return indexes
        untouched = map(make, indexes)
        touched = sorted(found.touched, key=key, reverse=query.descending)
        return heapq.merge(untouched, touched, key=key, reverse=query.descending)

    def _disturbed(self, query: Query) -> bool:
        by_id = query.sort == "hs_object_id"
        return self._switches.ids_as_text if by_id else self._switches.disorder_s > 0

    def _key(self, query: Query) -> Key:
        table, name, kind = self._shelf.table, query.sort, self._shelf.kind
        if name == "hs_object_id":
            return (lambda row: str(row.id)) if self._switches.ids_as_text else (lambda row: row.id)
        if name in ("createdate", kind.modified):
            slack_ms = round(self._switches.disorder_s * 1000)

            def when(row: Version) -> tuple[int, int]:
                moment = row.created_ms if name == "createdate" else row.updated_ms
                return moment + (random.Random(row.id).randint(-slack_ms, slack_ms) if slack_ms else 0), row.id

            return when
        number = self._shelf.catalogue.type_of(name) == "number"

        def value(row: Version) -> tuple[bool, float, str, int]:
            text = table.value(row, name)
            size = float(text) if number and text else 0.0
            return text is None, size, (text or "").lower(), row.id

        return value

    def _match(self, groups: Groups, text: str) -> Match:
        tests = [[self._test(condition) for condition in group] for group in groups]
        table, kind, words = self._shelf.table, self._shelf.kind, text.lower().split()

        def match(row: Version) -> bool:
            if tests and not any(all(test(row) for test in group) for group in tests):
                return False
            if not words:
                return True
            seen = " ".join(table.value(row, name) or "" for name in kind.searched).lower()
            return all(word in seen for word in words)

        return match

    def _test(self, condition: Filter) -> Match:
        table, name = self._shelf.table, condition.name
        if name.startswith(LINKED):
            return self._linked(condition)
        test = predicate(condition)
        return lambda row: test(table.value(row, name))

    def _linked(self, condition: Filter) -> Match:
        """The pseudo-property `associations.company`."""
        kind, links = self._shelf.kind.plural, self._links
        singular = condition.name.partition(".")[2]
        target = {"contact": "contacts", "company": "companies", "deal": "deals"}.get(singular, singular)
        test = predicate(replace(condition, type="number"))

        def match(row: Version) -> bool:
            others = links.of(kind, row.id, target)
            if not others:
                return test(None)
            found = [test(str(other)) for other in others]
            return all(found) if condition.operator.startswith("N") else any(found)

        return match


def _id_range(groups: Groups) -> tuple[tuple[int, int], Groups]:
    """Ranges of hs_object_id taken out of a single group: walking a window by id then asks for one set of records."""
    if len(groups) != 1:
        return (LOWEST, HIGHEST), groups
    low, high, rest = LOWEST, HIGHEST, []
    for condition in groups[0]:
        span = bounds(condition) if condition.name == "hs_object_id" else None
        if span is None:
            rest.append(condition)
        else:
            low, high = max(low, span[0]), min(high, span[1])
    return (low, high), (tuple(rest),)


def _between(indexes: Run | array[int], first: int, end: int) -> Run | array[int]:
    if isinstance(indexes, Run):
        return indexes.between(first, end)
    return indexes[bisect_left(indexes, first) : bisect_left(indexes, end)]
