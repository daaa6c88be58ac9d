"""A portal on a clock of its own, and three ways to talk to it: directly, over HTTP, and with HubSpot's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import hubspot
import msgspec
import pytest

from crmsync.sandbox import Server, SimRequest, VirtualClock
from crmsync_hubspot.simulator import HubSpotSimulator


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Api:
    """Calls a simulator without a network."""

    def __init__(self, portal: HubSpotSimulator) -> None:
        self.portal = portal
        self.token = portal.options["token"]

    def get(self, target: str) -> Answer:
        return self.send("GET", target)

    def post(self, target: str, body: Any) -> Answer:
        return self.send("POST", target, body)

    def send(self, method: str, target: str, body: Any = None) -> Answer:
        path, _, query = target.partition("?")
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent = b"" if body is None else msgspec.json.encode(body)
        request = SimRequest(method, path, parse_qsl(query), headers, sent, url_bytes=len(target))
        answer = self.portal.handle(request)
        return Answer(answer.status, answer.headers, answer.body)

    def search(self, kind: str, **body: Any) -> Any:
        answer = self.post(f"/crm/v3/objects/{kind}/search", body)
        assert answer.status == 200, answer.json
        return answer.json

    def found(self, kind: str, *filters: dict[str, Any], **body: Any) -> list[str]:
        """Ids that a search finds, with one group of filters."""
        answer = self.search(kind, filterGroups=[{"filters": list(filters)}], limit=200, **body)
        return [record["id"] for record in answer["results"]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def portal(clock: VirtualClock) -> HubSpotSimulator:
    return HubSpotSimulator(40, seed=1, clock=clock)


@pytest.fixture
def api(portal: HubSpotSimulator) -> Api:
    """Without limits, as most tests want it."""
    portal.switches.limits.on = False
    return Api(portal)


@pytest.fixture(scope="session")
def fresh() -> Callable[..., Api]:
    """Makes portals of any size, each with limits off."""

    def make(records: int, seed: int = 1) -> Api:
        portal = HubSpotSimulator(records, seed, VirtualClock())
        portal.switches.limits.on = False
        return Api(portal)

    return make


@pytest.fixture
def client(portal: HubSpotSimulator) -> Iterator[hubspot.Client]:
    """HubSpot's own client; the portal lets it make as many requests as it likes."""
    portal.switches.limits.on = False
    with Server(portal) as server:
        yield hubspot.Client.create(access_token=portal.options["token"], host=server.url)
