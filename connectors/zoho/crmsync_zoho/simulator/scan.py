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
_TIMES: dict[str, Callable[[Version], tuple[int, int]]] = {
    "Created_Time": lambda row: (row.created_s, row.id),
    "Modified_Time": lambda row: (row.modified_s, row.id),
}
ORDERS = ("id", *_TIMES)  # in all of them untouched records come by index


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
    known, base = touched or table.touched, table.baseline
    indexes = span.indexes(base)
    rows = (row for row in known.live(*span.ids, descending=descending) if span.meets(row))
    untouched = _untouched(base, reversed(indexes) if descending else iter(indexes), known)
    if order == "id":
        return _by_id(base, untouched, rows, descending)
    return _by_time(table, untouched, list(rows), _TIMES[order], descending)


def page(rows: Iterator[Row], offset: int, limit: int) -> tuple[list[Row], bool]:
    """A part of the rows, and whether more follow."""
    taken = list(islice(rows, offset, offset + limit + 1))
    return taken[:limit], len(taken) > limit


def id_of(table: Table, row: Row) -> int:
    return table.baseline.id_of(row) if isinstance(row, int) else row.id


def _untouched(base: Baseline, indexes: Iterator[int], known: Touched) -> Iterator[int]:
    if not known.rows:
        return indexes
    rows, id_of_index = known.rows, base.id_of
    return (index for index in indexes if id_of_index(index) not in rows)


def _by_id(base: Baseline, untouched: Iterator[int], rows: Iterator[Version], descending: bool) -> Iterator[Row]:
    """Both in the order of ids, looked at no farther than the caller does."""
    row = next(rows, None)
    for index in untouched:
        at = base.id_of(index)
        while row is not None and (row.id > at if descending else row.id < at):
            yield row
            row = next(rows, None)
        yield index
    if row is not None:
        yield row
        yield from rows


def _by_time(
    table: Table,
    untouched: Iterator[int],
    rows: list[Version],
    key: Callable[[Version], tuple[int, int]],
    descending: bool,
) -> Iterator[Row]:
    if not rows:
        return untouched
    rows.sort(key=key, reverse=descending)
    return heapq.merge(map(table.untouched, untouched), rows, key=key, reverse=descending)
