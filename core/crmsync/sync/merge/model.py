"""What a merge is told, as frozen values: the fields of a stream, what belongs together, and who gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar, get_args

from crmsync.errors import ConfigError

Policy: TypeAlias = Literal["hold", "hub", "remote", "rank", "newest"]
FirstPolicy: TypeAlias = Literal["hold", "hub", "remote", "rank"]

_Said = TypeVar("_Said")

# What is wrong in halves: an amount in another currency, a stage of another pipeline.
_BONDS = (("amount", "currency"), ("pipeline", "stage", "status"))


@dataclass(frozen=True, slots=True)
class MergeField:
    """A column that the hub and one connection share.

    `policy` decides where both sides changed it, `first` where they differ and never agreed: no time can decide that,
    since neither value is an edit. None: nothing is said of it. `writable`: the CRM lets it be written; where not, a
    value of the hub's own stands until the CRM's changes.
    """

    name: str
    type: str  # one of spec.model_stream.TYPES
    policy: Policy | None = None
    first: FirstPolicy | None = None
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are merged as one value."""

    fields: tuple[MergeField, ...]
    policy: Policy = "hold"
    first: FirstPolicy = "hold"


@dataclass(frozen=True, slots=True)
class Place:
    """A field with its number among all fields and that of its group, by which the statement's columns are named."""

    field: MergeField
    number: int
    group: int


def places(groups: Sequence[Group]) -> tuple[Place, ...]:
    """All fields of `groups` in their order, numbered."""
    each = [(field, number) for number, group in enumerate(groups) for field in group.fields]
    return tuple(Place(field, number, group) for number, (field, group) in enumerate(each))


def groups(fields: Sequence[MergeField]) -> tuple[Group, ...]:
    """`fields` as groups, in the order of their first fields; most are alone in theirs.

    Raises ConfigError where fields of one group are given different policies, or a first match is left to `newest`.
    """
    bonds = {name: bond for bond in _BONDS for name in bond}
    together: dict[tuple[str, ...], list[MergeField]] = {}
    for field in fields:
        together.setdefault(bonds.get(field.name, (field.name,)), []).append(field)
    return tuple(_group(tuple(members)) for members in together.values())


def _group(members: tuple[MergeField, ...]) -> Group:
    names = [field.name for field in members]
    policy: Policy = _agreed("policy", names, [field.policy for field in members]) or "hold"
    first: FirstPolicy = _agreed("policy of first matches", names, [field.first for field in members]) or "hold"
    if first not in get_args(FirstPolicy):
        raise ConfigError(
            f"{', '.join(names)}: first matches cannot be left to {first}, since no value of theirs is an edit.",
            hint=f"Use one of {', '.join(get_args(FirstPolicy))}.",
        )
    return Group(members, policy, first)


def _agreed(what: str, names: Sequence[str], said: Sequence[_Said | None]) -> _Said | None:
    """What those that say something all say."""
    different = {policy for policy in said if policy is not None}
    if len(different) > 1:
        raise ConfigError(
            f"{', '.join(names)} are merged as one value, but have more than one {what}.",
            hint="Give all of them the same, or name it for one of them only.",
        )
    return different.pop() if different else None
