"""The account: its records, definitions, links and clock, and the one way to change a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crmsync.clock import Clock
from crmsync_hubspot.simulator.baseline import Baseline
from crmsync_hubspot.simulator.catalogue import Catalogue
from crmsync_hubspot.simulator.index import Index
from crmsync_hubspot.simulator.instants import iso, to_ms
from crmsync_hubspot.simulator.kinds import Kind, kind_named
from crmsync_hubspot.simulator.links import Links
from crmsync_hubspot.simulator.made_up import MadeUp
from crmsync_hubspot.simulator.owners import Owner, made_up_owners
from crmsync_hubspot.simulator.pipelines import fresh_pipelines
from crmsync_hubspot.simulator.switches import Switches
from crmsync_hubspot.simulator.table import Table, Version

TIME_ZONE = "US/Eastern"
CURRENCIES = ("USD", "EUR", "GBP")  # the first is the company's


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything about one kind of record."""

    kind: Kind
    table: Table
    index: Index
    catalogue: Catalogue


class Portal:
    """A portal with `records` contacts, a fifth as many companies and a quarter as many deals."""

    def __init__(self, records: int, seed: int, clock: Clock, portal_id: int = 62_515) -> None:
        self.id = portal_id
        self.clock = clock
        self.switches = Switches()
        self.owners: list[Owner] = made_up_owners(seed)
        self.pipelines = fresh_pipelines()
        # The newest record is some hours old, and the same all day long, so that a later start finds it unchanged.
        newest = (clock.now() - timedelta(hours=3)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.made_up = MadeUp(records, seed, to_ms(newest), portal_id, [owner.id for owner in self.owners])
        self.shelves: dict[str, Shelf] = {}
        for baseline in self.made_up.baselines:
            self.add(baseline)
        self.links = Links(self.made_up, lambda kind, record_id: self.table(kind).live(record_id) is not None)

    def add(self, baseline: Baseline) -> None:
        """Let there be a kind of record."""
        kind = baseline.kind
        self.shelves[kind.plural] = Shelf(kind, Table(baseline), Index(), Catalogue(kind))

    @property
    def now_ms(self) -> int:
        return to_ms(self.clock.now())

    @property
    def now(self) -> str:
        return iso(self.now_ms)

    def shelf(self, name: str) -> Shelf | None:
        """By plural, singular or type id."""
        kind = kind_named(name, self.kinds)
        return None if kind is None else self.shelves[kind.plural]

    @property
    def kinds(self) -> Sequence[Kind]:
        return [shelf.kind for shelf in self.shelves.values()]

    def table(self, kind: str) -> Table:
        return self.shelves[kind].table

    def company(self, record_id: str) -> Version | None:
        """The live company with this id."""
        return self.table("companies").live(int(record_id)) if record_id.isdecimal() else None

    def holder(self, shelf: Shelf, name: str, value: str) -> int | None:
        """The live record that has this unique value; a contact's further e-mail addresses count too."""
        table, wanted = shelf.table, value.lower()
        candidates = [table.holder(name, wanted)]
        if name == "email":
            index = self.made_up.contact_with_email(wanted)
            candidates.append(None if index is None else table.baseline.id_of(index))
        for record_id in candidates:
            version = None if record_id is None else table.live(record_id)
            if version is not None and wanted in self._unique_values(table, version, name):
                return version.id
        return None

    def _unique_values(self, table: Table, version: Version, name: str) -> list[str]:
        more = table.value(version, "hs_additional_emails") if name == "email" else None
        return f"{table.value(version, name) or ''};{more or ''}".lower().split(";")

    def put(self, kind: str, version: Version, lag_s: float | None = None) -> Version:
        """Make this version the truth; the index sees it later."""
        self.table(kind).put(version)
        self._tell(kind, version.id, version, lag_s)
        return version

    def forget(self, kind: str, record_id: int, lag_s: float | None = None) -> None:
        """Remove a record for good."""
        self.table(kind).forget(record_id)
        self._tell(kind, record_id, None, lag_s)

    def _tell(self, kind: str, record_id: int, version: Version | None, lag_s: float | None) -> None:
        lag = self.switches.lag if lag_s is None else lag_s
        seconds = lag(kind, str(record_id)) if callable(lag) else lag
        self.shelves[kind].index.learn(record_id, version, self.now_ms + round(seconds * 1000))
