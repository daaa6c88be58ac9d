"""What crmsync.yaml says of the hub, as it holds for one connection. Part of config.py.

Of two words, that about a field counts before a general one; of two alike, the connection's before that at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from crmsync.settings import FILE, Settings
from crmsync.settings_hub import FirstPolicy, Policy, hub_objects, said_of
from crmsync.spec.model import BONDS, Objects
from crmsync.spec.own import Own
from crmsync.spec.yaml import Document, Part

Words = Mapping[str, str]  # the hub's word -> the CRM's


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gives way where both sides changed a field (`policy`), or differ on their first match (`first`)."""

    policy: Policy = "hold"
    first: FirstPolicy = "hold"


def _canonical() -> Objects:
    return hub_objects({})


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds between the hub and one connection.

    `objects` are the fields of the hub. `rules` and `words` (the value maps) are by object and field; a field without a
    rule is held. `rank` are connections, and `crm` for an edit in the hub itself; the first one wins.
    """

    objects: Objects = field(default_factory=_canonical)
    rules: Mapping[str, Mapping[str, Rule]] = field(default_factory=dict)
    rank: tuple[str, ...] = ()
    words: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)


def terms_of(settings: Settings, line: Mapping[str, Any]) -> Terms:
    """The terms of the connection whose line in crmsync.yaml is `line`."""
    objects, own = hub_objects(settings.hub), line.get("merge") or {}
    rules = {name: {n: _rule(n, name, own, settings.merge) for n in fields} for name, fields in objects.items()}
    return Terms(objects, rules, tuple(settings.merge.get("rank") or ()), line.get("values") or {})


def own_of(settings: Settings, name: str, line: Mapping[str, Any]) -> Own | None:
    """What the connection `name` adds to the spec of its connector; None where that is nothing."""
    document = settings.document or Document(FILE, {"hub": settings.hub, "connections": settings.connections}, {})

    def part(*path: str) -> Part:
        return Part(document, path)

    own = Own(
        streams=part("connections", name, "streams") if line.get("streams") else None,
        hub=part("connections", name, "hub") if line.get("hub") else None,
        declared=part("hub") if settings.hub else None,
        values=part("connections", name, "values") if line.get("values") else None,
        objects=hub_objects(settings.hub) if settings.hub or line.get("hub") else {},
    )
    return own if own != Own() else None


def _rule(name: str, object_: str, own: Mapping[str, Any], general: Mapping[str, Any]) -> Rule:
    bond = next((bond for bond in BONDS if name in bond), (name,))
    lines = [((merge.get("fields") or {}).get(object_) or {}).get(n) for merge in (own, general) for n in bond]

    def said(key: str) -> str:
        told = [*(said_of(line, key) for line in lines), own.get(key), general.get(key)]
        return next((word for word in told if word is not None), "hold")

    return Rule(cast(Policy, said("policy")), cast(FirstPolicy, said("first")))
