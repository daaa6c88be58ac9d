"""What a merge is told, as frozen values: the fields of a stream, what belongs together, and who gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crmsync.config import Rule
from crmsync.quote import literal
from crmsync.spec.model import BONDS, UNITS


@dataclass(frozen=True, slots=True)
class MergeField:
    """A column that the hub and one connection share.

    `rule` says who gives way; it is the same for fields that are merged as one value. `writable`: the CRM lets it be
    written; where not, a value of the hub's own stands until the CRM's changes. `words`: the hub's and the CRM's.
    `fixed`: what all records have that say nothing else, where that is known.
    """

    name: str
    type: str  # one of spec.model_stream.TYPES
    rule: Rule = field(default_factory=Rule)
    writable: bool = True
    words: tuple[tuple[str, str], ...] = ()
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are merged as one value."""

    fields: tuple[MergeField, ...]
    rule: Rule

    @property
    def measured(self) -> tuple[MergeField, MergeField] | None:
        """A value that can be written and its unit, where the CRM has a unit of its own, which nobody can write."""
        by_name = {each.name: each for each in self.fields}
        pairs = ((by_name.get(value), by_name.get(unit)) for value, unit in UNITS.items())
        return next(((v, u) for v, u in pairs if v and u and v.writable and not u.writable), None)

    def left_out(self, text: str) -> str:
        """SQL: whether a create, of the JSON `text`, leaves the value out: who knows if the CRM counts in its unit."""
        if self.measured is None:
            return "false"
        value, unit = (f"{text}->>{literal(each.name)}" for each in self.measured)
        known = self.measured[1].fixed
        return f"{value} IS NOT NULL AND {unit} {f'<> {literal(known)}' if known else 'IS NOT NULL'}"

    @property
    def ranked(self) -> bool:
        """Whether it matters who stands above whom."""
        return "rank" in (self.rule.policy, self.rule.first)

    @property
    def dated(self) -> bool:
        """Whether it matters when the hub was edited."""
        return self.rule.policy == "newest"


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
    """`fields` as groups, in the order of their first fields; most are alone in theirs."""
    bonds = {name: bond for bond in BONDS for name in bond}
    together: dict[tuple[str, ...], list[MergeField]] = {}
    for each in fields:
        together.setdefault(bonds.get(each.name, (each.name,)), []).append(each)
    return tuple(Group(tuple(members), members[0].rule) for members in together.values())
