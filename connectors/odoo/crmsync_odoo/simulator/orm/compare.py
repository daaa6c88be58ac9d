"""Conditions on plain values: which values of a column meet one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.domain import NEGATED, NEGATIVE, Leaf
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import NUMBERS, Column, Field
from crmsync_odoo.simulator.times import DAY, SECOND, to_us

Flags = list[bool]
Test = Callable[[Column], Flags]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
HIGHEST = 1 << 62
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)?")


def compared(env: Env, field: Field, leaf: Leaf) -> Test:
    """The test that a condition on a field without relation makes."""
    if leaf.operator in NEGATIVE:
        positive = compared(env, field, Leaf(leaf.field, NEGATED[leaf.operator], leaf.value))
        return lambda column: [not flag for flag in positive(column)]
    if leaf.operator == "in":
        return _listed(env, field, leaf)
    if leaf.operator in ("any", "child_of", "parent_of"):
        raise errors.value_error(f"Cannot use {leaf.operator!r} with {leaf.field!r}, which is no relation")
    if leaf.operator.endswith("like"):
        return liked(leaf.operator, leaf.value)
    if field.type == "datetime":
        return _timed(env, leaf)
    return _plain(field, leaf)


def liked(operator: str, value: Any) -> Test:
    """`like` looks within the text, `=like` at all of it; `%` and `_` are wildcards, an `i` ignores case."""
    text = "" if value in (None, False) else str(value)
    if not operator.startswith("="):
        text = f"%{text}%"
    if text == "%%":
        return lambda column: [True] * len(column)
    parts = {"%": ".*", "_": "."}
    pattern = "".join(parts.get(letter) or re.escape(letter) for letter in text)
    match = re.compile(pattern, re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0)).fullmatch
    return lambda column: [value is not None and match(str(value)) is not None for value in column]


def time_span(env: Env, leaf: Leaf) -> tuple[int, int] | None:
    """The microseconds, both ends included, between which a condition on a datetime leaves anything."""
    if leaf.operator not in ORDERED or not leaf.value:
        return None
    low, high = _bounds(env, leaf)
    return (low, HIGHEST) if leaf.operator in (">", ">=") else (-HIGHEST, high)


def whole(value: Any) -> int:
    """A number that a client compares an id or an integer with; the database reads texts."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise errors.database(
            "InvalidTextRepresentation", f'invalid input syntax for type integer: "{value}"'
        ) from None
    if isinstance(value, str) and abs(number) >= 1 << 31:
        raise errors.database("NumericValueOutOfRange", f'value "{value}" is out of range for type integer')
    return number


def _plain(field: Field, leaf: Leaf) -> Test:
    value = _read(field, leaf.value)
    if field.type in NUMBERS or field.type == "boolean":
        return _number(leaf.operator, value)
    if leaf.operator == "=":
        if not value:
            return lambda column: [not mine for mine in column]
        return lambda column: [mine == value for mine in column]
    test = ORDERED[leaf.operator]
    return lambda column: [mine is not None and test(mine, value) for mine in column]


def _number(operator: str, value: Any) -> Test:
    """Nothing counts as 0, and so does false."""
    if operator == "=":
        return lambda column: [(mine or 0) == value for mine in column]
    test = ORDERED[operator]
    return lambda column: [test(mine or 0, value) for mine in column]


def _read(field: Field, value: Any) -> Any:
    """A value of a condition as its field has it."""
    if field.type == "boolean":
        return bool(value)
    if field.type == "integer":
        return whole(value or 0)
    if field.type in NUMBERS:
        try:
            return float(value or 0)
        except (TypeError, ValueError):
            raise errors.database(
                "InvalidTextRepresentation", f'invalid input syntax for type numeric: "{value}"'
            ) from None
    if value in (None, False):
        return None
    if field.type == "date" and not re.match(r"\d{4}-\d\d-\d\d", str(value)):
        raise errors.value_error(f"time data {value!r} does not match format '%Y-%m-%d'")
    return str(value)[:10] if field.type == "date" else str(value)


def _listed(env: Env, field: Field, leaf: Leaf) -> Test:
    values = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
    if field.type == "datetime":
        tests = [_timed(env, Leaf(leaf.field, "=", value)) for value in values]
        return lambda column: any_of((test(column) for test in tests), len(column))
    wanted = {_read(field, value) for value in values}
    if field.type in NUMBERS or field.type == "boolean":
        return lambda column: [(mine or 0) in wanted for mine in column]
    if None in wanted:
        wanted.add("")
    if "" in wanted:
        wanted.add(None)
    return lambda column: [mine in wanted for mine in column]


def _timed(env: Env, leaf: Leaf) -> Test:
    """Until 18 the stored microseconds compare as they are; from 19 on only their whole second does."""
    if leaf.value in (None, False):
        if leaf.operator == "=":
            return lambda column: [mine is None for mine in column]
        return lambda column: [False] * len(column)
    low, high = _bounds(env, leaf)
    if leaf.operator in (">", ">="):
        high = HIGHEST
    elif leaf.operator in ("<", "<="):
        low = -HIGHEST

    def test(column: list[Any]) -> Flags:
        return [mine is not None and low <= mine <= high for mine in column]

    return test


def _bounds(env: Env, leaf: Leaf) -> tuple[int, int]:
    """First and last microsecond that meet the condition, where it sets such an end."""
    moment, width = _moment(env, str(leaf.value), leaf.operator)
    match leaf.operator:
        case ">":
            return moment + width, 0
        case "<":
            return 0, moment - 1
    return moment, moment + width - 1


def _moment(env: Env, text: str, operator: str) -> tuple[int, int]:
    """The time that a text means, and how many microseconds of it compare as one."""
    found = _WHEN.fullmatch(text)
    raw = env.version < 19
    if found is None or (found[4] and not raw):
        if raw:
            raise errors.database("InvalidDatetimeFormat", f'invalid input syntax for type timestamp: "{text}"')
        raise errors.value_error(f"time data {text!r} does not match format '%Y-%m-%d %H:%M:%S'")
    try:
        moment = datetime.fromisoformat(f"{found[1]} {found[2] or '00:00:00'}")
    except ValueError as error:
        raise errors.value_error(str(error)) from None
    if found[2] is None:
        return _day(env, moment, operator)
    us = to_us(moment.replace(tzinfo=UTC))
    return (us + int(f"{found[3] or 0:0<6}"), 1) if raw else (us, SECOND)


def _day(env: Env, moment: datetime, operator: str) -> tuple[int, int]:
    """A date without a time: until 18 in UTC, its last second where `>` and `<=` need it; then a day of the context."""
    if env.version < 19:
        end = timedelta(hours=23, minutes=59, seconds=59) if operator in (">", "<=") else timedelta()
        return to_us((moment + end).replace(tzinfo=UTC)), 1
    try:
        zone = ZoneInfo(str(env.context.get("tz") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return to_us(moment.replace(tzinfo=zone)), DAY


def any_of(tests: Iterable[Flags], size: int) -> Flags:
    """Whether one of the flags of a record is set."""
    return [any(flags) for flags in zip(*tests, strict=True)] or [False] * size
