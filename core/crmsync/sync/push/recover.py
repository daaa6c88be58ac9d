"""Recover: intents whose request left, and whose answer nobody knows -> what became of them, by looking at the CRM.

An update or an archive is found by its id. A create is found by its value, where the CRM can be asked for it: our own
key, or a field; else among the records that were made since (lost.py). What has arrived is in the mirror then, and the
next merge does the rest. No create is planned again before it is sure that it was not carried out.

Creates that make one record however often they are sent are not looked for: Push.resend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crmsync.mapping import literal
from crmsync.spec.model_write import Write
from crmsync.store import Append, Change, Commit, FileStore, Lease, Update
from crmsync.store.schema import INTENTS, LINKS
from crmsync.sync.merge.side import Side
from crmsync.sync.pull.confirm import Confirm, drained
from crmsync.sync.push.lost import seek
from crmsync.sync.push.value import KEY, value_of
from crmsync.sync.worker import Worker

_OPEN = "state IN ('sent', 'unknown')"
_CREATE = "action = 'create' AND source IS NULL"
_GIVEN = "action = 'create' AND source IS NOT NULL"  # not the hub's: looked up when they are given again


@dataclass(frozen=True, slots=True)
class Recover:
    """Settles what an earlier run of the stream left in doubt.

    `seen` is the moment, by the CRM's clock, up to which all that was made is surely in the mirror.
    """

    confirm: Confirm
    store: FileStore
    worker: Worker
    side: Side
    lease: Lease
    write: Write
    seen: datetime | None

    async def run(self) -> None:
        """Look, then note that the intents are over, or planned once more."""
        updates = await self.worker.do(self._column, "remote_id", "action = 'update'")
        archives = await self.worker.do(self._column, "remote_id", "action = 'archive'")
        await drained(self.confirm.arrived(updates))
        await drained(self.confirm.gone([(id_, None) for id_ in archives]))
        await self.worker.do(self._end, "action IN ('update', 'archive')", "superseded")
        await self.worker.do(self._end, _GIVEN, "superseded")
        if not self.side.linked:
            return
        await self.worker.do(self._end, f"{_CREATE} AND hub_id IN ({self._linked})", "superseded")
        asked = False
        if self.confirm.source.stream.find is not None and self.write.by == KEY:
            await self._by_key()
        elif self.confirm.source.stream.find is not None and self.write.by == self.side.key:
            asked = True
            value = value_of(self.write, "fields")
            await drained(self.confirm.found(await self.worker.do(self._column, value, _CREATE)))
        await self.worker.do(self._seek, asked)
        if asked:  # what was not found by its value is not there
            await self.worker.do(self._end, f"{_CREATE} AND {value} IS NOT NULL", "planned")

    async def _by_key(self) -> None:
        """One after the other, since a record does not show whose it is: a column of the mirror is no place for it."""
        for hub_id in await self.worker.do(self._column, "hub_id", _CREATE):
            await self.worker.do(self._found, hub_id, await self.confirm.known_as(hub_id))

    def _found(self, hub_id: str, ids: Sequence[str]) -> None:
        which = f"{_CREATE} AND hub_id = {literal(hub_id)}"
        if not ids:
            self._end(which, "planned")
        elif len(ids) == 1:
            self._stage("new_links", f"SELECT {literal(hub_id)} AS hub_id, {literal(ids[0])} AS remote_id")
            self._end(which, "superseded", Append(LINKS, "new_links"))

    def _seek(self, asked: bool) -> None:
        """Those that are left, among the records that were made since."""
        if seek(self.store, self.side, f"{_OPEN} AND {_CREATE}", self.seen, asked=asked):
            self._stage("new_links", "SELECT hub_id, remote_id FROM sought WHERE state = 'superseded'")
            ended = (
                "SELECT id, state, code, message, CASE WHEN state <> 'planned' THEN now() END AS settled_at FROM sought"
            )
            self.store.engine.execute(f"CREATE OR REPLACE TEMP TABLE recovered AS {ended}")
            self._commit(Append(LINKS, "new_links"), Update(INTENTS, "recovered"))

    def _stage(self, name: str, pairs: str) -> None:
        """An engine table of links on which nothing is agreed yet, so that the next merge finds what there is."""
        self.store.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {self.side.who()}, hub_id, remote_id, '{{}}' AS base, "
            f"'{{}}' AS shown, 'linked' AS state, now() AS linked_at, now() AS moved_at, "
            f"{literal(self.lease.run_id)} AS run_id FROM ({pairs})"
        )

    @property
    def _linked(self) -> str:
        mine = f"connection = {literal(self.side.connection)} AND stream = {literal(self.side.stream)}"
        return f"SELECT hub_id FROM crmsync.links WHERE {mine}"

    def _column(self, sql: str, which: str) -> list[str]:
        found = self.store.query(
            f"SELECT DISTINCT {sql} FROM crmsync.intents WHERE connection = ? AND stream = ? AND {_OPEN} AND {which} "
            f"AND {sql} IS NOT NULL",
            [self.side.connection, self.side.stream],
        )
        return [row[0] for row in found[1]]

    def _end(self, which: str, state: str, *further: Change) -> None:
        ids = self._column("id", which)
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE recovered AS SELECT unnest($ids::VARCHAR[]) AS id, "
            f"{literal(state)} AS state, CASE WHEN {literal(state)} = 'superseded' THEN now() END AS settled_at",
            {"ids": ids},
        )
        if ids:
            self._commit(*further, Update(INTENTS, "recovered"))

    def _commit(self, *changes: Change) -> None:
        self.store.commit(Commit(self.lease, changes))
