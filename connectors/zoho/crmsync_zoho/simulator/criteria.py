"""Criteria of searches and exports: read into the conditions of a query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.coql.tree import Both, Comparison, Condition, Path

_OPERATORS = {
    "equal": "=",
    "equals": "=",
    "not_equal": "!=",
    "greater_than": ">",
    "greater_equal": ">=",
    "less_than": "<",
    "less_equal": "<=",
    "in": "in",
    "not_in": "not in",
    "between": "between",
    "not_between": "not between",
}
_FORMS = {"starts_with": "{}%", "ends_with": "%{}", "contains": "%{}%", "not_contains": "%{}%"}
EMPTY = "${EMPTY}"


def read_search(text: str) -> Condition:
    """`((Last_Name:equals:Smith)and(Email:starts_with:a))`; a backslash stands before a bracket or comma of a value."""
    condition, rest = _group(text)
    if rest:
        raise _bad()
    return condition


def read_bulk(given: Any) -> Condition:
    """`{"field": {"api_name"}, "comparator", "value"}`, or a group of such."""
    if not isinstance(given, Mapping):
        raise _bad()
    if "group" not in given:
        field = given.get("field")
        name = field.get("api_name") if isinstance(field, Mapping) else given.get("api_name")
        return _comparison(str(name), str(given.get("comparator")), given.get("value"))
    members = given["group"]
    if not isinstance(members, list) or not members:
        raise _bad()
    joined = read_bulk(members[0])
    for member in members[1:]:
        joined = Both(joined, read_bulk(member), any=given.get("group_operator") == "or")
    return joined


def _group(text: str) -> tuple[Condition, str]:
    """A condition in brackets, and what stands behind it."""
    if not text.startswith("("):
        raise _bad()
    if not text[1:].lstrip().startswith("("):
        inner, rest = _cut(text[1:])
        name, comparator, value = _split(inner)
        return _comparison(name, comparator, value), rest
    left, rest = _group(text[1:].lstrip())
    while not rest.startswith(")"):
        joiner = next((word for word in ("and", "or") if rest.lower().startswith(word)), "")
        if not joiner:
            raise _bad()
        right, rest = _group(rest[len(joiner) :])
        left = Both(left, right, any=joiner == "or")
    return left, rest[1:].lstrip()


def _cut(text: str) -> tuple[str, str]:
    """Up to the bracket that closes, and what follows it."""
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ")":
            return text[:at], text[at + 1 :].lstrip()
        at += 1
    raise _bad()


def _split(text: str) -> tuple[str, str, str]:
    parts = text.split(":", 2)
    if len(parts) != 3:
        raise _bad()
    return parts[0].strip(), parts[1].strip(), parts[2]


def _comparison(name: str, comparator: str, value: Any) -> Comparison:
    path = Path(name)
    if value == EMPTY:
        return Comparison(path, "is not null" if comparator == "not_equal" else "is null")
    if comparator in _FORMS:
        form = _FORMS[comparator].format(_values(value)[0])
        return Comparison(path, "not like" if comparator == "not_contains" else "like", (form,))
    if comparator not in _OPERATORS:
        raise _bad()
    values = _values(value) if comparator in ("in", "not_in", "between", "not_between") else (_plain(value),)
    return Comparison(path, _OPERATORS[comparator], tuple(values))


def _values(value: Any) -> list[str]:
    """The values of a comma list, or of a JSON one."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return [_plain(value)]
    values, at, now = [], 0, ""
    while at < len(value):
        if value[at] == "\\" and at + 1 < len(value):
            at += 1
            now += value[at]
        elif value[at] == ",":
            values.append(now)
            now = ""
        else:
            now += value[at]
        at += 1
    return [*values, now]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return "".join(part for part in _unescaped(text)) if "\\" in text else text


def _unescaped(text: str) -> list[str]:
    letters, at = [], 0
    while at < len(text):
        at += text[at] == "\\" and at + 1 < len(text)
        letters.append(text[at])
        at += 1
    return letters


def _bad() -> Refused:
    return Refused(400, "INVALID_QUERY", "Invalid query formed", {"reason": "the criteria cannot be read"})
