"""Push: planned intents -> the CRM, in the order: render, send, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import msgspec

from crmsync import faults
from crmsync.http import Client
from crmsync.mapping import literal
from crmsync.mapping.outcome import OutcomePlan
from crmsync.mapping.write import WritePlan
from crmsync.spec.model_write import Operation
from crmsync.store import Change, Commit, FileStore, Lease, Update
from crmsync.store.schema import INTENTS
from crmsync.sync.merge.side import Side
from crmsync.sync.pull.confirm import Confirm
from crmsync.sync.push.judge import Told, heard, judge, start
from crmsync.sync.push.links import Links
from crmsync.sync.push.render import PROBLEMS, RENDERED, Body, render
from crmsync.sync.push.settle import settle
from crmsync.sync.source import Source
from crmsync.sync.stopping import stopped
from crmsync.sync.worker import Worker

SLICE = 5_000  # intents that are on their way at once
ACTIONS = ("create", "update", "archive")


@dataclass(frozen=True, slots=True)
class Way:
    """How one action reaches the CRM."""

    operation: Operation
    render: WritePlan
    outcome: OutcomePlan


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of the intents of a run."""

    applied: int = 0
    rejected: int = 0
    unknown: int = 0

    def __add__(self, other: Pushed) -> Pushed:
        return Pushed(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Pushed)))


@dataclass(slots=True)
class Push:
    """Carries out the planned intents of one stream, or those that are in the engine table `only`, too.

    `lease` is that of the stream.
    """

    client: Client
    source: Source
    confirm: Confirm
    store: FileStore
    worker: Worker
    side: Side
    lease: Lease
    ways: Mapping[str, Way]
    stop: asyncio.Event
    only: str | None = None
    done: Pushed = field(default_factory=Pushed)

    async def run(self) -> Pushed:
        """Send what is planned. An intent is `sent` in the store before its request leaves."""
        after = ""
        while (last := await self.worker.do(self._take, after)) is not None:
            after = last
            if self.stop.is_set():
                raise stopped()
            for action, way in self.ways.items():
                if not await self.worker.do(self._count, f"intents WHERE action = {literal(action)}"):
                    continue
                bodies = await self.worker.do(self._prepare, action, way)
                links = await self.worker.do(self._count, "link_ends")
                if bodies or links:
                    await self._deliver(action, way, bodies)
                    faults.point("push.answered")
                    await Links(self.client, self.source, self.store, self.worker).run()
                    await self._settle(action)
        return self.done

    def _take(self, after: str) -> str | None:
        """Fill the engine table `intents` with the slice behind the id `after`; the last id of it, if there is one."""
        where = {"connection": self.side.connection, "stream": self.side.stream, "state": "planned"}
        if not self.store.slice(INTENTS, where, after, SLICE, "intents"):
            return None
        last = str(self.store.engine.value("SELECT max(id) FROM intents"))
        if self.only is not None:
            same = " AND ".join(f"p.{c} IS NOT DISTINCT FROM i.{c}" for c in ("hub_id", "action", "fields::VARCHAR"))
            self.store.engine.execute(f"DELETE FROM intents i WHERE NOT EXISTS (FROM {self.only} p WHERE {same})")
        return last

    def _prepare(self, action: str, way: Way) -> list[Body]:
        """Render, note what cannot be said as rejected, and the rest as sent."""
        bodies = render(self.store, self.side, way.render, action)
        start(self.store)
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE prepared AS SELECT i.id, i.attempts + 1 AS attempts, "
            "CASE WHEN r._rejected THEN 'rejected' ELSE 'sent' END AS state, "
            f"CASE WHEN r._rejected THEN {PROBLEMS} END AS message, "
            "CASE WHEN r._rejected THEN now() END AS settled_at, "
            f"{literal(self.lease.run_id)} AS run_id, now() AS sent_at FROM {RENDERED} r "
            f"JOIN intents i ON i.hub_id = r._key AND i.action = {literal(action)}"
        )
        if self._count("prepared"):
            self._commit(Update(INTENTS, "prepared"))
        self.done += Pushed(rejected=self._count("prepared WHERE state = 'rejected'"))
        faults.point("push.prepared")
        return bodies

    async def _deliver(self, action: str, way: Way, bodies: list[Body]) -> None:
        """Send bodies, as many at once as limits allow; what was not carried out for the sake of others goes again."""
        while bodies:
            told = await asyncio.gather(*(self._send(action, way.operation, body) for body in bodies))
            bodies = await self.worker.do(judge, self.store, way.outcome, told)

    async def _send(self, action: str, operation: Operation, body: Body) -> Told:
        values = {
            **self.source.stream.vars,
            "connection": self.side.connection,
            "items": msgspec.Raw(body.items.encode()),
            "rows": msgspec.Raw(body.items.encode()),
            "columns": msgspec.Raw((body.columns or "[]").encode()),
            "ids": [id_ for id_ in body.ids if id_ is not None],
        }
        again = action != "create" or operation.idempotent
        return heard(body, *await self.client.write(operation.request, values, stream=self.side.stream, again=again))

    async def _settle(self, action: str) -> None:
        """Read again what was written, and move links and intents by what the CRM shows."""
        ids = [row[0] for row in await self.worker.do(self.store.engine.rows, _APPLIED)]
        again = self.confirm.gone([(id_, None) for id_ in ids]) if action == "archive" else self.confirm.arrived(ids)
        async for _ in again:
            pass
        changes = await self.worker.do(settle, self.store, self.side, action, self.lease.run_id)
        await self.worker.do(self._commit, *changes)
        faults.point("push.settled")
        count = "outcomes WHERE outcome"
        self.done += await self.worker.do(
            lambda: Pushed(
                applied=self._count(f"{count} = 'applied'"),
                unknown=self._count(f"{count} = 'unknown'"),
                rejected=self._count(f"{count} NOT IN ('applied', 'unknown')"),
            )
        )

    def _count(self, relation: str) -> int:
        return int(self.store.engine.value(f"SELECT count(*) FROM {relation}"))

    def _commit(self, *changes: Change) -> None:
        self.store.commit(Commit(self.lease, changes))


_APPLIED = "SELECT _id FROM outcomes WHERE outcome = 'applied' AND _id IS NOT NULL"
