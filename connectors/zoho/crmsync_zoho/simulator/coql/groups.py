"""`group by`, and aggregates over each group, in one pass that keeps no record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.catalogue import NUMBERS
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.coql.plan import Planner
from crmsync_zoho.simulator.coql.tree import Column, Path, Query
from crmsync_zoho.simulator.scan import Row

Shaped = Callable[[Path, Value], Any]


@dataclass(slots=True)
class _Tally:
    """What is known of one column of one group."""

    first: Value = None
    count: int = 0
    total: Any = 0
    low: Any = None
    high: Any = None

    def add(self, value: Value, *, number: bool) -> None:
        if value is None:
            return
        if self.count == 0:
            self.first = self.low = self.high = value
        self.count += 1
        self.low, self.high = min(self.low, value), max(self.high, value)
        if number:
            self.total += value


def grouped(query: Query, rows: Iterator[Row], planner: Planner, shaped: Shaped) -> list[dict[str, Any]]:
    """One object a group, in the query's order; without `group by` there is one group, unless nothing matched."""
    _check(query, planner)
    numbers = [planner.field(column.path, "select").type in NUMBERS for column in query.columns]
    groups: dict[tuple[Value, ...], list[_Tally]] = {}
    for row in rows:
        version = planner.version(row)
        key = tuple(planner.value(version, path) for path in query.group_by)
        if (tallies := groups.get(key)) is None:
            tallies = groups[key] = [_Tally() for _ in query.columns]
        for column, tally, number in zip(query.columns, tallies, numbers, strict=True):
            tally.add(planner.value(version, column.path), number=number)
    found = [
        {column.name: _shown(column, tally, shaped) for column, tally in zip(query.columns, tallies, strict=True)}
        for tallies in groups.values()
    ]
    for order in reversed(query.order_by):
        name = order.path.text
        found.sort(key=lambda body: (body.get(name) is not None, body.get(name) or 0), reverse=order.descending)
    return found


def _check(query: Query, planner: Planner) -> None:
    for column in query.columns:
        field = planner.field(column.path, "select")
        if column.function in ("SUM", "AVG") and field.type not in NUMBERS:
            details = {"column_name": column.path.text, "clause": "select"}
            raise Refused(400, "INVALID_QUERY", "the aggregate does not suit the column", details)
        if not column.function and column.path not in query.group_by:
            details = {"column_name": column.path.text, "clause": "group by"}
            raise Refused(400, "INVALID_QUERY", "the column must be in the group by clause", details)


def _shown(column: Column, tally: _Tally, shaped: Shaped) -> Any:
    match column.function:
        case "COUNT":
            return tally.count
        case "SUM":
            return tally.total
        case "AVG":
            return tally.total / tally.count if tally.count else None
        case "MAX":
            return shaped(column.path, tally.high)
        case "MIN":
            return shaped(column.path, tally.low)
    return shaped(column.path, tally.first)
