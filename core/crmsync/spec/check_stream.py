"""Meaning of one stream: its record, its ways to read, its deletions. Part of check.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmsync.spec import bind
from crmsync.spec.check_fields import TEXTS, as_line, converted, field_findings, linked
from crmsync.spec.check_inverse import inverse_findings
from crmsync.spec.check_request import ids_findings, request_findings
from crmsync.spec.check_write import write_findings
from crmsync.spec.schema_faults import Finding
from crmsync.spec.scope import BY_ID, IDS, LINK, PAGE, SINCE, WALK, WINDOW, Scope
from crmsync.spec.sheet import Parts, Sheet
from crmsync.spec.yaml import Path

_META = {"id": "text", "updated_at": "timestamp", "created_at": "timestamp", "archived": "boolean"}


def stream_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of one stream."""
    for name, value in stream.part("vars").items():
        yield from scope.giving("`vars`", ()).findings(value, stream.at("vars", name))
    yield from field_findings(stream, parts, scope)
    yield from _record(stream, parts, scope)
    yield from _read(stream, parts, scope)
    yield from _links(stream, parts, scope)
    yield from _deletes(stream, parts, scope)
    yield from inverse_findings(stream, parts, scope)
    yield from write_findings(stream, parts, scope)


def _record(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    for key, line in stream.part("record").items():
        if key in _META:
            own = {"at": key} | as_line(line) if key == "id" else as_line(line)
            kinds = TEXTS | {"integer"} if key == "id" else None
            how = own.get("as")
            if not (kinds and isinstance(how, str) and how in kinds):  # ids may go out as numbers
                yield from converted(stream, ("record", key), own, _META[key], parts)
        yield from scope.giving("`record`", ()).findings(line, stream.at("record", key))


def _read(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    yield from stream.lacks(("read", "full"), "there is no `read.full`")
    changes = stream.part("read", "changes")
    listed = SINCE | {"token"} if "token" in changes else SINCE
    given_changes = listed if changes.get("by") == "list" else WINDOW
    for role, given in (("full", PAGE), ("changes", given_changes), ("by_id", BY_ID)):
        yield from _request(stream, ("read", role), parts, scope.giving(f"`{role}`", given))
    if changes:
        yield from _listed(stream, changes, parts) if changes.get("by") == "list" else _window(stream, changes)
    if by_id := stream.part("read", "by_id"):
        yield from ids_findings(by_id, lambda *rest: stream.at("read", "by_id", *rest), one=True)


def _links(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """The request for links, with what this stream gives it."""

    def at(*rest: str | int) -> Path:
        return ("link", "read", *rest)

    if parts.link and linked(stream):
        scope = scope.giving("`link.read`", LINK)
        yield from request_findings(parts.link, at, scope, parts.pools, parts.options, carries=parts.carries)
        yield from ids_findings(parts.link, at, one=False)


def _request(stream: Sheet, path: tuple[str, ...], parts: Parts, scope: Scope) -> Iterator[Finding]:
    if isinstance(stream.value(*path), dict) and not stream.wrote(*path, "call"):
        yield from stream.lacks((*path, "do"), f"`{path[-1]}` has no `do`")
    line = stream.part(*path)
    yield from request_findings(
        line, lambda *rest: stream.at(*path, *rest), scope, parts.pools, parts.options, carries=parts.carries
    )


def _listed(stream: Sheet, line: Mapping[str, Any], parts: Parts) -> Iterator[Finding]:
    path = ("read", "changes")
    if "token" in _names(line) and "token" in parts.options:
        yield Finding(stream.at(*path), "SP207", "`$token` would be the option: rename the option `token`")
    if "token" not in line and "since" not in _names(line):
        yield Finding(stream.at(*path), "SP208", "a list of changes must ask for `$since`, or have `token`")
    yield from _since(stream, path, line)


def _since(stream: Sheet, path: tuple[str, ...], line: Mapping[str, Any]) -> Iterator[Finding]:
    if "since" in _names(line):
        for key in ("bounds", "overlap"):
            yield from stream.lacks((*path, key), f"`$since` needs `{key}`")


def _window(stream: Sheet, line: Mapping[str, Any]) -> Iterator[Finding]:
    path = ("read", "changes")
    if "token" in line:
        yield Finding(stream.at(*path, "token"), "SP208", "`token` is for a list, not for a window")
    for key in ("bounds", "overlap"):
        yield from stream.lacks((*path, key), f"a window needs `{key}`")
    yield from stream.lacks(("record", "updated_at"), "a window needs `record.updated_at`")
    used = _names(line)
    for name in ("lower", "upper"):
        if name not in used:
            yield Finding(stream.at(*path), "SP208", f"a window must ask for `${name}`")
    if "after_id" not in used:
        yield Finding(stream.at(*path), "SP208", "a window must go on by `$after_id`")
    for key, other in (("total", "cap"), ("cap", "total")):
        if key in line:
            yield from stream.lacks((*path, other), f"`{key}` needs `{other}`")
    if "cap" in line and "offset" not in used:
        yield Finding(stream.at(*path, "cap"), "SP208", "with `cap`, the parts of a window are read by `$offset`")


def _names(template: Any) -> frozenset[str]:
    return frozenset(bind.names(template))


def _deletes(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    yield from _request(stream, ("deletes", "tombstones"), parts, scope.giving("`tombstones`", SINCE))
    if stones := stream.part("deletes", "tombstones"):
        yield from _since(stream, ("deletes", "tombstones"), stones)
        yield from stream.lacks(("deletes", "tombstones", "id"), "`tombstones` need `id`")
    if census := stream.part("deletes", "census"):
        why = "`census` needs `read.by_id`, which confirms what is missing,"
        yield from stream.lacks(("read", "by_id"), why)
        if census.keys() - {"every", "brake"}:
            yield from _request(stream, ("deletes", "census"), parts, scope.giving("`census`", WALK))
    yield from _request(stream, ("deletes", "confirm"), parts, scope.giving("`confirm`", IDS))
    if confirm := stream.part("deletes", "confirm"):
        yield from stream.lacks(("read", "by_id"), "`confirm` needs `read.by_id`, which is asked first,")
        yield from ids_findings(confirm, lambda *rest: stream.at("deletes", "confirm", *rest), one=True)
