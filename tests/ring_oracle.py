"""What must have become of people's edits in a ring, in plain Python: it shares no code with crmsync.

It is told what people did on each side, and saw there right before. From that it judges how all sides end:
- Each person is on every side exactly once. Who was deleted in the hub is nowhere, but where an edit that the hub did
  not show then is a conflict; who was deleted in a CRM is nowhere but there.
- Each edit is alive on all sides, or somebody saw it and wrote something else, or it stands in crmsync.conflicts.
- Nothing is in conflict that was not edited differently on two sides by people who did not see each other's edits.
- Nothing has a value that nobody gave it.

It leaves open, but for the last of these,
- what becomes of somebody who was deleted while a side did not know them yet (their records were not linked), or who
  was deleted in the hub and became another record by a merge: then order decides whether they come back;
- what a CRM has of a row of which it refuses a value.
And it excuses
- that what was emptied is filled by a side that did not know the person yet: as on a first match, what is empty is;
- that after a sync that went wrong an edit of the CRM's is in conflict with what this sync had written there, since
  nobody knows that it had, and that a name is one that stands in for none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ring import CRMS, FIELDS, HUB, NAMED, PHONE_MAX, SIDES, Values, address


@dataclass(frozen=True)
class Edit:
    """`known` are the CRMs whose records were linked to the hub's row then."""

    number: int
    side: str
    field: str
    value: Any
    before: Any
    known: frozenset[str]


@dataclass(frozen=True)
class Deletion:
    """`seen` is what stood there, `known` as above."""

    side: str
    seen: Values
    known: frozenset[str]


@dataclass
class Person:
    """`start` are the values that all sides agreed on. `anew`: the CRMs in which they became another record."""

    email: str
    start: Values = field(default_factory=lambda: dict.fromkeys(FIELDS))
    edits: list[Edit] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    anew: set[str] = field(default_factory=set)

    def where_deleted(self) -> set[str]:
        return {deletion.side for deletion in self.deletions}

    def is_open(self) -> bool:
        """Whether it is left open what becomes of them."""
        crms = {d.side for d in self.deletions if d.side != HUB}
        return any(
            d.known | crms != set(CRMS) or self.anew if d.side == HUB else d.side not in d.known for d in self.deletions
        )

    def shows(self, side: str, name: str, value: Any, shown: Any) -> bool:
        """Whether a side that was given `value` may show `shown`."""
        if normal(name, value) == normal(name, shown):
            return True
        return side in NAMED and normal(name, value) is None and self.stands_in(name, shown)

    def shows_edit(self, side: str, edit: Edit, shown: Any) -> bool:
        """Whether a side that has the edit may show `shown`."""
        return self.shows(side, edit.field, edit.value, shown)

    def stands_in(self, name: str, value: Any) -> bool:
        """Whether a value is what a CRM calls them that wants a name."""
        return name == "name" and value in (self.email, self.email.partition("@")[0])

    def is_seen(self, edit: Edit) -> bool:
        """Whether somebody had the edit before their eyes when they wrote something else."""
        later = (e for e in self.edits if e.number > edit.number and e.field == edit.field)
        return any(self.shows_edit(e.side, edit, e.before) for e in later)


@dataclass(frozen=True)
class Conflict:
    """A row of crmsync.conflicts; `values` are those of both sides, by field. `gone`: one of them has no record."""

    email: str
    crm: str
    fields: Sequence[str]
    values: Sequence[Values]
    gone: bool
    is_open: bool


class Oracle:
    """`happened`, `went_wrong` and `judge` are all of it."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self._doubted: set[str] = set()
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

    def went_wrong(self, crm: str) -> None:
        """A sync of the CRM ended somewhere, or lost an answer."""
        self._doubted.add(crm)

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
            end = PersonsEnd(person, found, told[email], frozenset(self._doubted))
            wrong += [f"{email}: {complaint}" for complaint in end.complaints()]
        return wrong


@dataclass(frozen=True)
class PersonsEnd:
    """Where a person is `found`, by side, and what is told of them. `doubted`: CRMs of which a sync went wrong."""

    person: Person
    found: Mapping[str, Sequence[Values]]
    told: Sequence[Conflict]
    doubted: frozenset[str]

    def complaints(self) -> Iterator[str]:
        """What is wrong with it."""
        twice = [f"{len(rows)} times in {side}" for side, rows in self.found.items() if len(rows) > 1]
        yield from twice or self._of_values()
        if twice or self.person.is_open():
            return
        if HUB in self.person.where_deleted():
            yield from self._of_deleted()
        elif not self.found[HUB]:
            yield "not in the hub, and nobody deleted them there"
        else:
            yield from self._of_places()
            for name in FIELDS:
                yield from self._of_field(name).complaints()

    def _of_values(self) -> Iterator[str]:
        """What they have on each side must be somebody's."""
        for side, rows in self.found.items():
            for row, name in ((row, name) for row in rows for name in FIELDS):
                given = [self.person.start[name], *(e.value for e in self.person.edits if e.field == name)]
                if not any(self.person.shows(s, name, value, row[name]) for value in given for s in SIDES):
                    yield f"{name} is {row[name]!r} in {side}, which nobody wrote"

    def _of_places(self) -> Iterator[str]:
        """Where somebody is who is in the hub."""
        for crm in CRMS:
            if crm in self.person.where_deleted():
                if self.found[crm]:
                    yield f"deleted in {crm}, and there again"
            elif not self.found[crm] and not self._is_refused(crm):
                yield f"not in {crm}, and nobody deleted them"

    def _of_deleted(self) -> Iterator[str]:
        """Somebody who was deleted in the hub."""
        if self.found[HUB]:
            yield "deleted in the hub, and there again"
        seen = next(deletion.seen for deletion in self.person.deletions if deletion.side == HUB)
        for crm in CRMS:
            edits = [e for e in self.person.edits if e.side == crm and not self.person.is_seen(e)]
            unseen = [e for e in edits if not self.person.shows_edit(crm, e, seen[e.field])]
            is_told = any(c.crm == crm and c.gone and c.is_open for c in self.told)
            if self.found[crm] and not is_told:
                yield f"deleted in the hub, still in {crm}, and in no conflict"
            if is_told and not self.person.edits:
                yield f"kept in {crm} for an edit, and nobody edited them"
            if unseen and not self.found[crm] and crm not in self.person.where_deleted():
                yield f"archived in {crm}, where somebody had just made {unseen[0].field} {unseen[0].value!r}"

    def _of_field(self, name: str) -> FieldsEnd:
        values = {s: rows[0][name] for s, rows in self.found.items() if rows and not self._is_refused(s)}
        told = [c for c in self.told if name in c.fields and not c.gone]
        return FieldsEnd(self.person, name, values, told, self.doubted)

    def _is_refused(self, side: str) -> bool:
        """Whether the side takes nothing of the hub's row, whose phone number is too long for it."""
        return side in PHONE_MAX and len(self.found[HUB][0]["phone"] or "") > PHONE_MAX[side]


