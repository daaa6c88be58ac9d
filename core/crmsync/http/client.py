"""One polite request: render, wait for the pools, send, understand, retry. Only good answers come back.

Knows spec, errors, events and the clock; no store, no SQL, no pages. What is sent is safe to repeat; what is written
is repeated only where it was surely not carried out, unless the caller says that it may be.
No text that leaves here, in an event or an error, holds a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from crmsync.clock import Clock
from crmsync.errors import CrmsyncError, ProviderDown
from crmsync.events import Events, Note, RequestAnswered, Retrying, Waiting
from crmsync.http import auth
from crmsync.http.answer import Answer
from crmsync.http.auth import Grant, Grants
from crmsync.http.budget import Pools, pool_file
from crmsync.http.classify import GOOD, Verdict, classify, error_of
from crmsync.http.egress import Egress
from crmsync.http.network import proxy_for
from crmsync.http.reach import look_at, unanswered
from crmsync.http.render import render
from crmsync.http.retry import AMBIGUOUS, RETRIED, UNTOUCHED, Patience, RetrySettings
from crmsync.http.wire import Message, Wire, WireSettings
from crmsync.secret import Redactor, Secret
from crmsync.spec.model import ErrorRule, Spec, variable
from crmsync.spec.model_stream import Request

_OF_ITEMS = ("invalid", "conflict", "gone")  # what a write asks for is refused, not the asking


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a connection talks to. `operator_url`: the operator set it, so that http and private hosts are allowed."""

    connection: str
    base_url: str
    operator_url: bool = False


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Caps, timeouts and patience."""

    wire: WireSettings = field(default_factory=WireSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)


class Client:
    """A connection's way to its provider: `async with Client(...) as client: await client.send(...)`.

    `values` are the connection's options, secrets as `Secret`; `grants` are what the provider gives for them.
    `state_dir` holds the limits that processes share. `redact` learns the secrets, and masks all that leaves here.
    """

    def __init__(
        self,
        spec: Spec,
        target: Target,
        values: Mapping[str, Any],
        *,
        state_dir: Path,
        clock: Clock,
        events: Events,
        settings: HttpSettings | None = None,
        dice: Random | None = None,
        grants: Grants | None = None,
        redact: Redactor | None = None,
    ) -> None:
        self._spec, self._target = spec, target
        self._values = {name: _guarded(spec, name, value) for name, value in values.items()}
        self._clock, self._events = clock, events
        self._settings = settings or HttpSettings()
        self._dice = dice or Random()
        self._way = auth.chosen(spec, target.connection, self._values)
        auth.headers(self._way, self._values)  # raises now and not at the first request
        self._egress = Egress(target.base_url, target.operator_url, spec.hosts)
        self._proxy = proxy_for(self._egress.base)
        self._grants = grants or auth.Lasting()
        secrets = auth.secrets(self._values)
        self._identity = auth.identity(self._way, target.connection, secrets)
        if self._proxy and self._proxy.password:
            secrets.append(self._proxy.password)
        self._redact = redact or Redactor()
        self._redact.learn(secrets)
        self._revealed = {n: v.reveal() for n, v in self._values.items() if isinstance(v, Secret)}
        self._state_dir = state_dir

    @property
    def origin(self) -> str:
        """Whom it talks to: scheme, host and port."""
        return str(self._egress.base)

    async def __aenter__(self) -> Client:
        pools, origin, wire = self._spec.pools, self._egress.base, self._settings.wire
        path = pool_file(self._state_dir, f"{origin.host}:{origin.port}", self._identity, pools)
        holds_s = wire.total_s + wire.connect_s
        self._wire = Wire(self._egress, self._proxy, wire)  # first: it may find no certificates, and opens nothing yet
        self._pools = Pools(pools, path, self._clock, holds_s, self._warn)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()
        self._pools.close()

    async def send(self, request: Request, values: Mapping[str, Any], *, stream: str, url: str | None = None) -> Answer:
        """Send `request` filled with `values`; `url`, a link of an earlier answer, stands for its path and query.

        Waits for rate limits and retries for up to `give_up_s`. Raises EgressRefused, Unauthorized, Forbidden,
        BadRequest, NotFound, RestartNeeded, UnexpectedAnswer, BudgetSpent, ProviderDown.
        """
        try:
            return await self._send(request, values, stream, url)
        except CrmsyncError as error:  # of any origin: a stranger may have put our token into a link or a header
            raise type(error)(self._redact(error.message), hint=self._redact(error.hint)) from None

    async def write(
        self, request: Request, values: Mapping[str, Any], *, stream: str, again: bool
    ) -> tuple[Answer | None, Verdict]:
        """Send `request`, which changes the account; what came back, and what it means, also where it was refused.

        Throttled, busy or not sent at all, it is tried again. Where the verdict is `transient` or `unreadable`, nobody
        knows whether it was carried out: it is tried again if `again`, and else the caller has to find out.
        Raises as `send` does, where the credentials, the budget or the request itself are at fault.
        """
        try:
            answer, verdict, patience = await self._settled(
                request, values, stream, None, RETRIED if again else UNTOUCHED
            )
            if verdict.outcome in (GOOD, *_OF_ITEMS, *(() if again else AMBIGUOUS)):
                return answer, verdict
            raise self._error(verdict, patience, request)
        except CrmsyncError as error:
            raise type(error)(self._redact(error.message), hint=self._redact(error.hint)) from None

    async def _send(self, request: Request, values: Mapping[str, Any], stream: str, url: str | None) -> Answer:
        answer, verdict, patience = await self._settled(request, values, stream, url, RETRIED)
        if answer is None or verdict.outcome != GOOD:
            raise self._error(verdict, patience, request)
        return answer

    async def _settled(
        self, request: Request, values: Mapping[str, Any], stream: str, url: str | None, retried: Collection[str]
    ) -> tuple[Answer | None, Verdict, Patience]:
        """The last answer, tried again while its verdict is one of `retried` and patience lasts."""
        link = self._egress.follow(url) if url is not None else None
        grant = await self._grants.current()
        known = {**self._revealed, **grant.values} if request.carried else grant.values
        message = render(request, {**known, **values}, self._target.base_url, link)
        self._egress.follow(message.url)
        patience, renewed = Patience(self._settings.retry, self._dice), False
        while True:
            answer, verdict = await self._try(message, request, stream, grant)
            if answer is not None and verdict.outcome == GOOD:
                return answer, verdict, patience
            if verdict.outcome == "refresh" and not renewed:
                renewed, other = True, await self._grants.renewed(grant)
                if other is not None:
                    grant = other
                    continue
            wait_s = patience.next_wait(verdict, self._clock.monotonic())
            if wait_s is None or verdict.outcome not in retried:
                return answer, verdict, patience
            await self._wait(wait_s, verdict, patience, request, stream)
            grant = await self._grants.current()

    async def _try(
        self, message: Message, request: Request, stream: str, grant: Grant
    ) -> tuple[Answer | None, Verdict]:
        def waits(reason: str, seconds: float) -> None:
            self._events.emit(Waiting(self._target.connection, stream, reason, seconds))

        async with self._pools.permit(request.uses, request.cost, waits) as permit:
            try:
                answer = await self._exchange(message, request, stream, grant)
            except ProviderDown as error:
                proxy = self._proxy.url if self._proxy else None
                verdict = unanswered(error, str(self._egress.base), proxy, self._redact)
                permit.unused = verdict.outcome == "unreachable"
                return None, verdict
            permit.headers = answer.headers
        return answer, classify(answer, self._spec, self._clock.now(), self._redact)

    async def _exchange(self, message: Message, request: Request, stream: str, grant: Grant) -> Answer:
        """Credentials join the message here only. The event tells the spec's path, without any value."""
        status, seconds, size = 0, 0.0, 0
        try:
            proof = auth.headers(self._way, {**self._values, **grant.values})
            answer = await self._wire.exchange(replace(message, headers={**message.headers, **proof}))
            status, seconds, size = answer.status, answer.seconds, len(answer.body)
            return answer
        finally:
            path = self._redact(request.path)
            connection = self._target.connection
            self._events.emit(RequestAnswered(connection, stream, request.method, path, status, seconds, size))

    async def _wait(self, wait_s: float, verdict: Verdict, patience: Patience, request: Request, stream: str) -> None:
        """Wait as the verdict demands."""
        self._events.emit(Retrying(self._target.connection, stream, verdict.message, patience.attempt, wait_s))
        if verdict.outcome == "throttled":
            self._pools.block(
                verdict.rule.pool if verdict.rule else None, request.uses, wait_s
            )  # everybody else waits too
        await self._clock.sleep(wait_s)

    def _error(self, verdict: Verdict, patience: Patience, request: Request) -> CrmsyncError:
        connection = self._target.connection
        rule = verdict.rule or ErrorRule(verdict.outcome)
        if verdict.outcome == "exhausted" or (rule.budget and self._settings.retry.insists):
            return self._pools.spend(rule.budget or rule.pool, request.uses, connection)
        hint = self._told(rule)
        if verdict.told_wait_s is not None and verdict.outcome in RETRIED:
            hint = f"The provider asks to come back in {verdict.told_wait_s:.0f} s: run the same command again then."
        elif hint is None and verdict.outcome in ("reconnect", "refresh") and self._way:
            hint = auth.mend(self._way, self._spec, connection)
        tries = f", {patience.attempt} tries" if patience.attempt > 1 else ""
        if verdict.outcome == "unreachable":
            return error_of(verdict, f"{connection}{tries}", look_at(variable(connection, "base_url")))
        if verdict.outcome == "unreadable":
            address = f"the address, which {variable(connection, 'base_url')} sets"
            hint = f"Check {address}, and any proxy between; if both are right, try again later."
        return error_of(verdict, f"{connection}: {request.method} {request.path}{tries}", hint)

    def _told(self, rule: ErrorRule) -> str | None:
        """What the spec says a person does about it."""
        names = ", ".join(variable(self._target.connection, name) for name in rule.options)
        return " ".join(filter(None, (rule.hint, names and f"Look at {names}."))) or None

    def _warn(self, message: str) -> None:
        self._events.emit(Note(self._target.connection, "", "warning", message))


def _guarded(spec: Spec, name: str, value: Any) -> Any:
    """A secret option stays masked even where the caller forgot to."""
    option = spec.options.get(name)
    return Secret(value) if option and option.secret and isinstance(value, str) else value
