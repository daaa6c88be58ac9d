"""The truth about the records of one module: a baseline, and over it whatever was created, changed or deleted since."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crmsync_zoho.simulator.baseline import Baseline
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.modules import Module

NO_CHANGES: Mapping[str, Value] = {}
CONVERTED = "$converted"  # of a lead; no field, so it stands among the changes only


@dataclass(frozen=True, slots=True)
class Version:
    """A record at one moment: what differs from the baseline's record `index` (none: -1)."""

    id: int
    index: int
    created_s: int
    modified_s: int
    changes: Mapping[str, Value]
    created_by: int
    modified_by: int
    deleted_s: int | None = None


class Touched:
    """Records that differ from the baseline, by id; None: there is none (any more). Ids can be walked in order."""

    def __init__(self) -> None:
        self.rows: dict[int, Version | None] = {}
        self._ids: list[int] = []  # rising

    def put(self, record_id: int, version: Version | None) -> None:
        if record_id not in self.rows:
            insort(self._ids, record_id)
        self.rows[record_id] = version

    def live(self, low: int, high: int, *, descending: bool = False) -> Iterator[Version]:
        """Those that are there and not deleted, with ids from `low` to `high`, in order."""
        ids = self._ids[bisect_left(self._ids, low) : bisect_right(self._ids, high)]
        for record_id in reversed(ids) if descending else ids:
            version = self.rows[record_id]
            if version is not None and version.deleted_s is None:
                yield version


@dataclass(slots=True)
class Table:
    """All records of one module. Versions never change, so that an index may keep old ones for free."""

    baseline: Baseline
    baselines: Mapping[str, Baseline]
    admin: int  # the user who made whatever nobody touched
    touched: Touched = field(default_factory=Touched, init=False)
    _holders: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set), init=False)

    @property
    def module(self) -> Module:
        return self.baseline.module

    def get(self, record_id: int) -> Version | None:
        """The record if it is there, deleted or not."""
        if record_id in self.touched.rows:
            return self.touched.rows[record_id]
        index = self.baseline.index_of(record_id)
        return None if index is None else self.untouched(index)

    def live(self, record_id: int) -> Version | None:
        version = self.get(record_id)
        return version if version is not None and version.deleted_s is None else None

    def untouched(self, index: int) -> Version:
        base, admin = self.baseline, self.admin
        return Version(
            base.id_of(index), index, base.created_s(index), base.modified_s(index), NO_CHANGES, admin, admin
        )

    def put(self, version: Version) -> None:
        """Let this version be the truth."""
        self.touched.put(version.id, version)

    def forget(self, record_id: int) -> None:
        """Let there be no such record."""
        self.touched.put(record_id, None)

    def ids(self) -> Iterator[int]:
        """Ids of all live records, rising."""
        base, rows = self.baseline, self.touched.rows
        for index in range(base.count):
            record_id = base.id_of(index)
            if record_id not in rows or self.live(record_id) is not None:
                yield record_id
        yield from (row.id for row in self.touched.live(base.id_of(base.count), 1 << 63))

    def count(self) -> int:
        """How many records are live."""
        base, rows = self.baseline, self.touched.rows
        gone = sum(base.index_of(record_id) is not None for record_id in rows)
        return base.count - gone + sum(row is not None and row.deleted_s is None for row in rows.values())

    def value(self, version: Version, name: str) -> Value:
        """One field as it is kept; None when it is unset."""
        match name:
            case "id":
                return version.id
            case "Created_Time":
                return version.created_s
            case "Modified_Time" | "Last_Activity_Time":
                return version.modified_s
            case "Created_By":
                return version.created_by
            case "Modified_By":
                return version.modified_by
        if name in version.changes:
            return version.changes[name]
        return self.baseline.value(version.index, name, self.baselines) if version.index >= 0 else None

    def hold(self, name: str, value: str, record_id: int) -> None:
        """Remember who was given a value that records are found by."""
        self._holders[name, value.lower()].add(record_id)

    def holders(self, name: str, value: str) -> set[int]:
        """Who was ever given this value, whatever its case; they may have lost it since."""
        return self._holders.get((name, value.lower()), set())
