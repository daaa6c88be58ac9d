"""Meaning of one stream: its record, its ways to read, its deletions. Part of check.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmsync.spec import bind
from crmsync.spec.check_fields import TEXTS, as_line, converted, field_findings
from crmsync.spec.check_request import request_findings
from crmsync.spec.schema_faults import Finding, near
from crmsync.spec.scope import BY_ID, PAGE, WINDOW, Scope
from crmsync.spec.sheet import Parts, Sheet

_META = {"id": "text", "updated_at": "timestamp", "created_at": "timestamp", "archived": "boolean"}


def stream_findings(stream: Sheet, parts: Parts, scope: Scope) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of one stream."""
    for name, value in stream.part("vars").items():
        yield from scope.giving("`vars`", ()).findings(value, stream.at("vars", name))
    yield from field_findings(stream, parts, scope)
    yield from _record(stream, parts, scope)
    yield from _read(stream, parts, scope)
    yield from _deletes(stream, parts, scope)
    yield from _identify(stream, parts)


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
    for role, given in (("full", PAGE), ("changes", WINDOW), ("by_id", BY_ID)):
        yield from _request(stream, ("read", role), parts, scope.giving(f"`{role}`", given))
    if changes := stream.part("read", "changes"):
        yield from _window(stream, changes)
    if by_id := stream.part("read", "by_id"):
        yield from _by_id(stream, by_id)


def _request(stream: Sheet, path: tuple[str, ...], parts: Parts, scope: Scope) -> Iterator[Finding]:
    if isinstance(stream.value(*path), dict):
        yield from stream.lacks((*path, "do"), f"`{path[-1]}` has no `do`")
    yield from request_findings(
        stream.part(*path), lambda *rest: stream.at(*path, *rest), scope, parts.pools, parts.options
    )


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
    yield from _request(stream, ("deletes", "tombstones"), parts, scope.giving("`tombstones`", PAGE))
    if stream.part("deletes", "tombstones"):
        yield from stream.lacks(("deletes", "tombstones", "id"), "`tombstones` need `id`")
    if isinstance(stream.value("deletes", "census"), dict):
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
