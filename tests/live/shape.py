"""The shape of a JSON value, and where two shapes differ. Values do not count, only keys and kinds; facts apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

Shape = Mapping[str, frozenset[str]]  # path -> kinds met there; `a[]` is any element of the list `a`

_TEXTS = {
    "time": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z"),
    "time with an offset": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}:\d{2}"),
    "time without a zone": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?"),
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
}
_KINDS = {bool: "boolean", int: "number", float: "number", type(None): "null", dict: "object", list: "list"}


class Fact(str):
    """A text that counts as it is."""


def shape(value: Any, at: str = "body", nulls: Collection[Any] = ()) -> Shape:
    """Every path in `value`, and what stands there; `nulls` are what the CRM writes for nothing, beside null."""

    def kind(inner: Any) -> str:
        return "null" if any(type(inner) is type(null) and inner == null for null in nulls) else _kind(inner)

    found: dict[str, frozenset[str]] = {}
    for path, what in _walk(value, at, kind):
        found[path] = found.get(path, frozenset()) | {what}
    return found


def differences(here: Shape, there: Shape) -> Iterator[tuple[str, str, str]]:
    """Path, what `here` has, what `there` has, for each place where they differ.

    A list that is empty on one side says nothing about its elements, and null says nothing about a value.
    """
    for path in sorted({*here, *there}):
        one, other = here.get(path, frozenset()), there.get(path, frozenset())
        parent = re.sub(r"(\[\]|\.[^.\[\]]+)$", "", path)
        if parent != path and not _both(here, there, parent):
            continue  # told there already, or nothing to compare
        if path.endswith("[]") and not (one and other):
            continue
        if _differ(one, other):
            yield path, _shown(one), _shown(other)


def _walk(value: Any, path: str, kind: Callable[[Any], str]) -> Iterator[tuple[str, str]]:
    yield path, kind(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}", kind)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]", kind)


def _kind(value: Any) -> str:
    if isinstance(value, Fact):
        return str(value)
    if isinstance(value, str):
        return next((kind for kind, form in _TEXTS.items() if form.fullmatch(value)), "text")
    return _KINDS[type(value)]


def _both(here: Shape, there: Shape, path: str) -> bool:
    if path not in here and path not in there:
        return True  # the top, which has no parent of its own
    return bool(here.get(path, frozenset()) & there.get(path, frozenset()))


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other:
        return True
    return bool(one - {"null"}) and bool(other - {"null"}) and not (one & other) - {"null"}


def _shown(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) or "nothing"
