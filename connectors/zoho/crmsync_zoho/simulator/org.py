"""The organisation: its records, fields, users and clock, and the one way to change a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from crmsync.clock import Clock
from crmsync.sandbox.lagging import Lagging
from crmsync_zoho.simulator.catalogue import Catalogue
from crmsync_zoho.simulator.ids import BLOCK, RECORDS_FROM, STEP, definition_id, prefix
from crmsync_zoho.simulator.instants import Zone, to_s
from crmsync_zoho.simulator.made_up import MadeUp
from crmsync_zoho.simulator.modules import MODULES, Module
from crmsync_zoho.simulator.recycle import Bin
from crmsync_zoho.simulator.switches import Switches
from crmsync_zoho.simulator.table import Table, Touched, Version
from crmsync_zoho.simulator.users import User, made_up_users

Operation = Literal["insert", "update", "delete"]
CURRENCY = "EUR"
MODULES_AREA = 2
MATCHED = {"Email"}  # fields beside names and unique ones that records are found by


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody who watches a module is told."""

    module: str
    operation: Operation
    record_id: int
    fields: tuple[str, ...]
    at_s: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything about one module."""

    module: Module
    table: Table
    catalogue: Catalogue
    bin: Bin = field(default_factory=Bin)
    index: Touched = field(default_factory=Touched)  # what a search believes
    coming: Lagging[Version] = field(default_factory=Lagging)  # what it will believe

    def matched(self) -> set[str]:
        """Fields whose values are remembered, so that records are found by them."""
        return {self.module.display, self.module.check, *MATCHED, *self.catalogue.unique_names()}


class Org:
    """An org with `records` contacts, a fifth as many accounts, a quarter as many deals, a tenth as many leads."""

    def __init__(self, records: int, seed: int, clock: Clock, zone: str) -> None:
        self.seed = seed
        self.clock = clock
        self.zone = Zone(zone)
        self.switches = Switches()
        self.edition = "enterprise"
        self.licences = 10
        self.zgid = str(20_060_000_000 + seed % 9_000_000)
        self.users: list[User] = made_up_users(seed)
        # The newest record is some hours old, and the same all day long, so that a later start finds it unchanged.
        newest = (clock.now() - timedelta(hours=3)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.born_s = to_s(newest)
        self.made_up = MadeUp(records, seed, self.born_s, [user.id for user in self.users])
        baselines = self.made_up.baselines
        self.shelves = {
            module.api_name: Shelf(
                module, Table(baselines[module.api_name], baselines, self.users[0].id), Catalogue(module, seed)
            )
            for module in MODULES
        }
        most = max(base.count for base in baselines.values())
        self._last_id = prefix(seed) * BLOCK + RECORDS_FROM + STEP * (most + 1)
        self.watchers: list[Callable[[Change], None]] = []
        self.fired: deque[tuple[str, str, tuple[str, ...]]] = deque(maxlen=10_000)  # module, id, what a write set off

    @property
    def now_s(self) -> int:
        return to_s(self.clock.now())

    @property
    def stamp_s(self) -> int:
        """The time of change that a write gets."""
        return self.now_s - self.switches.stamps_behind_s

    @property
    def now(self) -> str:
        return self.zone.iso(self.now_s)

    def table(self, module: str) -> Table:
        return self.shelves[module].table

    def module_id(self, module: str) -> str:
        """The id of the module itself."""
        return definition_id(self.seed, MODULES_AREA, self.shelves[module].module.number)

    def user(self, user_id: int) -> User | None:
        return next((user for user in self.users if user.id == user_id), None)

    def new_id(self) -> int:
        """The next id; those of all modules rise together."""
        self._last_id += 1
        return self._last_id

    def name_of(self, module: str, record_id: int) -> str | None:
        """How a lookup names a record; None when it is not live."""
        table = self.shelves[module].table
        version = table.get(record_id) if self.switches.lookups_of_deleted else table.live(record_id)
        return None if version is None else str(table.value(version, table.module.display) or "")

    def candidates(self, shelf: Shelf, name: str, value: str) -> set[int] | None:
        """Ids of all records that may have this text, now or before; None when records are not found by the field."""
        if name not in shelf.matched():
            return None
        indexes = self.made_up.candidates(shelf.module.api_name, name, value) or ()  # a custom field: none has a value
        return {*map(shelf.table.baseline.id_of, indexes), *shelf.table.holders(name, value)}

    def found(self, shelf: Shelf, name: str, value: str) -> list[Version]:
        """The live records that have this text, by id."""
        table, match = shelf.table, self.switches.match_case
        rows = [row for row in map(table.live, sorted(self.candidates(shelf, name, value) or ())) if row is not None]
        return [row for row in rows if same(table.value(row, name), value, match_case=match)]

    def put(self, module: str, version: Version, change: Change | None, lag_s: float | None = None) -> Version:
        """Make this version the truth; the search index sees it later, and whoever watches is told of the change."""
        shelf = self.shelves[module]
        shelf.table.put(version)
        for name in shelf.matched() & version.changes.keys():
            if value := version.changes[name]:
                shelf.table.hold(name, str(value), version.id)
        self._learn(shelf, version.id, version, lag_s)
        if change is not None:
            for watcher in self.watchers:
                watcher(change)
        return version

    def forget(self, module: str, record_id: int, lag_s: float | None = None) -> None:
        """Remove a record for good."""
        shelf = self.shelves[module]
        shelf.table.forget(record_id)
        self._learn(shelf, record_id, None, lag_s)

    def searched(self, shelf: Shelf) -> Touched:
        """The index as it is by now."""
        for record_id, version in shelf.coming.settle(self.clock.now().timestamp()):
            shelf.index.put(record_id, version)
        return shelf.index

    def referring(self, module: str, record_id: int) -> Iterator[tuple[str, str, Version]]:
        """Live records whose lookup means this one: module, field, record."""
        index = self.table(module).baseline.index_of(record_id)
        for other, name, indexes in self.made_up.referring(module, index) if index is not None else ():
            table = self.table(other)
            rows = table.touched.rows
            untouched = [each for each in map(table.baseline.id_of, indexes) if each not in rows]
            yield from _meaning(table, other, name, record_id, untouched)
        for shelf in self.shelves.values():
            for each in shelf.catalogue:
                if each.target == module:
                    touched = list(shelf.table.touched.rows)
                    yield from _meaning(shelf.table, shelf.module.api_name, each.name, record_id, touched)

    def _learn(self, shelf: Shelf, record_id: int, version: Version | None, lag_s: float | None) -> None:
        lag = self.switches.lag if lag_s is None else lag_s
        seconds = lag(shelf.module.api_name, str(record_id)) if callable(lag) else lag
        shelf.coming.learn(record_id, version, self.clock.now().timestamp() + seconds)


def same(value: object, wanted: str, *, match_case: bool) -> bool:
    """Whether a kept value is this text."""
    text = "" if value is None else str(value)
    return text == wanted if match_case else text.lower() == wanted.lower()


def _meaning(
    table: Table, module: str, name: str, record_id: int, ids: Iterable[int]
) -> Iterator[tuple[str, str, Version]]:
    for each in ids:
        version = table.live(each)
        if version is not None and table.value(version, name) == record_id:
            yield module, name, version
