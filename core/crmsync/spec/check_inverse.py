"""Whether the line of a field can be read backwards, for writes; where not, it must say `dir: read`. Part of check.py.

Two lines must not write the same place, and none what each item has anyway. Only references may share one, of which
one has a value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from crmsync.spec import bind
from crmsync.spec.check_fields import TEXTS, as_line
from crmsync.spec.schema_faults import Finding, near, shown
from crmsync.spec.scope import PUT, Scope
from crmsync.spec.sheet import Parts, Sheet
from crmsync.spec.yaml import Path

_OF_WRITES = ("to", "put", "sets", "required", "stand_in")
_DOT = re.compile(r"(?<!\\)\.")
_OR_READ = ", or the line says `dir: read`"
Line = Mapping[str, Any]


def inverse_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with what a stream's fields say of writes."""
    lines = {name: as_line(own) for name, own in stream.part("fields").items()}
    for name, line in lines.items():
        yield from _said(stream, name, line, lines)
        put = scope.giving(f"`put` of `{name}`", PUT if line.get("as") == "person_name" else {"value"})
        yield from put.findings(line.get("put"), stream.at("fields", name, "put"))
        yield from scope.giving("`sets`", ()).findings(line.get("sets"), stream.at("fields", name, "sets"))
    if isinstance(stream.value("write"), dict):
        written = {name: line for name, line in lines.items() if line.get("dir") != "read"}
        for name, line in written.items():
            yield from _one_way(stream, name, line, parts)
        yield from _shared(stream, written)


def _said(stream: Sheet, name: str, line: Line, lines: Mapping[str, Line]) -> Iterator[Finding]:
    """What a line says of writes must fit the rest of it."""

    def wrong(key: str, why: str, code: str = "SP213") -> Finding:
        return Finding(stream.at("fields", name, key), code, why)

    if line.get("dir") == "read":
        for key in _OF_WRITES:
            if line.get(key):
                yield wrong(key, f"`{key}` is for writes, but `{name}` says `dir: read`")
        return
    case = isinstance(line.get("as"), dict) and "case" in line["as"]
    if "sets" in line and not case:
        yield wrong("sets", "`sets` is for a `case`")
    for key in ("to", "put"):
        if key in line and case:
            yield wrong(key, f"a `case` is written by what it `sets`, so there is no `{key}`")
        elif key in line and "link" in line and "at" in line:
            yield wrong(key, f"a link is written by the top's `link.write`, so there is no `{key}`")
    put, one = line.get("put"), line.get("as") != "person_name"
    if put is not None and not PUT & set(bind.names(put)):
        yield wrong("put", f"`put` must hold `$value`{'' if one else ', or `$first` and `$last`'}")
    if "to" in line and put is None and not one:
        yield wrong("to", "a name is written to both its paths: at `to`, `put` says where its parts go")
    if "to" in line and isinstance(put, dict) and _element(line):
        yield wrong("to", "a map is put over the element that is read, so there is no `to`")
    other = line.get("stand_in")
    if other is not None and (other not in lines or other == name):
        guess = near(other, set(lines) - {name})
        yield wrong("stand_in", f"`stand_in` names no other field of `{stream.name}`: `{other}`{guess}", "SP204")
    elif other is not None and not {_type(stream, each, lines[each]) for each in (name, other)} <= TEXTS:
        yield wrong("stand_in", "only a text can stand in for a text")


