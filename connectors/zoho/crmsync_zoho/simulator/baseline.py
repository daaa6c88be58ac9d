"""Records that nobody has touched yet: pure functions of (seed, index), never stored, so that millions cost nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from crmsync.sandbox.columns import mix
from crmsync_zoho.simulator.columns import Compute, Link, Pack, Value
from crmsync_zoho.simulator.ids import BLOCK, RECORDS_FROM, STEP, prefix
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.modules import Module

YEAR_S = 365 * DAY_S


class Baseline:
    """The untouched records of one module: ids, times and values of record 0 to `count` - 1.

    Ids, creation times and times of change all rise with the index, so that a range of any of them is a range
    of indexes.
    """

    def __init__(
        self,
        module: Module,
        count: int,
        seed: int,
        newest_s: int,
        packs: Sequence[Pack],
        computed: Mapping[str, Compute],
        links: Mapping[str, Link],
    ) -> None:
        self.module = module
        self.count = count
        self.salt = mix(seed * 1_000_003 + module.number, 0)
        self.packs = tuple(packs)
        self.computed = dict(computed)
        self.links = dict(links)
        self._first_id = prefix(seed) * BLOCK + RECORDS_FROM + module.number
        self._first_s = newest_s - YEAR_S
        self._step_s = max(YEAR_S // max(count, 1), 1)
        self._columns: dict[str, Compute] = {
            **{name: pack.column(name) for pack in packs for name in pack.names if name[0] != "_"},
            **self.computed,
        }

    def id_of(self, index: int) -> int:
        return self._first_id + STEP * index

    def index_of(self, record_id: int) -> int | None:
        index, rest = divmod(record_id - self._first_id, STEP)
        return index if rest == 0 and 0 <= index < self.count else None

    def first_at(self, record_id: int) -> int:
        """The first index whose id is at least `record_id`."""
        return min(max(-((self._first_id - record_id) // STEP), 0), self.count)

    def modified_s(self, index: int) -> int:
        return self._first_s + index * YEAR_S // self.count + index * 2_654_435_761 % self._step_s

    def created_s(self, index: int) -> int:
        return self._first_s - YEAR_S + index * YEAR_S // self.count + index * 1_597_334_677 % self._step_s

    def first_modified(self, moment_s: int) -> int:
        """The first index that was changed then or later."""
        return bisect_left(range(self.count), moment_s, key=self.modified_s)

    def first_created(self, moment_s: int) -> int:
        """The first index that was created then or later."""
        return bisect_left(range(self.count), moment_s, key=self.created_s)

    def value(self, index: int, name: str, ids: Mapping[str, Baseline]) -> Value:
        """One value; times, the id and whoever wrote it are not among them."""
        if (link := self.links.get(name)) is not None:
            other = link.of(index)
            return None if other is None else ids[link.module].id_of(other)
        column = self._columns.get(name)
        return None if column is None else column(index, mix(index, self.salt))

    def names(self) -> list[str]:
        """The fields that may have a value here."""
        return [*self._columns, *self.links]
