"""What a connection adds to its connector's spec, in the language of the spec. Part of load.py.

Streams and fields of its own, and lines for fields of the hub, each of which stands for the spec's, where that has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crmsync.errors import Fault
from crmsync.spec.check_fields import as_line
from crmsync.spec.inherit import merge
from crmsync.spec.model import ObjectField, Objects
from crmsync.spec.yaml import Document, Part, Path

_OF_WRITES = ("to", "put", "sets", "required", "stand_in")


@dataclass(frozen=True, slots=True)
class Own:
    """What a connection adds.

    `streams`: streams, and further fields of those of the spec. `hub`: lines of fields of the hub, by object and field.
    `declared`: the fields of the hub that a team has declared; `objects` are all fields of the hub. `values`: the value
    maps, by object and field.
    """

    streams: Part | None = None
    hub: Part | None = None
    declared: Part | None = None
    values: Part | None = None
    objects: Objects = field(default_factory=dict)


def with_own(document: Document, own: Own) -> tuple[Document, tuple[Fault, ...]]:
    """The spec with what a connection adds, yet to be checked as a whole; and what cannot be added."""
    streams, faults = _with_streams(document, own.streams)
    parts: dict[Path, Part] = {}
    for part, name, told, line in _lines(own.hub):
        if not isinstance(streams.get(name), dict):
            faults.append(_fault(part, "SP204", f"{document.tree['name']} has no stream `{name}`"))
            continue
        given = own.objects[name][told]
        if as_line(line).get("type", given.type) != given.type:
            why = f"`{told}` is of type {given.type} in the hub: leave `type` out"
            faults.append(_fault(part, "SP205", why, "type"))
        streams[name] = _with_line(streams[name], told, line, given, own.objects[name])
        parts["streams", name, "fields", told] = part
    faults += [*_mistyped(document, streams, own, parts), *_wordless(document, streams, own.values)]
    places = {path: place for path, place in document.places.items() if path[:4] not in parts}
    if own.streams:
        parts["streams",] = own.streams
    tree = {**document.tree, "streams": streams}
    return replace(document, tree=tree, places=places, parts=parts), tuple(sorted(faults))


def _with_streams(document: Document, own: Part | None) -> tuple[dict[str, Any], list[Fault]]:
    """A stream of the spec can be given further fields only."""
    streams, faults = dict(document.tree["streams"]), list[Fault]()
    for name, line in own.value.items() if own else ():
        assert own is not None
        there = streams.get(name)
        if there is None:
            streams[name] = line
            continue
        keys = line if isinstance(line, dict) else {}
        for key in keys:
            if key != "fields":
                why = f"`{name}` is a stream of {document.tree['name']}: it can be given further `fields` only"
                faults.append(own.document.fault((*own.path, name, key), "SP207", why))
        fields = keys.get("fields") if isinstance(keys.get("fields"), dict) else {}
        for told in fields or {}:
            if told in (there.get("fields") or {}):
                why = f"`{name}` of {document.tree['name']} has a field `{told}` already"
                faults.append(own.document.fault((*own.path, name, "fields", told), "SP207", why))
        streams[name] = merge(there, {"fields": fields})
    return streams, faults


def _with_line(
    stream: Mapping[str, Any], name: str, line: Any, given: ObjectField, shared: Mapping[str, ObjectField]
) -> dict[str, Any]:
    """The stream with the line of a field of the hub.

    A field of the spec that the hub has not, and that is written to the same place, is read only then.
    """
    line = as_line(line)
    at, fields = _place(line), dict(_fields(stream))
    for other, there in fields.items():
        if other not in shared and line.get("dir") != "read" and _place(as_line(there)) == at:
            fields[other] = {k: v for k, v in as_line(there).items() if k not in _OF_WRITES} | {"dir": "read"}
    fields[name] = {"type": given.type, "title": given.title, **line}
    return {**stream, "fields": fields}


def _place(line: Mapping[str, Any]) -> Any:
    return line.get("to", line.get("at"))


def _lines(part: Part | None) -> Iterator[tuple[Part, str, str, Any]]:
    """Each entry of a map of objects and fields: its place, object, field, and what is said."""
    for name, fields in (part.value or {}).items() if part else ():
        assert part is not None
        for told, line in fields.items():
            yield Part(part.document, (*part.path, name, told)), name, told, line


def _mistyped(document: Document, streams: Mapping[str, Any], own: Own, lines: Mapping[Path, Part]) -> Iterator[Fault]:
    """Fields of the hub whose namesake in the spec is of another type."""
    for part, name, told, line in _lines(own.declared):
        there = as_line(_fields(streams.get(name)).get(told))
        if ("streams", name, "fields", told) not in lines and there.get("type", line["type"]) != line["type"]:
            why = f"the stream `{name}` of {document.tree['name']} has a field `{told}` of type {there['type']}"
            yield _fault(part, "SP205", f"{why}: take another name, or a line in the connection's `hub`", "type")


def _wordless(document: Document, streams: Mapping[str, Any], values: Part | None) -> Iterator[Fault]:
    """Value maps of fields that the stream has not."""
    for part, name, told, _ in _lines(values):
        if told not in _fields(streams.get(name)):
            yield _fault(part, "SP204", f"the stream `{name}` of {document.tree['name']} has no field `{told}`")


def _fault(part: Part, code: str, message: str, *key: str) -> Fault:
    return part.document.fault((*part.path, *key), code, message)


def _fields(stream: Any) -> Mapping[str, Any]:
    fields = stream.get("fields") if isinstance(stream, dict) else None
    return fields if isinstance(fields, dict) else {}
