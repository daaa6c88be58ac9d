"""Push: planned intents -> the CRM, in the order: render, send, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

import msgspec

from crmsync import faults
from crmsync.events import BatchWritten
from crmsync.http import Client
from crmsync.mapping import literal
from crmsync.mapping.outcome import OutcomePlan
from crmsync.mapping.write import WritePlan
from crmsync.spec.model_write import Operation, Write
from crmsync.store import Change, Commit, FileStore, Lease, Update
from crmsync.store.schema import INTENTS
from crmsync.sync.merge.side import Side
from crmsync.sync.pull.confirm import Confirm, drained
from crmsync.sync.push.adopt import adopt, standing
from crmsync.sync.push.clash import clashes
from crmsync.sync.push.judge import Told, heard, judge, start
from crmsync.sync.push.links import Links
from crmsync.sync.push.render import RENDERED, Body, problems, render
from crmsync.sync.push.settle import settle
from crmsync.sync.push.shown import Shown
from crmsync.sync.push.value import KEY, value_of
from crmsync.sync.source import Source
from crmsync.sync.stopping import stopped
from crmsync.sync.worker import Worker

SLICE = 5_000  # intents that are on their way at once
WAYS = ("upsert", "create", "update", "archive")  # in this order
CREATES = ("upsert", "create")


@dataclass(frozen=True, slots=True)
class Way:
    """How one action reaches the CRM. `again`: it may be sent twice, since the same record comes of it."""

    operation: Operation
    render: WritePlan
    outcome: OutcomePlan
    again: bool


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of the intents of a run. `linked`: the CRM had the record already, which is to be merged now."""

    applied: int = 0
    rejected: int = 0
    unknown: int = 0
    linked: int = 0

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
        return await self._send({"state": "planned"})

    async def resend(self) -> None:
        """Send creates again of which nobody knows what became, where that is safe: the same record comes of them.

        Before the next merge, or the records that they made would become further rows of the hub.
        """
        if "create" in self.ways and self.ways["create"].again:
            for state in ("unknown", "sent"):
                await self._send({"state": state, "action": "create"})

    async def _send(self, which: Mapping[str, str]) -> Pushed:
        after = ""
        while (last := await self.worker.do(self._take, which, after)) is not None:
            after = last
            if self.stop.is_set():
                raise stopped()
            for name, way in self.ways.items():
                if not await self.worker.do(self._count, f"intents WHERE way = {literal(name)}"):
                    continue
                bodies = await self.worker.do(self._prepare, name, way)
                links = await self.worker.do(self._count, "link_ends")
                if bodies or links:
                    answers = await self._deliver(way, bodies)
                    faults.point("push.answered")
                    await Links(self.client, self.source, self.store, self.worker).run()
                    await self._settle(name, way, answers)
        return self.done

    def _take(self, which: Mapping[str, str], after: str) -> str | None:
        last = take(self.store, self.side, self._write, self.ways, which, after)
        if last is not None and self.only is not None:
            same = "p.action = i.action AND p.fields::VARCHAR IS NOT DISTINCT FROM i.fields::VARCHAR"
            wanted = f"p.hub_id = i.hub_id AND (p.action = 'create' OR {same})"  # what a create left out belongs to it
            self.store.engine.execute(f"DELETE FROM intents i WHERE NOT EXISTS (FROM {self.only} p WHERE {wanted})")
        if last is not None and self.side.linked:  # rows that were given are not the hub's
            self.store.engine.execute("DELETE FROM intents WHERE source IS NOT NULL")
        return last

    @property
    def _write(self) -> Write:
        assert self.source.stream.write is not None  # else there is no way to go
        return self.source.stream.write

    def _prepare(self, name: str, way: Way) -> list[Body]:
        """Render, note what cannot be said as rejected, and the rest as sent."""
        if (
            name == "upsert"
            and self._write.by != KEY
            and (refused := clashes(self.store, self.side, self._write.by, self.lease.run_id))
        ):
            self._commit(Update(INTENTS, "clashing"))
            self.done += Pushed(rejected=refused)
        bodies = render(self.store, self.side, way.render, name)
        start(self.store)
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE prepared AS "
            "SELECT i.id, i.attempts + (NOT r._rejected)::INTEGER AS attempts, "
            "CASE WHEN r._rejected THEN 'rejected' ELSE 'sent' END AS state, NULL::VARCHAR AS code, "
            f"CASE WHEN r._rejected THEN {problems(self.side.connection)} END AS message, "
            "CASE WHEN r._rejected THEN now() END AS settled_at, "
            f"{literal(self.lease.run_id)} AS run_id, $now::TIMESTAMPTZ AS sent_at FROM {RENDERED} r "
            f"JOIN intents i ON i.hub_id = r._key AND i.way = {literal(name)}",
            {"now": self.source.now()},
        )
        if self._count("prepared"):
            self._commit(Update(INTENTS, "prepared"))
        self.done += Pushed(rejected=self._count("prepared WHERE state = 'rejected'"))
        faults.point("push.prepared")
        return bodies

    async def _deliver(self, way: Way, bodies: list[Body]) -> list[str]:
        """Send bodies, as many at once as limits allow; what was not carried out for the sake of others goes again.

        The answers that tell what was done.
        """
        answers = list[str]()
        while bodies:
            told = await asyncio.gather(*(self._request(way, body) for body in bodies))
            answers += [each.answer for each in told if each.answer]
            bodies = await self.worker.do(judge, self.store, way.outcome, told)
        return answers

    async def _request(self, way: Way, body: Body) -> Told:
        values = {
            **self.source.stream.vars,
            "connection": self.side.connection,
            "items": msgspec.Raw(body.items.encode()),
            "rows": msgspec.Raw(body.items.encode()),
            "columns": msgspec.Raw((body.columns or "[]").encode()),
            "ids": [id_ for id_ in body.ids if id_ is not None],
        }
        answer, verdict = await self.client.write(
            way.operation.request, values, stream=self.side.stream, again=way.again
        )
        if answer is not None:
            self.source.clock = answer.server_time or self.source.clock
        if verdict.outcome == "good":
            self.source.events.emit(BatchWritten(self.side.connection, self.side.stream, len(body.keys)))
        return heard(body, answer, verdict)

    async def _settle(self, name: str, way: Way, answers: Sequence[str]) -> None:
        """Move links and intents by what the CRM shows: in its answers, else what was written is read again."""
        action = "create" if name in CREATES else name
        place, unread = way.operation.shows, ""
        if place is not None and answers and not self.confirm.plans[place].parts:
            await self.worker.do(Shown(self.confirm, place, way.render.fields).land, answers)
            unread = _UNREAD
        ids = [row[0] for row in await self.worker.do(self.store.engine.rows, _APPLIED + unread)]
        if action == "archive":
            await drained(self.confirm.gone([(id_, None) for id_ in ids]))
        else:
            await drained(self.confirm.arrived(ids))
        if action == "create" and self.side.linked:
            existing, values = await self.worker.do(standing, self.store)
            await drained(self.confirm.arrived(existing))
            if self._write.by == self.side.key:
                await drained(self.confirm.found(values))
            await self.worker.do(adopt, self.store, self.side)
        changes = await self.worker.do(settle, self.store, self.side, action, self.lease.run_id)
        await self.worker.do(self._commit, *changes)
        faults.point("push.settled")
        count = "outcomes WHERE outcome"
        self.done += await self.worker.do(
            lambda: Pushed(
                applied=self._count(f"{count} = 'applied'"),
                unknown=self._count(f"{count} = 'unknown'"),
                linked=self._count(f"{count} = 'linked'"),
                rejected=self._count(f"{count} NOT IN ('applied', 'unknown', 'linked')"),
            )
        )

    def _count(self, relation: str) -> int:
        return int(self.store.engine.value(f"SELECT count(*) FROM {relation}"))

    def _commit(self, *changes: Change) -> None:
        self.store.commit(Commit(self.lease, changes))


_APPLIED = "SELECT _id FROM outcomes WHERE outcome = 'applied' AND _id IS NOT NULL"
_UNREAD = " AND _id NOT IN (SELECT _id FROM shown)"


def take(
    store: FileStore, side: Side, write: Write, ways: Collection[str], which: Mapping[str, str], after: str
) -> str | None:
    """Fill the engine table `intents` with the next of those `which` behind the id `after`; the last one's id.

    Each has the `way` that it goes, one of `ways`, and the `value` that finds its record. None where there are no more.
    """
    if not store.slice(INTENTS, {**side.whose, **which}, after, SLICE, "slice"):
        return None
    upserted = "false" if "upsert" not in ways else "value IS NOT NULL" if "create" in ways else "true"
    way = f"CASE WHEN action = 'create' AND {upserted} THEN 'upsert' ELSE action END"
    store.engine.execute(
        f"CREATE OR REPLACE TEMP TABLE intents AS SELECT *, {way} AS way "
        f"FROM (SELECT *, {value_of(write, 'fields')} AS value FROM slice)"
    )
    return str(store.engine.value("SELECT max(id) FROM intents"))
