"""Records in order within ranges: untouched ones by arithmetic, touched ones between them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from crmsync_zoho.simulator.baseline import Baseline
from crmsync_zoho.simulator.table import Table, Touched, Version

LOWEST, HIGHEST = 0, 1 << 63
Row = int | Version  # an untouched record is its index
ORDERS = ("id", "Created_Time", "Modified_Time")  # in all of them untouched records come by index


@dataclass(frozen=True, slots=True)
class Span:
    """Ranges that hold every record wanted; both ends belong to them."""

    ids: tuple[int, int] = (LOWEST, HIGHEST)
    modified: tuple[int, int] = (LOWEST, HIGHEST)
    created: tuple[int, int] = (LOWEST, HIGHEST)

    def meets(self, row: Version) -> bool:
        """Whether a record is in all of them."""
        spans = ((self.ids, row.id), (self.modified, row.modified_s), (self.created, row.created_s))
        return all(low <= at <= high for (low, high), at in spans)

    def indexes(self, base: Baseline) -> range:
        """The untouched records in all of them."""
        low = max(
            base.first_at(self.ids[0]), base.first_modified(self.modified[0]), base.first_created(self.created[0])
        )
        high = min(
            base.first_at(self.ids[1] + 1), base.first_modified(self.modified[1] + 1),
            base.first_created(self.created[1] + 1),
        )  # fmt: skip
        return range(low, max(low, high))


def scan(
    table: Table, span: Span, order: str = "id", *, descending: bool = False, touched: Touched | None = None
) -> Iterator[Row]:
    """The live records of a span in one of `ORDERS`, then by id; `touched`: as an index knows them."""
    known, base, make = touched or table.touched, table.baseline, table.untouched
    indexes = span.indexes(base)
    rows = [row for row in known.live(*span.ids) if span.meets(row)]
    untouched = _untouched(base, reversed(indexes) if descending else iter(indexes), known)
    if not rows:
        return untouched
    key = _key(order)
    rows.sort(key=key, reverse=descending)
    versions = (make(row) if isinstance(row, int) else row for row in untouched)
    return heapq.merge(versions, rows, key=key, reverse=descending)


def page(rows: Iterator[Row], offset: int, limit: int) -> tuple[list[Row], bool]:
    """A part of the rows, and whether more follow."""
    taken = list(islice(rows, offset, offset + limit + 1))
    return taken[:limit], len(taken) > limit


def id_of(table: Table, row: Row) -> int:
    return table.baseline.id_of(row) if isinstance(row, int) else row.id


def _untouched(base: Baseline, indexes: Iterator[int], known: Touched) -> Iterator[Row]:
    if not known.rows:
        return indexes
    rows, id_of_index = known.rows, base.id_of
    return (index for index in indexes if id_of_index(index) not in rows)


def _key(order: str) -> Callable[[Version], tuple[int, int]]:
    match order:
        case "Created_Time":
            return lambda row: (row.created_s, row.id)
        case "Modified_Time":
            return lambda row: (row.modified_s, row.id)
    return lambda row: (0, row.id)
