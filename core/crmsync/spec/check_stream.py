"""Meaning of one stream: its fields, its ways to read, its deletions. Part of check.py.

Looks at the stream with `defaults` merged in, and tells the place that the mistake was written at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmsync.spec import bind
from crmsync.spec.build import merge
from crmsync.spec.check_request import request_findings
from crmsync.spec.model import ObjectField
from crmsync.spec.schema_faults import Finding, near, shown
from crmsync.spec.scope import BY_ID, PAGE, WINDOW, Scope
from crmsync.spec.yaml import Path

TEXTS = frozenset({"text", "ref", "email", "domain"})
# What a transform gives; those that are not here give what they are told to.
_GIVES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("text", "ref", "email", "domain", "person_name", "options", "list"), TEXTS),
    **{kind: frozenset({kind}) for kind in ("integer", "decimal", "boolean", "date", "timestamp", "json", "set")},
    "not": frozenset({"boolean"}),
    "utc": frozenset({"timestamp"}),
    "local_date": frozenset({"date"}),
}
_META = {"id": "text", "updated_at": "timestamp", "created_at": "timestamp", "archived": "boolean"}
_KINDS = ("decimal", "local_date", "map", "list", "case", "set")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stream's rules look things up in: the top of the spec, as far as its shape is right."""

    lists: Mapping[str, Any]
    pools: frozenset[str]
    discover: Mapping[str, Any] | None
    options: frozenset[str]
    base_url: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One stream: `line` is merged and sound, `written` merged only; `own` and `inherited` are its parts."""

    name: str
    line: Mapping[str, Any]
    written: Any
    own: Any
    inherited: Any
    canonical: Mapping[str, ObjectField]

    def at(self, *path: str | int) -> Path:
        """Where `path` of the merged stream was written, or the nearest thing around it."""
        if _depth(self.own, path) >= _depth(self.inherited, path):
            return ("streams", self.name, *path)
        return ("defaults", *path)

    def part(self, *path: str) -> dict[str, Any]:
        """The map at `path`, without what is switched off; empty where there is none."""
        node: Any = self.line
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return {k: v for k, v in node.items() if v is not None} if isinstance(node, dict) else {}

    def wrote(self, *path: str) -> bool:
        """Whether there is something at `path`, right or wrong."""
        node: Any = self.written
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return node is not None

    def lacks(self, path: tuple[str, ...], why: str) -> Iterator[Finding]:
        if not self.wrote(*path):
            yield Finding((*self.at(*path[:-1]), f"{path[-1]}?"), "SP208", f"{why} in stream `{self.name}`")


def sheet(
    name: str, written: Mapping[str, Any], sound: Mapping[str, Any], canonical: Mapping[str, ObjectField]
) -> Sheet:
    """The stream `name` of a tree as written and of its sound part."""
    line = merge(sound.get("defaults") or {}, sound["streams"][name])
    own, inherited = written["streams"][name], written.get("defaults")
    return Sheet(name, line, merge(inherited, own), own, inherited, canonical)


def stream_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of one stream."""
    yield from _fields(stream, parts, scope)
    yield from _record(stream, parts, scope)
    yield from _read(stream, parts, scope)
    yield from _deletes(stream, parts, scope)
    yield from _identify(stream, parts)


def _depth(node: Any, path: tuple[str | int, ...]) -> int:
    for depth, key in enumerate(path):
        inside = key in node if isinstance(node, dict) else isinstance(node, list) and key in range(len(node))
        if not inside:
            return depth
        node = node[key]
    return len(path)


# -- fields ------------------------------------------------------------------------------------------------------------


