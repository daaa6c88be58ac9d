"""Push: intents -> the CRM, and what it has made of them back, in the order: render, send, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import msgspec

from crmsync import faults
from crmsync.http import Client
from crmsync.mapping import OutcomePlan, WritePlan, literal
from crmsync.spec.model_write import Operation
from crmsync.store import Append, Commit, FileStore, Lease, Update, agreed_text
from crmsync.store.schema import INTENTS, LINKS
from crmsync.sync.merge.settle import settle_sql
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.terms import bring_records
from crmsync.sync.pull.confirm import Confirm
from crmsync.sync.push.render import RENDERED, Body, render
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker

SLICE = 2_000  # intents that are on their way at once
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
    """Carries out the planned intents of one stream. `lease` is that of the stream."""

    client: Client
    source: Source
    confirm: Confirm
    store: FileStore
    worker: Worker
    side: Side
    lease: Lease
    ways: Mapping[str, Way]
    done: Pushed = field(default_factory=Pushed)

    async def run(self) -> Pushed:
        """Send what is planned; each slice is `sent` in the store before its first request leaves."""
        after = ""
        while await self.worker.do(self._take, after):
            after = await self.worker.do(self._value, "SELECT max(id) FROM intents")
            for action, way in self.ways.items():
                if bodies := await self.worker.do(self._prepare, action, way):
                    await asyncio.gather(*(self._deliver(action, way, body) for body in bodies))
                    await self._settle(action)
        return self.done

    # -- before and after a request ------------------------------------------------------------------------------------

    def _take(self, after: str) -> int:
        where = {"connection": self.side.connection, "stream": self.side.stream, "state": "planned"}
        return self.store.slice(INTENTS, where, after, SLICE, "intents")

    def _prepare(self, action: str, way: Way) -> list[Body]:
        """Render, tell what cannot be said, and note the rest as sent."""
        bodies = render(self.store, self.side, way.render, action)
        run = literal(self.lease.run_id)
        why = "array_to_string(list_transform(r._problems, lambda p: p.field || ': ' || p.reason), '; ')"
        self._table(
            "prepared",
            f"SELECT r._key AS id, CASE WHEN r._rejected THEN 'rejected' ELSE 'sent' END AS state, "
            f"i.attempts + 1 AS attempts, CASE WHEN r._rejected THEN {why} END AS message, {run} AS run_id, now() AS sent_at, "
            f"CASE WHEN r._rejected THEN now() END AS settled_at FROM {RENDERED} r JOIN intents i ON i.id = r._key",
        )
        self._table("outcomes", "SELECT NULL::VARCHAR AS _key, NULL::VARCHAR AS outcome, NULL::VARCHAR AS _id, NULL::VARCHAR AS code, NULL::VARCHAR AS message LIMIT 0")
        if self._value("SELECT count(*) FROM prepared"):
            self._commit(Update(INTENTS, "prepared"))
        self.done += Pushed(rejected=self._value("SELECT count(*) FROM prepared WHERE state = 'rejected'"))
        faults.point("push.prepared")
        return bodies

    async def _deliver(self, action: str, way: Way, body: Body) -> None:
        """Send one body; what was refused for the sake of others goes again in smaller ones."""
        request = way.operation.request
        values = {
            **self.source.stream.vars,
            "connection": self.side.connection,
            "items": msgspec.Raw(body.items.encode()),
            "rows": msgspec.Raw(body.items.encode()),
            "columns": msgspec.Raw((body.columns or "[]").encode()),
            "ids": [id_ for id_ in body.ids if id_ is not None],
        }
        again = action != "create" or way.operation.idempotent
        answer, verdict = await self.client.write(request, values, stream=self.side.stream, again=again)
        refused = verdict.outcome in ("invalid", "conflict", "gone")
        text = answer.body.decode(errors="replace") if answer is not None and (refused or verdict.outcome == "good") else ""
        parts = await self.worker.do(self._judge, way, body, text, verdict.message if refused else None)
        await asyncio.gather(*(self._deliver(action, way, part) for part in parts))

    def _judge(self, way: Way, body: Body, text: str, refusal: str | None) -> list[Body]:
        """Note what the answer tells of each item; the bodies in which the others go again."""
        engine = self.store.engine
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE sent AS SELECT 0::BIGINT AS _batch, unnest(range(1, len($keys) + 1)) AS _pos, "
            "unnest($keys::VARCHAR[]) AS _key, unnest($ids::VARCHAR[]) AS _id",
            {"keys": list(body.keys), "ids": list(body.ids)},
        )
        engine.execute(way.outcome.create_sql("told"), {"bodies": [text], "batches": [0]})
        again: list[tuple[str, bool]] = []
        if refusal is not None and len(body.keys) == 1:
            self._table("told", f"SELECT * REPLACE (CASE WHEN outcome IN ('unknown', 'resend') THEN 'rejected' ELSE outcome END AS outcome, coalesce(message, {literal(refusal)}) AS message) FROM told")
        else:
            open_ = "outcome = 'resend'" + (" OR outcome = 'unknown'" if refusal is not None else "")
            again = engine.rows(f"SELECT _key, alone FROM told WHERE {open_} ORDER BY _pos")
            engine.execute(f"DELETE FROM told WHERE {open_}")
        engine.execute("INSERT INTO outcomes SELECT _key, outcome, _id, code, message FROM told")
        return self._parts(again, body)

    def _parts(self, again: Sequence[tuple[str, bool]], body: Body) -> list[Body]:
        """Those that were named go alone and the rest together; where nobody is, halves of them."""
        alone, rest = [[key] for key, named in again if named], [key for key, named in again if not named]
        middle = len(rest) if alone or len(rest) < len(body.keys) else (len(rest) + 1) // 2
        return [self._body(keys, body) for keys in (*alone, rest[:middle], rest[middle:]) if keys]

    def _body(self, keys: Sequence[str], of: Body) -> Body:
        items = self.store.engine.value(
            f"SELECT '[' || string_agg(_item, ',' ORDER BY list_position($keys::VARCHAR[], _key)) || ']' FROM {RENDERED} "
            "WHERE list_contains($keys::VARCHAR[], _key)",
            {"keys": list(keys)},
        )
        ids = dict(zip(of.keys, of.ids, strict=True))
        return Body(of.number, tuple(keys), tuple(ids[key] for key in keys), items, of.columns)

    # -- settling ------------------------------------------------------------------------------------------------------

    async def _settle(self, action: str) -> None:
        """Read again what was written, and move the links by what the CRM shows."""
        faults.point("push.answered")
        ids = await self.worker.do(self._ids, "applied")
        if action == "archive":
            async for _ in self.confirm.gone([(id_, None) for id_ in ids]):
                pass
        else:
            async for _ in self.confirm.arrived(ids):
                pass
        await self.worker.do(self._settled, action)

    def _settled(self, action: str) -> None:
        run = literal(self.lease.run_id)
        changes = []
        if action == "archive":
            self._table("moved", f"SELECT {self._who()}, i.hub_id, 'deleted' AS state, now() AS moved_at, {run} AS run_id FROM outcomes o JOIN intents i ON i.id = o._key WHERE o.outcome IN ('applied', 'gone')")
            changes.append(Update(LINKS, "moved"))
        else:
            self._moved(action)
            changes.append(Append(LINKS, "moved") if action == "create" else Update(LINKS, "moved"))
        states = "CASE outcome WHEN 'applied' THEN 'applied' WHEN 'unknown' THEN 'unknown' ELSE 'rejected' END"
        self._table("ended", f"SELECT _key AS id, {states} AS state, _id AS remote_id, code, message, CASE WHEN outcome <> 'unknown' THEN now() END AS settled_at FROM outcomes")
        self._commit(*changes, Update(INTENTS, "ended"))
        for state in ("applied", "rejected", "unknown"):
            self.done += Pushed(**{state: self._value(f"SELECT count(*) FROM ended WHERE state = '{state}'")})

    def _moved(self, action: str) -> None:
        """Fill `moved` with the links of what was applied, as settle.py tells them."""
        who = self._who()
        self.store.lookup(LINKS, f"SELECT {who}, i.hub_id FROM outcomes o JOIN intents i ON i.id = o._key", "links", (*LINKS.key, "base", "shown"))
        held = "list_transform(list_filter(r._problems, lambda p: p.hold), lambda p: p.field)"
        entry = "lambda name: to_json(name)::VARCHAR || ':' || coalesce((i.fields->('$.\"' || name || '\"'))::VARCHAR, 'null')"
        sent = f"'{{' || array_to_string(list_transform(list_filter(g._write, lambda name: NOT list_contains({held}, name)), {entry}), ',') || '}}'"
        self._table(
            "written",
            f"SELECT i.hub_id, o._id AS remote_id, coalesce(l.base, '{{}}') AS base, coalesce(l.shown, '{{}}') AS shown, {sent} AS sent "
            f"FROM outcomes o JOIN intents i ON i.id = o._key JOIN outgoing g ON g._key = o._key JOIN {RENDERED} r ON r._key = o._key "
            "LEFT JOIN links l ON l.hub_id = i.hub_id WHERE o.outcome = 'applied'",
        )
        bring_records(self.store, self.side, "SELECT remote_id AS _id FROM written")
        self.store.engine.execute(settle_sql(self.side.groups))
        run = f"now() AS moved_at, {literal(self.lease.run_id)} AS run_id"
        link = f"SELECT {who}, _id AS hub_id, _remote_id AS remote_id, _base AS base, _shown AS shown"
        self._table("moved", f"{link}, 'linked' AS state, now() AS linked_at, {run} FROM settled" if action == "create" else f"{link}, {run} FROM settled")

    # -- the engine ----------------------------------------------------------------------------------------------------

    def _ids(self, outcome: str) -> list[str]:
        return [row[0] for row in self.store.engine.rows(f"SELECT _id FROM outcomes WHERE outcome = {literal(outcome)} AND _id IS NOT NULL")]

    def _who(self) -> str:
        return f"{literal(self.side.connection)} AS connection, {literal(self.side.stream)} AS stream"

    def _table(self, name: str, query: str) -> None:
        self.store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def _value(self, sql: str) -> object:
        return self.store.engine.value(sql)

    def _commit(self, *changes: object) -> None:
        self.store.commit(Commit(self.lease, changes))
