"""Meaning of a stream's fields: type, transform, lists and scopes fit each other. Part of check.py."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crmsync.spec import bind
from crmsync.spec.schema_faults import Finding, near, shown
from crmsync.spec.scope import Scope
from crmsync.spec.sheet import Parts, Sheet
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

_OF_LINKS = frozenset({"link", "type", "title", "dir", "required"})  # what a field without `at` may say
_KINDS = ("decimal", "local_date", "map", "list", "case", "set")


def field_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of a stream's fields."""
    fields = {name: as_line(own) for name, own in stream.part("fields").items()}
    if not fields and not stream.wrote("fields"):
        yield from stream.lacks(("fields",), "there are no `fields`")
    for name, line in fields.items():
        yield from _typed(stream, name, line)
        yield from _placed(stream, name, line)
        yield from _linked(stream, name, line, parts)
        yield from converted(stream, ("fields", name), line, _type(stream, name, line), parts)
        yield from _scoped(stream, name, line, fields, parts)
        for key in ("at", "as", "default", "prefer", "nulls", "link"):
            path = stream.at("fields", name, key) if stream.wrote("fields", name, key) else stream.at("fields", name)
            yield from scope.giving(f"the field `{name}`", ()).findings(line.get(key), path)


def as_line(own: Any) -> dict[str, Any]:
    """A line of `fields` or `record` in its long form, without what is switched off."""
    return {k: v for k, v in own.items() if v is not None} if isinstance(own, dict) else {"at": own}


def linked(stream: Sheet) -> list[str]:
    """The fields that no record holds: their links are asked for."""
    lines = {name: as_line(own) for name, own in stream.part("fields").items()}
    return [name for name, line in lines.items() if "link" in line and "at" not in line]


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


def _placed(stream: Sheet, name: str, line: Mapping[str, Any]) -> Iterator[Finding]:
    how = line.get("as")
    if stream.wrote("fields", name, "link"):
        return
    if not stream.wrote("fields", name, "at") and "at" not in line and not (isinstance(how, dict) and "case" in how):
        place = (*stream.at("fields", name), "at?")
        yield Finding(place, "SP206", f"`{name}` has no path: the key `at` is missing")


def _linked(stream: Sheet, name: str, line: Mapping[str, Any], parts: Parts) -> Iterator[Finding]:
    if "link" not in line:
        return
    place, type_ = stream.at("fields", name, "link"), _type(stream, name, line)
    if type_ not in (None, "ref"):
        yield Finding(place, "SP206", f"a link is of type ref, but `{name}` is of type {type_}")
    if stream.wrote("fields", name, "at"):
        return  # read there
    if parts.link is None:
        yield Finding(place, "SP208", "a `link` without `at` needs `link.read` at the top of the spec")
    for key in sorted(set(line) - _OF_LINKS):
        yield Finding(stream.at("fields", name, key), "SP206", f"`{key}` is for a value in the record, at `at`")


def converted(
    stream: Sheet, path: tuple[str, ...], line: Mapping[str, Any], type_: str | None, parts: Parts
) -> Iterator[Finding]:
    """What is wrong with a line's `at`, `as`, `on_bad` and `default`, for each other and for the type."""
    how = line.get("as", type_)
    kinds = [k for k in _KINDS if k in how] if isinstance(how, dict) else [how]
    if len(kinds) != 1:
        if isinstance(how, dict) and stream.wrote(*path, "as"):
            yield Finding(stream.at(*path, "as"), "SP206", f"`as` must be exactly one of {', '.join(_KINDS)}")
        return
    kind, place = kinds[0], stream.at(*path, "as") if stream.wrote(*path, "as") else stream.at(*path)
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
        yield from converted(stream, (*path, "as", "else"), {"as": how["else"], "at": line.get("at")}, type_, parts)


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
