"""The filters of a search: from JSON to predicates. Knows values only, not where records are kept."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmsync_hubspot.simulator.answers import Refused, invalid
from crmsync_hubspot.simulator.instants import read_ms

Value = str | None
Test = Callable[[Value], bool]

VALUED = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")
LISTED = ("IN", "NOT_IN")
BARE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
LOWEST, HIGHEST = -(1 << 63), 1 << 63
GROUPS_MAX, FILTERS_MAX, FILTERS_IN_ALL_MAX = 5, 6, 18


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; `type` is the property's type, which decides how values compare."""

    name: str
    operator: str
    type: str
    value: str = ""
    high: str = ""
    values: tuple[str, ...] = ()


Groups = tuple[tuple[Filter, ...], ...]


def read_groups(body: Mapping[str, Any], type_of: Callable[[str], str]) -> Groups:
    """The filter groups of a search body; none means everything."""
    given = body.get("filterGroups") or ([{"filters": body["filters"]}] if body.get("filters") else [])
    groups = tuple(tuple(_filter(entry, type_of) for entry in group.get("filters") or ()) for group in given)
    _check_counts(groups)
    return groups


def predicate(condition: Filter) -> Test:
    """Whether a value meets the condition. A record without a value meets only conditions that say so."""
    operator, comparable = condition.operator, _comparable(condition.type)
    if operator == "HAS_PROPERTY":
        return lambda value: value is not None
    if operator == "NOT_HAS_PROPERTY":
        return lambda value: value is None
    if operator in LISTED:
        return _listed(condition)
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return _tokens(condition)
    low = comparable(condition.value)
    if operator == "BETWEEN":
        high = comparable(condition.high)
        return lambda value: value is not None and low <= comparable(value) <= high
    if operator == "NEQ":
        return lambda value: value is None or comparable(value) != low
    compare: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda mine: bool(mine == low),
        "LT": lambda mine: bool(mine < low),
        "LTE": lambda mine: bool(mine <= low),
        "GT": lambda mine: bool(mine > low),
        "GTE": lambda mine: bool(mine >= low),
    }
    test = compare[operator]
    return lambda value: value is not None and test(comparable(value))


def bounds(condition: Filter) -> tuple[int, int] | None:
    """The inclusive range of whole numbers that the condition leaves, if it is one."""
    comparable = _comparable(condition.type)
    number, high = comparable(condition.value), comparable(condition.high or condition.value)
    if not isinstance(number, int) or not isinstance(high, int):
        return None
    match condition.operator:
        case "BETWEEN":
            return number, high
        case "GT":
            return number + 1, HIGHEST
        case "GTE":
            return number, HIGHEST
        case "LT":
            return LOWEST, number - 1
        case "LTE":
            return LOWEST, number
        case "EQ":
            return number, number
    return None


def _filter(entry: Mapping[str, Any], type_of: Callable[[str], str]) -> Filter:
    name, operator = entry.get("propertyName"), entry.get("operator")
    missing = [key for key, value in (("propertyName", name), ("operator", operator)) if not value]
    if missing:
        raise Refused(400, f"Cannot build Filter, some of required attributes are not set [{', '.join(missing)}]")
    name, operator = str(name), str(operator)
    needs = {
        "BETWEEN": ("value", "highValue"),
        **dict.fromkeys(VALUED, ("value",)),
        **dict.fromkeys(LISTED, ("values",)),
    }
    if operator not in needs and operator not in BARE:
        raise Refused(400, f"Invalid input JSON: Cannot deserialize value of type `Filter$Operator` from {operator}")
    lacking = [key for key in needs.get(operator, ()) if entry.get(key) is None]
    if lacking:
        raise invalid(f"operator {operator} on {name} needs {', '.join(lacking)}")
    value, high = str(entry.get("value", "")), str(entry.get("highValue", ""))
    values = tuple(str(value) for value in entry.get("values") or ())
    condition = Filter(name, operator, type_of(name), value, high, values)
    _check_values(condition)
    return condition


def _check_values(condition: Filter) -> None:
    asked = [text for text in (condition.value, condition.high, *condition.values) if text]
    if condition.operator in BARE or condition.operator.endswith("TOKEN"):
        return
    for text in asked:
        if condition.type in ("datetime", "date") and read_ms(text) is None:
            raise invalid(f"{text} was not a valid long.")
        if condition.type in ("datetime", "date") and read_ms(text) == 0:
            raise Refused(500, "internal error")  # seen with epoch 0 as a bound
        if condition.type == "number" and _number(text) is None:
            raise invalid(f"{text} was not a valid number.")


def _check_counts(groups: Groups) -> None:
    if len(groups) > GROUPS_MAX:
        raise invalid(f"The number of filter groups may not exceed {GROUPS_MAX}")
    if any(len(group) > FILTERS_MAX for group in groups):
        raise invalid(f"The number of filters in a group may not exceed {FILTERS_MAX}")
    if sum(map(len, groups)) > FILTERS_IN_ALL_MAX:
        raise invalid(f"The number of filters may not exceed {FILTERS_IN_ALL_MAX}")


def _comparable(kind: str) -> Callable[[str], Any]:
    """What values of a type are compared by."""
    if kind in ("datetime", "date"):
        return lambda text: read_ms(text) or 0
    if kind == "number":
        return lambda text: number if (number := _number(text)) is not None else float("nan")
    return str if kind == "enumeration" else str.lower


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _listed(condition: Filter) -> Test:
    """IN and NOT_IN; texts are compared in lower case with the values as they were given."""
    comparable = _comparable(condition.type)
    texts = condition.type in ("string", "phone_number")
    wanted = set(condition.values) if texts else {comparable(value) for value in condition.values}
    if condition.operator == "NOT_IN":
        return lambda value: value is None or comparable(value) not in wanted
    return lambda value: value is not None and comparable(value) in wanted


def _tokens(condition: Filter) -> Test:
    patterns = [re.compile(fnmatch.translate(token)) for token in _split(condition.value, keep="*")]
    negated = condition.operator.startswith("NOT")

    def test(value: Value) -> bool:
        mine = _split(value or "")
        found = bool(patterns) and all(any(pattern.match(token) for token in mine) for pattern in patterns)
        return found is not negated

    return test


def _split(text: str, keep: str = "") -> Sequence[str]:
    return re.findall(rf"[\w{re.escape(keep)}]+", text.lower())