@dataclass(frozen=True)
class FieldsEnd:
    """How one field of somebody who is in the hub ends: its values by side, and what is told of it."""

    person: Person
    name: str
    values: Mapping[str, Any]
    told: Sequence[Conflict]
    doubted: frozenset[str]

    def complaints(self) -> Iterator[str]:
        """What is wrong with it."""
        ours = self.values[HUB]
        for crm in self.values.keys() & set(CRMS) - self.disputed:
            if not self._has(crm, ours):
                yield f"{self.name} is {ours!r} in the hub and {self.values[crm]!r} in {crm}"
        for crm in self.disputed - self.person.anew:
            if not self._may_conflict(crm):
                yield f"{self.name} is in conflict with {crm}, and no two sides were edited differently"
        for edit in self.edits:
            if not self._lives_on(edit):
                yield f"{self.name} {edit.value!r} of {edit.side} is lost; all have {ours!r}"

    @property
    def edits(self) -> list[Edit]:
        return [edit for edit in self.person.edits if edit.field == self.name]

    @property
    def disputed(self) -> set[str]:
        """The CRMs with which it is in conflict."""
        return {conflict.crm for conflict in self.told if conflict.is_open}

    def _has(self, side: str, value: Any) -> bool:
        """Whether a side has what it was given; one that wants a name keeps what it has where there is none."""
        named = side in NAMED and self.name == "name" and normal(self.name, value) is None
        return named or self.person.shows(side, self.name, value, self.values[side])

    def _lives_on(self, edit: Edit) -> bool:
        """Whether the edit is on all sides, is kept with a conflict, or was replaced by somebody who saw it."""
        alive = all(self._has(side, edit.value) for side in self.values if side not in self.disputed)
        values = (values.get(self.name) for conflict in self.told for values in conflict.values)
        kept = any(self.person.shows_edit(edit.side, edit, value) for value in values)
        filled = not normal(self.name, edit.value) and (edit.known != set(CRMS) or self.person.anew)
        gone = edit.side in self.person.where_deleted()
        return bool(alive or kept or filled or gone or self.person.is_seen(edit))

    def _may_conflict(self, crm: str) -> bool:
        """Whether two sides were edited differently, and none of the two is sure to have seen the other's edit."""
        values = [values.get(self.name) for conflict in self.told for values in conflict.values]
        if any(self.person.stands_in(self.name, value) for value in values):
            return True
        pairs = [(a, b) for a, b in combinations(self.edits, 2) if a.side != b.side]
        pairs = [(a, b) for a, b in pairs if normal(self.name, a.value) != normal(self.name, b.value)]
        followed = self._followed()
        return any(crm in self.doubted or a.number not in followed[b.number] for a, b in pairs)

    def _followed(self) -> Mapping[int, set[int]]:
        """Of each edit, those that its author is sure to have seen, or whoever wrote what they saw."""
        followed: dict[int, set[int]] = {}
        for edit in self.edits:
            start = self.person.shows(edit.side, self.name, self.person.start[self.name], edit.before)
            earlier = [e for e in self.edits if e.number < edit.number]
            shown = [e.number for e in earlier if self.person.shows_edit(edit.side, e, edit.before)]
            followed[edit.number] = {*shown, *followed[shown[0]]} if len(shown) == 1 and not start else set()
        return followed


def normal(name: str, value: Any) -> Any:
    """A value as people tell it from others: nothing is nothing, and a name is its words."""
    text = value or ""
    return (" ".join(text.split()) if name == "name" else text) or None


def _by_address(rows: Sequence[Values]) -> dict[str, Values]:
    return {address(row["email"]): row for row in rows}
