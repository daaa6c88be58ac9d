"""Check: whether a connection works, line by line, and what to do where it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crmsync.clock import SystemClock
from crmsync.errors import CrmsyncError
from crmsync.events import Events
from crmsync.http import Client, HttpSettings, RetrySettings
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.spec.model import Pool, Stream
from crmsync.sync import catalog
from crmsync.sync.run import Job, client_of

_SOON = HttpSettings(retry=RetrySettings(give_up_s=5.0))  # somebody waits for the answer
CLOCK_S = 60.0  # off by more than this, time stamps of the two machines mislead people


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check. `hint` says what to do where it is not `ok`."""

    ok: bool
    what: str
    message: str
    hint: str = ""


async def check(job: Job) -> AsyncIterator[Finding]:
    """Token, account, clock, limits, and whether each stream may be read. Reads one record a stream, writes nothing."""
    document = load(job.spec_file)
    values = job.connection.values
    spec = build(document.tree, objects(), values)
    try:
        async with client_of(job, spec, SystemClock(), Events(), _SOON) as client:
            account = await catalog.read_account(client, spec)
    except CrmsyncError as error:
        yield Finding(False, "credentials", error.message, error.hint)
        return
    yield Finding(True, "credentials", f"accepted by {values['base_url']}")
    facts = ", ".join(f"{name} {value}" for name, value in account.facts.items() if value is not None)
    yield Finding(True, "account", f"{account.id}{f' ({facts})' if facts else ''}")
    yield _clock(account)
    spec = build(document.tree, objects(), {**values, **account.facts})
    for pool in spec.pools.values():
        yield Finding(True, "limit", f"{pool.name}: {_limit(pool)}")
    async with client_of(job, spec, SystemClock(), Events(), _SOON) as client:
        for stream in spec.streams.values():
            yield await _readable(client, stream)


async def _readable(client: Client, stream: Stream) -> Finding:
    values: dict[str, Any] = {**stream.vars, "limit": 1, "names": [], "after_id": "0"}
    try:
        await client.send(stream.full.request, values, stream=stream.name)
    except CrmsyncError as error:
        return Finding(False, stream.name, error.message, error.hint)
    return Finding(True, stream.name, "may be read")


def _clock(account: catalog.Account) -> Finding:
    off_s = (datetime.now(UTC) - account.at).total_seconds()
    if abs(off_s) <= CLOCK_S:
        return Finding(True, "clock", f"within {CLOCK_S:.0f} s of the provider's")
    return Finding(
        False, "clock", f"off by {off_s:.0f} s against the provider's", "Set this machine's clock, e.g. by NTP."
    )


def _limit(pool: Pool) -> str:
    if pool.rate is not None:
        return f"{pool.rate} requests in any {pool.per_s:g} s"
    if pool.budget is not None:
        return f"{pool.budget:,} requests, again at {pool.resets} {pool.zone}"
    return f"{pool.concurrent} requests at a time"
