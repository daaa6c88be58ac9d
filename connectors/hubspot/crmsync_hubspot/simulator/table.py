"""The truth about the records of one kind: a baseline, and over it whatever was created, changed or put away since."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from crmsync.sandbox.columns import Value
from crmsync_hubspot.simulator.baseline import Baseline
from crmsync_hubspot.simulator.instants import DAY_MS, iso

NO_CHANGES: Mapping[str, Value] = {}
RESTORABLE_MS = 90 * DAY_MS  # an archived record is gone from everywhere after that


@dataclass(frozen=True, slots=True)
class Version:
    """A record at one moment: what differs from the baseline's record `index` (none: -1)."""

    id: int
    index: int
    created_ms: int
    updated_ms: int
    changes: Mapping[str, Value]
    archived_ms: int | None = None
    previous: Version | None = field(default=None, repr=False, compare=False)  # None: as the baseline has it


class Table:
    """All records of one kind. Versions never change, so that an index may keep old ones for free."""

    def __init__(self, baseline: Baseline) -> None:
        self.kind = baseline.kind
        self.baseline = baseline
        self.rows: dict[int, Version | None] = {}  # touched ids; None: gone for good
        self.survivors: dict[int, int] = {}  # merged-away id -> the record that absorbed it
        self._created: list[int] = []  # rising
        self._holders: dict[tuple[str, str], int] = {}  # who was last given this value

    def get(self, record_id: int) -> Version | None:
        """The record if it is there, archived or not."""
        if record_id in self.rows:
            return self.rows[record_id]
        index = self.baseline.index_of(record_id)
        return None if index is None else self.untouched(index)

    def survivor(self, record_id: int) -> int:
        """The record that this id means after all merges."""
        while record_id in self.survivors:
            record_id = self.survivors[record_id]
        return record_id

    def live(self, record_id: int) -> Version | None:
        version = self.get(record_id)
        return version if version is not None and version.archived_ms is None else None

    def untouched(self, index: int) -> Version:
        base = self.baseline
        return Version(base.id_of(index), index, base.created_ms(index), base.updated_ms(index), NO_CHANGES)

    def put(self, version: Version) -> None:
        """Let this version be the truth."""
        if version.index < 0 and version.id not in self.rows:
            insort(self._created, version.id)
        self.rows[version.id] = version

    def forget(self, record_id: int) -> None:
        """Let there be no such record, as if there never had been one."""
        self.rows[record_id] = None

    def new_id(self) -> int:
        last = self._created[-1] if self._created else self.baseline.id_of(self.baseline.count - 1)
        return last + self.baseline.id_of(1) - self.baseline.id_of(0)

    def ids(self, first: int = 0) -> Iterator[int]:
        """Ids from `first` on, archived and gone ones included, rising."""
        base = self.baseline
        for index in range(base.first_at(first), base.count):
            yield base.id_of(index)
        yield from self.created(first)

    def created(self, first: int = 0) -> list[int]:
        """Ids from `first` on that the baseline does not have, rising."""
        return self._created[bisect_left(self._created, first) :]

    def archived(self, now_ms: int) -> list[Version]:
        """What can still be restored, by id."""
        binned = (row for row in self.rows.values() if row is not None and row.archived_ms is not None)
        return sorted((row for row in binned if self.is_kept(row, now_ms)), key=lambda row: row.id)

    def is_kept(self, version: Version, now_ms: int) -> bool:
        """Whether a record is live, or not too long in the bin."""
        return version.archived_ms is None or version.archived_ms >= now_ms - RESTORABLE_MS

    def count(self) -> int:
        """How many records are live."""
        dead = sum(row is None or row.archived_ms is not None for row in self.rows.values())
        return self.baseline.count + len(self._created) - dead

    def value(self, version: Version, name: str) -> Value:
        """One property; None when it is unset."""
        if name in version.changes:
            return version.changes[name]
        if name == "hs_object_id":
            return str(version.id)
        if name == "createdate":
            return iso(version.created_ms)
        if name == self.kind.modified:
            return iso(version.updated_ms)
        return self.baseline.value(version.index, name) if version.index >= 0 else None

    def select(self, version: Version, names: Iterable[str]) -> dict[str, Value]:
        """Some properties, unset ones included."""
        base = self.baseline
        found = base.select(version.index, names) if version.index >= 0 else dict.fromkeys(names)
        own = {"hs_object_id": str(version.id), "createdate": iso(version.created_ms)}
        own |= {self.kind.modified: iso(version.updated_ms)}
        return {name: version.changes.get(name, own.get(name, value)) for name, value in found.items()}

    def values(self, version: Version) -> dict[str, str]:
        """All properties that are set."""
        found: dict[str, Value] = dict(self.baseline.values(version.index)) if version.index >= 0 else {}
        found |= version.changes
        found |= {name: self.value(version, name) for name in self.kind.always}
        return {name: value for name, value in found.items() if value is not None}

    def hold(self, name: str, value: str, record_id: int) -> None:
        """Remember who has a unique value."""
        self._holders[name, value.lower()] = record_id

    def holder(self, name: str, value: str) -> int | None:
        """Who was last given this value; they may have lost it since."""
        return self._holders.get((name, value.lower()))
