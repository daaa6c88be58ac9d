"""Which record is associated with which, seen from both ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from crmsync_hubspot.simulator.made_up import MadeUp

Types = frozenset[int]
Key = tuple[str, int, str]  # kind, id, kind at the other end


class LinkType(NamedTuple):
    """A type of link from one kind to another, and its way back."""

    source: str
    target: str
    id: int
    back: int
    label: str | None = None  # "Primary" is one per record, and implies the plain type


_ONE_WAY = (
    LinkType("contacts", "companies", 1, 2, "Primary"),
    LinkType("contacts", "companies", 279, 280),
    LinkType("deals", "contacts", 3, 4),
    LinkType("deals", "companies", 5, 6, "Primary"),
    LinkType("deals", "companies", 341, 342),
    LinkType("companies", "companies", 13, 14, "Child Company"),
    LinkType("contacts", "tickets", 15, 16),
    LinkType("companies", "tickets", 25, 26, "Primary"),
    LinkType("companies", "tickets", 340, 339),
    LinkType("deals", "tickets", 27, 28),
)
_SAME_KIND = (
    LinkType("contacts", "contacts", 449, 449),
    LinkType("companies", "companies", 450, 450),
    LinkType("deals", "deals", 451, 451),
)
LINK_TYPES = (
    *_ONE_WAY,
    *(LinkType(t.target, t.source, t.back, t.id, "Parent Company" if t.id == 13 else t.label) for t in _ONE_WAY),
    *_SAME_KIND,
)
ONE_PRIMARY = {1, 5, 26}  # from the side that may have one only


def types_between(source: str, target: str) -> list[LinkType]:
    return [entry for entry in LINK_TYPES if (entry.source, entry.target) == (source, target)]


def plain_type(source: str, target: str) -> LinkType | None:
    """The type that a default association gets."""
    return next((entry for entry in types_between(source, target) if entry.label is None), None)


class Links:
    """All links: made-up ones are computed, others are kept by both ends. A dead record's links are not shown."""

    def __init__(self, made_up: MadeUp, alive: Callable[[str, int], bool]) -> None:
        self._made_up = made_up
        self._alive = alive
        self._kept: dict[Key, dict[int, Types]] = {}

    def of(self, kind: str, record_id: int, target: str) -> dict[int, Types]:
        """Ids at the other end, rising, with the types of the link."""
        found = self._all(kind, record_id, target)
        return {other: found[other] for other in sorted(found) if self._alive(target, other)}

    def primary(self, kind: str, record_id: int, target: str) -> int | None:
        """The one record that is marked as primary."""
        return next((other for other, types in self.of(kind, record_id, target).items() if types & ONE_PRIMARY), None)

    def add(self, kind: str, record_id: int, target: str, other: int, type_ids: Iterable[int]) -> None:
        """Link two records; a primary link replaces the former one. Safe to repeat."""
        for entry in types_between(kind, target):
            if entry.id in type_ids:
                self._add(entry, record_id, other)

    def add_beside(self, kind: str, record_id: int, target: str, other: int, type_ids: Types) -> None:
        """Link two records, but leave a primary one as it is."""
        taken = self.primary(kind, record_id, target) is not None
        self.add(kind, record_id, target, other, type_ids - ONE_PRIMARY if taken else type_ids)

    def remove(self, kind: str, record_id: int, target: str, other: int, type_ids: Iterable[int] | None = None) -> None:
        """Take some types of a link away, or all of it."""
        for entry in types_between(kind, target):
            if type_ids is None or entry.id in type_ids:
                self._drop(kind, record_id, target, other, entry.id)
                self._drop(target, other, kind, record_id, entry.back)

    def _add(self, entry: LinkType, record_id: int, other: int) -> None:
        source, target = entry.source, entry.target
        plain = plain_type(source, target)
        for single, end, far, kind, far_kind in (
            (entry.id, record_id, other, source, target),
            (entry.back, other, record_id, target, source),
        ):
            if single in ONE_PRIMARY and (former := self.primary(kind, end, far_kind)) not in (None, far):
                assert former is not None
                self.remove(kind, end, far_kind, former, [single])
        extra = [] if plain is None or entry.label != "Primary" else [(plain.id, plain.back)]
        for there, back in [(entry.id, entry.back), *extra]:
            self._keep(source, record_id, target, other, there)
            self._keep(target, other, source, record_id, back)

    def _keep(self, kind: str, record_id: int, target: str, other: int, type_id: int) -> None:
        mine = self._own(kind, record_id, target)
        mine[other] = mine.get(other, frozenset()) | {type_id}

    def _drop(self, kind: str, record_id: int, target: str, other: int, type_id: int) -> None:
        mine = self._own(kind, record_id, target)
        left = mine.get(other, frozenset()) - {type_id}
        mine.pop(other, None)
        if left:
            mine[other] = left

    def _own(self, kind: str, record_id: int, target: str) -> dict[int, Types]:
        key = (kind, record_id, target)
        if key not in self._kept:
            self._kept[key] = self._made(kind, record_id, target)
        return self._kept[key]

    def _all(self, kind: str, record_id: int, target: str) -> dict[int, Types]:
        kept = self._kept.get((kind, record_id, target))
        return self._made(kind, record_id, target) if kept is None else kept

    def _made(self, kind: str, record_id: int, target: str) -> dict[int, Types]:
        """The links that a fresh portal has."""
        made, bases = self._made_up, {base.kind.plural: base for base in self._made_up.baselines}
        index = bases[kind].index_of(record_id) if kind in bases else None
        rules: dict[tuple[str, str], tuple[Callable[[int], list[int]], set[int]]] = {
            ("contacts", "companies"): (lambda i: _one(made.company_of_contact(i)), {1, 279}),
            ("companies", "contacts"): (made.contacts_of_company, {2, 280}),
            ("deals", "companies"): (lambda i: _one(made.company_of_deal(i)), {5, 341}),
            ("companies", "deals"): (made.deals_of_company, {6, 342}),
            ("deals", "contacts"): (lambda i: _one(made.contact_of_deal(i)), {3}),
            ("contacts", "deals"): (made.deals_of_contact, {4}),
        }
        if index is None or (kind, target) not in rules:
            return {}
        others, types = rules[kind, target]
        return {bases[target].id_of(other): frozenset(types) for other in others(index)}


def _one(index: int | None) -> list[int]:
    return [] if index is None else [index]
