"""Records that nobody has touched yet: pure functions of (seed, index), never stored, so that millions cost nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from crmsync.sandbox.columns import Compute, Fill, Group, Value, filled, mix
from crmsync_hubspot.simulator.instants import DAY_MS, isos
from crmsync_hubspot.simulator.kinds import Kind

Render = Callable[[Sequence[int], Sequence[int]], list[str]]  # indexes, times of change in ms

YEAR_MS = 365 * DAY_MS
ID_STEP = 50  # ids of 2 to 9 digits: comparing them as text goes wrong at once
RENDERERS_MAX = 32  # sets of properties that are kept compiled


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

    def updated_ms(self, index: int) -> int:
        step = self._step_ms
        return self._first_ms + index * YEAR_MS // self.count + index * 2_654_435_761 % step

    def created_ms(self, index: int) -> int:
        step = self._step_ms
        return self._first_ms - YEAR_MS + index * YEAR_MS // self.count + index * 1_597_334_677 % step

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
        """The function that gives records as JSON with these properties; made once for a set of names."""
        if names not in self._renderers:
            if len(self._renderers) >= RENDERERS_MAX:
                self._renderers.pop(next(iter(self._renderers)))
            self._renderers[names] = self._renderer(names)
        return self._renderers[names]

    def _renderer(self, names: tuple[str, ...]) -> Render:
        """Works column by column: a loop over records inside of each is several times faster than the other way."""
        members, fills = self._members(names)
        kind, salt = self.kind, self._salt
        template = (
            '{"id":"%s","properties":{' + ",".join(members) + '},"createdAt":"%s","updatedAt":"%s","archived":false,'
            f'"url":"https://app.hubspot.com/contacts/{self._portal}/record/{kind.type_id}/%s"}}'
        )

        def render(indexes: Sequence[int], times_ms: Sequence[int]) -> list[str]:
            hashes = [mix(index, salt) for index in indexes]
            ids = [self.id_of(index) for index in indexes]
            created, updated = isos(map(self.created_ms, indexes)), isos(times_ms)
            columns = [fill(indexes, hashes) for fill in fills]
            rows = zip(ids, created, updated, ids, *columns, created, updated, ids, strict=True)
            return [template % row for row in rows]

        return render

    def _members(self, names: tuple[str, ...]) -> tuple[list[str], list[Fill]]:
        """The members of `properties` with open places, and what fills them."""
        wanted = [name for name in names if name not in self.kind.always]
        members = ['"createdate":"%s"', f'"{self.kind.modified}":"%s"', '"hs_object_id":"%s"']
        fills = []
        for group in self._groups:
            if mine := [name for name in wanted if name in group.names]:
                members.append("%s")
                fills.append(group.fill(mine))
        for name in wanted:
            if name in self._computed:
                members.append(f'"{name}":%s')
                fills.append(filled(self._computed[name]))
            elif name not in self._columns:
                members.append(f'"{name}":null')
        return members, fills
