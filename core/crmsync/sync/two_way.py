"""Two-way: a stream that was read -> in step with the hub, and the CRM with it: reconcile, refresh, reconcile, push."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from crmsync.errors import BrakePulled, PlanMoved, StoreMoved
from crmsync.events import PhaseStarted, StreamWritten, WritesPlanned
from crmsync.mapping.outcome import compile_outcome
from crmsync.mapping.write import compile_write
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Stream
from crmsync.spec.model_write import Write
from crmsync.store import Commit, FileStore, Lease
from crmsync.sync import tally
from crmsync.sync.given import OWED, Given
from crmsync.sync.holding import Holding
from crmsync.sync.merge.reconcile import Reconcile, Reconciled
from crmsync.sync.merge.side import Side, side_of
from crmsync.sync.model import Written
from crmsync.sync.planning import IN_PLAN, Plan, Planning, over
from crmsync.sync.prepare import Surroundings
from crmsync.sync.pull import Pull
from crmsync.sync.pull.census import BRAKE_FREE
from crmsync.sync.pull.confirm import drained
from crmsync.sync.push import CREATES, WAYS, Push, Way
from crmsync.sync.push.lookup import can_look_up, look_up
from crmsync.sync.push.lost import seen
from crmsync.sync.push.recover import Recover
from crmsync.sync.push.value import KEY
from crmsync.sync.stopping import unless

T = TypeVar("T")

HUB = "crm"
_TRIES = 5  # merges of rows that people edit at the same time


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Brings one stream, the hub and the CRM in step. `take`: the hub takes what the CRM has, too.

    `lease` is the stream's, `earlier` are the sides of the streams that are written before it.
    """

    pull: Pull
    around: Surroundings
    holding: Holding
    lease: Lease
    side: Side
    earlier: Sequence[Side]
    take: bool

    async def run(self, plan_id: str | None = None) -> None:
        """Merge and write. What could not be written stays owed, and is told.

        With a plan, only what is in it is written. Raises PlanMoved where now something else would be done, and
        BrakePulled where too much is to be archived.
        """
        do, stop = self.around.worker.do, self.holding.stop
        self._emit("merge")
        push = self._push(only=IN_PLAN if plan_id else None)
        await self._recover(None if plan_id else push)
        if plan_id is not None and (moved := await self._rehearse(lambda planning: planning.differs(plan_id))):
            raise PlanMoved(
                f"Something else than in plan {plan_id} would be done to {moved} rows; nothing was written."
            )
        done = await unless(stop, self._reconcile())
        self._warn(done.copied)
        owed = await do(tally.planned, self.store, self.side)
        if owed:
            self._emit("look")
            if await unless(stop, self._look()):
                done += await unless(stop, self._reconcile())
                owed = await do(tally.planned, self.store, self.side)
            await self._tell(done)
        self._emit("push")
        self._announce(owed)
        braked = await do(self._too_many) if owed else None
        if braked is not None:
            push.ways = {name: way for name, way in push.ways.items() if name != "archive"}
        try:
            if owed:
                await push.run()
            if push.done.linked or (push.done.applied and any(group.measured for group in self.side.groups)):
                # what the CRM had already may lack something of the hub's, and so does what was made without an amount
                done += await unless(stop, self._reconcile())
                self._announce(await do(tally.planned, self.store, self.side))
                await push.run()
            if self.take and push.done.applied and (rows := await do(self._written_rows)):
                done += await unless(stop, self._reconcile(lambda merge: merge.again(rows)))
        finally:
            await self._conclude(done)
        if plan_id is not None:
            await do(self._end_plan)
        if braked is not None:
            raise braked

    async def plan(self) -> Plan:
        """What `run` would do, which is not done."""
        self._emit("merge")
        await self._recover()
        ids, values = await self._rehearse(Planning.to_read)
        await unless(self.holding.stop, self._refresh(ids, values))
        drawn = await self._rehearse(Planning.draw)
        links = await self.around.worker.do(tally.linked, self.store, self.side)
        return replace(drawn, braked=self._brakes(drawn.archive, links))

    async def hand_over(self, source: str) -> None:
        """Write the rows that a person gives, beside the hub; `side` is that of rows."""
        do, stop = self.around.worker.do, self.holding.stop
        given = Given(self.store, self.side, self.lease, source)
        self._emit("merge")
        await self._recover()
        await do(given.read)
        ids, keys = await do(given.known)
        await unless(stop, self._refresh(ids, keys))
        rows, equal = await do(given.owe)
        there = f"; of {equal:,} of them the CRM has all that they say" if equal else ""
        self.pull.source.note("info", f"{source}: {rows:,} row{'' if rows == 1 else 's'}{there}.")
        await self._tell(Reconciled())
        self._emit("push")
        self._announce(await do(tally.planned, self.store, self.side))
        try:
            await self._push(only=OWED).run()
        finally:
            await self._conclude(Reconciled())

    @property
    def store(self) -> FileStore:
        return self.around.store

    async def _rehearse(self, ask: Callable[[Planning], T]) -> T:
        """Ask what would be done, while nobody else merges."""
        sides, pools = (*self.earlier, self.side), tuple(self.around.spec.pools.values())

        def planned(held: Sequence[Lease]) -> T:
            merged = list(zip(sides, held, strict=True))
            return ask(Planning(self.store, merged, self.lease, self.take, self._write, self._ways, pools))

        return await self._holding_hub(sides, planned)

    @property
    def _ways(self) -> dict[str, Way]:
        return ways(self.around.spec, self.pull.source.stream, self.side.connection)

    def _push(self, *, only: str | None) -> Push:
        return Push(
            client=self.around.client,
            source=self.pull.source,
            confirm=self.pull.confirm,
            store=self.store,
            worker=self.around.worker,
            side=self.side,
            lease=self.lease,
            ways=self._ways,
            stop=self.holding.stop,
            only=only,
        )

    @property
    def _write(self) -> Write:
        assert self.pull.source.stream.write is not None  # see side_to_write
        return self.pull.source.stream.write

    async def _recover(self, push: Push | None = None) -> None:
        """Settle writes of which nobody knows what became, once `push` has sent those again for which that is safe."""
        worker = self.around.worker
        if not await worker.do(tally.doubtful, self.store, self.side):
            return
        if push is not None:
            await push.resend()
        until = seen(self.pull.checkpoint, self.pull.source.stream)
        recover = Recover(self.pull.confirm, self.store, worker, self.side, self.lease, self._write, until)
        await unless(self.holding.stop, recover.run())

    def _end_plan(self) -> None:
        self.store.commit(Commit(self.lease, [over(self.store, self.side)]))

    async def _reconcile(self, what: Callable[[Reconcile], Reconciled] = Reconcile.run) -> Reconciled:
        """Again, where people edit its rows meanwhile."""

        def merge(held: Sequence[Lease]) -> Reconciled:
            reconcile = Reconcile(self.store, self.side, held[0], self.take)
            for _ in range(_TRIES - 1):
                try:
                    return what(reconcile)
                except StoreMoved:
                    continue  # what it has committed holds, and it reads the rest as it is now
            return what(reconcile)

        return await self._holding_hub((self.side,), merge)

    async def _holding_hub(self, sides: Sequence[Side], call: Callable[[Sequence[Lease]], T]) -> T:
        """The result of `call`, in the engine's thread, given the leases of the hub tables of `sides`.

        One merges at a time, or the same row might be made twice. The file is opened once for all of it.
        """

        def held() -> T:
            with self.store.open(), ExitStack() as stack:
                return call([stack.enter_context(self._hub_of(side)) for side in sides])

        return await self.holding.once_free(self.side.stream, held, wait=True)

    @contextmanager
    def _hub_of(self, side: Side) -> Iterator[Lease]:
        doing = f"is merging {HUB}.{side.stream} with {side.connection}"
        held = self.store.hold(HUB, side.stream, self.lease.run_id, doing)
        try:
            yield held
        finally:
            self.store.let_go(held)

    async def _look(self) -> bool:
        """Read what is to be updated again, and who is to be created, if they are there; whether the mirror moved."""
        before = self.pull.lander.journal.counts
        ids = await self.around.worker.do(self._to_update)
        await drained(self.pull.confirm.arrived(ids))  # an edit that the reading has not met yet is not overwritten
        await look_up(self.pull.confirm, self.store, self.around.worker, self.side, self._write)
        after = self.pull.lander.journal.counts
        return (after.applied, after.deleted) != (before.applied, before.deleted)

    async def _refresh(self, ids: Sequence[str], values: Sequence[str]) -> None:
        """Read records again: some by their ids, and those that have one of `values` in the field that is unique."""
        await drained(self.pull.confirm.arrived(ids))
        if can_look_up(self.pull.source.stream, self.side):
            await drained(self.pull.confirm.found(values))

    def _to_update(self) -> Sequence[str]:
        found = self.store.query(
            "SELECT DISTINCT remote_id FROM crmsync.intents WHERE connection = ? AND stream = ? "
            "AND state = 'planned' AND action IN ('update', 'archive')",
            list(self.side.whose.values()),
        )
        return [row[0] for row in found[1]]

    def _written_rows(self) -> Sequence[str]:
        """The hub's rows that were written just now: what the CRM says besides, as a stage says the status, is taken.

        Else it would meet the hub's next edit of the same group as an edit of its own.
        """
        found = self.store.query(
            "SELECT DISTINCT hub_id FROM crmsync.intents WHERE connection = ? AND stream = ? AND run_id = ? "
            "AND state = 'applied' AND action IN ('create', 'update')",
            [*self.side.whose.values(), self.lease.run_id],
        )
        return [row[0] for row in found[1]]

    def _too_many(self) -> BrakePulled | None:
        """The brake, where rows that were deleted in the hub are more than a person may have meant."""
        archives = tally.planned(self.store, self.side, "archive")
        links = tally.linked(self.store, self.side) if archives else 0
        if not self._brakes(archives, links):
            return None
        return BrakePulled(
            f"{archives} of {links} rows of {HUB}.{self.side.stream} were deleted, more than the brake of "
            f"{self.pull.brake:.0%} lets us archive in {self.side.connection}. None of them was archived.",
            hint="If that is right, run it again with: --brake 100. If not, restore the rows, with their _id.",
        )

    def _brakes(self, archives: int, links: int) -> bool:
        return archives > max(BRAKE_FREE, links * self.pull.brake)

    def _warn(self, copied: int) -> None:
        if copied:
            table, many = f"{HUB}.{self.side.stream}", "One _id stands" if copied == 1 else f"{copied:,} _ids stand"
            self.pull.source.note(
                "warning",
                f"{many} in several rows of {table}: these wait until each has one of its own. They are: crmsync query "
                f'"FROM {table} QUALIFY count(*) OVER (PARTITION BY _id) > 1"',
            )

    def _announce(self, owed: int) -> None:
        self.around.events.emit(WritesPlanned(*self._who, owed))

    async def _tell(self, done: Reconciled) -> Written:
        """What it has come to so far."""
        written = await self.around.worker.do(tally.written, self.store, self.side, self.lease.run_id, done)
        self.pull.lander.journal.written = written
        return written

    async def _conclude(self, done: Reconciled) -> None:
        """What it has come to, and why what was refused was refused."""
        written = await self._tell(done)
        refusals: Sequence[tuple[str, int]] = ()
        if written.refused:
            refusals = await self.around.worker.do(tally.refusals, self.store, self.side, self.lease.run_id)
        self.around.events.emit(StreamWritten(*self._who, written.as_dict(), refusals))

    def _emit(self, phase: str) -> None:
        self.around.events.emit(PhaseStarted(*self._who, phase))

    @property
    def _who(self) -> tuple[str, str]:
        return self.around.connection.name, self.pull.source.stream.name


def side_to_write(pull: Pull, around: Surroundings) -> Side | None:
    """The stream beside its hub table; None where there is none, or the CRM's records are only read."""
    stream = pull.source.stream
    if stream.write is None:
        return None
    return side_of(around.connection.name, stream, pull.lander.mirror.table, around.connection.terms)


def ways(spec: Spec, stream: Stream, connection: str) -> dict[str, Way]:
    """How each action of the stream reaches the CRM, as far as the provider offers it."""
    write, found = stream.write, dict[str, Way]()
    assert write is not None
    for name in WAYS:
        operation = getattr(write, name)
        if operation is None or (name == "upsert" and write.new != name):
            continue
        known = {"connection": connection}
        render = compile_write(stream, operation, creates=name in CREATES, clear=spec.clear, known=known)
        outcome = compile_outcome(operation.outcome, spec.rules, spec.error)
        again = name != "create" and (name != "upsert" or write.by == KEY)
        found[name] = Way(operation, render, outcome, again or operation.idempotent)
    return found
