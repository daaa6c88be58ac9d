"""Records that nobody has touched yet: pure functions of (seed, index), never stored, so that millions cost nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from crmsync.sandbox.columns import mix
from crmsync_odoo.simulator.orm.fields import Column, Raw
from crmsync_odoo.simulator.times import SECOND, YEAR

Who = tuple[int, int]  # what kind of record, and which of its kind
IMPORT = 256  # blocks that one import brought
LARGE = 16 * IMPORT  # blocks from which on there are such imports


class Slice:
    """Some untouched records, for functions that give a column of them."""

    def __init__(self, indexes: Sequence[int], salt: int, who: Callable[[int], Who]) -> None:
        self.indexes = indexes
        self._salt, self._who = salt, who

    @cached_property
    def hashes(self) -> list[int]:
        """64 random-looking bits of each."""
        salt = self._salt
        return [mix(index, salt) for index in self.indexes]

    @cached_property
    def who(self) -> list[Who]:
        who = self._who
        return [who(index) for index in self.indexes]


Fill = Callable[[Slice], Column]
Find = Callable[[Raw], Iterable[int]]


@dataclass(frozen=True)
class Timeline:
    """When records were created and changed, block by block.

    Blocks rise by time, the records within one need not: one in eight was written in a single transaction, one in eight
    within a second in falling order of ids. Where there are many, thousands stem from one import and share its instant.
    """

    size: int
    block: int
    newest_us: int

    @cached_property
    def blocks(self) -> int:
        return max(-(-self.size // self.block), 1)

    @cached_property
    def step_us(self) -> int:
        return YEAR // self.blocks

    def changed(self, indexes: Iterable[int]) -> Column:
        return [self._at(index) for index in indexes]

    def created(self, indexes: Iterable[int]) -> Column:
        return [self._at(index) - YEAR for index in indexes]

    def between(self, low_us: int, high_us: int) -> range:
        """Indexes outside of which nothing was changed from `low_us` to `high_us`."""
        first = bisect_left(range(self.blocks), low_us - self.step_us - SECOND, key=self._begin)
        stop = bisect_right(range(self.blocks), high_us + SECOND, key=self._begin)
        return range(first * self.block, min(stop * self.block, self.size))

    def _begin(self, block: int) -> int:
        if self._is_import(block):
            block -= block % IMPORT
        return self.newest_us - YEAR + block * self.step_us

    def _is_import(self, block: int) -> bool:
        return self.blocks >= LARGE and block // IMPORT % 16 == 3

    def _at(self, index: int) -> int:
        block, place = divmod(index, self.block)
        begin = self._begin(block)
        if block % 8 == 3 or self._is_import(block):
            return begin
        if block % 8 == 5:
            return begin - begin % SECOND + (self.block - place) * 20_011
        part = self.step_us // self.block
        return begin + place * part + index * 2_654_435_761 % max(part, 1)


@dataclass(frozen=True)
class Baseline:
    """The untouched records of one model: index 0 to `size` - 1, some of which may be missing at the end.

    `find` tells for some fields which records may have a value.
    """

    size: int = 0
    first_id: int = 1
    full: int = 0  # below that index none is missing
    salt: int = 0
    newest_us: int = 0
    block: int = 1
    who: Callable[[int], Who] = lambda index: (0, index)
    is_there: Callable[[int], bool] = lambda _: True
    columns: Mapping[str, Fill] = field(default_factory=dict)
    find: Mapping[str, Find] = field(default_factory=dict)

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline(self.size, self.block, self.newest_us)

    @property
    def next_id(self) -> int:
        return self.first_id + self.size

    def index_of(self, record_id: int) -> int:
        """-1: it has no such record."""
        index = record_id - self.first_id
        return index if 0 <= index < self.size and (index < self.full or self.is_there(index)) else -1

    def slice(self, indexes: Sequence[int]) -> Slice:
        return Slice(indexes, self.salt, self.who)

    def column(self, name: str, some: Slice) -> Column:
        """The values of one field; nothing where it has none."""
        if name == "write_date":
            return self.timeline.changed(some.indexes)
        if name == "create_date":
            return self.timeline.created(some.indexes)
        fill = self.columns.get(name)
        return [None] * len(some.indexes) if fill is None else fill(some)

    def value(self, name: str, index: int) -> Raw:
        return self.column(name, self.slice([index]))[0]
