r"""Paths of the spec language in a parsed JSON document: `a.b`, `a[].b` (each), `a{}` (each value), `$`, `a\.b`."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def as_text(value: Any) -> str:
    """A JSON scalar as the spec compares it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _children(node: Any, step: str) -> Iterable[Any]:
    if step == EACH:
        return node if isinstance(node, list) else ()
    if not isinstance(node, dict):
        return ()
    if step == EACH_VALUE:
        return node.values()
    return (node[step],) if step in node else ()
