"""What must have become of people's edits in a ring, in plain Python: it shares no code with crmsync.

It is told what people did on each side, and saw there right before. From that it judges how all sides end:
- Each person is on every side exactly once. Who was deleted in the hub is nowhere, but where an edit that the hub did
  not show then is a conflict; who was deleted in a CRM is nowhere but there.
- Each edit is alive on all sides, or somebody saw it and wrote something else, or it stands in crmsync.conflicts.
- Nothing is in conflict that was not edited differently on two sides, and nothing has a value that nobody gave it.

It leaves open what becomes of somebody who was deleted while a side did not know them yet (their records were not
linked), or who was deleted in the hub and became another record by a merge: then order decides whether they come back.
What was emptied may be filled by a side that did not know the person yet, as on a first match what is empty is filled.
And a CRM that refuses a value may lack what the row has besides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ring import CRMS, FIELDS, HUB, SIDES, Values, address

NAMED = ("zoho", "odoo")  # a new record without a name is called by its address; no other loses its name
PHONE_MAX = {"zoho": 30}  # longer ones are refused, and the row with them


@dataclass(frozen=True)
class Edit:
    number: int
    side: str
    field: str
    value: Any
    before: Any
    known: frozenset[str]  # the CRMs whose records were linked to the hub's row then


@dataclass(frozen=True)
class Deletion:
    side: str
    seen: Values  # what stood there
    known: frozenset[str]  # the CRMs whose records were linked to the hub's row


@dataclass
class Person:
    email: str
    start: Values = field(default_factory=lambda: dict.fromkeys(FIELDS))
    edits: list[Edit] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    anew: set[str] = field(default_factory=set)  # CRMs in which they became another record

    def where_deleted(self) -> set[str]:
        return {deletion.side for deletion in self.deletions}

    def is_open(self) -> bool:
        """Whether it is left open what becomes of them."""
        crms = {d.side for d in self.deletions if d.side != HUB}
        return any(
            d.known | crms != set(CRMS) or self.anew if d.side == HUB else d.side not in d.known for d in self.deletions
        )


@dataclass(frozen=True)
class Conflict:
    """A row of crmsync.conflicts; `values` are those of both sides, by field."""

    email: str
    crm: str
    fields: Sequence[str]
    values: Sequence[Values]
    gone: bool
    is_open: bool


class Oracle:
    """`happened` and `judge` are all of it."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self._number = 0

    def begin(self, rows: Sequence[Values]) -> None:
        """All sides have these people, and agree on them."""
        for row in rows:
            email = address(row["email"])
            self.people[email] = Person(email, {name: row[name] for name in FIELDS})

    def happened(
        self, side: str, before: Sequence[Values], after: Sequence[Values], links: Mapping[str, frozenset[str]]
    ) -> None:
        """Somebody did something on a side; `links` are the CRMs that a person's row of the hub was linked to then."""
        was, now = _by_address(before), _by_address(after)
        for email in was.keys() | now.keys():
            person = self.people.setdefault(email, Person(email))
            old, new, known = was.get(email), now.get(email), links.get(email, frozenset())
            if new is None:
                assert old is not None
                person.deletions.append(Deletion(side, old, known))
                continue
            if old is not None and old["_id"] != new["_id"]:
                person.anew.add(side)
            for name in FIELDS:
                stood = old and old[name]
                if normal(name, stood) != normal(name, new[name]):
                    self._number += 1
                    person.edits.append(Edit(self._number, side, name, new[name], stood, known))

    def judge(self, sides: Mapping[str, Sequence[Values]], conflicts: Sequence[Conflict]) -> list[str]:
        """What is wrong with how everything ended."""
        rows = {side: defaultdict(list) for side in SIDES}
        for side in SIDES:
            for row in sides[side]:
                rows[side][address(row["email"])].append(row)
        strangers = {email for side in SIDES for email in rows[side]} - self.people.keys()
        wrong = [f"{email}: nobody made them" for email in strangers]
        told = defaultdict(list)
        for conflict in conflicts:
            told[conflict.email].append(conflict)
        for email, person in self.people.items():
            found = {side: rows[side].get(email, []) for side in SIDES}
            wrong += [f"{email}: {complaint}" for complaint in _of_person(person, found, told[email])]
        return wrong


