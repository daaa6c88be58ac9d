"""Access tokens that end: kept in the store, renewed ahead of their end, by one process for all.

Whoever finds the token near its end claims it in the store. One process gets the claim, asks the provider, and keeps
the answer in a transaction that checks the fence; the others wait, read the store again and use what it has. A process
that died in between is taken over. The store is asked only then, so a request costs nothing as long as a token lasts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from crmsync.clock import Clock
from crmsync.config import Connection
from crmsync.errors import AlreadyRunning, BudgetSpent, KeyMissing, LeaseLost, ProviderDown, StoreError, Unauthorized
from crmsync.events import Events, Note, Waiting
from crmsync.http import Grant, Issued, TokenEndpoint, connecting
from crmsync.secret import Redactor, Secret
from crmsync.spec.model import Auth, Spec
from crmsync.store import FileStore, Kept, Lease, Safe
from crmsync.sync.worker import Worker

T = TypeVar("T")

AHEAD_S, AHEAD_SHARE = 300.0, 0.1  # renewed so long before its end, whichever is shorter
AGAIN_S = 60.0  # after a renewal that failed while the old token still lasts
_POLL_S = (0.2, 2.0)  # between two looks at a claim that another process holds
_PATIENCE_S = 120.0  # with such a process, beyond what the provider's own limit may make it wait
_BEAT_S = 15.0


class Record(msgspec.Struct, omit_defaults=True):
    """What is sealed in the store. `given` is a digest of the operator's refresh token that was known then."""

    access: str
    client: str
    refresh: str | None = None
    ends_at: float | None = None  # seconds since 1970; None: the provider does not say
    life_s: float | None = None
    base_url: str | None = None
    server: str | None = None  # the token endpoint, where it is not the spec's
    given: str = ""

    def __repr__(self) -> str:
        return "Record(***)"