def _one_way(stream: Sheet, name: str, line: Line, parts: Parts) -> Iterator[Finding]:
    """What cannot be read backwards."""

    def place(key: str) -> Path:
        return stream.at("fields", name, key) if stream.wrote("fields", name, key) else stream.at("fields", name)

    if "link" in line:
        if not parts.link_writes:
            yield Finding(place("link"), "SP213", f"a link needs `link.write` at the top of the spec{_OR_READ}")
        return
    how, paths = line.get("as"), _listed(line.get("at"))
    how = how if isinstance(how, dict) else {}
    if "case" in how:
        if not stream.wrote("fields", name, "sets"):
            yield Finding(place("as"), "SP213", f"a `case` needs `sets`, which says how a value is written{_OR_READ}")
        return
    if "take" in how:
        yield Finding(place("as"), "SP213", "a column of a list (`take`) cannot be written: say `dir: read`")
    ours = Counter(map(bind.as_text, how.get("map", {}).values()))
    for value in [value for value, count in ours.items() if count > 1][:1]:
        why = f"two values become {shown(value)}, so it cannot be written: say `dir: read`"
        yield Finding(place("as"), "SP213", why)
    if len(paths) > 1 and line.get("as") != "person_name" and not stream.wrote("fields", name, "to"):
        yield Finding(place("at"), "SP213", f"of several paths, `to` says which is written{_OR_READ}")
    elif any(re.search(r"\[\]|\{\}", path) for path in paths):
        lacking = [key for key in ("to", "put") if not stream.wrote("fields", name, key)]
        if lacking == ["put"] and _type(stream, name, line) in ("set", "json"):
            return  # it is a list itself
        if lacking == ["to"] and isinstance(line.get("put"), dict) and _element(line):
            return  # into the element that is read
        if lacking:
            why = f"a path with lists or maps needs `{'` and `'.join(lacking)}`, which say what is written{_OR_READ}"
            yield Finding(place("at"), "SP213", why)
    elif any(path.startswith("^") or path == "$" for path in paths) and not stream.wrote("fields", name, "to"):
        yield Finding(place("at"), "SP213", f"a path that leaves the fields of a record needs `to`{_OR_READ}")


def _shared(stream: Sheet, lines: Mapping[str, Line]) -> Iterator[Finding]:
    """Lines that write the same place, or a place within another's."""
    held: dict[tuple[str, ...], str] = {}
    fixed = {cell: name for name in ("create", "update", "upsert") for cell in _constants(stream, name)}
    for name, line in lines.items():
        for cell in _cells(line):
            path = tuple(_DOT.split(cell))
            if len(path) > 1 and _tabled(stream):
                why = f"`{cell}` is a path, but columns of a table have no parts: write a dot in a name as `\\.`"
                yield Finding(_at(stream, name), "SP213", why)
            if cell in fixed:
                why = f"`{fixed[cell]}` sets `{cell}` in each record, so `{name}` cannot write it: say `dir: read`"
                yield Finding(_at(stream, name), "SP213", why)
            other = next((held[p] for p in held if held[p] != name and p[: len(path)] == path[: len(p)]), None)
            if other and not all(_type(stream, each, lines[each]) == "ref" for each in (name, other)):
                why = f"`{other}` and `{name}` would both write `{cell}`: let one of them say `dir: read`"
                yield Finding(_at(stream, name), "SP213", why)
            held.setdefault(path, name)


def _cells(line: Line) -> list[str]:
    """The places in a record that a line writes."""
    if "link" in line:
        return []
    if isinstance(line.get("as"), dict) and "case" in line["as"]:
        sets = line.get("sets")
        return list(dict.fromkeys(cell for cells in (sets or {}).values() for cell in cells or ()))
    paths = [line["to"]] if "to" in line else [_list(path) for path in _listed(line.get("at"))]
    return [path for path in paths if not re.search(r"\{\}|^[$^]", path)]


def _element(line: Line) -> bool:
    """Whether the line reads an element of a list."""
    return any("[]" in path and "{}" not in path for path in _listed(line.get("at")))


def _list(path: str) -> str:
    return path.partition("[]")[0]


def _constants(stream: Sheet, name: str) -> list[str]:
    return [*stream.part("write", "common", "set"), *stream.part("write", name, "set")]


def _tabled(stream: Sheet) -> bool:
    return any(stream.value("write", name, "layout") == "table" for name in ("common", "create", "update", "upsert"))


def _type(stream: Sheet, name: str, line: Line) -> str | None:
    return stream.canonical[name].type if name in stream.canonical else line.get("type")


def _at(stream: Sheet, name: str) -> Path:
    return stream.at("fields", name)


def _listed(value: Any) -> list[str]:
    return [path for path in (value if isinstance(value, list) else [value]) if isinstance(path, str)]
