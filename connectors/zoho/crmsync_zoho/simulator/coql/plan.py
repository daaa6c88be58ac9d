"""From a condition to a test of records, and to the ranges and values that spare testing most of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.catalogue import HIDDEN_IN_LISTS, LOOKUPS, NUMBERS, Field
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.coql.tree import Comparison, Condition, Path, Query
from crmsync_zoho.simulator.ids import is_id
from crmsync_zoho.simulator.instants import read_iso
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.scan import HIGHEST, LOWEST, Row, Span
from crmsync_zoho.simulator.table import Version

Match = Callable[[Version], bool]
Test = Callable[[Any], bool]

_NULLS = {"is null", "is not null"}
_EQUAL = {"=", "!=", "in", "not in", *_NULLS}
_TEXT = {*_EQUAL, "like", "not like"}
_ORDERED = {*_EQUAL, ">", ">=", "<", "<=", "between", "not between"}
_RANGES = {"id": "ids", "Modified_Time": "modified", "Created_Time": "created"}


class Inner(Protocol):
    """Carries out a query within a query: the values of its column."""

    def __call__(self, query: Query) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """`span` holds every record that matches; where it is `exact`, it holds no other. `ids`: no other can match."""

    span: Span
    exact: bool
    match: Match
    ids: set[int] | None = None


class Planner:
    """Plans the conditions of queries on one module."""

    def __init__(self, org: Org, shelf: Shelf, inner: Inner, in_max: int | None = None) -> None:
        self._org, self._shelf, self._inner = org, shelf, inner
        self._in_max = org.switches.paging.coql_in if in_max is None else in_max

    def plan(self, condition: Condition) -> Plan:
        if isinstance(condition, Comparison):
            return self._compared(condition)
        left, right = self.plan(condition.left), self.plan(condition.right)
        return _either(left, right) if condition.any else _both(left, right)

    def field(self, path: Path, clause: str) -> Field:
        """The field at the end of a path. Refuses one that is not there."""
        shelf, parts = self._shelf, path.parts
        for part in parts[:-1]:
            link = shelf.catalogue.get(part)
            if link is None or not link.target or len(parts) > self._org.switches.paging.coql_depth + 1:
                raise no_column(path.text, clause)
            shelf = self._org.shelves[link.target]
        found = shelf.catalogue.get(parts[-1])
        if found is None or found.type in HIDDEN_IN_LISTS:
            raise no_column(path.text, clause)
        return found

    def version(self, row: Row) -> Version:
        """A record as a version of it."""
        return self._shelf.table.untouched(row) if isinstance(row, int) else row

    def value(self, version: Version, path: Path) -> Value:
        """What a record has at a path."""
        shelf, row = self._shelf, version
        for part in path.parts[:-1]:
            target = shelf.catalogue.fields[part].target
            other = shelf.table.value(row, part)
            found = self._org.table(target).live(other) if isinstance(other, int) else None
            if found is None:
                return None
            shelf, row = self._org.shelves[target], found
        return shelf.table.value(row, path.parts[-1])

    def _compared(self, comparison: Comparison) -> Plan:
        path, operator = comparison.path, comparison.operator
        field = self.field(path, "where")
        if operator not in _allowed(field):
            raise _wrong(path, operator, "the operator does not suit the column")
        texts = comparison.values
        if comparison.query is not None:
            texts = tuple(str(value) for value in self._inner(comparison.query) if value is not None)
        elif operator in ("in", "not in") and len(texts) > self._in_max:
            raise _wrong(path, operator, "too many values")
        values = [self._typed(field, path, operator, text) for text in texts]
        test = compared(operator, values, match_case=self._org.switches.match_case)
        span, exact = _span(path, operator, values)
        ids = self._ids(path, operator, texts)
        if len(path.parts) == 1:
            name, value = path.text, self._shelf.table.value
            return Plan(span, exact, lambda row: test(value(row, name)), ids)
        return Plan(span, exact, lambda row: test(self.value(row, path)))

    def _ids(self, path: Path, operator: str, texts: Iterable[str]) -> set[int] | None:
        """All records that can match, where they are found by a name, an address or a unique value."""
        if operator not in ("=", "in"):
            return None
        found = [self._org.candidates(self._shelf, path.text, text) for text in texts]
        return {each for ids in found for each in ids or ()} if None not in found else None

    def _typed(self, field: Field, path: Path, operator: str, text: str) -> Value:
        try:
            return self._read(field, text)
        except ValueError:
            raise _wrong(path, operator, "the value does not suit the column") from None

    def _read(self, field: Field, text: str) -> Value:
        if field.type in LOOKUPS or field.type == "bigint":
            if not is_id(text):
                raise ValueError(text)
            return int(text)
        if field.type == "datetime":
            moment = read_iso(text) if self._org.switches.zulu or not text.endswith("Z") else None
            if moment is None:
                raise ValueError(text)
            return moment
        if field.type == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError(text)
        if field.type == "boolean":
            if text.lower() not in ("true", "false"):
                raise ValueError(text)
            return text.lower() == "true"
        return float(text) if field.type in NUMBERS else text


def compared(operator: str, values: list[Value], *, match_case: bool) -> Test:
    """The test of a value. As in SQL, nothing but a test for null is true of null."""
    if operator in _NULLS:
        return (lambda value: value is None) if operator == "is null" else (lambda value: value is not None)
    plain = _plain(operator.removeprefix("not "), [_folded(value, match_case) for value in values])
    negated = operator.startswith("not ") or operator == "!="

    def test(value: Value) -> bool:
        if isinstance(value, tuple):
            return any(plain(_folded(part, match_case)) is not negated for part in value)
        return value is not None and plain(_folded(value, match_case)) is not negated

    return test


def _plain(operator: str, wanted: list[Any]) -> Test:
    """The test of a value that is there, without `not`."""
    if operator in ("=", "!=", "in"):
        return set(wanted).__contains__
    first, last = wanted[0], wanted[-1]
    match operator:
        case "like":
            return lambda value: _like(str(first)).fullmatch(value) is not None
        case "between":
            return lambda value: bool(first <= value <= last)
        case ">":
            return lambda value: bool(value > first)
        case ">=":
            return lambda value: bool(value >= first)
        case "<":
            return lambda value: bool(value < first)
    return lambda value: bool(value <= first)


def no_column(name: str, clause: str) -> Refused:
    return Refused(400, "INVALID_QUERY", "column given seems to be invalid", {"column_name": name, "clause": clause})


def _wrong(path: Path, operator: str, reason: str) -> Refused:
    details = {"column_name": path.text, "reason": reason, "operator": operator}
    return Refused(400, "INVALID_QUERY", "invalid condition in the query", details)


def _allowed(field: Field) -> set[str]:
    if not field.filterable:
        return set()
    if field.name == "id":
        return _ORDERED
    if field.type == "boolean":
        return {"=", "!="}
    if field.type in ("date", "datetime", *NUMBERS):
        return _ORDERED
    return _EQUAL if field.type in LOOKUPS else _TEXT


def _folded(value: Value, match_case: bool) -> Any:
    return value.lower() if isinstance(value, str) and not match_case else value


@lru_cache(256)
def _like(form: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in form.split("%")), re.DOTALL)


def _span(path: Path, operator: str, values: list[Value]) -> tuple[Span, bool]:
    """The range of ids or times that a comparison is."""
    numbers = [value for value in values if isinstance(value, int)]
    if path.text == "id" and operator == "is not null":
        return Span(), True
    if path.text not in _RANGES or not numbers or len(numbers) < len(values):
        return Span(), False
    low, high = min(numbers), max(numbers)
    ranges = {
        "=": (low, high), "in": (low, high), "between": (numbers[0], numbers[-1]), ">": (low + 1, HIGHEST),
        ">=": (low, HIGHEST), "<": (LOWEST, high - 1), "<=": (LOWEST, high),
    }  # fmt: skip
    if operator not in ranges:
        return Span(), False
    found = ranges[operator]
    spans = {"id": Span(ids=found), "Modified_Time": Span(modified=found), "Created_Time": Span(created=found)}
    return spans[path.text], operator != "in"


def _both(left: Plan, right: Plan) -> Plan:
    spans = {
        name: (max(a[0], b[0]), min(a[1], b[1]))
        for name in _RANGES.values()
        for a, b in [(getattr(left.span, name), getattr(right.span, name))]
    }
    ids = right.ids if left.ids is None else left.ids
    return Plan(Span(**spans), left.exact and right.exact, lambda row: left.match(row) and right.match(row), ids)


def _either(left: Plan, right: Plan) -> Plan:
    spans = {
        name: (min(a[0], b[0]), max(a[1], b[1]))
        for name in _RANGES.values()
        for a, b in [(getattr(left.span, name), getattr(right.span, name))]
    }
    ids = None if left.ids is None or right.ids is None else left.ids | right.ids
    return Plan(Span(**spans), False, lambda row: left.match(row) or right.match(row), ids)
