"""A laboratory: a simulated CRM, a store in a temporary folder, and one virtual clock for both."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from crmsync import plugins
from crmsync.config import Settings, resolve
from crmsync.events import Event, Events
from crmsync.sandbox import Server
from crmsync.sandbox.clock import VirtualClock
from crmsync.secret import Secret
from crmsync.spec.build import options as declared
from crmsync.spec.load import load
from crmsync.spec.model import Option
from crmsync.store import FileStore, Keys
from crmsync.sync import Job, Result, run
from providers import DRIVERS, Driver

KINDS = {"contact": "contacts", "company": "companies", "deal": "deals"}  # as HubSpot calls them
KEYS = Keys(Secret(base64.b64encode(bytes(32)).decode()))


@dataclass
class Lab:
    """Everything that a sync needs. `hour` is how long the virtual clock takes to outlive any overlap."""

    folder: Path
    crm: Driver
    clock: VirtualClock
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)  # of the connection
    team: Mapping[str, Any] = field(default_factory=dict)  # `hub` and `merge` of the file
    events: list[Event] = field(default_factory=list)

    @property
    def simulator(self) -> Any:
        return self.crm.simulator

    @property
    def store_file(self) -> Path:
        return self.folder / "lab.duckdb"

    def job(self, *streams: str, options: Mapping[str, str] | None = None, **how: Any) -> Job:
        """What a run does. `options` are those of the connection, beside what the simulator needs."""
        name = self.crm.name
        spec_file = plugins.connector(name).spec_file
        assert spec_file is not None
        given = {**self.crm.options(self.url), **(options or {})}
        environment = {f"{name}_{option}".upper(): value for option, value in given.items()}
        settings = Settings(connections={name: {"connector": name, **self.config}}, **self.team)
        connection = resolve(settings, name, None, _declared(spec_file), environment)
        return Job(spec_file, connection, self.folder / "limits", streams or ("contact",), **{"keys": KEYS, **how})

    def edited(self, edit: Callable[[dict[str, Any]], object], *streams: str, **how: Any) -> Job:
        """A job over the connector's spec with something changed in it."""
        job = self.job(*streams, **how)
        tree = yaml.safe_load(job.spec_file.read_text())
        edit(tree)
        file = self.folder / "spec.yaml"
        file.write_text(yaml.safe_dump(tree, sort_keys=False))
        return replace(job, spec_file=file)

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

    @cached_property
    def reader(self) -> FileStore:
        """Reads the store, which it opens for each question."""
        return FileStore(self.store_file, read_only=True)

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """What a query on the store gives."""
        return self.reader.query(sql, parameters)[1]

    def mirror(self, stream: str = "contact") -> dict[str, dict[str, Any]]:
        """The live rows of a mirror by id."""
        names, found = self.reader.query(f"FROM {self.crm.name}.{stream} WHERE _deleted_at IS NULL")
        rows = [dict(zip(names, row, strict=True)) for row in found]
        rows = [row for row in rows if row.get("_left_at") is None]  # who became another kind lives there
        assert len({row["_id"] for row in rows}) == len(rows), "an id stands twice in the mirror"
        return {row["_id"]: row for row in rows}


@cache
def _declared(spec_file: Path) -> Mapping[str, Option]:
    return declared(load(spec_file).tree)


@contextmanager
def laboratory(
    folder: Path, records: int = 0, seed: int = 1, provider: str = "hubspot", **oddities: Any
) -> Iterator[Lab]:
    """A Lab whose simulator is served while the block runs, without limits; its store has no tables but our own."""
    clock = VirtualClock()
    crm = DRIVERS[provider](records, seed, clock, **oddities)
    with Server(crm.simulator) as server:
        lab = Lab(folder, crm, clock, server.url)
        if not lab.store_file.exists():
            lab.store_file.write_bytes(_empty_store())
        yield lab
    if "reader" in vars(lab):
        lab.reader.close()


@cache
def _empty_store() -> bytes:
    """Made once a process: it takes as long as half a run."""
    with TemporaryDirectory() as folder, closing(FileStore(Path(folder) / "lab.duckdb")) as store:
        with store.open():
            pass  # makes the tables
        return store.path.read_bytes()
