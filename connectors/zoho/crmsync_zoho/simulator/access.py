"""Who may call what: access tokens, their scopes, their expiry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from crmsync.clock import Clock
from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.call import Call
from crmsync_zoho.simulator.instants import to_s
from crmsync_zoho.simulator.switches import Switches

ALL_SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.notifications.ALL",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
)
STATIC_TOKEN = "1000.5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a.4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b"
_RIGHTS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "PATCH": "UPDATE", "DELETE": "DELETE"}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; one without `expires_s` does not end by itself."""

    scopes: tuple[str, ...] = ALL_SCOPES
    expires_s: int | None = None
    refresh_token: str = ""


class Access:
    """The access tokens of the org."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock, self._switches = clock, switches
        self.tokens: dict[str, Token] = {STATIC_TOKEN: Token()}

    def check(self, headers: Mapping[str, str]) -> Token:
        """The caller's token. An expired, a revoked and a foreign one look the same."""
        kind, _, text = headers.get("authorization", "").partition(" ")
        kinds = {"zoho-oauthtoken"} | ({"bearer"} if self._switches.bearer else set())
        if kind.lower() not in kinds or not text:
            raise Refused(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        token = self.tokens.get(text)
        if self._switches.wrong_region or token is None or self._is_over(token):
            raise Refused(401, "INVALID_TOKEN", "invalid oauth token")
        return token

    def demand(self, token: Token, *needs: Iterable[str]) -> None:
        """Refuse when of some need the token has none of the scopes."""
        granted = {scope.lower() for scope in token.scopes}
        if not all(any(scope.lower() in granted for scope in need) for need in needs):
            raise Refused(self._switches.scope_status, "OAUTH_SCOPE_MISMATCH", "Unauthorized")

    def expire(self, text: str) -> None:
        """Let a token be out of date."""
        self.tokens[text] = replace(self.tokens[text], expires_s=to_s(self._clock.now()))

    def _is_over(self, token: Token) -> bool:
        return token.expires_s is not None and to_s(self._clock.now()) >= token.expires_s


def module_scopes(module: str, right: str) -> list[str]:
    """Scopes of which one lets do this with a module's records."""
    return [f"ZohoCRM.modules{middle}.{end}" for middle in ("", f".{module}") for end in ("ALL", right)]


def scopes_for(call: Call) -> list[list[str]]:
    """What a call needs: of each list one scope."""
    right = _RIGHTS.get(call.method, "READ")
    match (call.area, *call.parts):
        case ("bulk", *_):
            return [_either("ZohoCRM.bulk", right)]
        case (_, "org" | "users" as area, *_):
            return [_either(f"ZohoCRM.{area}", right)]
        case (_, "settings", area, *_):
            return [[*_either("ZohoCRM.settings", right), *_either(f"ZohoCRM.settings.{area}", right)]]
        case (_, "coql", *_):
            return [["ZohoCRM.coql.READ"]]
        case (_, "actions", "watch", *_):
            return [_either("ZohoCRM.notifications", right)]
        case (_, "upload", *_):
            return [_either("ZohoFiles.files", right)]
        case (_, module, "search", *_) | (_, module, "actions", "count"):
            return [module_scopes(module, "READ"), ["ZohoSearch.securesearch.READ"]]
        case (_, module, "upsert", *_):
            return [module_scopes(module, "CREATE"), module_scopes(module, "UPDATE")]
        case (_, module, *_):
            return [module_scopes(module, right)]
    return []


def _either(stem: str, right: str) -> list[str]:
    return [f"{stem}.ALL", f"{stem}.{right}"]
