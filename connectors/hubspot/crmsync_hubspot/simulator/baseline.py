"""Records that nobody has touched yet: pure functions of (seed, index), never stored, so that millions cost nothing.

A property's value comes from a *pack* (a table of rows of values that belong together, such as a city and its
country) or from a function. Both get the record's index and its hash. Texts must need no JSON escaping beyond
what `json_text` does for packs; functions give plain ASCII without quotes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import msgspec

from crmsync_hubspot.simulator.instants import DAY_MS, iso
from crmsync_hubspot.simulator.kinds import Kind

Value = str | None
Compute = Callable[[int, int], Value]
Render = Callable[[int, int], str]  # index, time of change in ms

MASK = (1 << 64) - 1
YEAR_MS = 365 * DAY_MS
ID_STEP = 50  # ids of 2 to 9 digits: comparing them as text goes wrong at once
RENDERERS_MAX = 32  # sets of properties that are kept compiled


class Group(Protocol):
    """Properties whose values come together."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def pick(self, name: str) -> Compute:
        """The function that gives one of them."""

    def fragments(self, names: Sequence[str]) -> Callable[[int, int], str]:
        """The function that gives several of them as JSON members."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Rows of values that belong together; a record's hash, shifted right by `shift` bits, picks one."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    shift: int

    def pick(self, name: str) -> Compute:
        column, size, shift = [row[self.names.index(name)] for row in self.rows], len(self.rows), self.shift
        return lambda _, mixed: column[(mixed >> shift) % size]

    def fragments(self, names: Sequence[str]) -> Callable[[int, int], str]:
        places, size, shift = [self.names.index(name) for name in names], len(self.rows), self.shift
        texts = [
            ",".join(f"{json_text(self.names[place])}:{json_text(row[place])}" for place in places) for row in self.rows
        ]
        return lambda _, mixed: texts[(mixed >> shift) % size]


@dataclass(frozen=True, slots=True)
class Shared:
    """Values that a record takes from another one, if it has one; neighbours tend to share it."""

    other: Callable[[int], int | None]
    columns: Mapping[str, Callable[[int], str]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def pick(self, name: str) -> Compute:
        other, give = self.other, self.columns[name]
        return lambda index, _: None if (at := other(index)) is None else give(at)

    def fragments(self, names: Sequence[str]) -> Callable[[int, int], str]:
        other, columns = self.other, self.columns

        @lru_cache(64)
        def text(at: int | None) -> str:
            return ",".join(f'"{name}":null' if at is None else f'"{name}":"{columns[name](at)}"' for name in names)

        return lambda index, _: text(other(index))


class Baseline:
    """The untouched records of one kind: ids, times and values of record 0 to `count` - 1.

    Ids, creation times and times of change all rise with the index, so that a range of any of them is a range
    of indexes.
    """

    def __init__(
        self,
        kind: Kind,
        count: int,
        seed: int,
        newest_ms: int,
        groups: Sequence[Group] = (),
        computed: Mapping[str, Compute] | None = None,
        portal: int = 0,
    ) -> None:
        self.kind = kind
        self.count = count
        number = int(kind.type_id.rpartition("-")[2])
        self._salt = mix(seed * 1_000_003 + number, 0)
        self._first_id = ID_STEP + number  # another one for each kind: an id of the wrong kind finds nothing
        self._first_ms = newest_ms - YEAR_MS
        self._step_ms = YEAR_MS // max(count, 1)
        self._groups = tuple(groups)
        self._computed = dict(computed or {})
        self._columns: dict[str, Compute] = {
            **{name: group.pick(name) for group in self._groups for name in group.names if name[0] != "_"},
            **self._computed,
        }
        self._portal = portal
        self._renderers: dict[tuple[str, ...], Render] = {}

    def id_of(self, index: int) -> int:
        return self._first_id + ID_STEP * index

    def index_of(self, record_id: int) -> int | None:
        index, rest = divmod(record_id - self._first_id, ID_STEP)
        return index if rest == 0 and 0 <= index < self.count else None

    def first_at(self, record_id: int) -> int:
        """The first index whose id is at least `record_id`."""
        return min(max(-((self._first_id - record_id) // ID_STEP), 0), self.count)

    @property
    def next_id(self) -> int:
        """The id of the first record that is not of the baseline."""
        return self.id_of(self.count)

    def updated_ms(self, index: int) -> int:
        step = self._step_ms
        return self._first_ms + index * YEAR_MS // self.count + index * 40_503 % step

    def created_ms(self, index: int) -> int:
        step = self._step_ms
        return self._first_ms - YEAR_MS + index * YEAR_MS // self.count + index * 30_011 % step

    def first_updated(self, ms: int) -> int:
        """The first index that was changed at `ms` or later."""
        return bisect_left(range(self.count), ms, key=self.updated_ms)

    def first_created(self, ms: int) -> int:
        """The first index that was created at `ms` or later."""
        return bisect_left(range(self.count), ms, key=self.created_ms)

    def value(self, index: int, name: str) -> Value:
        """One value; times and the id are not among them."""
        column = self._columns.get(name)
        return None if column is None else column(index, mix(index, self._salt))

    def values(self, index: int) -> dict[str, str]:
        """All values that are set."""
        mixed = mix(index, self._salt)
        found = ((name, column(index, mixed)) for name, column in self._columns.items())
        return {name: value for name, value in found if value is not None}

    def select(self, index: int, names: Iterable[str]) -> dict[str, Value]:
        """Some values, unset ones included."""
        mixed, columns = mix(index, self._salt), self._columns
        return {name: columns[name](index, mixed) if name in columns else None for name in names}

    def render(self, names: tuple[str, ...]) -> Render:
        """The function that gives a record as JSON text with these properties; compiled once for a set of names."""
        if names not in self._renderers:
            if len(self._renderers) >= RENDERERS_MAX:
                self._renderers.pop(next(iter(self._renderers)))
            self._renderers[names] = self._compiled(names)
        return self._renderers[names]

    def _compiled(self, names: tuple[str, ...]) -> Render:
        kind, wanted = self.kind, [name for name in names if name not in self.kind.always]
        members = ['"createdate":"%s"', f'"{kind.modified}":"%s"', '"hs_object_id":"%s"']
        slots: list[Callable[[int, int], str]] = []
        for group in self._groups:
            if mine := [name for name in wanted if name in group.names]:
                members.append("%s")
                slots.append(group.fragments(mine))
        for name in wanted:
            if name in self._computed:
                members.append(f"{json_text(name)}:%s".replace("%s", "\0").replace("%", "%%").replace("\0", "%s"))
                slots.append(_quoted(self._computed[name]))
        members += [f"{json_text(name)}:null".replace("%", "%%") for name in wanted if name not in self._columns]
        template = (
            '{"id":"%s","properties":{' + ",".join(members) + '},"createdAt":"%s","updatedAt":"%s","archived":false,'
            f'"url":"https://app.hubspot.com/contacts/{self._portal}/record/{kind.type_id}/%s"}}'
        )
        salt, id_of, created_ms = self._salt, self.id_of, self.created_ms

        def render(index: int, updated_ms: int) -> str:
            mixed, record_id = mix(index, salt), id_of(index)
            created, updated = iso(created_ms(index)), iso(updated_ms)
            return template % (
                record_id,
                created,
                updated,
                record_id,
                *[slot(index, mixed) for slot in slots],
                created,
                updated,
                record_id,
            )

        return render


def mix(index: int, salt: int) -> int:
    """64 bits that look random."""
    mixed = ((index + salt) * 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) & MASK
    return mixed ^ (mixed >> 32)


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _quoted(compute: Compute) -> Callable[[int, int], str]:
    def quoted(index: int, mixed: int) -> str:
        value = compute(index, mixed)
        return "null" if value is None else f'"{value}"'

    return quoted
