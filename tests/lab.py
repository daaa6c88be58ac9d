"""A laboratory: a simulated HubSpot, a store in a temporary folder, and one virtual clock for both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmsync import plugins
from crmsync.config import Settings, resolve
from crmsync.events import Event, Events
from crmsync.sandbox import Server
from crmsync.sandbox.clock import VirtualClock
from crmsync.spec.build import options as declared
from crmsync.spec.load import load
from crmsync.store import FileStore
from crmsync.sync import Job, Result, run
from crmsync_hubspot.simulator import HubSpotSimulator

KINDS = {"contact": "contacts", "company": "companies", "deal": "deals"}


@dataclass
class Lab:
    """Everything that a sync needs. `hour` is how long the virtual clock takes to outlive any overlap."""

    folder: Path
    simulator: HubSpotSimulator
    clock: VirtualClock
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def store_file(self) -> Path:
        return self.folder / "lab.duckdb"

    def job(self, *streams: str, options: Mapping[str, str] | None = None, **how: Any) -> Job:
        found = plugins.connector("hubspot")
        assert found.spec_file is not None
        given = {"base_url": self.url, **self.simulator.options, **(options or {})}
        environment = {f"HUBSPOT_{name}".upper(): value for name, value in given.items()}
        settings = Settings(connections={"hubspot": {"connector": "hubspot", **self.config}})
        connection = resolve(settings, "hubspot", None, declared(load(found.spec_file).tree), environment)
        return Job(found.spec_file, connection, self.folder / "limits", streams or ("contact",), **how)

    def try_run(self, *streams: str, **how: Any) -> list[Result]:
        """Run, whatever comes of it."""
        return self.run_job(self.job(*streams, **how))

    def run_job(self, job: Job) -> list[Result]:
        events = Events()
        events.subscribe(self.events.append)
        store = FileStore(self.store_file, hold_s=0.5)
        try:
            return asyncio.run(run(job, store, events, clock=self.clock))
        finally:
            store.close()

    def run(self, *streams: str, **how: Any) -> Result:
        """Run one stream, which must succeed."""
        (result,) = self.try_run(*streams, **how)
        assert result.status == "done", result.error
        return result

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """What a query on the store gives."""
        store = FileStore(self.store_file, read_only=True)
        try:
            return store.query(sql, parameters)[1]
        finally:
            store.close()

    def mirror(self, stream: str = "contact") -> dict[str, dict[str, Any]]:
        """The live rows of a mirror by id."""
        store = FileStore(self.store_file, read_only=True)
        try:
            names, found = store.query(f"FROM hubspot.{stream} WHERE _deleted_at IS NULL")
        finally:
            store.close()
        rows = [dict(zip(names, row, strict=True)) for row in found]
        assert len({row["_id"] for row in rows}) == len(rows), "an id stands twice in the mirror"
        return {row["_id"]: row for row in rows}


@contextmanager
def laboratory(folder: Path, records: int = 0, seed: int = 1) -> Any:
    """A Lab whose simulator is served while the block runs."""
    clock = VirtualClock()
    simulator = HubSpotSimulator(records, seed, clock)
    simulator.switches.limits.on = False
    with Server(simulator) as server:
        yield Lab(folder, simulator, clock, server.url)
