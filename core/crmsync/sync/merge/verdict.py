"""What becomes of a group of fields, and of a pair of which a side is gone. SQL over threeway's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from crmsync.config import Policy
from crmsync.mapping import literal
from crmsync.sync.merge.model import Group, MergeField, Place


class Verdict(IntEnum):
    """What becomes of a group. Those from HUB on are conflicts."""

    WAITS = 0  # nothing moves
    SETTLED = 1  # nothing is to be carried: base and shown move to what the sides have
    WRITE = 2  # the hub's edit goes to the CRM
    TAKE = 3  # the CRM's edit goes to the hub; base and shown move
    HUB = 4  # both edited, the policy is for the hub: as WRITE
    KEEP = 5  # the same, but the CRM lets nothing of it be written: as SETTLED
    REMOTE = 6  # both edited, the policy is for the CRM: as TAKE
    HELD = 7  # both edited, and nobody decides: nothing moves


WRITES = (Verdict.WRITE, Verdict.HUB)
TAKES = (Verdict.TAKE, Verdict.REMOTE)
MOVES = (Verdict.SETTLED, Verdict.TAKE, Verdict.KEEP, Verdict.REMOTE)
CONFLICTS = (Verdict.HUB, Verdict.KEEP, Verdict.REMOTE, Verdict.HELD)


def verdict(group: Group, number: int, places: Sequence[Place], *, take: bool) -> str:
    """SQL: the Verdict on `group`, the one with this number, whose fields have `places`.

    Without `take`, what the hub would take waits. An amount is never written where it would count in another currency,
    nor what keeps flipping: that is held.
    """
    fresh, hub, remote, carried = (any_of(f"{flag}{p.number}" for p in places) for flag in ("f", "hx", "cx", "x"))
    writable = any_of(f"x{place.number}" for place in places if place.field.writable)
    waits = any_of(["hub_gone", "remote_gone", *(_waits(place.field) for place in places)])
    taken, remote_wins = (Verdict.TAKE, Verdict.REMOTE) if take else (Verdict.WAITS, Verdict.WAITS)
    stuck = _stuck(group, places, hub)
    hub_wins = f"CASE WHEN {stuck} THEN {Verdict.HELD:d} WHEN {writable} THEN {Verdict.HUB:d} ELSE {Verdict.KEEP:d} END"
    policies = (group.rule.first, group.rule.policy)
    first, later = (_decided(policy, number, hub_wins, f"{remote_wins:d}") for policy in policies)
    decided = later if first == later else f"CASE WHEN {fresh} THEN {first} ELSE {later} END"
    return (
        f"CASE WHEN {waits} THEN {Verdict.WAITS:d} WHEN NOT {carried} THEN {Verdict.SETTLED:d} "
        f"WHEN NOT {remote} AND {stuck} THEN {Verdict.HELD:d} "
        f"WHEN NOT {remote} THEN CASE WHEN {writable} THEN {Verdict.WRITE:d} ELSE {Verdict.SETTLED:d} END "
        f"WHEN NOT {hub} THEN {taken:d} ELSE {decided} END::UTINYINT"
    )


def flips(fields: Sequence[MergeField]) -> str:
    """SQL: whether one of the fields keeps flipping."""
    return f"coalesce(list_has_any(flipping, [{', '.join(literal(field.name) for field in fields)}]), false)"


def _stuck(group: Group, places: Sequence[Place], hub: str) -> str:
    """SQL: whether an edit of the hub must not be written, whoever wins."""
    if group.measured is None:
        return flips(group.fields)
    (unit,) = (place.number for place in places if place.field == group.measured[1])
    return any_of([flips(group.fields), f"{hub} AND h{unit} IS NOT NULL AND h{unit} IS DISTINCT FROM c{unit}"])


def ending(places: Sequence[Place]) -> str:
    """SQL: what follows where a side is gone, NULL where none is.

    Only what was once agreed on can have changed, and only what is known in the hub's terms. Where nothing was agreed
    on, it is a conflict, too: no record of a CRM is put away for a match that nobody has confirmed.
    """
    hub = any_of(f"hx{place.number} AND NOT f{place.number}" for place in places)
    remote = any_of(f"cx{place.number} AND NOT f{place.number} AND NOT {_waits(place.field)}" for place in places)
    never = " AND ".join(f"f{place.number}" for place in places)
    return f"""CASE WHEN hub_gone AND remote_gone THEN 'forget'
    WHEN hub_gone THEN CASE WHEN {remote} OR ({never}) THEN 'conflict' ELSE 'archive' END
    WHEN remote_gone THEN CASE WHEN {hub} THEN 'conflict' ELSE 'mark' END END"""


def among(verdicts: Iterable[Verdict]) -> str:
    """SQL: the list of them, for IN."""
    return f"({', '.join(f'{verdict:d}' for verdict in verdicts)})"


def any_of(conditions: Iterable[str]) -> str:
    """SQL: whether one of them holds."""
    listed = [condition for condition in conditions if condition != "false"]
    return f"({' OR '.join(listed)})" if listed else "false"


def _waits(field: MergeField) -> str:
    """SQL: whether the field is a reference without a counterpart."""
    return f"coalesce(list_contains(pending, {literal(field.name)}), false)" if field.type == "ref" else "false"


def _decided(policy: Policy, number: int, hub: str, remote: str) -> str:
    """SQL: the verdict where both sides edited the group with this number; `hub` and `remote`, where that one wins."""
    outranks, hub_at, held = f"outranks[{number + 1}]", f"hub_at[{number + 1}]", f"{Verdict.HELD:d}"
    match policy:
        case "hold":
            return held
        case "hub":
            return hub
        case "remote":
            return remote
        case "rank":
            return f"CASE WHEN {outranks} THEN {remote} WHEN NOT {outranks} THEN {hub} ELSE {held} END"
        case "newest":
            return f"CASE WHEN remote_at > {hub_at} THEN {remote} WHEN remote_at < {hub_at} THEN {hub} ELSE {held} END"
