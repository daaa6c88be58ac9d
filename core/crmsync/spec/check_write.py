"""Meaning of what a stream is written by: its operations and their outcomes, how records are found again, links.

Part of check.py. Whether a field can be written at all: check_inverse.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from crmsync.spec import bind
from crmsync.spec.check_fields import as_line
from crmsync.spec.check_outcome import Shape, outcome_findings
from crmsync.spec.check_request import request_findings
from crmsync.spec.inherit import merge, on
from crmsync.spec.schema_faults import Finding, near
from crmsync.spec.scope import Scope
from crmsync.spec.sheet import Parts, Sheet
from crmsync.spec.yaml import Path

OPERATIONS = ("create", "update", "upsert", "archive")
# What a request knows of one record, and what it must ask for; `fields` of a table are its columns.
_KNOWN = {
    "create": {"key", "fields"},
    "update": {"id", "key", "fields"},
    "upsert": {"key", "fields", "value", "unique"},
    "archive": {"id", "key"},
}
_WANTED = {"create": ("fields",), "update": ("id", "fields"), "upsert": ("value", "fields"), "archive": ("id",)}
_ENDS = {"write": "ref", "clear": "old"}
_BESIDE = ("item", "layout", "keys", "set", "idempotent", "outcome")  # what an operation says besides its request


@dataclass(frozen=True, slots=True)
class _Way:
    """One request that writes: `line` as far as it is sound, `at` the place of a key, `wrote` whether it is there."""

    name: str
    line: Mapping[str, Any]
    at: Callable[..., Path]
    wrote: Callable[..., bool]

    @property
    def shape(self) -> Shape:
        if self.line.get("layout") == "table":
            return "table"
        if "item" in self.line:
            return "items"
        return "ids" if "ids" in self.used(*self.line) else "one"

    def used(self, *keys: str) -> frozenset[str]:
        """The placeholders in the values of `keys`."""
        return frozenset(bind.names([self.line[key] for key in keys if key in self.line]))

    def lacks(self, key: str, why: str) -> Iterator[Finding]:
        if not self.wrote(key):
            yield Finding((*self.at(), f"{key}?"), "SP208", why)


def write_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of what one stream is written by."""
    yield from _identify(stream, parts, scope)
    yield from _find(stream, parts, scope)
    if not isinstance(stream.value("write"), dict):
        return
    for name in OPERATIONS:
        if isinstance(stream.value("write", name), dict):
            way = _operation(stream, name)
            by_fields = {"fields"} if name == "archive" and "set" in way.line else set[str]()  # it is an update then
            yield from _written(way, parts, scope, _KNOWN[name] | by_fields, (*_WANTED[name], *by_fields))
            yield from outcome_findings(name, way.shape, way.line, way.at, way.wrote)
            yield from _keyed(way)
    yield from _needs_unique(stream, "write", "upsert")
    new = stream.value("write", "new")
    if new is not None and not stream.wrote("write", new):
        yield Finding(stream.at("write", "new"), "SP208", f"`new: {new}` needs `{new}`")
    yield from _links(stream, parts, scope)


