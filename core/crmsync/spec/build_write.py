"""How a stream of a checked document is written. Part of build.py.

A stream's `line` is the one with all that is known put in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crmsync.spec import bind
from crmsync.spec.build_requests import Requests
from crmsync.spec.inherit import merge, on
from crmsync.spec.model_stream import Field, Request
from crmsync.spec.model_write import LinkWrite, Operation, Outcome, Write
from crmsync.spec.values import Values

OPERATIONS = ("create", "update", "upsert", "archive")
_OF_ANSWER = ("results", "errors", "ids")  # paths of the whole answer; the others are of one entry


def write_of(line: Mapping[str, Any], requests: Requests) -> Write | None:
    """How the stream is written, links aside; None where it is read only. An upsert needs what `$unique` stands for."""
    if line.get("write") is None:
        return None
    written, unique = on(line["write"]), unique_of(line)
    made = {
        name: _operation(merge(written.get("common") or {}, written[name]), requests)
        for name in OPERATIONS
        if name in written and not (name == "upsert" and unique is None)
    }
    new, identify = written.get("new", "upsert"), on(line.get("identify") or {})
    return Write(
        create=made.get("create"),
        update=made.get("update"),
        upsert=made.get("upsert"),
        archive=made.get("archive"),
        new=new if new in made else "create",
        by=identify.get("by"),
        unique=unique,
        lacks=next(bind.names(identify.get("at")), None),
        refuses=bool(identify.get("unique")),
    )


def find_of(line: Mapping[str, Any], requests: Requests) -> Request | None:
    """How records are found again; None where nothing finds them."""
    find = line["read"].get("find")
    return None if find is None or unique_of(line) is None else requests.request(find)


def unique_of(line: Mapping[str, Any]) -> str | None:
    """What `$unique` stands for; None where it is an option that is not set."""
    at = (line.get("identify") or {}).get("at")
    return None if at is None or any(bind.names(at)) else str(bind.plain(at))


def link_writes_of(
    fields: Sequence[Field], lines: Mapping[str, Any], link: Mapping[str, Any], values: Values, requests: Requests
) -> list[LinkWrite]:
    """How the links of `fields` are written, of their `lines` and the spec's `link`."""
    found = []
    for field in fields:
        line = lines[field.name]
        if field.dir == "read" or not isinstance(line, dict) or line.get("link") is None:
            continue
        of = {"primary": None, **bind.plain(line["link"])}
        put_in = replace(values, known={**values.known, **of}).put_in
        write, clear = (_operation(put_in(link[key]), requests) for key in ("write", "clear"))
        found.append(LinkWrite(field.name, write, clear))
    return found


def _operation(line: Mapping[str, Any], requests: Requests) -> Operation:
    line = on(line)
    return Operation(
        request=requests.request(line),
        outcome=_outcome(on(line["outcome"]), requests, called="call" in line),
        layout=line.get("layout", "object"),
        keys=line.get("keys", {}),
        constants=bind.plain(on(line.get("set", {}))),
        idempotent=line.get("idempotent", False),
    )


def _outcome(line: Mapping[str, Any], requests: Requests, *, called: bool) -> Outcome:
    said = bind.plain({"results": "$", **line})
    inside = {key: requests.transport.inside(said[key]) for key in _OF_ANSWER if key in said} if called else {}
    return Outcome(**{**said, **inside})
