"""A ring: one hub, three CRMs and one virtual clock. Each CRM is synced by a connection of its own, all into one store.

`hub` and the CRMs are its sides. A Desk is what people do on one of them, and see there: contacts, by e-mail address.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from crmsync.errors import CrmsyncError
from crmsync.events import Events
from crmsync.sandbox import Fault, Server, SimRequest
from crmsync.sandbox.clock import VirtualClock
from crmsync.store import Commit, FileStore
from crmsync.sync import Job, Result, run
from lab import Lab
from providers import DRIVERS

HUB = "hub"
CRMS = tuple(DRIVERS)
SIDES = (HUB, *CRMS)
FIELDS = ("name", "phone", "job_title")

Values = dict[str, Any]


def address(text: str | None) -> str:
    """An e-mail address in the form in which two are the same."""
    return (text or "").strip().lower()


class Desk(ABC):
    """What people do in one place. Values are texts, or None for nothing."""

    takes_no_name: ClassVar[bool] = True  # whether a contact may be without a name
    phone_max: ClassVar[int | None] = None  # characters

    @abstractmethod
    def rows(self) -> list[Values]:
        """Every contact that is there: `_id`, `email` and FIELDS."""

    @abstractmethod
    def create(self, values: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def edit(self, row_id: str, name: str, value: str | None) -> None: ...

    @abstractmethod
    def delete(self, row_id: str) -> None: ...

    def takes(self, name: str, value: str | None) -> bool:
        """Whether people may write that here."""
        if name == "name":
            return bool(value) or self.takes_no_name
        return name != "phone" or self.phone_max is None or len(value or "") <= self.phone_max


class HubDesk(Desk):
    """Somebody with SQL."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sql(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self._file)) as connection:
            return connection.execute(statement, values).fetchall()

    def rows(self) -> list[Values]:
        names = ("_id", "email", *FIELDS)
        if not self.sql("FROM duckdb_tables() WHERE schema_name = 'crm'"):
            return []  # nothing was synced yet
        return [
            dict(zip(names, row, strict=True))
            for row in self.sql(f"SELECT {', '.join(names)} FROM crm.contact ORDER BY _id")
        ]

    def create(self, values: Mapping[str, Any]) -> None:
        marks = ", ".join("?" for _ in values)
        self.sql(f"INSERT INTO crm.contact ({', '.join(values)}) VALUES ({marks})", list(values.values()))

    def edit(self, row_id: str, name: str, value: str | None) -> None:
        self.sql(f"UPDATE crm.contact SET {name} = ? WHERE _id = ?", [value, row_id])

    def delete(self, row_id: str) -> None:
        self.sql("DELETE FROM crm.contact WHERE _id = ?", [row_id])


class CrmDesk(Desk):
    """Somebody in a CRM's browser. `keys` are what the CRM calls the fields that hold one of ours alone."""

    keys: ClassVar[Mapping[str, str]]
    writes: ClassVar[tuple[str, ...]]  # parts of what a request says that writes contacts

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    @property
    def crm(self) -> Any:
        return self.lab.simulator

    def is_write(self, request: SimRequest) -> bool:
        """Whether a request writes contacts."""
        asked = f"{request.method} {request.path}"
        return any(part in asked for part in self.writes)

    def delete(self, row_id: str) -> None:
        self.lab.crm.delete(row_id)

    def merge(self, winner: str, loser: str) -> None:
        self.lab.crm.merge(winner, loser)

    def _in_its_words(self, values: Mapping[str, Any]) -> Values:
        return {self.keys[name]: value for name, value in values.items()}


