"""The token endpoint: what is asked of it, and what its answers mean, whatever their status.

It has an egress, connections and limits of its own: it sees the client's credentials and never an access token; the
API sees the token and never the client's credentials. Errors are told by the spec's `dead` and `busy`, by the codes of
RFC 6749, then by the spec's rules for any answer.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from crmsync.clock import Clock
from crmsync.errors import ConfigError, CrmsyncError, ProviderDown
from crmsync.events import Events, Note, RequestAnswered, Retrying, Waiting
from crmsync.http import auth
from crmsync.http.answer import Answer
from crmsync.http.budget import Pools, pool_file
from crmsync.http.classify import GOOD, Verdict, classify, error_of
from crmsync.http.client import HttpSettings
from crmsync.http.egress import Egress
from crmsync.http.network import proxy_for
from crmsync.http.paths import values_at
from crmsync.http.reach import look_at, unanswered
from crmsync.http.retry import Patience
from crmsync.http.wire import Message, Wire
from crmsync.secret import Redactor, Secret
from crmsync.spec import bind
from crmsync.spec.model import Address, Auth, ErrorPaths, ErrorRule, OAuth, Spec, variable

BUSY_WAIT_S = 60.0  # where the answer does not say; limits on tokens are counted in minutes
ANY_STATUS = ("xxx",)
_REFUSED = ("invalid_grant", "invalid_client", "unauthorized_client", "access_denied")  # RFC 6749
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class Issued:
    """What a token endpoint gave. `life_s`: how long the access token lasts; None: it does not say."""

    access: Secret
    refresh: Secret | None
    life_s: float | None
    base_url: str | None


class TokenEndpoint:
    """Asks for tokens on behalf of one connection.

    `values` are its options, `given` the names of those that the operator set. `redact` learns every token that comes.
    """

    def __init__(
        self,
        spec: Spec,
        way: Auth,
        connection: str,
        values: Mapping[str, Any],
        given: Collection[str],
        *,
        state_dir: Path,
        clock: Clock,
        events: Events,
        redact: Redactor,
        settings: HttpSettings | None = None,
        dice: Random | None = None,
    ) -> None:
        assert way.oauth is not None
        self._way, self._oauth, self._connection = way, way.oauth, connection
        self._values, self._given = values, given
        self._state_dir, self._clock, self._events, self._redact = state_dir, clock, events, redact
        self._settings, self._dice = settings or HttpSettings(), dice or Random()
        redact.learn(auth.secrets(values))
        self._spec = replace(
            spec, error=ErrorPaths(("error",), "error_description"), rules=(*_rules(way.oauth), *spec.rules)
        )

    async def refresh(self, token: Secret, server: str | None = None) -> Issued:
        """New tokens for a refresh token. `server`: the address that gave it, where that is not the spec's."""
        self._redact.learn([token])
        return await self._ask({"grant_type": "refresh_token", "refresh_token": token.reveal()}, server)

    async def exchange(
        self, code: Secret, redirect_uri: str | None, verifier: Secret | None, server: str | None = None
    ) -> Issued:
        """The first tokens for a code that a person's consent gave; one without `redirect_uri` was made by hand."""
        self._redact.learn([code, *([verifier] if verifier else [])])
        form = {"grant_type": "authorization_code", "code": code.reveal()}
        form |= {"redirect_uri": redirect_uri} if redirect_uri else {}
        return await self._ask(form | ({"code_verifier": verifier.reveal()} if verifier else {}), server)

    async def for_client(self) -> Issued:
        """Tokens for the client itself."""
        scope = self._oauth.scope_join.join(self._oauth.scopes)
        return await self._ask({"grant_type": "client_credentials"} | ({"scope": scope} if scope else {}), None)

    def authorize_url(self, **parameters: str) -> str:
        """Where a person gives consent. Raises ConfigError where the spec does not say."""
        if self._oauth.authorize is None:
            raise ConfigError(
                f"{self._spec.title} has no page for consent that crmsync knows.", hint="Make a code there: --code CODE"
            )
        url = self._address(self._oauth.authorize, "authorize")
        scope = self._oauth.scope_join.join(self._oauth.scopes)
        asked = {"response_type": "code", "client_id": self._option("client_id"), "scope": scope, **parameters}
        asked |= bind.fill(self._oauth.authorize_extra, self._values)
        pairs = urlencode({name: value for name, value in asked.items() if value}, quote_via=quote)
        return f"{url}{'&' if '?' in url else '?'}{pairs}"

    def at(self, server: str | None) -> str | None:
        """The token address on the server that a callback names; None where that is the spec's or the operator's."""
        own = self._address(self._oauth.token, "token")
        if server is None or self._oauth.token.option in self._given:
            return None
        origin = Egress(server, False, self._spec.known_hosts).base
        path = re.sub(r"^https?://[^/?]*", "", own)
        return None if str(origin) == str(Egress(own, False, self._spec.known_hosts).base) else f"{origin}{path}"

    async def _ask(self, form: Mapping[str, str], server: str | None) -> Issued:
        try:
            return await self._exchange(form, server)
        except CrmsyncError as error:
            raise type(error)(self._redact(error.message), hint=self._redact(error.hint)) from None

    async def _exchange(self, form: Mapping[str, str], server: str | None) -> Issued:
        operator = self._oauth.token.option in self._given  # then it is asked, whatever a callback said once
        url = server if server and not operator else self._address(self._oauth.token, "token")
        egress = Egress(url, operator, self._spec.known_hosts)
        proxy = proxy_for(egress.base)
        if proxy is not None and proxy.password is not None:
            self._redact.learn([proxy.password])
        message, wire = self._message(url, form), Wire(egress, proxy, self._settings.wire)
        pools, patience = self._pools(egress), Patience(self._settings.retry, self._dice)
        try:
            while True:
                async with pools.permit((), 1, self._waits) as permit:
                    try:
                        answer = await self._sent(wire, message)
                        verdict, issued = self._meant(answer)
                    except ProviderDown as error:
                        proxied = proxy.url if proxy else None
                        verdict, issued = unanswered(error, str(egress.base), proxied, self._redact), None
                        permit.unused = verdict.outcome == "unreachable"
                if issued is not None:
                    return issued
                wait_s = patience.next_wait(verdict, self._clock.monotonic())
                if wait_s is None:
                    raise self._error(verdict)
                self._events.emit(Retrying(self._connection, "", verdict.message, patience.attempt, wait_s))
                if verdict.outcome == "throttled":
                    pools.block(None, (), wait_s)
                await self._clock.sleep(wait_s)
        finally:
            pools.close()
            await wire.close()

    def _message(self, url: str, form: Mapping[str, str]) -> Message:
        client, secret = self._option("client_id"), self._option("client_secret")
        headers = {"Accept": "application/json", "User-Agent": "crmsync"}
        if self._oauth.client == "basic":
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form = {**form, "client_id": client} | ({"client_secret": secret} if secret else {})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return Message("POST", url, headers, urlencode(form).encode())

    async def _sent(self, wire: Wire, message: Message) -> Answer:
        status, seconds, size = 0, 0.0, 0
        try:
            answer = await wire.exchange(message)
            status, seconds, size = answer.status, answer.seconds, len(answer.body)
            return answer
        finally:
            path = self._redact(re.sub(r"^https?://[^/?]*|\?.*", "", message.url))
            self._events.emit(RequestAnswered(self._connection, "", "POST", path, status, seconds, size))

    def _meant(self, answer: Answer) -> tuple[Verdict, Issued | None]:
        issued = self._issued(answer)
        if issued is not None:
            self._redact.learn([token for token in (issued.access, issued.refresh) if token])
        verdict = classify(answer, self._spec, self._clock.now(), self._redact)
        if verdict.outcome != GOOD:
            return verdict, None
        if issued is None:  # HTTP 200 is no sign of success here
            says_why = bool(values_at(_document(answer), "error"))
            last = ErrorRule("reconnect" if says_why else "unreadable", status=ANY_STATUS)
            return classify(answer, replace(self._spec, rules=(last,)), self._clock.now(), self._redact), None
        if issued.base_url is not None:
            Egress(issued.base_url, False, self._spec.known_hosts)  # a token must not be led away
        return verdict, issued

    def _issued(self, answer: Answer) -> Issued | None:
        document = _document(answer)
        access = _text(document, "access_token")
        if not 200 <= answer.status < 300 or access is None or not _TOKEN.fullmatch(access):
            return None
        refresh = _text(document, "refresh_token")
        told = self._oauth.base_url if "base_url" not in self._given else None
        return Issued(
            access=Secret(access),
            refresh=Secret(refresh) if refresh else None,
            life_s=_life(document),
            base_url=_text(document, told) if told else None,
        )

    def _error(self, verdict: Verdict) -> CrmsyncError:
        who = f"{self._connection}: tokens"
        if verdict.outcome in ("reconnect", "refresh", "config", "forbidden"):
            return error_of(replace(verdict, outcome="reconnect"), who, self._mend())
        hint = None
        if verdict.outcome == "throttled":
            hint = "Nothing needs to be connected again: run the same command in some minutes."
        elif verdict.outcome == "unreachable":
            hint = look_at(self._names(filter(None, [self._oauth.token.option])))
        return error_of(verdict, who, hint)

    def _mend(self) -> str:
        """What to do about a refusal; in a wrong region everything is unknown."""
        lines = [auth.mend(self._way, self._spec, self._connection)]
        own = [need for need in ("client_id", "client_secret", "refresh_token") if need in self._given]
        lines[0] += f"\nIf that does not help, check {self._names(own)}." if own else ""
        region = self._spec.options.get(self._oauth.region or "")
        if region is not None:
            now = self._values.get(region.name) or "not set"
            choice = f" ({', '.join(region.choice)}; now {now})" if region.choice else ""
            lines.append(f"A wrong {variable(self._connection, region.name)}{choice} gives the same error.")
        return "\n".join(lines)

    def _names(self, options: Iterable[str]) -> str:
        return ", ".join(variable(self._connection, option) for option in options)

    def _address(self, address: Address, what: str) -> str:
        lacking = list(bind.names(address.url))
        if lacking:
            raise ConfigError(f"{self._connection}: the address `{what}` needs {self._names(lacking)}.")
        return str(bind.plain(address.url))

    def _option(self, name: str) -> str:
        value = self._values.get(name)
        return value.reveal() if isinstance(value, Secret) else str(value or "")

    def _pools(self, egress: Egress) -> Pools:
        limit = self._oauth.refresh_limit
        pools = {limit.name: limit} if limit else {}
        known = auth.identity(self._way, self._connection, auth.secrets(self._values))
        path = pool_file(self._state_dir, f"{egress.base.host}:{egress.base.port}", known, pools)
        holds_s = self._settings.wire.total_s + self._settings.wire.connect_s
        return Pools(pools, path, self._clock, holds_s, self._warn)

    def _waits(self, reason: str, seconds: float) -> None:
        self._events.emit(Waiting(self._connection, "", reason, seconds))

    def _warn(self, message: str) -> None:
        self._events.emit(Note(self._connection, "", "warning", message))


def _rules(oauth: OAuth) -> list[ErrorRule]:
    """The signs of the spec and of RFC 6749 as rules; they hold at any status."""
    signs = [("throttled", oauth.busy), ("reconnect", oauth.dead)]
    found = [
        ErrorRule(outcome, status=ANY_STATUS, when={path: text}, wait_s=BUSY_WAIT_S if outcome == "throttled" else None)
        for outcome, paths in signs
        for path, texts in paths.items()
        for text in texts
    ]
    return [*found, ErrorRule("reconnect", status=ANY_STATUS, code=_REFUSED)]


def _document(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(document: Any, path: str) -> str | None:
    return next((value for value in values_at(document, path) if isinstance(value, str) and value), None)


def _life(document: Any) -> float | None:
    """Seconds. Where an answer has `expires_in_sec`, `expires_in` is in milliseconds."""
    for name in ("expires_in_sec", "expires_in"):
        for value in values_at(document, name):
            if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", str(value)):
                return float(value)
    return None