def _of_person(person: Person, found: Mapping[str, Sequence[Values]], told: Sequence[Conflict]) -> Iterator[str]:
    for side, rows in found.items():
        if len(rows) > 1:
            yield f"{len(rows)} times in {side}"
            return
    if person.is_open():
        return
    if HUB in person.where_deleted():
        yield from _of_deleted(person, found, told)
        return
    if not found[HUB]:
        yield "not in the hub, and nobody deleted them there"
        return
    refused = [crm for crm, most in PHONE_MAX.items() if len(found[HUB][0]["phone"] or "") > most]
    for crm in CRMS:
        if crm in person.where_deleted():
            if found[crm]:
                yield f"deleted in {crm}, and there again"
        elif not found[crm] and crm not in refused:
            yield f"not in {crm}, and nobody deleted them"
    there = {side: rows[0] for side, rows in found.items() if rows and side not in refused}
    for name in FIELDS:
        yield from _of_field(person, name, there, told)


def _of_deleted(person: Person, found: Mapping[str, Sequence[Values]], told: Sequence[Conflict]) -> Iterator[str]:
    """Somebody who was deleted in the hub."""
    if found[HUB]:
        yield "deleted in the hub, and there again"
    seen = next(deletion.seen for deletion in person.deletions if deletion.side == HUB)
    for crm in CRMS:
        edits = [e for e in person.edits if e.side == crm and not _seen(person, e)]
        unseen = [e for e in edits if not _same(person, crm, e, seen[e.field])]
        conflict = any(c.crm == crm and c.gone and c.is_open for c in told)
        if found[crm] and not conflict:
            yield f"deleted in the hub, still in {crm}, and in no conflict"
        if unseen and not found[crm] and crm not in person.where_deleted():
            yield f"archived in {crm}, where somebody had just made {unseen[0].field} {unseen[0].value!r}"


def _of_field(person: Person, name: str, there: Mapping[str, Values], told: Sequence[Conflict]) -> Iterator[str]:
    values, edits = {side: row[name] for side, row in there.items()}, [e for e in person.edits if e.field == name]
    ours = [c for c in told if name in c.fields and not c.gone]
    disputed = {c.crm for c in ours if c.is_open}
    given = [person.start[name], *(e.value for e in edits)]

    def has(side: str, value: Any) -> bool:
        keeps = name == "name" and side in NAMED and not normal(name, value) and values[side] in given
        return keeps or shows(person.email, side, name, value, values[side])

    for crm in CRMS:
        if crm in values and crm not in disputed and not has(crm, values[HUB]):
            yield f"{name} is {values[HUB]!r} in the hub and {values[crm]!r} in {crm}"
    if disputed - person.anew and len({normal(name, e.value) for e in edits}) < 2 and len({e.side for e in edits}) < 2:
        yield f"{name} is in conflict, and was edited on one side only"
    if not any(shows(person.email, e_side, name, value, values[HUB]) for value in given for e_side in SIDES):
        yield f"{name} is {values[HUB]!r}, which nobody wrote"
    for edit in edits:
        alive = all(has(side, edit.value) for side in values if side not in disputed)
        kept = any(_same(person, edit.side, edit, side.get(name)) for c in ours for side in c.values)
        filled = not normal(name, edit.value) and (edit.known != set(CRMS) or person.anew)
        if not (alive or kept or filled or _seen(person, edit) or edit.side in person.where_deleted()):
            yield f"{name} {edit.value!r} of {edit.side} is lost; all have {values[HUB]!r}"


def _seen(person: Person, edit: Edit) -> bool:
    """Whether somebody had the edit before their eyes when they wrote something else."""
    later = (e for e in person.edits if e.number > edit.number and e.field == edit.field)
    return any(_same(person, e.side, edit, e.before) for e in later)


def _same(person: Person, side: str, edit: Edit, value: Any) -> bool:
    return shows(person.email, side, edit.field, edit.value, value)


def shows(email: str, side: str, name: str, value: Any, shown: Any) -> bool:
    """Whether a side that was given `value` may show `shown`."""
    if normal(name, value) == normal(name, shown):
        return True
    stands_in = name == "name" and side in NAMED and normal(name, value) is None
    return stands_in and shown in (email, email.partition("@")[0])


def normal(name: str, value: Any) -> Any:
    """A value as people tell it from others: nothing is nothing, and a name is its words."""
    text = value or ""
    return (" ".join(text.split()) if name == "name" else text) or None


def _by_address(rows: Sequence[Values]) -> dict[str, Values]:
    return {address(row["email"]): row for row in rows}
