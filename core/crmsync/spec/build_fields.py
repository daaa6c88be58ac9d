"""Lines of a checked document that say where a value stands and how it is read. Part of build.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmsync.spec import bind
from crmsync.spec.inherit import on
from crmsync.spec.model import ObjectField
from crmsync.spec.model_stream import Field, Record, Transform


def record_of(line: Mapping[str, Any], nulls: tuple[Any, ...]) -> Record:
    """Where a record's own facts stand."""
    line = {"id": "id", **on(line)}

    def meta(key: str, kind: str) -> Field | None:
        if key not in line:
            return None
        own = line[key] if isinstance(line[key], dict) else {"at": line[key]}
        return field_of(f"_{key}", {"as": kind, **own, "type": kind}, None, nulls)

    id_ = meta("id", "text")
    assert id_ is not None
    return Record(
        id=id_,
        updated_at=meta("updated_at", "timestamp"),
        created_at=meta("created_at", "timestamp"),
        archived=meta("archived", "boolean"),
        deleted=bind.plain(line.get("deleted")),
        merged=line.get("merged"),
        values=line.get("values", ""),
    )


def field_of(name: str, line: Any, canonical: ObjectField | None, nulls: tuple[Any, ...]) -> Field | None:
    """One field line as a Field, or None where its place is an option that is not set."""
    line = on(line) if isinstance(line, dict) else {"at": line}
    if any(bind.names(line.get("at", line.get("link")))):
        return None
    type_ = line.get("type") or (canonical.type if canonical else "text")
    at, how, direction = texts(line.get("at")), transform(line.get("as", type_)), line.get("dir", "both")
    return Field(
        name=name,
        type=type_,
        at=at,
        transform=how,
        nulls=(*nulls, *line.get("nulls", ())),
        on_bad=line.get("on_bad", "hold"),
        default=line.get("default"),
        optional=line.get("optional", False),
        prefer=bind.plain(line.get("prefer")),
        within=line.get("within"),
        title=line.get("title") or (canonical.title if canonical else ""),
        dir=direction,
        to=None if direction == "read" or how.kind == "case" or "link" in line else _written(line, at),
        put=line.get("put"),
        sets=bind.plain(line.get("sets", {})),
        required=line.get("required", False),
        stand_in=line.get("stand_in"),
    )


def _written(line: Mapping[str, Any], at: tuple[str, ...]) -> str | None:
    return bind.plain(line["to"]) if "to" in line else at[0] if at else None


def transform(line: Any) -> Transform:
    """`email` or `{list: stage, take: status}` as a Transform; several keys become a map argument."""
    return Transform(line) if isinstance(line, str) else _transform(bind.plain(line))


def _transform(line: Mapping[str, Any]) -> Transform:
    if "case" in line:
        other = line["else"]
        return Transform("case", {**line, "else": _transform(other) if isinstance(other, dict) else other})
    kind = next(key for key in line if key != "take")
    return Transform(kind, line[kind] if len(line) == 1 else dict(line))


def texts(value: Any) -> tuple[str, ...]:
    """One text or several, as texts of their own."""
    if value is None:
        return ()
    return tuple(bind.plain(bind.as_text(v)) for v in (value if isinstance(value, list) else [value]))
