"""The server: its version, its databases, and what is about to go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crmsync.clock import Clock
from crmsync.sandbox import SimRequest
from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.switches import Switches

VERSIONS = range(17, 22)


@dataclass(slots=True)
class Refusal:
    """An error in waiting; `skip` matching requests pass first, then `times` are hit."""

    error: OdooError
    match: Callable[[SimRequest], bool]
    times: int
    skip: int


class Site:
    """What all protocols work on."""

    def __init__(self, clock: Clock, version: int, records: int, seed: int, databases: Sequence[str]) -> None:
        if version not in VERSIONS:
            raise ValueError(f"no server of version {version}: {VERSIONS.start} to {VERSIONS.stop - 1}")
        self.version = version
        self.clock = clock
        self.switches = Switches()
        self.databases: dict[str, Database] = {}
        self.refusals: list[Refusal] = []
        for name in databases:
            self.add_database(name, 0 if self.databases else records, seed)

    def add_database(self, name: str, records: int, seed: int) -> Database:
        made = Database(name, records, seed, self.clock, self.version, self.switches)
        self.databases[name] = made
        return made

    def database(self, name: object) -> Database:
        """The database that a call names; connecting to another one fails as it does in the database server."""
        found = self.databases.get(name) if isinstance(name, str) else None
        if found is None:
            text = (
                f'connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  database "{name}" '
            )
            raise OdooError("psycopg2.OperationalError", f"{text}does not exist\n")
        return found

    def listed(self) -> list[str]:
        """Names of the databases, unless strangers may not see them."""
        if not self.switches.list_databases:
            raise errors.denied()
        return sorted(self.databases)

    def check(self, request: SimRequest) -> None:
        """Raise the error that waits for this request."""
        for refusal in self.refusals:
            if not refusal.match(request) or refusal.times <= 0:
                continue
            if refusal.skip > 0:
                refusal.skip -= 1
                continue
            refusal.times -= 1
            raise refusal.error
