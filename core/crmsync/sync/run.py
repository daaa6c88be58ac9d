"""Run: lease -> pull -> close the run, for each stream of a connection; one that fails does not stop the others."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from crmsync import faults
from crmsync.clock import Clock, SystemClock
from crmsync.errors import AlreadyRunning, CrmsyncError, Stopped, StoreError, UnknownStream, UnreadablePage
from crmsync.events import Events, Note, StreamFinished, StreamStarted
from crmsync.http import HttpSettings, RetrySettings, WireSettings
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import Spec
from crmsync.store import FileStore, Lease
from crmsync.sync import catalog
from crmsync.sync.access import access_to
from crmsync.sync.job import Job
from crmsync.sync.journal import Journal
from crmsync.sync.model import Counts, Result
from crmsync.sync.prepare import Surroundings, prepare
from crmsync.sync.probe import probed
from crmsync.sync.worker import Worker

T = TypeVar("T")

HEARTBEAT_S = 15.0
# The first request of all: an address that leads nowhere is told while somebody still looks. Later ones are patient.
_FIRST = HttpSettings(WireSettings(connect_s=5.0), RetrySettings(unreachable_s=5.0))
_WAIT_S = 1.0  # between two looks at a lease that somebody else holds


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
        job = await _unless(stop, probed(job, spec, clock, events, _FIRST))
        spec = build(document.tree, objects(), job.connection.values)
        access = await _unless(stop, access_to(job, spec, clock, events, _FIRST, store=store, worker=worker))
        async with access.client(spec, _FIRST) as client:
            account = await _unless(stop, catalog.read_account(client, spec))
        spec = build(document.tree, objects(), {**job.connection.values, **account.facts})
        async with access.client(spec) as client:
            around = Surroundings(spec, account, job.connection, client, store, worker, events)
            shared = _Shared(job, around, clock, stop)
            async with _Heart(shared) as heart:
                return list(await asyncio.gather(*(_stream(shared, heart, name) for name in picked)))
    finally:
        worker.close()


@dataclass(frozen=True, slots=True)
class _Shared:
    """The run as each of its streams sees it."""

    job: Job
    around: Surroundings
    clock: Clock
    stop: asyncio.Event

    @property
    def store(self) -> FileStore:
        return self.around.store

    @property
    def worker(self) -> Worker:
        return self.around.worker

    @property
    def events(self) -> Events:
        return self.around.events


async def _stream(shared: _Shared, heart: _Heart, name: str) -> Result:
    """Run one stream to its Result, whatever happens."""
    job, begun = shared.job, time.monotonic()
    journal = Journal(job.connection.name, name)
    shared.events.subscribe(journal.hear)
    status, error, exit_status = "done", None, 0
    lease: Lease | None = None
    try:
        lease = await _acquire(shared, name)
        heart.leases.append(lease)
        faults.point("lease.taken")
        await _unless(shared.stop, _pull(shared, name, lease, journal))
    except Exception as raised:  # noqa: BLE001 - the edge of a run: one stream's failure must not stop the others
        error, exit_status = _told(shared, raised), _exit_status(raised)
        status = "stopped" if exit_status == 4 else "failed"
        if lease and isinstance(raised, UnreadablePage):
            await _quietly(shared, shared.store.keep_page, lease, raised.message, raised.body)
    message = f"{error['code']} {error['message']}" if error else "Done."
    shared.events.emit(StreamFinished(job.connection.name, name, status, message))
    if lease is not None:
        heart.leases.remove(lease)
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
        requests=journal.requests,
        retries=journal.retries,
        waited_seconds=journal.waited_s,
        seconds=time.monotonic() - begun,
        error=error,
        exit_status=exit_status,
    )


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, or drop it where it waits when `stop` is set; raises Stopped then."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        if not stop.is_set():  # else nothing is begun, however short
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Stopped("Stopped on request.", hint="Run the same command again: it goes on where it was.")
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


async def _pull(shared: _Shared, name: str, lease: Lease, journal: Journal) -> None:
    job, stream = shared.job, shared.around.spec.streams[name]
    pull = await prepare(stream, shared.around, lease, journal, backfill=job.backfill, brake=job.brake)
    shared.events.emit(StreamStarted(job.connection.name, name))
    await pull.run()
    if job.mode == "sync":
        from crmsync.sync.two_way import two_way

        await two_way(pull, shared.around, lease)


async def _acquire(shared: _Shared, name: str) -> Lease:
    """Take the lease; only the wait for another holder can be stopped, else a lease might be taken and forgotten."""
    job = shared.job
    row = {
        "run_id": job.run_id,
        "connection": job.connection.name,
        "stream": name,
        "connector": job.connection.connector,
        "mode": job.mode,
        "started_at": datetime.now(UTC),
    }
    told = False
    while True:
        try:
            return await shared.worker.do(shared.store.acquire, job.connection.name, name, row)
        except AlreadyRunning as error:
            if not job.wait:
                raise
            if not told:
                shared.events.emit(Note(job.connection.name, name, "info", f"{error.message} Waiting for it."))
                told = True
            await shared.worker.do(shared.store.rest)
            await _unless(shared.stop, shared.clock.sleep(_WAIT_S))


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


def _picked(spec: Spec, names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in spec.streams]
    if unknown:
        near = get_close_matches(unknown[0], spec.streams, 1)
        guess = f" Did you mean {near[0]}?" if near else ""
        known = ", ".join(spec.streams)
        raise UnknownStream(f"{spec.name} has no stream {', '.join(unknown)}.{guess} It has: {known}.")
    return [name for name in spec.streams if not names or name in names]


class _Heart:
    """Tells others every few seconds that this run's leases are held by the living."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self.leases: list[Lease] = []

    async def __aenter__(self) -> _Heart:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self.leases:
                await _quietly(self._shared, self._shared.store.heartbeat, tuple(self.leases))
