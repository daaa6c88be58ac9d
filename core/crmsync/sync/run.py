"""Run: lease -> pull, merge, push -> close the run, for each stream; one that fails does not stop the others."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync import faults
from crmsync.clock import Clock, SystemClock
from crmsync.errors import BrakePulled, CrmsyncError, StoreError, UnknownStream, UnreadablePage, UsageError
from crmsync.events import Events, Note, StreamFinished, StreamStarted
from crmsync.http import HttpSettings, RetrySettings, WireSettings
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import Spec
from crmsync.store import FileStore, Lease
from crmsync.sync import catalog
from crmsync.sync.access import access_to
from crmsync.sync.holding import Holding
from crmsync.sync.job import Job
from crmsync.sync.journal import Journal
from crmsync.sync.model import Counts, Result
from crmsync.sync.prepare import Surroundings, prepare
from crmsync.sync.probe import probed
from crmsync.sync.stopping import unless
from crmsync.sync.turns import Turns
from crmsync.sync.worker import Worker

if TYPE_CHECKING:
    from crmsync.sync.merge.side import Side
    from crmsync.sync.pull import Pull

# The first request of all: an address that leads nowhere is told while somebody still looks. Later ones are patient.
_FIRST = HttpSettings(WireSettings(connect_s=5.0), RetrySettings(unreachable_s=5.0))


async def run(
    job: Job,
    store: FileStore,
    events: Events,
    *,
    clock: Clock | None = None,
    stop: asyncio.Event | None = None,
) -> list[Result]:
    """Bring the job's streams up to date, side by side; one Result each, in the order of the spec.

    When `stop` is set, a commit that is under way is finished, and the streams end as stopped.
    Raises what concerns them all: a wrong spec, an unknown stream, credentials that are refused.
    """
    document = load(job.spec_file, job.connection.own)
    spec = build(document.tree, objects(), job.connection.values)
    picked = _picked(spec, job.streams)
    clock, stop = clock or SystemClock(), stop or asyncio.Event()
    worker = Worker()
    try:
        if job.plan is not None:
            await worker.do(_require_plan, store, job.connection.name, job.plan)
        asked = await unless(stop, probed(job, spec, clock, events, _FIRST))
        if asked is not job:
            job, spec = asked, build(document.tree, objects(), asked.connection.values)
        access = await unless(stop, access_to(job, spec, clock, events, _FIRST, store=store, worker=worker))
        async with access.client(spec, _FIRST) as client:
            account = await unless(stop, catalog.read_account(client, spec))
        if account.facts:
            spec = build(document.tree, objects(), {**job.connection.values, **account.facts})
        async with access.client(spec) as client:
            around = Surroundings(spec, account, job.connection, client, store, worker, events)
            holding = Holding(store, worker, clock, stop, events, job.connection.name)
            shared = _Shared(job, around, holding, Turns(picked, objects()), stop)
            async with holding:
                return list(await asyncio.gather(*(_stream(shared, name) for name in picked)))
    finally:
        worker.close()


@dataclass(frozen=True, slots=True)
class _Shared:
    """The run as each of its streams sees it."""

    job: Job
    around: Surroundings
    holding: Holding
    turns: Turns
    stop: asyncio.Event
    sides: list[Side] = field(default_factory=list)  # of the streams that are written, in their order

    @property
    def store(self) -> FileStore:
        return self.around.store

    @property
    def worker(self) -> Worker:
        return self.around.worker

    @property
    def events(self) -> Events:
        return self.around.events


async def _stream(shared: _Shared, name: str) -> Result:
    """Run one stream to its Result, whatever happens."""
    job, begun = shared.job, time.monotonic()
    journal = Journal(job.connection.name, name)
    shared.events.subscribe(journal.hear)
    status, error, exit_status = "done", None, 0
    lease: Lease | None = None
    try:
        lease = await shared.holding.take(name, partial(_take, shared, name), wait=job.wait)
        faults.point("lease.taken")
        await _bring_up_to_date(shared, name, lease, journal)
    except Exception as raised:  # noqa: BLE001 - the edge of a run: one stream's failure must not stop the others
        error, exit_status = _told(shared, raised), _exit_status(raised)
        status = "stopped" if exit_status == 4 else "failed"
        if lease and isinstance(raised, UnreadablePage):
            await _quietly(shared, shared.store.keep_page, lease, raised.message, raised.body)
    shared.turns.leave(name)
    message = f"{error['code']} {error['message']}" if error else "Done."
    shared.events.emit(StreamFinished(job.connection.name, name, status, message))
    if lease is not None:
        shared.holding.leases.remove(lease)
        await _close(shared, lease, journal, status, error)
    faults.point("stream.done")
    return Result(
        run_id=job.run_id,
        connector=job.connection.connector,
        connection=job.connection.name,
        stream=name,
        mode=job.mode,
        status=status,
        counts=journal.counts,
        written=journal.written,
        plan=journal.plan,
        requests=journal.requests,
        retries=journal.retries,
        waited_seconds=journal.waited_s,
        seconds=time.monotonic() - begun,
        error=error,
        exit_status=exit_status,
    )


async def _bring_up_to_date(shared: _Shared, name: str, lease: Lease, journal: Journal) -> None:
    """Read the stream, and then, where the job says so, merge it with the hub and write."""
    job, stop, stream = shared.job, shared.stop, shared.around.spec.streams[name]
    pull = await unless(stop, prepare(stream, shared.around, lease, journal, backfill=job.backfill, brake=job.brake))
    shared.events.emit(StreamStarted(job.connection.name, name))
    braked: BrakePulled | None = None
    try:
        await unless(stop, pull.run())
    except BrakePulled as error:
        braked = error  # nobody is marked as deleted before a person has decided; all else goes on
    if job.mode != "pull":
        await _write(shared, pull, lease, journal)
    if braked is not None:
        raise braked


async def _write(shared: _Shared, pull: Pull, lease: Lease, journal: Journal) -> None:
    """In its turn, merge the stream with the hub and write, or plan it."""
    from crmsync.sync.given import side_of_rows
    from crmsync.sync.two_way import TwoWay, side_to_write

    job = shared.job
    await unless(shared.stop, shared.turns.come(lease.stream))
    side = side_to_write(pull, shared.around)
    if side is None:
        shared.around.note(lease.stream, "Only read: the hub has no such table, or the connector cannot write it.")
        return
    earlier, take = tuple(shared.sides), job.mode == "sync"
    shared.sides.append(side)
    two_way = TwoWay(pull, shared.around, shared.holding, lease, side, earlier, take)
    if job.source is not None:
        await replace(two_way, side=side_of_rows(side, pull.source.stream)).hand_over(job.source)
    elif job.rehearse:
        journal.plan = await two_way.plan()
    else:
        await two_way.run(job.plan)


def _take(shared: _Shared, name: str) -> Lease:
    """The lease of a stream, and its row in crmsync.runs."""
    job = shared.job
    row = {
        "run_id": job.run_id,
        "connection": job.connection.name,
        "stream": name,
        "connector": job.connection.connector,
        "mode": "plan" if job.rehearse else job.mode,
        "started_at": datetime.now(UTC),
    }
    return shared.store.acquire(job.connection.name, name, row)


async def _close(shared: _Shared, lease: Lease, journal: Journal, status: str, error: Mapping[str, str] | None) -> None:
    totals, logs = journal.draft(Counts())
    ending = {"status": status, "error_code": error and error["code"], "error": error and error["message"]}
    await _quietly(shared, shared.store.release, lease, {**totals, **ending}, logs)
    await _quietly(shared, shared.store.rest)


async def _quietly(shared: _Shared, call: Callable[..., object], *arguments: object) -> None:
    """Do what goes on beside a run or follows its end; where that fails (a full disk), it is not the error to tell."""
    try:
        await shared.worker.do(call, *arguments)
    except StoreError as error:
        shared.events.emit(Note(shared.job.connection.name, "", "warning", error.message))


def _exit_status(raised: Exception) -> int:
    return raised.exit_status if isinstance(raised, CrmsyncError) else 1


def _told(shared: _Shared, raised: Exception) -> dict[str, str]:
    """An error as it is printed and stored: no secret, no traceback."""
    redact = shared.job.redact
    if isinstance(raised, CrmsyncError):
        return {"code": raised.code, "message": redact(raised.message), "hint": redact(raised.hint)}
    where = traceback.extract_tb(raised.__traceback__)[-1]
    message = f"Internal error: {type(raised).__name__}: {raised} ({Path(where.filename).name}:{where.lineno})"
    return {"code": "CS900", "message": redact(message), "hint": "Please report this; the store is intact."}


def _require_plan(store: FileStore, connection: str, plan_id: str) -> None:
    where = "connection = ? AND plan_id = ? AND state = 'draft' LIMIT 1"
    if not store.query(f"SELECT 1 FROM crmsync.intents WHERE {where}", [connection, plan_id])[1]:
        raise UsageError(
            f"There is no plan {plan_id} of {connection} that has something to write: it was carried out, or replaced.",
            hint="Make one with: crmsync plan",
        )


def _picked(spec: Spec, names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in spec.streams]
    if unknown:
        near = get_close_matches(unknown[0], spec.streams, 1)
        guess = f" Did you mean {near[0]}?" if near else ""
        known = ", ".join(spec.streams)
        raise UnknownStream(f"{spec.name} has no stream {', '.join(unknown)}.{guess} It has: {known}.")
    return [name for name in spec.streams if not names or name in names]
