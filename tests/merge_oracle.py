"""The decision record's table in plain Python, over one pair at a time; shares no code with the merge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from merge_engine import Pair


def plain(type_: str, value: Any) -> Any:
    """A value in the form in which values are compared; None where it is empty."""
    if type_ == "json":
        return None if value is None else json.loads(value)
    if type_ == "set":
        return sorted(set(value or [])) or None
    if type_ in ("email", "domain"):
        return (value or "").strip(" ").lower() or None
    return None if value == "" else value


def spelled(value: Any) -> Any:
    """A plain value as it stands in a text of a link."""
    return str(value) if isinstance(value, date | Decimal) else value


def read(type_: str, value: Any) -> Any:
    """The plain value that stands in a text of a link."""
    if value is None:
        return None
    as_type = {"timestamp": datetime.fromisoformat, "date": date.fromisoformat, "decimal": lambda v: Decimal(str(v))}
    return as_type.get(type_, lambda v: v)(value)


@dataclass
class Expected:
    """What is to become of a pair, in plain values."""

    hub: dict[str, Any]
    base: dict[str, Any]
    shown: dict[str, Any]
    sent: dict[str, Any] = field(default_factory=dict)
    conflicts: list[tuple[list[str], str | None]] = field(default_factory=list)
    changed: bool = False


def merged(
    pair: Pair, types: Mapping[str, str], groups: Sequence[Sequence[str]], policies: Mapping[str, tuple[str, str]]
) -> Expected:
    """The pair after its merge. `policies`: of each field, that for edits and that for first matches."""
    hub, remote, base, shown = (
        {name: plain(types[name], value) for name, value in (side or {}).items() if name in types}
        for side in (pair.hub, pair.remote, pair.base, pair.shown)
    )
    result = Expected(dict(hub), dict(base), {name: shown[name] for name in base})
    for group in groups:
        if set(group) & {*(pair.hub_pending or ()), *(pair.remote_pending or ())}:
            continue
        mine = {name for name in group if _edited(name, hub, remote, base, base)}
        theirs = {name for name in group if _edited(name, remote, hub, base, shown)}
        carried = [name for name in group if name in mine | theirs and hub[name] != remote[name]]
        winner = _winner(pair, group, mine, theirs, carried, base, policies)
        if mine and theirs and carried:
            result.conflicts.append((list(group), winner))
        if winner == "remote":
            for name in carried:
                result.hub[name] = remote[name]
                result.changed = True
        if winner == "hub":
            result.sent |= {name: hub[name] for name in carried}
        if winner == "remote" or not carried:
            result.base |= {name: result.hub[name] for name in group}
            result.shown |= {name: remote[name] for name in group}
    return result


def _edited(name: str, side: Any, other: Any, base: Any, was: Any) -> bool:
    if name in base:
        return bool(side[name] != was[name])
    return side[name] is not None and side[name] != other[name]


def _winner(
    pair: Pair, group: Sequence[str], mine: set[str], theirs: set[str], carried: list[str], base: Any, policies: Any
) -> str | None:
    if not carried:
        return None
    if not theirs:
        return "hub"
    if not mine:
        return "remote"
    first = any(name not in base for name in group)
    policy = policies[group[0]][1 if first else 0]
    if policy == "rank":
        return None if pair.outranks is None else "remote" if pair.outranks else "hub"
    if policy == "newest":
        if pair.hub_at is None or pair.remote_at is None or pair.hub_at == pair.remote_at:
            return None
        return "hub" if pair.hub_at > pair.remote_at else "remote"
    return None if policy == "hold" else policy
