"""Names: which placeholders a place may use, and what the constants of a spec grow to. Part of check.py."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crmsync.spec import bind
from crmsync.spec.schema_faults import Finding, later, near
from crmsync.spec.yaml import Path

WALK = frozenset({"limit", "page", "after_id", "offset"})
PAGE = WALK | {"names"}
SINCE = PAGE | {"since"}
WINDOW = PAGE - {"page"} | {"lower", "upper"}
IDS = frozenset({"ids", "items", "id"})
BY_ID = IDS | {"names"}
LINK = IDS | {"to", "primary"}
FIND = frozenset({"names", "unique", "values", "items", "value"})
ITEM = frozenset({"id", "key", "value", "unique", "fields"})
WRITE = ITEM | {"items", "ids", "rows", "columns"}
PUT = frozenset({"value", "first", "last"})
LINK_WRITE = frozenset({"items", "id", "ref", "old", "to", "primary"})
# Given by some place: no option or constant may have such a name.
GIVEN = SINCE | WINDOW | BY_ID | LINK | FIND | WRITE | PUT | LINK_WRITE | {"stream", "connection", "access_token"}
LATER = frozenset({"hook_url", "hook_token", "hook_id", "hook_expiry"})
# What `by` says elsewhere, and the `else` of a pick.
STRUCTURE = frozenset({"list", "window", "order", "all", "whole", "else"})
RESERVED = GIVEN | LATER | STRUCTURE

MAX_TEXT = 4 * 1024 * 1024  # of a whole spec, constants put in
MAX_DEPTH = 40
TOO_LARGE = f"larger than {MAX_TEXT // 1024 // 1024} MB or {MAX_DEPTH} levels, with its constants put in"

_LONE_DOLLAR = re.compile(r"\$(?![$a-z_])")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a template is when its constants are put in: size, depth, and the names that are left."""

    text: int
    depth: int
    leaves: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a part of a spec may use. `where` names the part in messages."""

    where: str
    allowed: frozenset[str]
    constants: Mapping[str, Measure]
    values: Mapping[str, Any] = field(default_factory=dict)  # of the constants, each with those it names put in
    secrets: frozenset[str] = frozenset()  # refused here, with a message of their own
    late: frozenset[str] = frozenset()  # facts, kept values and streams' constants: known, but not everywhere
    secrets_may: str = "only headers of `auth` and the body of a login may use it"

    def giving(self, where: str, names: Collection[str]) -> Scope:
        """The same scope with what a place gives."""
        where = f"{where} of {self.where}" if self.where.startswith("stream ") else where
        return replace(self, where=where, allowed=self.allowed | set(names))

    def findings(self, template: Any, path: Path) -> Iterator[Finding]:
        """Every placeholder of `template` that has no value here."""
        for at, text in _texts(template, path):
            for name in dict.fromkeys(bind.names(text)):
                yield from self._name(name, at)
            if text != "$" and _LONE_DOLLAR.search(text.replace("$$", "")):
                yield Finding(at, "SP201", "a lone `$`; write `$$` for a dollar")

    def _name(self, name: str, at: Path) -> Iterator[Finding]:
        if name not in self.constants:
            if name not in self.allowed:
                yield self._refused(name, name, at)
            return
        for leaf in sorted(self.constants[name].leaves - self.allowed):
            if leaf in self.late:  # the others are told where the constant is
                yield self._refused(leaf, name, at)

    def _refused(self, leaf: str, name: str, at: Path) -> Finding:
        through = "" if leaf == name else f" (through `${name}`)"
        if leaf in self.secrets:
            return Finding(at, "SP202", f"`${leaf}` is a secret: {self.secrets_may}{through}")
        if leaf in LATER:
            return Finding(at, "SP102", later(f"`${leaf}`"))
        if leaf in GIVEN | self.late:
            return Finding(at, "SP201", f"`${leaf}` has no value in {self.where}{through}")
        guess = near(leaf, self.allowed | set(self.constants))
        return Finding(at, "SP201", f"unknown placeholder `${leaf}`{guess.replace('`', '`$', 1)}")


def measured(constants: Mapping[str, Any]) -> tuple[dict[str, Measure], list[str]]:
    """Each constant with those it names put in, and the names of those that run in a circle."""
    done: dict[str, Measure] = {}
    pending = dict(constants)
    while ready := [n for n, value in pending.items() if not any(m in pending for m in bind.names(value))]:
        for name in ready:
            done[name] = measure(pending.pop(name), done)
            if is_too_large(done[name]):
                return done, []  # what names it is too large as well
    circle = [n for n, value in pending.items() if any(m in pending for m in bind.names(value))]
    return done | {n: Measure(0, 0) for n in pending}, circle


def is_too_large(size: Measure) -> bool:
    """Whether putting it in must not even be tried."""
    return size.text > MAX_TEXT or size.depth > MAX_DEPTH


def measure(template: Any, constants: Mapping[str, Measure]) -> Measure:
    """`template` with `constants` put in, without building it."""
    if isinstance(template, str):
        if "$" not in template:
            return Measure(len(template), 0)
        used = [constants.get(name, Measure(len(name), 0, frozenset({name}))) for name in bind.names(template)]
        leaves = frozenset().union(*(m.leaves for m in used))
        return Measure(len(template) + sum(m.text for m in used), max([0, *(m.depth for m in used)]), leaves)
    if isinstance(template, dict | list):
        parts = [*template, *template.values()] if isinstance(template, dict) else template
        inner = [measure(part, constants) for part in parts]
        leaves = frozenset().union(*(m.leaves for m in inner))
        return Measure(len(inner) + sum(m.text for m in inner), 1 + max([0, *(m.depth for m in inner)]), leaves)
    return Measure(8, 0)


def _texts(template: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(template, str):
        yield path, template
    elif isinstance(template, dict):
        for key, value in template.items():
            yield (*path, key), key
            yield from _texts(value, (*path, key))
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from _texts(item, (*path, index))
