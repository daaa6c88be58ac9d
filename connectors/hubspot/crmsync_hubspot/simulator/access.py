"""Who may call what: tokens, their scopes, their expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from crmsync.clock import Clock
from crmsync_hubspot.simulator.answers import Refused, missing_scopes
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.instants import iso, to_ms
from crmsync_hubspot.simulator.kinds import Kind

KINDS_SCOPES = tuple(
    f"crm.objects.{kind}.{right}"
    for kind in ("contacts", "companies", "deals", "custom")
    for right in ("read", "write")
)
SCHEMA_SCOPES = tuple(scope.replace("objects", "schemas") for scope in KINDS_SCOPES)
ALL_SCOPES = ("oauth", *KINDS_SCOPES, *SCHEMA_SCOPES, "crm.objects.owners.read", "tickets")
STATIC_TOKEN = "pat-na1-00000000-5a5a-4b4b-8c8c-0123456789ab"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; one without `expires_ms` is static."""

    scopes: tuple[str, ...] = ALL_SCOPES
    expires_ms: int | None = None
    refresh_token: str = ""


class Access:
    """The tokens of the portal."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.tokens: dict[str, Token] = {STATIC_TOKEN: Token()}

    def check(self, headers: Mapping[str, str], *scopes: str) -> Token:
        """The caller's token. Refuses when it is missing, expired, or has none of the scopes."""
        kind, _, text = headers.get("authorization", "").partition(" ")
        token = self.tokens.get(text)
        if kind.lower() != "bearer" or token is None:
            raise Refused(
                401,
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
                "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
                "INVALID_AUTHENTICATION",
            )
        self._check_age(token)
        if scopes and not set(scopes) & set(token.scopes):
            raise missing_scopes(scopes[:1])
        return token

    def expire(self, text: str, ago_s: float = 75) -> None:
        """Let a token have expired some seconds ago."""
        moment = self._clock.now() - timedelta(seconds=ago_s)
        self.tokens[text] = replace(self.tokens[text], expires_ms=to_ms(moment))

    def _check_age(self, token: Token) -> None:
        age_ms = to_ms(self._clock.now()) - (token.expires_ms or 0)
        if token.expires_ms is None or age_ms < 0:
            return
        raise Refused(
            401,
            f"The OAuth token used to make this call expired {age_ms // 1000} second(s) ago.",
            "EXPIRED_AUTHENTICATION",
            context={"expire time": [iso(token.expires_ms)]},
        )


def scopes_for(call: Call, kind: Kind | None) -> tuple[str, ...]:
    """Scopes of which one is enough for this call."""
    if call.area == "owners":
        return ("crm.objects.owners.read",)
    if kind is None:
        return ()
    tail = call.parts[-1] if call.parts else ""
    reads = call.request.method == "GET" or tail in ("search", "read")
    right = "read" if reads else "write"
    own = kind.scope if "." not in kind.scope else f"{kind.scope}.{right}"
    schema = own.replace("objects", "schemas")
    if call.area in ("properties", "pipelines"):
        return (schema, own) if reads else (schema,)
    return (own,)
