"""Check: whether a connection works, line by line, and what to do where it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crmsync.clock import SystemClock
from crmsync.errors import CrmsyncError
from crmsync.events import Events
from crmsync.http import Client, HttpSettings, RetrySettings, WireSettings, compile_head
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import Pool, Spec, variable
from crmsync.spec.model_stream import Stream
from crmsync.spec.model_write import Write
from crmsync.store import FileStore
from crmsync.sync import catalog
from crmsync.sync.access import Access, access_to, needs_store
from crmsync.sync.job import Job
from crmsync.sync.lists import columns_of, read_lists
from crmsync.sync.probe import probed
from crmsync.sync.source import as_sent, asking_for
from crmsync.sync.worker import Worker

_SOON = HttpSettings(
    WireSettings(connect_s=5.0), RetrySettings(give_up_s=5.0, insists=False)
)  # somebody waits for the answer
CLOCK_S = 60.0  # off by more than this, time stamps of the two machines mislead people


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: `hint` says what to do, and `exit_status` how grave it is, where it is not ok (0)."""

    what: str
    message: str
    hint: str = ""
    exit_status: int = 0

    @property
    def ok(self) -> bool:
        return self.exit_status == 0


async def check(job: Job, open_store: Callable[[], FileStore], events: Events | None = None) -> AsyncIterator[Finding]:
    """Token, account, clock, limits, and whether each stream may be read; reads a few records.

    Writes nothing but tokens that were renewed: only where the connection has such, the store is opened.
    """
    document = load(job.spec_file, job.connection.own)
    spec = build(document.tree, objects(), job.connection.values)
    async with AsyncExitStack() as stack:
        try:
            job = await probed(job, spec, SystemClock(), Events(), _SOON)
            spec = build(document.tree, objects(), job.connection.values)
            access = await _access(job, spec, open_store, events or Events(), stack)
            async with access.client(spec, _SOON) as client:
                account = await catalog.read_account(client, spec)
        except CrmsyncError as error:
            yield _bad("credentials", error)
            return
        yield Finding("credentials", f"accepted by {client.origin}")
        async for finding in _details(job, document.tree, account, access):
            yield finding


async def _access(
    job: Job, spec: Spec, open_store: Callable[[], FileStore], events: Events, stack: AsyncExitStack
) -> Access:
    if not needs_store(job, spec):
        return await access_to(job, spec, SystemClock(), events, _SOON)
    store, worker = stack.enter_context(closing(open_store())), stack.enter_context(closing(Worker()))
    return await access_to(job, spec, SystemClock(), events, _SOON, store=store, worker=worker)


async def _details(job: Job, tree: Any, account: catalog.Account, access: Access) -> AsyncIterator[Finding]:
    facts = ", ".join(f"{name} {value}" for name, value in account.facts.items() if value is not None)
    yield Finding("account", f"{account.id}{f' ({facts})' if facts else ''}")
    yield _clock(account)
    spec = build(tree, objects(), {**job.connection.values, **account.facts})
    for pool in spec.pools.values():
        yield Finding("limit", f"{pool.name}: {_limit(pool)}")
    async with access.client(spec, _SOON) as client:
        for stream in spec.streams.values():
            for finding in await _permissions(client, spec, stream, job.connection.fields.get(stream.name, ())):
                yield finding
            if stream.write is not None and not stream.write.is_sure:
                yield _doubles(job.connection.name, spec, stream.name, stream.write)


async def _permissions(client: Client, spec: Spec, stream: Stream, wanted: Any) -> Sequence[Finding]:
    """Whether everything may be asked for that a run of the stream asks for; each refusal once."""
    spared: list[Finding] = []

    async def lists() -> None:
        for name, error in (await read_lists(client, spec, stream)).refused.items():
            columns = " and ".join(columns_of(stream, [name]))
            spared.append(Finding(stream.name, f"may be read, without {columns}: {error.message}", error.hint))

    questions: list[Callable[[], Awaitable[object]]] = [lambda: _read_some(client, stream), lists]
    if catalog.needs_fields(stream, wanted):
        questions.append(lambda: catalog.read_fields(client, spec, stream))
    refused: dict[str, Finding] = {}
    for ask in questions:
        try:
            await ask()
        except CrmsyncError as error:
            refused.setdefault(error.hint or error.message, _bad(stream.name, error))
    return list(refused.values()) or spared or [Finding(stream.name, "may be read")]


def _doubles(connection: str, spec: Spec, name: str, write: Write) -> Finding:
    """Of a record whose answer was lost when it was made: nothing finds it again but what it looks like."""
    hint = ""
    if write.lacks is not None:
        what = spec.options[write.lacks].title
        hint = f"Create one in the CRM, and name it by {variable(connection, write.lacks)}: {what}."
    return Finding(name, "may be written; duplicates possible, as none of its fields is unique", hint)


async def _read_some(client: Client, stream: Stream) -> None:
    """Ask for a first page, and for the links of a record on it."""
    answer = await client.send(stream.full.request, _first_page(stream), stream=stream.name)
    if not stream.links:
        return
    ids = compile_head(records=stream.full.request.records, id=stream.record.id.at[0])(answer.body).ids[:1]
    for request in [link.request for link in stream.links if ids]:
        await client.send(request, {**stream.vars, **asking_for(request, ids, stream.record)}, stream=stream.name)


def _first_page(stream: Stream) -> dict[str, Any]:
    """No field but the id, where it is one of them: a query must name some, and elsewhere none means all."""
    names = [] if stream.record.values else list(stream.record.id.at[:1])
    return {**stream.vars, "limit": 1, "names": names, "after_id": as_sent(stream.record, "0")}


def _bad(what: str, error: CrmsyncError) -> Finding:
    return Finding(what, error.message, error.hint, error.exit_status)


def _clock(account: catalog.Account) -> Finding:
    off_s = (datetime.now(UTC) - account.at).total_seconds()
    if abs(off_s) <= CLOCK_S:
        return Finding("clock", f"within {CLOCK_S:.0f} s of the provider's")
    told = f"{abs(off_s):,.0f} s {'ahead of' if off_s > 0 else 'behind'} the provider's"
    return Finding("clock", told, "Set this machine's clock, e.g. by NTP.", 2)


def _limit(pool: Pool) -> str:
    if pool.rate is not None:
        return f"{pool.rate:,} requests in any {pool.per_s:g} s"
    if pool.budget is not None:
        again = f"at midnight {pool.zone}" if pool.resets == "midnight" else f"every {pool.resets}"
        return f"{pool.budget:,} requests, counted anew {again}"
    return "one request at a time" if pool.concurrent == 1 else f"{pool.concurrent} requests at a time"
