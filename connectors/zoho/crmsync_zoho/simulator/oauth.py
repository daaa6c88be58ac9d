"""OAuth: consent, codes, access tokens and refresh tokens, with the limits on asking for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from crmsync.sandbox import SimResponse, SlidingWindow
from crmsync_zoho.simulator.access import ALL_SCOPES, Access, Token
from crmsync_zoho.simulator.answers import ok
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.org import Org

LIFETIME_S, CODE_S, LIVE_MAX, REFRESH_MAX = 3_600, 180, 15, 20
ASKED_MAX, ASKED_PER_S = 10, 600
REFRESH_TOKEN = "1000.6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c.7d7d7d7d7d7d7d7d7d7d7d7d7d7d7d7d"


class Denied(Exception):
    """An OAuth-shaped refusal, which comes with status 200."""


@dataclass(slots=True)
class Grant:
    """A code; one of a self client has no `redirect_uri`."""

    scopes: tuple[str, ...]
    expires_s: int
    redirect_uri: str | None = None
    challenge: str = ""
    method: str = "plain"
    offline: bool = True


@dataclass(slots=True)
class Refresh:
    """A refresh token: what it may ask for, and what it was given."""

    scopes: tuple[str, ...] = ALL_SCOPES
    asked: SlidingWindow = field(default_factory=lambda: SlidingWindow(ASKED_MAX, ASKED_PER_S))
    live: list[str] = field(default_factory=list)


@dataclass(slots=True)
class App:
    """The one client that is registered."""

    client_id: str = "1000.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123"
    client_secret: str = "0123456789abcdef0123456789abcdef0123456789"
    redirect_uris: list[str] = field(default_factory=lambda: ["http://localhost:8321/callback"])
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Refresh] = field(default_factory=lambda: {REFRESH_TOKEN: Refresh()})
    issued: int = 0


class OAuth:
    """Answers under `/oauth`."""

    def __init__(self, org: Org, access: Access, app: App) -> None:
        self._org, self._access, self._app = org, access, app
        self._consented = SlidingWindow(ASKED_MAX, ASKED_PER_S)

    def grant(self, scopes: tuple[str, ...], lasts_s: int = CODE_S, redirect_uri: str | None = None) -> str:
        """What a person does in the API console, or by consent: a code."""
        return self._code(Grant(scopes, self._org.now_s + lasts_s, redirect_uri))

    def answer(self, call: Call) -> SimResponse | None:
        try:
            match (call.method, *call.parts):
                case ("GET", "v2", "auth"):
                    return self._consent(call)
                case ("POST", "v2", "token"):
                    return self._token(call, _parameters(call))
                case ("POST" | "GET", "v2", "token", "revoke"):
                    return self._revoke(_parameters(call))
                case ("GET", "serverinfo"):
                    return ok({"result": "success", "locations": {self._org.switches.location: call.base_url}})
        except Denied as denied:
            return ok({"error": str(denied)})
        return None

    def _consent(self, call: Call) -> SimResponse:
        """The user says yes at once: back to the client with a code, and where to exchange it."""
        query = dict(call.request.query)
        uri = query.get("redirect_uri", "")
        if query.get("client_id") != self._app.client_id:
            raise Denied("invalid_client")
        if uri not in self._app.redirect_uris:
            raise Denied("invalid_redirect_uri")
        if query.get("response_type") != "code" or not query.get("scope"):
            raise Denied("general_error")
        if self._org.switches.limits.on and not self._consented.take(self._org.clock.monotonic()):
            raise Denied("access_denied")
        code = self._code(
            Grant(
                tuple(query["scope"].split(",")),
                self._org.now_s + CODE_S,
                uri,
                query.get("code_challenge", ""),
                query.get("code_challenge_method", "plain"),
                query.get("access_type") == "offline",
            )
        )
        back = {"code": code, "location": self._org.switches.location, "accounts-server": call.base_url}
        back |= {"state": query["state"]} if "state" in query else {}
        return SimResponse(302, {"Location": f"{uri}{'&' if '?' in uri else '?'}{urlencode(back)}"})

    def _token(self, call: Call, form: Mapping[str, str]) -> SimResponse:
        if form.get("client_id") != self._app.client_id or self._org.switches.wrong_region:
            raise Denied("invalid_client")
        if form.get("client_secret") != self._app.client_secret:
            raise Denied("invalid_client_secret")
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._redeemed(form)
                refresh = self._remember(grant.scopes)
                return self._issued(call, refresh, shown=grant.offline)
            case "refresh_token":
                if form.get("refresh_token") not in self._app.refresh_tokens:
                    raise Denied("invalid_code")
                return self._issued(call, form["refresh_token"], shown=False)
        raise Denied("general_error")

    def _redeemed(self, form: Mapping[str, str]) -> Grant:
        """The grant of a code, which works once."""
        grant = self._app.codes.pop(form.get("code", ""), None)
        if grant is None or self._org.now_s >= grant.expires_s:
            raise Denied("invalid_code")
        if grant.redirect_uri is not None and form.get("redirect_uri") != grant.redirect_uri:
            raise Denied("invalid_redirect_uri")
        if grant.challenge and _challenge(form.get("code_verifier", ""), grant.method) != grant.challenge:
            raise Denied("invalid_code")
        return grant

    def _remember(self, scopes: tuple[str, ...]) -> str:
        """A new refresh token; the oldest of too many ends, with its access tokens."""
        text = self._secret("refresh")
        self._app.refresh_tokens[text] = Refresh(scopes)
        if len(self._app.refresh_tokens) > REFRESH_MAX:
            self._end(next(iter(self._app.refresh_tokens)))
        return text

    def _issued(self, call: Call, text: str, *, shown: bool) -> SimResponse:
        refresh, limits = self._app.refresh_tokens[text], self._org.switches.limits
        if limits.on and not refresh.asked.take(self._org.clock.monotonic()):
            description = "You have made too many requests continuously. Please try again after some time."
            return ok({"error_description": description, "error": "Access Denied", "status": "failure"}, 400)
        access = self._secret("access")
        self._access.tokens[access] = Token(refresh.scopes, self._org.now_s + LIFETIME_S, text)
        refresh.live.append(access)
        while len(refresh.live) > LIVE_MAX:
            self._access.tokens.pop(refresh.live.pop(0), None)
        return ok(
            {
                "access_token": access,
                **({"refresh_token": text} if shown else {}),
                "scope": " ".join(refresh.scopes),
                "api_domain": call.base_url,
                "token_type": "Bearer",
                "expires_in": LIFETIME_S,
            }
        )

    def _revoke(self, form: Mapping[str, str]) -> SimResponse:
        text = form.get("token", "")
        if text in self._app.refresh_tokens:
            self._end(text)
        elif self._access.tokens.pop(text, None) is None:
            raise Denied("invalid_token")
        return ok({"status": "success"})

    def _end(self, text: str) -> None:
        for access in self._app.refresh_tokens.pop(text).live:
            self._access.tokens.pop(access, None)

    def _code(self, grant: Grant) -> str:
        code = self._secret("code")
        self._app.codes[code] = grant
        return code

    def _secret(self, kind: str) -> str:
        """A token in the form that they have, the same in each run."""
        self._app.issued += 1
        digest = hashlib.sha256(f"{kind} {self._org.zgid} {self._app.issued}".encode()).hexdigest()
        return f"1000.{digest[:32]}.{digest[32:]}"


def _parameters(call: Call) -> Mapping[str, str]:
    """From the query, or a form in the body."""
    body = call.request.body
    is_form = "json" not in call.request.headers.get("content-type", "")
    return {**dict(call.request.query), **(dict(parse_qsl(body.decode())) if is_form else {})}


def _challenge(verifier: str, method: str) -> str:
    if method != "S256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
