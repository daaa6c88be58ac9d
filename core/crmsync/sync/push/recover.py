"""Recover: intents whose request left, and whose answer nobody knows -> what became of them, by looking at the CRM.

An update or an archive is found by its id, a create by its key; what has arrived is in the mirror then, and the next
merge sees it. A create that nothing finds again is sent again only where its key makes it the same record.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.mapping import literal
from crmsync.spec.model_write import Write
from crmsync.store import Commit, FileStore, Lease, Update
from crmsync.store.schema import INTENTS
from crmsync.sync.merge.side import Side
from crmsync.sync.pull.confirm import Confirm
from crmsync.sync.worker import Worker

_OPEN = "state IN ('sent', 'unknown')"


@dataclass(frozen=True, slots=True)
class Recover:
    """Settles what an earlier run of the stream left in doubt."""

    confirm: Confirm
    store: FileStore
    worker: Worker
    side: Side
    lease: Lease
    write: Write

    async def run(self) -> None:
        """Look, then note that the intents are over, or planned once more."""
        updates = await self.worker.do(self._ids, "action = 'update'")
        archives = await self.worker.do(self._ids, "action = 'archive'")
        async for _ in self.confirm.arrived(updates):
            pass
        async for _ in self.confirm.gone([(id_, None) for id_ in archives]):
            pass
        if updates or archives:
            await self.worker.do(self._end, "action IN ('update', 'archive')", "superseded")
        if self.write.create is not None and self.write.create.idempotent:
            await self.worker.do(self._end, "action = 'create'", "planned")
        elif values := await self.worker.do(self._values):
            async for _ in self.confirm.found(values):
                pass
            await self.worker.do(self._end, "action = 'create'", "superseded")

    def _ids(self, which: str) -> list[str]:
        return self._column("remote_id", f"{which} AND remote_id IS NOT NULL")

    def _values(self) -> list[str]:
        """What finds the records of creates again; none where the CRM has no such field."""
        find = self.confirm.source.stream.find
        if find is None or not find.asks("items") or self.side.key is None or self.write.by != self.side.key:
            return []
        return self._column(f"fields->>{literal(self.side.key)}", "action = 'create'")

    def _column(self, sql: str, which: str) -> list[str]:
        found = self.store.query(
            f"SELECT DISTINCT {sql} FROM crmsync.intents WHERE connection = ? AND stream = ? AND {_OPEN} AND {which} "
            f"AND {sql} IS NOT NULL",
            [self.side.connection, self.side.stream],
        )
        return [row[0] for row in found[1]]

    def _end(self, which: str, state: str) -> None:
        ids = self._column("id", which)
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE recovered AS SELECT unnest($ids::VARCHAR[]) AS id, "
            f"{literal(state)} AS state, CASE WHEN {literal(state)} = 'superseded' THEN now() END AS settled_at",
            {"ids": ids},
        )
        if ids:
            self.store.commit(Commit(self.lease, [Update(INTENTS, "recovered")]))
