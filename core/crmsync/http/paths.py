r"""Paths of the spec language in a parsed JSON document: `a.b`, `a[].b` (each), `a{}` (each value), `$`, `a\.b`.

Where a list stands, `0` is its first element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

EACH = "[]"
EACH_VALUE = "{}"
_DOT = re.compile(r"(?<!\\)\.")


def steps(path: str) -> tuple[str, ...]:
    """A path as its steps: names, `[]` and `{}`; the whole document has none."""
    found: list[str] = []
    for part in _DOT.split(path):
        name, marks = part, list[str]()
        while name.endswith((EACH, EACH_VALUE)):
            marks.insert(0, name[-2:])
            name = name[:-2]
        if name not in ("", "$"):
            found.append(name.replace("\\.", "."))
        found.extend(marks)
    return tuple(found)


def values_at(document: Any, path: str) -> list[Any]:
    """Every value that `path` leads to; none where a part of the path is absent or has another shape."""
    found = [document]
    for step in steps(path):
        found = [value for node in found for value in _children(node, step)]
    return found


def meets(document: Any, condition: Mapping[str, Any]) -> bool:
    """Whether a document has every value of a condition at its path; what is absent is null."""
    return all(any(_is(found, value) for found in values_at(document, p) or [None]) for p, value in condition.items())


def as_text(value: Any) -> str:
    """A JSON scalar as the spec compares it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _is(found: Any, wanted: Any) -> bool:
    """Numbers are compared as numbers (0 and "0.0" are equal), everything else as text."""
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        return as_text(found) == as_text(wanted)
    try:
        return float(as_text(found)) == wanted
    except ValueError:
        return False


def _children(node: Any, step: str) -> Iterable[Any]:
    if step == EACH:
        return node if isinstance(node, list) else ()
    if isinstance(node, list) and step.isdecimal():
        return node[int(step) : int(step) + 1]
    if not isinstance(node, dict):
        return ()
    if step == EACH_VALUE:
        return node.values()
    return (node[step],) if step in node else ()