def _identify(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    line, by = stream.part("identify"), stream.part("identify").get("by")
    yield from scope.giving("`identify`", ()).findings(line.get("at"), stream.at("identify", "at"))
    if "at" in line:
        yield from stream.lacks(("identify", "by"), "`at` needs `by`, a field or `key`,")
    if by is None or by == "key":
        return
    place = stream.at("identify", "by")
    if by not in stream.part("fields"):
        yield Finding(place, "SP204", f"`identify` names no field: `{by}`{near(by, stream.part('fields'))}")
    elif by in parts.options:
        yield Finding(place, "SP207", f"`by: {by}` would be read as a pick: rename the option `{by}`")


def _find(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    if not isinstance(stream.value("read", "find"), dict):
        return
    path = ("read", "find")
    way = _Way("find", stream.part(*path), partial(stream.at, *path), partial(stream.wrote, *path))
    yield from _needs_unique(stream, *path)
    given = {"items"} if "item" in way.line else {"values", "value"}
    yield from _asked(way, parts, scope.giving("`find`", {"names", "unique", *given}))
    item = scope.giving("`item` of `find`", {"unique", "value"})
    yield from item.findings(way.line.get("item"), way.at("item"))
    yield from _items(way, ("value",))
    used = way.used(*(set(way.line) - {"item"}))
    if not used & {"values", "items", "value"}:
        yield Finding(way.at(), "SP208", "`find` must ask for `$values`, `$items` or `$value`")
    if "value" in used and "batch" in way.line:
        yield Finding(way.at("batch"), "SP208", "`$value` is one record a request, so there is no `batch`")


def _needs_unique(stream: Sheet, *path: str) -> Iterator[Finding]:
    """What is asked for by `$unique`; of `defaults`, a stream without `identify` has no use for it."""
    if stream.wrote(*path) and stream.at(*path)[0] != "defaults":
        yield from stream.lacks(("identify", "at"), f"`{path[-1]}` needs `identify`, whose `at` finds a record again,")


def _written(way: _Way, parts: Parts, scope: Scope, known: set[str], wanted: tuple[str, ...]) -> Iterator[Finding]:
    """What is wrong with the request: `known` are the names of one record, of which it must ask for the `wanted`."""
    given = {
        "table": {"rows", "columns"},
        "items": {"items"},
        "ids": {"ids"},
        "one": known,
    }[way.shape]
    yield from _asked(way, parts, scope.giving(f"`{way.name}`", given | (known & {"unique"})))
    for key, names in (("item", known), ("keys", known - {"fields"}), ("set", set[str]())):
        yield from scope.giving(f"`{key}` of `{way.name}`", names).findings(way.line.get(key), way.at(key))
    if way.shape == "table":
        yield from _table(way, wanted)
    elif way.shape == "items":
        yield from _items(way, wanted)
    elif way.shape == "ids":
        if way.name != "archive":
            yield Finding(way.at(), "SP208", f"`{way.name}` needs `$items` or one record a request, not `$ids`")
    else:
        yield from _one(way, wanted)


def _asked(way: _Way, parts: Parts, scope: Scope) -> Iterator[Finding]:
    if not way.wrote("call"):
        yield from way.lacks("do", f"`{way.name}` has no `do`")
    line = {key: value for key, value in way.line.items() if key not in _BESIDE}
    yield from request_findings(line, way.at, scope, parts.pools, parts.options, carries=parts.carries)


def _items(way: _Way, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if "item" in way.line:
        for name in wanted:
            if name not in way.used("item"):
                yield Finding(way.at("item"), "SP208", f"`item` must hold `${name}`")
        if "items" not in way.used(*(set(way.line) - {"item"})):
            yield Finding(
                way.at("item"), "SP208", f"`item` is an entry of `$items`, which `{way.name}` does not ask for"
            )
    elif "items" in way.used(*way.line):
        yield from way.lacks("item", "`$items` needs `item`")


def _one(way: _Way, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if "items" in way.used(*way.line):
        yield from way.lacks("item", "`$items` needs `item`")
        return
    lacking = [name for name in wanted if name not in way.used(*(set(way.line) - set(_BESIDE)))]
    if lacking and (way.wrote("do") or way.wrote("call")):
        ways = "`$ids`, `$items`" if way.name == "archive" else "`$items`"
        yield Finding(way.at(), "SP208", f"`{way.name}` must ask for {ways} or `${'` and `$'.join(wanted)}`")
    elif "batch" in way.line:
        yield Finding(way.at("batch"), "SP208", "without `item` there is one record a request, so there is no `batch`")


def _table(way: _Way, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if way.name != "create":
        yield from way.lacks("keys", "a table needs `keys`, which name its records")
    if "item" in way.line:
        yield Finding(way.at("item"), "SP208", "a table has `$rows`, so there is no `item`")
    for name in ("columns", "rows"):
        if name not in way.used("do", "query", "headers", "body", "args"):
            yield Finding(way.at(), "SP208", f"a table must ask for `${name}`")
    for name in wanted:
        if name != "fields" and "keys" in way.line and name not in way.used("keys"):
            yield Finding(way.at("keys"), "SP208", f"`keys` must hold `${name}`")
    if way.name == "archive":
        yield from way.lacks("set", "a table that archives needs `set`: what makes a record archived")


def _keyed(way: _Way) -> Iterator[Finding]:
    if "keys" in way.line and way.shape != "table":
        yield Finding(way.at("keys"), "SP208", "`keys` are for `layout: table`")
    if not way.line.get("idempotent"):
        return
    if way.name not in ("create", "upsert"):
        yield Finding(way.at("idempotent"), "SP208", "`idempotent` is for requests that make records")
    elif "key" not in way.used(*way.line):
        yield Finding(way.at("idempotent"), "SP208", "`idempotent` needs `$key`, by which records are told apart")


def _links(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """The requests that write links, with what this stream gives them."""
    lines = map(as_line, stream.part("fields").values())
    if not any("link" in line and line.get("dir") != "read" for line in lines):
        return
    for name, other in _ENDS.items():
        if name in parts.link_writes:
            line, written = parts.link_writes[name]
            way = _Way(f"link.{name}", line, partial(_place, ("link", name)), partial(_there, written))
            here = replace(scope, allowed=scope.allowed | {"to", "primary"})
            yield from _written(way, parts, here, {"id", other}, ("id", other))
            yield from outcome_findings(way.name, way.shape, way.line, way.at, way.wrote)


def _operation(stream: Sheet, name: str) -> _Way:
    """An operation, with what all have in `common`."""
    common, own = ("write", "common"), ("write", name)
    alone = {"outcome"} if stream.wrote(*own, "outcome", "by") else set[str]()

    def at(*rest: str | int) -> Path:
        shared = rest and rest[0] not in alone and stream.wrote(*common, str(rest[0]))
        return (
            stream.at(*common, *rest) if shared and not stream.wrote(*own, *map(str, rest)) else stream.at(*own, *rest)
        )

    written = merge(stream.as_written(*common) or {}, stream.as_written(*own))
    line = on(merge(stream.part(*common), stream.value(*own)))
    return _Way(name, line, at, partial(_there, written))


def _place(path: Path, *rest: str | int) -> Path:
    return (*path, *rest)


def _there(node: Any, *keys: str) -> bool:
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node is not None