class Tokens:
    """The tokens of one connection, as Grants."""

    def __init__(
        self,
        spec: Spec,
        way: Auth,
        connection: Connection,
        endpoint: TokenEndpoint,
        store: FileStore,
        safe: Safe,
        worker: Worker,
        clock: Clock,
        events: Events,
        redact: Redactor,
    ) -> None:
        assert way.oauth is not None
        self._spec, self._way, self._oauth, self._connection = spec, way, way.oauth, connection
        self._endpoint, self._store, self._safe, self._worker = endpoint, store, safe, worker
        self._clock, self._events, self._redact = clock, events, redact
        self._lock = asyncio.Lock()
        self._record: Record | None = None
        self._version = 0
        self._quiet_until = 0.0  # monotonic seconds
        self._problem: KeyMissing | None = None

    @property
    def base_url(self) -> str | None:
        return self._record.base_url if self._record else None

    async def open(self) -> None:
        """Have a token that lasts; raises Unauthorized where somebody must connect first, KeyMissing."""
        kept = await self._worker.do(self._safe.read, self._connection.name, self._way.name)
        if kept is not None:
            self._take(kept)
        await self.current()

    async def current(self) -> Grant:
        if not self._is_due():
            return self._grant()
        async with self._lock:
            if self._is_due():  # nobody of this process was quicker
                try:
                    await self._renew()
                except (ProviderDown, BudgetSpent):
                    if self._has_ended():
                        raise
                    self._quiet_until = self._clock.monotonic() + AGAIN_S
            return self._grant()

    async def renewed(self, stale: Grant) -> Grant | None:
        async with self._lock:
            if self._version == stale.version:
                await self._renew()
            return self._grant()

    async def connect(self, issued: Issued, server: str | None) -> None:
        """Keep the first tokens that a person's consent gave, whatever was there."""
        while isinstance(claim := await self._claim(), Kept):
            self._take(claim)
        try:
            await self._keep(claim, issued, None, server)
        except BaseException:
            await self._quietly(self._safe.give_back, claim)
            raise

    # -- renewing ------------------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        """A token of a newer version than ours: another process's, or a new one. Called under the lock."""
        while True:
            claim = await self._claim()
            if isinstance(claim, Lease):
                try:
                    return await self._renew_by(claim)
                except LeaseLost:
                    continue  # somebody else has renewed it meanwhile
                except Unauthorized:
                    newer = await self._worker.do(self._safe.read, self._connection.name, self._way.name)
                    if newer is None or newer.version <= self._version:
                        raise
                    claim = newer  # ours was refused because of it
            if self._take(claim) and not self._is_due():
                return None

    async def _renew_by(self, lease: Lease) -> None:
        try:
            refresh, server = self._source()
            asked = self._endpoint.refresh(refresh, server) if refresh else self._endpoint.for_client()
            await self._keep(lease, await self._beating(lease, asked), refresh, server)
        except BaseException:
            await self._quietly(self._safe.give_back, lease)
            raise

    def _source(self) -> tuple[Secret | None, str | None]:
        """The refresh token to use and the server that gave it; for a client's own tokens there is none."""
        if self._oauth.grant == "client_credentials":
            return None, None
        given, record = self._connection.values.get("refresh_token"), self._record
        if record is not None and record.refresh is not None:
            return Secret(record.refresh), record.server
        if isinstance(given, Secret):
            if self._problem is not None:
                self._note("warning", f"{self._problem.message} The refresh token of the environment is used.")
            return given, None
        command = connecting(self._spec, self._connection.name)
        if self._problem is not None:
            hint = f"Set CRMSYNC_KEY to the key that sealed them, or connect again: {command}"
            raise KeyMissing(self._problem.message, hint=hint)
        raise Unauthorized(f"{self._connection.name} is not connected yet.", hint=f"Connect it: {command}")

    async def _claim(self) -> Lease | Kept:
        """The claim, or a newer secret; waits for a process that has the claim."""
        pause, limit = _POLL_S[0], self._oauth.refresh_limit
        until = self._clock.monotonic() + _PATIENCE_S + (limit.per_s if limit else 0.0)
        told = False
        while True:
            try:
                return await self._claimed()
            except AlreadyRunning as error:
                if self._clock.monotonic() > until:
                    hint = "If that process hangs, end it, and run the same command again."
                    raise AlreadyRunning(error.message, hint=hint) from None
            if not told:
                reason = "another process renews the token"
                self._events.emit(Waiting(self._connection.name, "", reason, pause))
                told = True
            await self._worker.do(self._store.rest)  # else it could not get in to keep what it got
            await self._clock.sleep(pause)
            pause = min(pause * 1.5, _POLL_S[1])

    async def _claimed(self) -> Lease | Kept:
        """One try. Where we are stopped meanwhile, a claim that came about is given back, and not forgotten."""
        call = self._worker.do(self._safe.claim, self._connection.name, self._way.name, self._version)
        trying = asyncio.ensure_future(call)
        try:
            return await asyncio.shield(trying)
        except asyncio.CancelledError:
            (found,) = await asyncio.gather(trying, return_exceptions=True)
            if isinstance(found, Lease):
                await self._quietly(self._safe.give_back, found)
            raise

    async def _beating(self, lease: Lease, work: Awaitable[T]) -> T:
        """Do the work; other machines hear that we live while it lasts."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_BEAT_S))[0]:
                await self._quietly(self._safe.alive, lease)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _quietly(self, call: Callable[[Lease], None], lease: Lease) -> None:
        """What goes on beside a renewal: where it fails, that is not the error to tell."""
        with suppress(StoreError):
            await self._worker.do(call, lease)

    async def _keep(self, lease: Lease, issued: Issued, refresh: Secret | None, server: str | None) -> None:
        life_s = issued.life_s
        newest = issued.refresh or refresh
        record = Record(
            access=issued.access.reveal(),
            client=self._client(),
            refresh=newest.reveal() if newest else None,
            ends_at=None if life_s is None else self._clock.now().timestamp() + life_s,
            life_s=life_s,
            base_url=issued.base_url,
            server=server,
            given=self._given(),
        )
        text = Secret(msgspec.json.encode(record).decode())
        self._version = await self._worker.do(self._safe.keep, lease, text)
        self._record, self._problem = record, None

    # -- what we hold --------------------------------------------------------------------------------------------------

    def _take(self, kept: Kept) -> bool:
        """Use what the store has, if it can be opened and is of this client and this refresh token."""
        self._version, self._record, self._problem = kept.version, None, kept.problem
        if kept.text is None:
            return False
        record = msgspec.json.decode(kept.text.reveal(), type=Record)
        self._redact.learn([Secret(token) for token in (record.access, record.refresh) if token])
        given = self._given()
        if record.client != self._client() or (given and record.given != given):
            return False  # the operator has set another client, or another refresh token: that is newer
        self._record = record
        return True

    def _grant(self) -> Grant:
        assert self._record is not None
        return Grant({"access_token": Secret(self._record.access)}, self._version)

    def _is_due(self) -> bool:
        record = self._record
        if record is None:
            return True
        if record.ends_at is None or record.life_s is None:
            return False
        if self._clock.monotonic() < self._quiet_until:
            return self._has_ended()
        return self._clock.now().timestamp() >= record.ends_at - min(AHEAD_S, record.life_s * AHEAD_SHARE)

    def _has_ended(self) -> bool:
        record = self._record
        return record is None or (record.ends_at is not None and self._clock.now().timestamp() >= record.ends_at)

    def _client(self) -> str:
        return str(self._connection.values.get("client_id", ""))

    def _given(self) -> str:
        token = self._connection.values.get("refresh_token")
        return hashlib.sha256(token.reveal().encode()).hexdigest() if isinstance(token, Secret) else ""

    def _note(self, level: str, message: str) -> None:
        self._events.emit(Note(self._connection.name, "", level, message))
