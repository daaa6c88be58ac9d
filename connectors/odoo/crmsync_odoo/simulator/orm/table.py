"""The rows of one model: a baseline, and over it whatever was created, changed or deleted since."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crmsync_odoo.simulator.orm.baseline import Baseline
from crmsync_odoo.simulator.orm.fields import Raw


@dataclass(frozen=True, slots=True)
class Row:
    """What differs from the baseline's record `index` (none: -1)."""

    index: int
    values: Mapping[str, Raw]


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take one change back; `row` is "" where the table had none."""

    table: Table
    record_id: int
    row: Row | str | None


class Table:
    """Rows by id. `tracked` fields are looked up by value; `journal` gets what undoes each change."""

    def __init__(self, baseline: Baseline, tracked: Iterable[str], journal: list[Undo]) -> None:
        self.baseline = baseline
        self.rows: dict[int, Row | None] = {}  # touched ids; None: deleted
        self.touched: list[int] = []  # the same ids, rising
        self._journal = journal
        self._tracked = tuple(tracked)
        self._holders: dict[str, dict[Raw, set[int]]] = {name: {} for name in self._tracked}
        self._times: list[tuple[int, int]] = []  # time of change and id of touched rows, rising
        self._window: tuple[tuple[int, int, int], list[int]] = ((0, 0, 0), [])
        self._changes = 0
        self._next_id = baseline.next_id

    def new_id(self) -> int:
        """As of a sequence: an id that was given is never given again, even if its transaction fails."""
        self._next_id += 1
        return self._next_id - 1

    def has(self, record_id: object) -> bool:
        """Whether there is such a row; what is no integer is no id."""
        if not isinstance(record_id, int) or isinstance(record_id, bool):
            return False
        if record_id in self.rows:
            return self.rows[record_id] is not None
        return self.baseline.index_of(record_id) >= 0

    def value(self, record_id: int, name: str) -> Raw:
        """One stored value of a row that is there."""
        row = self.rows.get(record_id)
        if row is not None and name in row.values:
            return row.values[name]
        index = self.baseline.index_of(record_id) if row is None else row.index
        return self.baseline.value(name, index) if index >= 0 else None

    def put(self, record_id: int, changes: Mapping[str, Raw]) -> None:
        """Change a row, or let there be a new one."""
        row = self.rows.get(record_id)
        if row is None:
            index = self.baseline.index_of(record_id)
            known = {name: self.baseline.value(name, index) for name in (*self._tracked, "write_date") if index >= 0}
            row = Row(index, known)
            self._next_id = max(self._next_id, record_id + 1)
        self._swap(record_id, Row(row.index, {**row.values, **changes}))

    def delete(self, record_id: int) -> None:
        self._swap(record_id, None)

    def undo(self, change: Undo) -> None:
        """Take back the last change."""
        self._unlist(change.record_id)
        if isinstance(change.row, str):
            del self.rows[change.record_id]
            self.touched.pop(bisect_left(self.touched, change.record_id))
        else:
            self.rows[change.record_id] = change.row
            self._list(change.record_id)

    def referrers(self, name: str, value: Raw) -> list[int]:
        """Ids of the rows that have this value in a tracked field, rising."""
        found = set(self._holders[name].get(value, ()))
        find = self.baseline.find.get(name)
        for index in find(value) if find is not None else ():
            record_id = self.baseline.first_id + index
            if record_id not in self.rows and self.baseline.value(name, index) == value:
                found.add(record_id)
        return sorted(found)

    def lines(self, name: str, ids: Sequence[int]) -> list[Raw]:
        """The same for many values of a field that is a relation: what stands in a one2many."""
        holders = self._holders[name]
        if name in self.baseline.find:
            return [tuple(self.referrers(name, each)) for each in ids]
        return [tuple(sorted(holders[each])) if each in holders else () for each in ids]

    def finds(self, name: str) -> bool:
        """Whether `referrers` works for this field."""
        return name in self._holders

    def changed_between(self, low_us: int, high_us: int) -> Sequence[int]:
        """Ids of touched rows by time of change, both ends included; rising."""
        key = (self._changes, low_us, high_us)
        if self._window[0] != key:
            first, stop = bisect_left(self._times, (low_us,)), bisect_right(self._times, (high_us, 1 << 62))
            self._window = (key, sorted(record_id for _, record_id in self._times[first:stop]))
        return self._window[1]

    def _swap(self, record_id: int, row: Row | None) -> None:
        known = record_id in self.rows
        self._journal.append(Undo(self, record_id, self.rows[record_id] if known else ""))
        if known:
            self._unlist(record_id)
        else:
            insort(self.touched, record_id)
        self.rows[record_id] = row
        self._list(record_id)

    def _list(self, record_id: int) -> None:
        self._changes += 1
        row = self.rows[record_id]
        if row is None:
            return
        insort(self._times, (_time(row), record_id))
        for name in self._tracked:
            self._holders[name].setdefault(row.values.get(name), set()).add(record_id)

    def _unlist(self, record_id: int) -> None:
        self._changes += 1
        row = self.rows[record_id]
        if row is None:
            return
        self._times.pop(bisect_left(self._times, (_time(row), record_id)))
        for name in self._tracked:
            holders = self._holders[name][row.values.get(name)]
            holders.discard(record_id)
            if not holders:
                del self._holders[name][row.values.get(name)]


def _time(row: Row) -> int:
    moment = row.values.get("write_date")
    return moment if isinstance(moment, int) else 0
