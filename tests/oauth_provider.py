"""A small CRM behind OAuth, with the bad habits of several: errors with HTTP 200, few tokens in ten minutes, refresh
tokens that change. `python oauth_provider.py` serves one; `GET /count` tells how often it was asked for tokens.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from crmsync.clock import Clock, SystemClock
from crmsync.config import Settings, resolve
from crmsync.http import HttpSettings, TokenEndpoint
from crmsync.sandbox import Server, SimRequest, SimResponse, SlidingWindow
from crmsync.spec.build import build, options
from crmsync.spec.load import load_text, objects
from crmsync.store import Keys
from crmsync.sync import Job

CLIENT, SECRET, REFRESH = "client-1", "canary-client-secret-0123", "canary-refresh-token-0"
SPEC = """\
crmsync: 1
name: acme
title: Acme
config:
  region: {choice: [us, eu], default: us}
  base_url: {by: region, us: "https://api.us.example", eu: "https://api.eu.example"}
  accounts_url: {by: region, us: "https://id.us.example", eu: "https://id.eu.example"}
  client_id: {}
  client_secret: {secret: true}
  refresh_token: {secret: true}
auth:
  oauth:
    kind: oauth2
    needs: [client_id]
    authorize: $accounts_url/auth
    authorize_extra: {access_type: offline}
    scope_join: ","
    scopes: [read, write]
    token: POST $accounts_url/token
    token_from_callback: accounts-server
    headers: {Authorization: Token $access_token}
    base_url: api_domain
    dead: {error: [invalid_code, invalid_client]}
    busy: {error: Access Denied}
    refresh_limit: {rate: 10, per: 10m}
check: {do: GET /me, account: id}
error: {code: code, message: message}
errors:
  - {status: 401, is: refresh}
  - {status: 5xx, is: transient}
streams:
  contact:
    read: {full: {do: GET /people, query: {after: $page}, records: people, next: next}}
    fields: {name: {at: name, type: text, title: Name}}
"""
Edit = Callable[[str], str]


class Acme:
    """`lasts_s` is the life of an access token, `rotates`: each refresh gives a new refresh token and ends the old.

    `seen` are all requests; `say` stands for the token endpoint's next answers; at paths in `refuse` no token is good.
    """

    options: Mapping[str, str] = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}

    def __init__(self, clock: Clock | None = None, *, lasts_s: int = 3600, rotates: bool = False) -> None:
        self.clock = clock or SystemClock()
        self.lasts_s, self.rotates = lasts_s, rotates
        self.seen: list[SimRequest] = []
        self.say: list[SimResponse] = []
        self.refuse: set[str] = set()
        self.given = 0
        self.asked = threading.Event()  # the token endpoint was asked
        self.codes: set[str] = set()
        self.refresh_tokens = {REFRESH}
        self.access: dict[str, float] = {}
        self.api_domain: str | None = None
        self.limit: SlidingWindow | None = None

    @property
    def forms(self) -> list[dict[str, str]]:
        """What the token endpoint was asked."""
        return [dict(parse_qsl(request.body.decode())) for request in self.seen if request.path == "/token"]

    @property
    def calls(self) -> list[SimRequest]:
        """What the API was asked."""
        return [request for request in self.seen if request.path != "/token"]

    def handle(self, request: SimRequest) -> SimResponse:
        if request.path == "/count":
            return answer({"asked": len(self.forms)})
        self.seen.append(request)
        if request.path == "/token":
            self.asked.set()
            return self.say.pop(0) if self.say else self._token(dict(parse_qsl(request.body.decode())))
        token = request.headers.get("authorization", "").removeprefix("Token ")
        if self.access.get(token, 0.0) <= self.clock.now().timestamp() or request.path in self.refuse:
            return answer({"code": "INVALID_TOKEN", "message": f"not valid: {token}"}, 401)
        if request.path == "/me":
            return answer({"id": 7})
        return answer({"people": [{"id": 1, "name": "Ann"}], "next": None})

    def _token(self, form: Mapping[str, str]) -> SimResponse:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return answer({"error": "invalid_client"})  # with HTTP 200
        refresh = form.get("refresh_token", "")
        match form.get("grant_type"):
            case "refresh_token" if refresh not in self.refresh_tokens:
                return answer({"error": "invalid_code"})
            case "authorization_code" if form.get("code", "") not in self.codes:
                return answer({"error": "invalid_code"})
            case "authorization_code":
                self.codes.discard(form["code"])
                refresh = ""
        if self.limit is not None and not self.limit.take(self.clock.now().timestamp()):
            told = "You have made too many requests continuously."
            return answer({"error": "Access Denied", "error_description": told, "status": "failure"}, 400)
        return self._given(refresh)

    def _given(self, old: str) -> SimResponse:
        self.given += 1
        token, given = f"canary-access-token-{self.given}", {}
        self.access[token] = self.clock.now().timestamp() + self.lasts_s
        if self.rotates or not old:
            self.refresh_tokens.discard(old)
            self.refresh_tokens.add(f"canary-refresh-token-{self.given}")
            given = {"refresh_token": f"canary-refresh-token-{self.given}"}
        where = {"api_domain": self.api_domain} if self.api_domain else {}
        return answer({"access_token": token, "expires_in": self.lasts_s, "token_type": "Bearer", **given, **where})


def answer(value: Any, status: int = 200, **headers: str) -> SimResponse:
    return SimResponse(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


def job(folder: Path, url: str = "", edit: Edit = str, **values: str) -> Job:
    """A job of the connection `acme`, at `url` or where the spec says."""
    document = load_text(edit(SPEC), "acme")
    (folder / "acme.yaml").write_text(edit(SPEC), encoding="utf-8")
    given = {"base_url": url, "accounts_url": url, **Acme.options, **values}
    environment = {f"ACME_{name}".upper(): value for name, value in given.items()}
    connection = resolve(Settings(), "acme", None, options(document.tree), environment)
    return Job(folder / "acme.yaml", connection, folder / "limits", keys=Keys(file=folder / "key"))


def endpoint(job: Job, clock: Clock, events: Any, settings: HttpSettings | None = None) -> TokenEndpoint:
    """The token endpoint of a job."""
    spec = build(load_text(job.spec_file.read_text("utf-8"), "acme").tree, objects(), job.connection.values)
    values, given = job.connection.values, job.connection.given
    rest: dict[str, Any] = {"state_dir": job.state_dir, "clock": clock, "events": events, "redact": job.redact}
    return TokenEndpoint(spec, spec.auth[0], "acme", values, given, settings=settings, **rest)


if __name__ == "__main__":
    with Server(Acme(rotates=True)) as server:
        print(server.url, flush=True)
        server.join()
