"""Paths of the spec: `a.b`, `a[].b` (each element), `a{}` (each value of a map), `a\\.b` (a dot in a name), `$`, `^x`.

Only the text is understood here; shape.py turns a path into SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crmsync.errors import SpecError

_STEP = re.compile(r"((?:\\.|[^\\.\[\]{}])*)(\[\]|\{\})?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path; `each` is `[]` where its elements follow, `{}` where the values of a map do."""

    name: str
    each: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A path; no steps is `$`, the whole. `up` counts the leading `^`: enclosing entries to go back to."""

    steps: tuple[Step, ...]
    up: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all steps."""
        return tuple(step.name for step in self.steps)


def parse(text: str) -> Path:
    """Read the text of a path.

    Raises SpecError where it cannot be read.
    """
    rest = text.lstrip("^")
    up = len(text) - len(rest)
    if rest == "$":
        return Path((), up)
    return Path(tuple(_steps(rest, text)), up)


def _steps(rest: str, text: str) -> list[Step]:
    steps, at = [], 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if not match or not (match[1] or match[2]):
            raise SpecError(f"not a path: {text!r}")
        steps.append(Step(re.sub(r"\\(.)", r"\1", match[1]), match[2] or ""))
        at = match.end()
    if not steps or (rest.endswith(".") and not rest.endswith("\\.")):
        raise SpecError(f"not a path: {text!r}")
    return steps
