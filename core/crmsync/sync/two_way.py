"""Two-way: a stream that was read -> in step with the hub, and the CRM with it: reconcile, refresh, reconcile, push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from crmsync.errors import BrakePulled, StoreMoved
from crmsync.events import PhaseStarted
from crmsync.mapping.outcome import compile_outcome
from crmsync.mapping.write import compile_write
from crmsync.spec.load import objects
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Stream
from crmsync.store import FileStore, Lease
from crmsync.sync.holding import Holding
from crmsync.sync.merge.reconcile import Reconcile, Reconciled
from crmsync.sync.merge.side import Side, side_of
from crmsync.sync.model import Written
from crmsync.sync.prepare import Surroundings
from crmsync.sync.pull import Pull
from crmsync.sync.pull.census import BRAKE_FREE
from crmsync.sync.push import ACTIONS, Push, Way
from crmsync.sync.push.recover import Recover
from crmsync.sync.stopping import unless

HUB = "crm"
_TRIES = 5  # merges of rows that people edit at the same time


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Brings one stream, the hub and the CRM in step. `take`: the hub takes what the CRM has, too.

    `lease` is the stream's.
    """

    pull: Pull
    around: Surroundings
    holding: Holding
    lease: Lease
    take: bool

    async def run(self) -> None:
        """What could not be written stays owed, and is told; raises BrakePulled where too much is to be archived."""
        stream = self.pull.source.stream
        side = side_of(self.around.connection.name, stream, self.pull.lander.mirror.table, objects())
        if side is None or stream.write is None:
            return
        do, stop = self.around.worker.do, self.holding.stop
        self._emit("merge")
        recover = Recover(self.pull.confirm, self.store, self.around.worker, side, self.lease, stream.write)
        await unless(stop, recover.run())
        done = await unless(stop, self._reconcile(side))
        if ids := await do(self._to_update, side):
            await unless(stop, self._refresh(ids))
            done += await unless(stop, self._reconcile(side))
        await self._tell(side, done)
        self._emit("push")
        possible = ways(self.around.spec, stream, side.connection)
        braked = await do(self._too_many, side)
        if braked is not None:
            possible.pop("archive", None)
        try:
            await Push(
                client=self.around.client,
                source=self.pull.source,
                confirm=self.pull.confirm,
                store=self.store,
                worker=self.around.worker,
                side=side,
                lease=self.lease,
                ways=possible,
                stop=stop,
            ).run()
        finally:
            await self._tell(side, done)
        if braked is not None:
            raise braked

    @property
    def store(self) -> FileStore:
        return self.around.store

    async def _reconcile(self, side: Side) -> Reconciled:
        """One at a time for a hub table, or the same row might be made twice; again, where people edit it meanwhile."""
        doing = f"is merging {HUB}.{side.stream} with {side.connection}"
        take = partial(self.store.hold, HUB, side.stream, self.lease.run_id, doing)
        held = await self.holding.take(side.stream, take, wait=True)
        try:
            for _ in range(_TRIES - 1):
                try:
                    return await self.around.worker.do(Reconcile(self.store, side, held, self.take).run)
                except StoreMoved:
                    continue  # what it has committed holds, and it reads the rest as it is now
            return await self.around.worker.do(Reconcile(self.store, side, held, self.take).run)
        finally:
            self.holding.leases.remove(held)
            await self.around.worker.do(self.store.let_go, held)

    async def _refresh(self, ids: Sequence[str]) -> None:
        """Read what is to be written again: an edit that the reading has not met yet is not overwritten."""
        async for _ in self.pull.confirm.arrived(ids):
            pass

    def _to_update(self, side: Side) -> Sequence[str]:
        found = self.store.query(
            "SELECT DISTINCT remote_id FROM crmsync.intents WHERE connection = ? AND stream = ? "
            "AND state = 'planned' AND action IN ('update', 'archive')",
            [side.connection, side.stream],
        )
        return [row[0] for row in found[1]]

    def _too_many(self, side: Side) -> BrakePulled | None:
        """The brake, where rows that were deleted in the hub are more than a person may have meant."""
        who = [side.connection, side.stream]
        ((archives, links),) = self.store.query(
            "SELECT (SELECT count(*) FROM crmsync.intents WHERE connection = $1 AND stream = $2 "
            "AND state = 'planned' AND action = 'archive'), "
            "(SELECT count(*) FROM crmsync.links WHERE connection = $1 AND stream = $2 AND state = 'linked')",
            who,
        )[1]
        if archives <= max(BRAKE_FREE, links * self.pull.brake):
            return None
        return BrakePulled(
            f"{archives} of {links} rows of {HUB}.{side.stream} were deleted, more than the brake of "
            f"{self.pull.brake:.0%} lets us archive in {side.connection}. None of them was archived.",
            hint="If that is right, run it again with: --brake 100. If not, restore the rows, with their _id.",
        )

    async def _tell(self, side: Side, done: Reconciled) -> None:
        """What it has come to so far."""
        self.pull.lander.journal.written = await self.around.worker.do(self._written, side, done)

    def _written(self, side: Side, done: Reconciled) -> Written:
        found = self.store.query(
            "SELECT count(*) FILTER (state = 'applied' AND action = 'create'), "
            "count(*) FILTER (state = 'applied' AND action = 'update'), "
            "count(*) FILTER (state = 'applied' AND action = 'archive'), count(*) FILTER (state = 'rejected'), "
            "count(*) FILTER (state = 'unknown'), (SELECT count(*) FROM crmsync.conflicts "
            "WHERE connection = $1 AND stream = $2 AND resolved_at IS NULL) "
            "FROM crmsync.intents WHERE connection = $1 AND stream = $2 AND run_id = $3",
            [side.connection, side.stream, self.lease.run_id],
        )
        created, updated, archived, refused, unknown, conflicts = found[1][0]
        return Written(
            merged=done.made + done.changed,
            linked=done.linked,
            created=created,
            updated=updated,
            archived=archived,
            refused=refused,
            unknown=unknown,
            conflicts=conflicts,
        )

    def _emit(self, phase: str) -> None:
        self.around.events.emit(PhaseStarted(self.around.connection.name, self.pull.source.stream.name, phase))


def ways(spec: Spec, stream: Stream, connection: str) -> dict[str, Way]:
    """How each action of the stream reaches the CRM, as far as the provider offers it."""
    assert stream.write is not None
    found = {}
    for action in ACTIONS:
        operation = getattr(stream.write, action)
        if operation is not None:
            known = {"connection": connection}
            render = compile_write(stream, operation, creates=action == "create", clear=spec.clear, known=known)
            found[action] = Way(operation, render, compile_outcome(operation.outcome, spec.rules, spec.error))
    return found
