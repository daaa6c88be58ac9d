"""Each CRM as tests drive it: the same verbs, and the same questions about what is true. None of them names a CRM.

A driver works on contacts. `value` is what one field of a contact holds; the mirror's `column` shows it. Ids are texts.
What a CRM does late, it does up to `lag_s` seconds late, by chance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar

from crmsync.clock import Clock
from crmsync.sandbox import Fault, SimRequest
from crmsync_hubspot.simulator import HubSpotSimulator
from crmsync_odoo.simulator import OdooSimulator, SlowTransaction
from crmsync_odoo.simulator.errors import OdooError
from crmsync_zoho.simulator import ZohoSimulator

Values = dict[str, Any]  # by id
_NEVER = datetime.min.replace(tzinfo=UTC)


class Driver(ABC):
    """One CRM. `verbs` are those that it has; `oddities` are what its constructor takes, with the values to try."""

    name: ClassVar[str]
    column: ClassVar[str]
    verbs: ClassVar[Sequence[str]]
    lags: ClassVar[Sequence[int]]  # seconds that the spec's overlap bears
    oddities: ClassVar[Mapping[str, Sequence[Any]]] = {}

    simulator: Any
    lag_s: float = 0.0

    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator
        self.dice = Random(1)

    def options(self, url: str) -> dict[str, str]:
        """What connects to the simulator at `url`."""
        given = {name: value.replace("$url", url) for name, value in self.simulator.options.items()}
        return {**given, "base_url": url}

    @abstractmethod
    def create(self, value: str, email: str = "") -> str:
        """A new contact; its id."""

    @abstractmethod
    def update(self, record_id: str, value: str) -> None: ...

    @abstractmethod
    def touch(self, ids: Iterable[str]) -> None:
        """Give many contacts one time of change, and nothing else."""

    @abstractmethod
    def delete(self, record_id: str) -> None: ...

    @abstractmethod
    def merge(self, winner: str, loser: str) -> None: ...

    @abstractmethod
    def gone(self) -> list[str]:
        """Contacts that may come back."""

    @abstractmethod
    def restore(self, record_id: str) -> None: ...

    @abstractmethod
    def live(self) -> Values:
        """The truth: the value of each contact that is there."""

    @abstractmethod
    def changed(self, record_id: str) -> datetime | None:
        """When a contact changed last; None where only a sweep is sure to find it.

        So it is with what came back without a change, or with one that is stamped before it was found gone.
        """

    @abstractmethod
    def is_reading(self, request: SimRequest) -> bool:
        """Whether a request asks for contacts."""

    def fail(self, *, skip: int = 0, times: int = 10_000, status: int = 500) -> None:
        """Let requests for contacts fail."""
        self.simulator.faults.add(Fault(self.is_reading, status=status, skip=skip, times=times))

    def repair(self) -> None:
        self.simulator.faults.clear()

    def shrink(self, spec: dict[str, Any], page: int) -> None:
        """Let every request of a spec ask for `page` records at most."""
        for node in _maps([spec["defaults"], spec["streams"]]):
            node.update({key: page for key in ("limit", "batch") if isinstance(node.get(key), int)})

    def _late_s(self) -> float:
        return self.dice.uniform(0, self.lag_s)


class HubSpot(Driver):
    """Late is the search index. Merged contacts become a new one."""

    name, column = "hubspot", "first_name"
    verbs = ("create", "update", "touch", "delete", "restore", "purge", "merge")
    lags = (0, 5, 600, 1800)
    oddities: ClassVar = {"cap": (200, 10_000), "ids_as_text": (False, True), "keeps_primary": (False, True)}

    def __init__(self, records: int, seed: int, clock: Clock | None, *, cap: int = 10_000, ids_as_text: bool = False,
                 keeps_primary: bool = False) -> None:  # fmt: skip
        super().__init__(HubSpotSimulator(records, seed, clock))
        switches = self.simulator.switches
        switches.limits.on = False
        switches.results_max, switches.ids_as_text, switches.merge_keeps_primary = cap, ids_as_text, keeps_primary
        switches.lag = lambda _kind, _id: self._late_s()

    def create(self, value: str, email: str = "") -> str:
        return self.simulator.create("contacts", {"firstname": value, "email": email})

    def update(self, record_id: str, value: str) -> None:
        self.simulator.update("contacts", record_id, {"firstname": value})

    def touch(self, ids: Iterable[str]) -> None:
        self.simulator.bulk_touch("contacts", ids)

    def delete(self, record_id: str) -> None:
        self.simulator.archive("contacts", record_id)

    def purge(self, record_id: str) -> None:
        self.simulator.purge("contacts", record_id)

    def merge(self, winner: str, loser: str) -> None:
        self.simulator.merge("contacts", winner, loser)

    def gone(self) -> list[str]:
        return self.simulator.archived("contacts")

    def restore(self, record_id: str) -> None:
        self.simulator.restore("contacts", record_id)

    def live(self) -> Values:
        return {i: record["properties"].get("firstname") for i, record in self.simulator.live("contacts").items()}

    def changed(self, record_id: str) -> datetime:
        return datetime.fromisoformat(self.simulator.get("contacts", record_id)["updatedAt"])

    def is_reading(self, request: SimRequest) -> bool:
        return "/crm/objects/" in request.path and "/contacts" in request.path

    def shrink(self, spec: dict[str, Any], page: int) -> None:
        super().shrink(spec, page)
        spec["defaults"]["read"]["changes"]["cap"] = self.simulator.switches.results_max


class Zoho(Driver):
    """Late is what bears a time of change that lies back when it is seen. A restored contact may keep its old one."""

    name, column = "zoho", "first_name"
    verbs = ("create", "update", "touch", "delete", "restore", "purge", "merge")
    lags = (0, 1, 60, 120)
    oddities: ClassVar = {"restore_touches": (False, True)}

    def __init__(self, records: int, seed: int, clock: Clock | None, *, restore_touches: bool = False) -> None:
        super().__init__(ZohoSimulator(records, seed, clock))
        self.simulator.switches.limits.on = False
        self.simulator.switches.restore_touches = restore_touches
        self._deleted: dict[str, datetime] = {}

    def create(self, value: str, email: str = "") -> str:
        self._delay()
        return self.simulator.create("Contacts", {"First_Name": value, "Last_Name": "Test", "Email": email})

    def update(self, record_id: str, value: str) -> None:
        self._delay()
        self.simulator.update("Contacts", record_id, {"First_Name": value})

    def touch(self, ids: Iterable[str]) -> None:
        self.simulator.bulk_touch("Contacts", ids)

    def delete(self, record_id: str) -> None:
        self._deleted[record_id] = self.simulator.clock.now()
        self.simulator.delete("Contacts", record_id)

    def purge(self, record_id: str) -> None:
        self.simulator.purge("Contacts", record_id)

    def merge(self, winner: str, loser: str) -> None:
        self._delay()
        self._deleted[loser] = self.simulator.clock.now()
        self.simulator.merge("Contacts", winner, loser)

    def gone(self) -> list[str]:
        return [i for i, kind in self.simulator.deleted("Contacts").items() if kind == "recycle"]

    def restore(self, record_id: str) -> None:
        self.simulator.restore("Contacts", record_id)

    def live(self) -> Values:
        table = self.simulator.org.table("Contacts")
        return {str(i): table.value(table.get(i), "First_Name") for i in table.ids()}

    def changed(self, record_id: str) -> datetime | None:
        told = datetime.fromisoformat(self.simulator.get("Contacts", record_id)["Modified_Time"])
        return told if told > self._deleted.get(record_id, _NEVER) else None

    def is_reading(self, request: SimRequest) -> bool:
        return "/coql" in request.path or "/Contacts" in request.path

    def shrink(self, spec: dict[str, Any], page: int) -> None:
        super().shrink(spec, page)
        spec["limits"]["credits"]["budget"] = 10**9  # what small pages cost is not what a test is about

    def _delay(self) -> None:
        self.simulator.switches.stamps_behind_s = round(self._late_s())


class Odoo(Driver):
    """Late are transactions, which bear the time of their beginning. Deleted is deleted; what comes back is a contact
    that was made a company for a while.
    """

    name, column = "odoo", "job_title"
    verbs = ("create", "update", "touch", "put_away", "delete", "merge", "leave", "restore")
    lags = (0, 5, 60, 300)
    oddities: ClassVar = {"version": (18, 19)}

    def __init__(self, records: int, seed: int, clock: Clock | None, *, version: int = 19) -> None:
        super().__init__(OdooSimulator(records, seed, clock, version))
        self.simulator.switches.on_request = lambda _: self._settle()
        self._slow: list[tuple[float, SlowTransaction]] = []  # when they end
        self._left: set[str] = set()

    def create(self, value: str, email: str = "") -> str:
        values = {"name": "Test", "function": value, "email": email}
        return str(self._do(lambda slow: slow.create("res.partner", values)))

    def update(self, record_id: str, value: str) -> None:
        self._write([record_id], {"function": value})

    def touch(self, ids: Iterable[str]) -> None:
        self._write(ids, {"ref": "touched"})

    def put_away(self, record_id: str) -> None:
        """Archive a contact, or bring it back: it is there all the time."""
        shown = self.simulator.get("res.partner", int(record_id))["active"]
        self._write([record_id], {"active": not shown})

    def delete(self, record_id: str) -> None:
        self._do(lambda slow: slow.unlink("res.partner", [int(record_id)]))

    def merge(self, winner: str, loser: str) -> None:
        self.simulator.merge("res.partner", int(winner), int(loser))

    def leave(self, record_id: str) -> None:
        """Let a contact be a company."""
        self._left.add(record_id)
        self._write([record_id], {"is_company": True})

    def gone(self) -> list[str]:
        table = self._partners
        return sorted(i for i in self._left if table.has(int(i)) and table.value(int(i), "is_company"))

    def restore(self, record_id: str) -> None:
        self._write([record_id], {"is_company": False})

    def live(self) -> Values:
        self._settle()
        found = self.simulator.ids("res.partner", [["is_company", "=", False], ["type", "=", "contact"]])
        return {str(i): self._partners.value(i, "function") or None for i in found if not self._is_own(i)}

    def changed(self, record_id: str) -> datetime | None:
        if record_id in self._left:
            return None
        return datetime.fromtimestamp(self.simulator.changed_us("res.partner", int(record_id)) / 1e6, UTC)

    def is_reading(self, request: SimRequest) -> bool:
        told = request.path + request.body.decode()
        return "res.partner" in told and "search_read" in told

    @property
    def _partners(self) -> Any:
        return self.simulator.database.models["res.partner"].table

    def _is_own(self, partner: int) -> bool:
        """Whether a partner is staff, or an archived user's."""
        users = self.simulator.database.models["res.users"].table
        its = users.referrers("partner_id", partner)
        return any(not users.value(user, "share") for user in its) or bool(
            its and not self._partners.value(partner, "active")
        )

    def _write(self, ids: Iterable[str], values: dict[str, Any]) -> None:
        self._do(lambda slow: slow.write("res.partner", [int(i) for i in ids], values))

    def _do(self, work: Callable[[SlowTransaction], Any]) -> Any:
        """Do it in a transaction, which others see when it ends."""
        self._settle()
        slow = self.simulator.begin()
        done = work(slow)
        self._slow.append((self.simulator.clock.now().timestamp() + self._late_s(), slow))
        self._settle()
        return done

    def _settle(self) -> None:
        """Let those end whose time has come; one that comes too late fails as a whole."""
        now_s = self.simulator.clock.now().timestamp()
        due, self._slow = ([(at, t) for at, t in self._slow if (at <= now_s) is ended] for ended in (True, False))
        for _, slow in due:
            with suppress(OdooError):
                slow.commit()


DRIVERS: Mapping[str, type[Driver]] = {driver.name: driver for driver in (HubSpot, Zoho, Odoo)}


def _maps(node: Any) -> Iterable[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _maps(value)
