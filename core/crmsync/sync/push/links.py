"""Links: what an intent says of links that stand in no record -> requests of their own, once its record is written.

The new link is made before the old one ends, so that a record is never without. What could not be written is taken out
of what its intent has sent: base stays as it was, and the next sync tries again. Linking twice is linking once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from crmsync.errors import CrmsyncError
from crmsync.http import Client
from crmsync.mapping import literal
from crmsync.mapping.link_write import compile_link_write
from crmsync.mapping.outcome import compile_outcome
from crmsync.spec.model_write import Operation
from crmsync.store import FileStore
from crmsync.sync.push.judge import Told, heard, judge, start
from crmsync.sync.push.render import RENDERED, Body
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker

_PAIRS, _ITEMS, _TOLD = "link_pairs", "link_items", "link_outcomes"
# Of an intent whose records are written: those to link, and then those whose former link ends.
_WRITE = "e.ref IS NOT NULL"
_CLEAR = "e.old IS NOT NULL AND NOT EXISTS (FROM link_faults f WHERE f._key = e._key AND f.field = e.field)"


@dataclass(frozen=True, slots=True)
class Links:
    """Writes the links of one slice of intents, those in `link_ends`, when `outcomes` tells of their records."""

    client: Client
    source: Source
    store: FileStore
    worker: Worker

    async def run(self) -> None:
        """Write all that is owed; outcomes of intents then count their links, and `_write` names what was written."""
        if not await self.worker.do(self._begin):
            return
        for field, operation, which in self._operations():
            if bodies := await self.worker.do(self._prepare, field, operation, which):
                await self._deliver(operation, bodies)
                await self.worker.do(self._note, field)
        await self.worker.do(self._end)

    def _operations(self) -> Iterator[tuple[str, Operation, str]]:
        write = self.source.stream.write
        for link in write.links if write else ():
            yield link.field, link.write, _WRITE
            yield link.field, link.clear, _CLEAR

    def _begin(self) -> int:
        """Count those that need nothing but links as applied, for the time being; tell how many links there are."""
        self.store.engine.execute(
            f"INSERT INTO outcomes BY NAME SELECT _key, 'applied' AS outcome, _id FROM {RENDERED} "
            "WHERE NOT _rejected AND _item IS NULL"
        )
        columns = "_key VARCHAR, field VARCHAR, outcome VARCHAR, code VARCHAR, message VARCHAR"
        self.store.engine.execute(f"CREATE OR REPLACE TEMP TABLE link_faults ({columns})")
        return int(self.store.engine.value("SELECT count(*) FROM link_ends"))

    def _prepare(self, field: str, operation: Operation, which: str) -> list[Body]:
        engine = self.store.engine
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {_PAIRS} AS SELECT e._key, o._id, e.ref AS _ref, e.old AS _old "
            f"FROM link_ends e JOIN outcomes o ON o._key = e._key AND o.outcome = 'applied' "
            f"WHERE e.field = {literal(field)} AND e.ref IS DISTINCT FROM e.old AND {which}"
        )
        known = {"connection": self.source.connection}
        plan = compile_link_write(self.source.stream, operation, pairs=_PAIRS, known=known)
        engine.execute(plan.create_sql(_ITEMS))
        start(self.store, _TOLD)
        found = engine.rows(plan.batches_sql(_ITEMS))
        return [Body(tuple(keys), tuple(ids), items) for _, keys, ids, items, _ in found]

    async def _deliver(self, operation: Operation, bodies: list[Body]) -> None:
        """Send bodies, as many at once as limits allow, and the parts that have to go again."""
        plan = compile_outcome(operation.outcome, self.source.spec.rules, self.source.spec.error)
        while bodies:
            sent = await asyncio.gather(*(self._send(operation, body) for body in bodies))
            told = [each for each in sent if each is not None]
            bodies = await self.worker.do(judge, self.store, plan, told, _ITEMS, _TOLD)

    async def _send(self, operation: Operation, body: Body) -> Told | None:
        """None after an error, which is told of its links alone: what became of the records must not be lost for it."""
        stream, request = self.source.stream, operation.request
        values = {**stream.vars, "connection": self.source.connection, "items": msgspec.Raw(body.items.encode())}
        if not request.asks("items"):
            values |= msgspec.json.decode(body.items)[0]
        try:
            return heard(body, *await self.client.write(request, values, stream=stream.name, again=True))
        except CrmsyncError as error:
            await self.worker.do(self._fail, body, error)
            return None

    def _fail(self, body: Body, error: CrmsyncError) -> None:
        self.source.note("warning", f"Links could not be written: {error.message}")
        self.store.engine.execute(
            f"INSERT INTO {_TOLD} BY NAME SELECT unnest($keys::VARCHAR[]) AS _key, 'unknown' AS outcome, "
            "$code AS code, $message AS message",
            {"keys": list(body.keys), "code": error.code, "message": error.message},
        )

    def _note(self, field: str) -> None:
        """Keep what went wrong; a link that is to end and is gone has ended."""
        self.store.engine.execute(
            f"INSERT INTO link_faults SELECT _key, {literal(field)}, outcome, code, message FROM {_TOLD} "
            "WHERE outcome NOT IN ('applied', 'gone')"
        )

    def _end(self) -> None:
        """Tell the faults; an intent whose links are all it had, and all failed, is as its links are."""
        engine = self.store.engine
        engine.execute(
            "CREATE OR REPLACE TEMP TABLE faulty AS SELECT _key, list(DISTINCT field) AS fields, "
            "any_value(outcome) AS outcome, any_value(code) AS code, "
            "string_agg(field || ': ' || coalesce(message, code, outcome), '; ' ORDER BY field) AS message, "
            "count(DISTINCT field) = (SELECT count(*) FROM link_ends e WHERE e._key = f._key) AS all_of_them "
            "FROM link_faults f GROUP BY _key"
        )
        engine.execute(
            'UPDATE outgoing SET _write = list_filter(_write, lambda "#": NOT list_contains(f.fields, "#")) '
            "FROM faulty f WHERE f._key = outgoing._key"
        )
        alone = f"f.all_of_them AND o._key IN (SELECT _key FROM {RENDERED} WHERE _item IS NULL)"
        engine.execute(
            f"UPDATE outcomes o SET outcome = CASE WHEN {alone} THEN f.outcome ELSE o.outcome END, "
            "code = f.code, message = f.message FROM faulty f WHERE f._key = o._key"
        )