def _fields(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    fields = {name: _as_line(own) for name, own in stream.part("fields").items()}
    if not fields and not stream.wrote("fields"):
        yield from stream.lacks(("fields",), "there are no `fields`")
    for name, line in fields.items():
        yield from _typed(stream, name, line)
        yield from _converted(stream, ("fields", name), line, _type(stream, name, line), parts)
        yield from _scoped(stream, name, line, fields, parts)
        for key in ("at", "as", "default", "prefer", "nulls"):
            path = stream.at("fields", name, key) if stream.wrote("fields", name, key) else stream.at("fields", name)
            yield from scope.giving(f"the field `{name}`", ()).findings(line.get(key), path)


def _as_line(own: Any) -> dict[str, Any]:
    return {k: v for k, v in own.items() if v is not None} if isinstance(own, dict) else {"at": own}


def _type(stream: Sheet, name: str, line: Mapping[str, Any]) -> str | None:
    return stream.canonical[name].type if name in stream.canonical else line.get("type")


def _typed(stream: Sheet, name: str, line: Mapping[str, Any]) -> Iterator[Finding]:
    if name not in stream.canonical:
        if not stream.wrote("fields", name, "type"):
            guess = near(name, stream.canonical)
            why = f"`{name}` is not a canonical field of `{stream.name}`, so it needs a `type`{guess}"
            yield Finding(stream.at("fields", name), "SP205", why)
    elif line.get("type", stream.canonical[name].type) != stream.canonical[name].type:
        why = f"`{name}` is a canonical field of type {stream.canonical[name].type}: leave `type` out"
        yield Finding(stream.at("fields", name, "type"), "SP205", why)


def _converted(
    stream: Sheet, path: tuple[str, ...], line: Mapping[str, Any], type_: str | None, parts: Parts
) -> Iterator[Finding]:
    """`at`, `as`, `on_bad` and `default` fit each other and the type."""
    how = line.get("as", type_)
    kinds = [k for k in _KINDS if k in how] if isinstance(how, dict) else [how]
    if len(kinds) != 1:
        if isinstance(how, dict) and stream.wrote(*path, "as"):
            yield Finding(stream.at(*path, "as"), "SP206", f"`as` must be exactly one of {', '.join(_KINDS)}")
        return
    kind, place = kinds[0], stream.at(*path, "as") if stream.wrote(*path, "as") else stream.at(*path)
    if kind != "case" and not stream.wrote(*path, "at") and isinstance(_written(stream, path), dict):
        yield Finding((*stream.at(*path), "at?"), "SP206", f"`{path[-1]}` has no path: the key `at` is missing")
    if kind == "person_name" and "at" in line and len(_listed(line["at"])) != 2:
        yield Finding(place, "SP206", "`person_name` needs two paths in `at`: first name, last name")
    if type_ and kind in _GIVES and type_ not in _GIVES[kind]:
        gives = " or ".join(sorted(_GIVES[kind]))
        yield Finding(place, "SP206", f"`{kind}` gives {gives}, but `{path[-1]}` is of type {type_}")
    elif kind == "set" and "as" not in line and not re.search(r"\[\]|\{\}", str(line.get("at"))):
        yield Finding(place, "SP206", 'a set needs to know how it is written: `as: {set: ";"}` or `as: {set: json}`')
    if line.get("on_bad") == "keep" and type_ and type_ not in TEXTS:
        yield Finding(stream.at(*path, "on_bad"), "SP206", f"only a text can keep a bad value, not {type_}")
    yield from _default(stream, path, line.get("default"), type_)
    yield from _looked_up(how, kind, place, parts)
    if kind == "case" and isinstance(how, dict) and isinstance(how.get("else"), dict):
        yield from _converted(stream, (*path, "as", "else"), {"as": how["else"], "at": line.get("at")}, type_, parts)


def _written(stream: Sheet, path: tuple[str, ...]) -> Any:
    node: Any = stream.line
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _default(stream: Sheet, path: tuple[str, ...], value: Any, type_: str | None) -> Iterator[Finding]:
    if value is None or any(bind.names(value)) or type_ is None:
        return
    wanted: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "decimal": (int, float)}
    allowed = wanted.get(type_, (str,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        place = stream.at(*path, "default")
        yield Finding(place, "SP206", f"the default {shown(value)} does not fit the type {type_} of `{path[-1]}`")


def _looked_up(how: Any, kind: str | None, place: Path, parts: Parts) -> Iterator[Finding]:
    if kind == "options" and not (parts.discover and "options" in parts.discover):
        yield Finding(place, "SP206", "`options` needs `discover` with `options`")
    if kind != "list":
        return
    found = parts.lists.get(how["list"])
    if found is None:
        yield Finding((*place, "list"), "SP204", f"there is no list `{how['list']}`{near(how['list'], parts.lists)}")
    elif "take" in how and how["take"] not in found.get("also", {}):
        guess = near(how["take"], found.get("also", {}))
        why = f"the list `{how['list']}` has no column `{how['take']}` in `also`{guess}"
        yield Finding((*place, "take"), "SP204", why)


def _scoped(
    stream: Sheet, name: str, line: Mapping[str, Any], fields: Mapping[str, Any], parts: Parts
) -> Iterator[Finding]:
    if line.get("optional") and parts.discover is None:
        yield Finding(stream.at("fields", name, "optional"), "SP208", "`optional` needs `discover`")
    if "within" not in line:
        return
    how, place = line.get("as"), stream.at("fields", name, "within")
    scoped = parts.lists.get(str(how.get("list")), {}).get("within", {}) if isinstance(how, dict) else {}
    by = fields.get(line["within"], {}).get("as")
    if line["within"] not in fields:
        guess = near(line["within"], fields)
        yield Finding(place, "SP204", f"`within` names no field of `{stream.name}`: `{line['within']}`{guess}")
    elif not isinstance(how, dict) or "list" not in how or "list" not in scoped:
        yield Finding(place, "SP204", "`within` needs `as: {list: ...}` with a list that has a `within` of its own")
    elif not isinstance(by, dict) or by.get("list") != scoped["list"]:
        yield Finding(
            place, "SP204", f"`{line['within']}` must be read by the list `{scoped['list']}`, which scopes this one"
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# -- record, read, deletes ---------------------------------------------------------------------------------------------


def _record(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    for key, line in stream.part("record").items():
        if key in _META:
            own = {"at": key} | _as_line(line) if key == "id" else _as_line(line)
            kinds = TEXTS | {"integer"} if key == "id" else None
            how = own.get("as")
            if not (kinds and isinstance(how, str) and how in kinds):  # ids may go out as numbers
                yield from _converted(stream, ("record", key), own, _META[key], parts)
        yield from scope.giving("`record`", ()).findings(line, stream.at("record", key))


def _read(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    yield from stream.lacks(("read", "full"), "there is no `read.full`")
    for role, given in (("full", PAGE), ("changes", WINDOW), ("by_id", BY_ID)):
        if stream.wrote("read", role) and (line := stream.part("read", role)):
            yield from _request(stream, ("read", role), line, parts, scope.giving(f"`{role}`", given))
    if changes := stream.part("read", "changes"):
        yield from _window(stream, changes)
    if by_id := stream.part("read", "by_id"):
        yield from _by_id(stream, by_id)


def _request(
    stream: Sheet, path: tuple[str, ...], line: Mapping[str, Any], parts: Parts, scope: Scope
) -> Iterator[Finding]:
    yield from stream.lacks((*path, "do"), f"`{path[-1]}` has no `do`")
    yield from request_findings(line, lambda *rest: stream.at(*path, *rest), scope, parts.pools, parts.options)
    if str(line.get("do", "")).partition(" ")[2].startswith("/") and not parts.base_url:
        yield Finding(stream.at(*path, "do"), "SP209", "a path needs the option `base_url` in `config`")


def _window(stream: Sheet, line: Mapping[str, Any]) -> Iterator[Finding]:
    path = ("read", "changes")
    for key in ("bounds", "overlap"):
        yield from stream.lacks((*path, key), f"a window needs `{key}`")
    yield from stream.lacks(("record", "updated_at"), "a window needs `record.updated_at`")
    used = _names(line)
    for name in ("lower", "upper"):
        if name not in used:
            yield Finding(stream.at(*path), "SP208", f"a window must ask for `${name}`")
    if "after_id" not in used and "next" not in line and "more" not in line:
        yield Finding(stream.at(*path), "SP208", "a window must go on by `$after_id` or by `next`")
    for key, other in (("total", "cap"), ("cap", "total")):
        if key in line:
            yield from stream.lacks((*path, other), f"`{key}` needs `{other}`")
    if "cap" in line and "offset" not in used:
        yield Finding(stream.at(*path, "cap"), "SP208", "with `cap`, the parts of a window are read by `$offset`")


def _by_id(stream: Sheet, line: Mapping[str, Any]) -> Iterator[Finding]:
    used = _names({k: v for k, v in line.items() if k != "item"})
    if not used & {"ids", "items", "id"}:
        yield Finding(stream.at("read", "by_id"), "SP208", "`by_id` must ask for `$ids`, `$items` or `$id`")
    if "items" in used:
        yield from stream.lacks(("read", "by_id", "item"), "`$items` needs `item`")
    if "batch" in line and "id" in used:
        yield Finding(stream.at("read", "by_id", "batch"), "SP208", "with `batch`, ask for `$ids` or `$items`")
    if "item" in line and "id" not in set(bind.names(line["item"])):
        yield Finding(stream.at("read", "by_id", "item"), "SP208", "`item` must hold `$id`")


def _names(template: Any) -> frozenset[str]:
    return frozenset(bind.names(template))


def _deletes(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    line = stream.part("deletes", "tombstones")
    if line:
        yield from _request(stream, ("deletes", "tombstones"), line, parts, scope.giving("`tombstones`", PAGE))
        yield from stream.lacks(("deletes", "tombstones", "id"), "`tombstones` need `id`")
    if isinstance(_written(stream, ("deletes", "census")), dict):
        yield from stream.lacks(("read", "by_id"), "`census` needs `read.by_id`, which confirms what is missing,")


def _identify(stream: Sheet, parts: Parts) -> Iterator[Finding]:
    by = stream.part("identify").get("by")
    if by is None or by == "key":
        return
    place = stream.at("identify", "by")
    if by not in stream.part("fields"):
        yield Finding(place, "SP204", f"`identify` names no field: `{by}`{near(by, stream.part('fields'))}")
    elif by in parts.options:
        yield Finding(place, "SP207", f"`by: {by}` would be read as a pick: rename the option `{by}`")