class InHubSpot(CrmDesk):
    keys: ClassVar = {"email": "email", "phone": "phone", "job_title": "jobtitle"}
    writes = ("/contacts/batch/create", "/contacts/batch/update", "/contacts/batch/upsert", "/contacts/batch/archive")

    def rows(self) -> list[Values]:
        return [_row(i, r["properties"], self.keys, ("firstname", "lastname")) for i, r in self._live()]

    def create(self, values: Mapping[str, Any]) -> None:
        self.crm.create("contacts", self._words(values))

    def edit(self, row_id: str, name: str, value: str | None) -> None:
        self.crm.update("contacts", row_id, self._words({name: value}))

    def _live(self) -> list[tuple[str, Any]]:
        return list(self.crm.live("contacts").items())

    def _words(self, values: Mapping[str, Any]) -> Values:
        if "name" not in values:
            return self._in_its_words(values)
        first, _, last = (values["name"] or "").rpartition(" ")
        others = {name: value for name, value in values.items() if name != "name"}
        return {"firstname": first or last, "lastname": last if first else None, **self._in_its_words(others)}


class InZoho(CrmDesk):
    keys: ClassVar = {"email": "Email", "phone": "Phone", "job_title": "Title"}
    writes = ("POST /crm/v8/Contacts", "PUT /crm/v8/Contacts", "DELETE /crm/v8/Contacts")
    takes_no_name = False
    phone_max = 30

    def rows(self) -> list[Values]:
        live = self.crm.live("Contacts").items()
        return [_row(id_, record, self.keys, ("First_Name", "Last_Name")) for id_, record in live]

    def create(self, values: Mapping[str, Any]) -> None:
        self.crm.create("Contacts", self._words(values))

    def edit(self, row_id: str, name: str, value: str | None) -> None:
        self.crm.update("Contacts", row_id, self._words({name: value}))

    def _words(self, values: Mapping[str, Any]) -> Values:
        values = {name: value or None for name, value in values.items()}
        if "name" not in values:
            return self._in_its_words(values)
        first, _, last = (values["name"] or "?").rpartition(" ")
        others = {name: value for name, value in values.items() if name != "name"}
        return {"First_Name": first or None, "Last_Name": last, **self._in_its_words(others)}


class InOdoo(CrmDesk):
    keys: ClassVar = {"email": "email", "name": "name", "phone": "phone", "job_title": "function"}
    writes = ("/res.partner/load",)
    takes_no_name = False

    def rows(self) -> list[Values]:
        """What is archived is put away."""
        found = (self.crm.get("res.partner", int(id_)) for id_ in self.lab.crm.live())
        return [_row(str(partner["id"]), partner, self.keys) for partner in found if partner["active"]]

    def create(self, values: Mapping[str, Any]) -> None:
        self.crm.create("res.partner", self._words(values))

    def edit(self, row_id: str, name: str, value: str | None) -> None:
        self.crm.write("res.partner", int(row_id), self._words({name: value}))

    def _words(self, values: Mapping[str, Any]) -> Values:
        return {name: value or False for name, value in self._in_its_words(values).items()}


def _row(id_: str, record: Mapping[str, Any], keys: Mapping[str, str], parts: tuple[str, ...] = ()) -> Values:
    """A record in our words; `parts` are what the name is made of."""
    row = {name: record.get(key) or None for name, key in keys.items()}
    return {"_id": id_, "name": " ".join(filter(None, map(record.get, parts))) or None, **row}


DESKS: Mapping[str, type[CrmDesk]] = {"hubspot": InHubSpot, "zoho": InZoho, "odoo": InOdoo}
NAMED = tuple(name for name, desk in DESKS.items() if not desk.takes_no_name)
PHONE_MAX = {name: desk.phone_max for name, desk in DESKS.items() if desk.phone_max is not None}


def is_done(result: Result | None) -> bool:
    """Whether a sync went through."""
    return result is not None and result.status == "done"


class FallibleStore(FileStore):
    """Calls `at_commit` before and after each commit, which has a `number`, with whether it is over.

    What that raises ends the run, and no commit after it reaches the file.
    """

    def __init__(self, file: Path, at_commit: Callable[[FallibleStore, bool], None]) -> None:
        super().__init__(file, hold_s=5)
        self.number = 0
        self._at_commit, self._is_dead = at_commit, False

    def commit(self, commit: Commit) -> float:
        if self._is_dead:
            raise RuntimeError("the process is gone")
        self.number += 1
        self._call(over=False)
        took = super().commit(commit)
        self._call(over=True)
        return took

    def _call(self, *, over: bool) -> None:
        try:
            self._at_commit(self, over)
        except BaseException:
            self._is_dead = True
            raise


