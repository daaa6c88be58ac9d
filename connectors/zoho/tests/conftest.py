"""An org on a clock of its own, and a way to talk to it without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
import pytest

from crmsync.sandbox import SimRequest, VirtualClock
from crmsync_zoho.simulator import ZohoSimulator
from crmsync_zoho.simulator.access import STATIC_TOKEN


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The code of an error, or of the only row."""
        body = self.json
        return str(body["code"] if "code" in body else body["data"][0]["code"])

    @property
    def details(self) -> Any:
        """The details of an error, or of the only row."""
        body = self.json
        return body["details"] if "details" in body else body["data"][0]["details"]

    @property
    def codes(self) -> list[str]:
        """The codes of all rows."""
        return [row["code"] for row in self.json["data"]]

    @property
    def ids(self) -> list[str]:
        """The ids of the records, or of the rows that went well."""
        rows = self.json["data"] if self.body else []
        return [row["id"] if "id" in row else row["details"]["id"] for row in rows]


class Api:
    """Calls a simulator as a client would."""

    def __init__(self, org: ZohoSimulator) -> None:
        self.org = org
        self.token = STATIC_TOKEN

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.send("GET", target, headers=headers)

    def post(self, target: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return self.send("POST", target, body, headers)

    def send(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None,
        beside: Sequence[SimRequest] = (),
    ) -> Answer:  # fmt: skip
        path, _, query = target.partition("?")
        if not path.startswith(("/crm", "/oauth", "/v2")):
            path = f"/crm/v8/{path}"
        sent = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        known = {"authorization": f"Zoho-oauthtoken {self.token}", **(headers or {})}
        request = SimRequest(
            method, path, parse_qsl(query, keep_blank_values=True), known, sent, len(target), len(beside) + 1, beside
        )
        answer = self.org.handle(request)
        return Answer(answer.status, answer.headers, answer.body)

    def write(self, module: str, *rows: Mapping[str, Any], method: str = "POST", **more: Any) -> Answer:
        """Insert (or with PUT update) these rows."""
        return self.send(method, module, {"data": list(rows), **more})

    def ask(self, query: str, **more: Any) -> Answer:
        """A query in COQL."""
        return self.post("coql", {"select_query": query, **more})

    def found(self, query: str) -> list[Any]:
        """The records that a query finds."""
        answer = self.ask(query)
        assert answer.status in (200, 204), answer.json
        return answer.json["data"] if answer.body else []

    def searched(self, module: str, **query: str) -> list[str]:
        """The ids that a search finds."""
        target = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        answer = self.get(f"{module}/search?{target}")
        assert answer.status in (200, 204), answer.json
        return answer.ids

    def pages(self, target: str, headers: Mapping[str, str] | None = None) -> list[str]:
        """The ids of all pages of a list, by page tokens."""
        answer, ids = self.get(target, headers), []
        while answer.status == 200:
            ids += answer.ids
            token = answer.json["info"]["next_page_token"]
            if token is None:
                return ids
            answer = self.get(f"{target}&page_token={token}", headers)
        assert answer.status in (204, 304), answer.json
        return ids


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def org(clock: VirtualClock) -> ZohoSimulator:
    return ZohoSimulator(40, seed=1, clock=clock)


@pytest.fixture
def api(org: ZohoSimulator) -> Api:
    """Without limits, as most tests want it."""
    org.switches.limits.on = False
    return Api(org)


@pytest.fixture(scope="session")
def fresh() -> Callable[..., Api]:
    """Makes orgs of any size, each with limits off."""

    def make(records: int, seed: int = 1, zone: str = "Europe/Berlin") -> Api:
        org = ZohoSimulator(records, seed, VirtualClock(), zone)
        org.switches.limits.on = False
        return Api(org)

    return make