@dataclass
class Ring:
    """`writes` counts the requests that wrote contacts. `workflows`: what a CRM does by itself before each request."""

    folder: Path
    clock: VirtualClock
    labs: Mapping[str, Lab]
    desks: Mapping[str, Desk]
    workflows: dict[str, Callable[[CrmDesk], object]] = field(default_factory=dict)
    writes: int = 0

    def __post_init__(self) -> None:
        for name in self.labs:
            self._listen(name)

    @property
    def hub(self) -> HubDesk:
        desk = self.desks[HUB]
        assert isinstance(desk, HubDesk)
        return desk

    def crm(self, name: str) -> CrmDesk:
        desk = self.desks[name]
        assert isinstance(desk, CrmDesk)
        return desk

    def sync(
        self,
        name: str,
        *,
        stream: str = "contact",
        mode: str = "sync",
        at_request: Callable[[int, Callable[[], object]], None] = lambda _number, _stop: None,
        at_commit: Callable[[FallibleStore, bool], None] = lambda _store, _over: None,
    ) -> Result | None:
        """Sync one CRM; None where the run ended before the stream's turn came.

        `at_request` hears of each request by its number, before it is handled, with what asks the run to stop.
        """
        lab = self.labs[name]
        store = FallibleStore(lab.store_file, at_commit)
        try:
            return asyncio.run(self._run(name, lab.job(stream, mode=mode, brake=1.0), store, at_request))
        except CrmsyncError:
            return None
        finally:
            self._listen(name)
            store.close()

    async def _run(self, name: str, job: Job, store: FileStore, at_request: Callable[..., None]) -> Result:
        stop, loop, numbers = asyncio.Event(), asyncio.get_running_loop(), count(1)
        self._listen(name, lambda: at_request(next(numbers), lambda: loop.call_soon_threadsafe(stop.set)))
        (result,) = await run(job, store, Events(), clock=self.clock, stop=stop)
        return result

    def _listen(self, name: str, further: Callable[[], None] = lambda: None) -> None:
        """Hear of each request to a CRM before it is handled."""

        def hear(request: SimRequest) -> None:
            self.writes += self.crm(name).is_write(request)
            if name in self.workflows:
                self.workflows[name](self.crm(name))
            further()

        self.labs[name].simulator.switches.on_request = hear

    def fail(self, name: str, *, writes: bool = False, **fault: Any) -> None:
        """Let something go wrong with requests of a CRM, or only with those that write."""
        self.labs[name].simulator.faults.add(Fault(self.crm(name).is_write if writes else "", **fault))

    def repair(self) -> None:
        for lab in self.labs.values():
            lab.crm.repair()

    def round(self) -> tuple[int, bool]:
        """Sync each CRM once: how many requests wrote, and whether the hub changed."""
        writes, rows = self.writes, self.hub.rows()
        for name in self.labs:
            self.clock.advance(3600)
            assert is_done(result := self.sync(name)), result
        return self.writes - writes, self.hub.rows() != rows

    def settle(self, most: int) -> int:
        """Sync round after round until nothing is written and nothing found.

        Returns how many wrote after the last one that had found something. Fails where there is no end after `most`.
        """
        late = 0
        for _ in range(most):
            writes, found = self.round()
            if not writes and not found:
                return late
            late = 0 if found else late + 1
        raise AssertionError(f"writes go on after {most} rounds")


@contextmanager
def ring(folder: Path, *crms: str) -> Iterator[Ring]:
    """A Ring of empty CRMs, or of some of them only, which are served while the block runs."""
    clock = VirtualClock()
    with ExitStack() as stack:
        labs = {}
        for name in crms or CRMS:
            crm = DRIVERS[name](0, 1, clock)
            labs[name] = Lab(folder, crm, clock, stack.enter_context(Server(crm.simulator)).url)
        desks = {name: DESKS[name](lab) for name, lab in labs.items()}
        yield Ring(folder, clock, labs, {HUB: HubDesk(folder / "lab.duckdb"), **desks})
