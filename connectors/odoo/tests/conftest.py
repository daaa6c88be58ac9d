"""A server on a clock of its own, and the ways to talk to it: directly, over HTTP, and with two real clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from crmsync.sandbox import Server, SimRequest, VirtualClock
from crmsync_odoo.simulator import OdooSimulator
from crmsync_odoo.simulator.access import API_KEY

ALL = {"active_test": False, "lang": "en_US"}
VERSIONS = (17, 18, 19, 20, 21)


class Refused(Exception):
    """An error of the server: its name, its message, and the status that it came with."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{body['name']}: {body['message']}")
        self.status, self.name, self.message, self.body = status, body["name"], body["message"], body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Api:
    """Calls a simulator without a network: by JSON-2 where the version has it, else by JSON-RPC."""

    ALL, Refused = ALL, Refused

    def __init__(self, odoo: OdooSimulator, key: str = API_KEY) -> None:
        self.odoo, self.key = odoo, key
        self.version = odoo.site.version

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        named = {"content-type": "application/json", "authorization": f"bearer {self.key}"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.odoo.handle(SimRequest(method, path, (), named, sent))
        return Answer(answer.status, answer.headers, answer.body)

    def call(self, model: str, method: str, ids: Any = None, **named: Any) -> Any:
        """Call a method by names; raises Refused."""
        if self.version < 19:
            return self.rpc(model, method, *([] if ids is None else [ids]), **named)
        answer = self.send("POST", f"/json/2/{model}/{method}", {**named, **({} if ids is None else {"ids": ids})})
        if answer.status != 200:
            raise Refused(answer.status, answer.json)
        return answer.json

    def service(self, service: str, method: str, *args: Any) -> Answer:
        params = {"service": service, "method": method, "args": args}
        return self.send("POST", "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 7, "params": params})

    def rpc(self, model: str, method: str, *args: Any, **named: Any) -> Any:
        """Call a method by JSON-RPC as the user of the key; raises Refused with the code of the envelope."""
        database = self.odoo.database
        uid = database.access.by_key(self.key)
        body = self.service("object", "execute_kw", database.name, uid, self.key, model, method, args, named).json
        if "error" in body:
            raise Refused(body["error"]["code"], body["error"]["data"])
        return body.get("result")

    def search(self, model: str, domain: Any = (), **named: Any) -> list[int]:
        """Ids, archived ones too, in the order of ids if nothing else is said."""
        return self.call(model, "search", **{"domain": domain, "order": "id", "context": ALL, **named})

    def read(self, model: str, ids: Any, *fields: str, **named: Any) -> Any:
        """One record for one id, else a list; many2one as bare ids."""
        rows = self.call(model, "read", ids, **{"fields": fields, "load": "", "context": ALL, **named})
        return rows[0] if isinstance(ids, int) else rows

    def load(self, model: str, fields: list[str], *rows: list[Any], **context: Any) -> Any:
        return self.call(model, "load", fields=fields, data=rows, context={**ALL, **context})


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def fresh(clock: VirtualClock) -> Callable[..., Api]:
    """Makes servers of any size and version."""

    def make(records: int = 40, version: int = 19, seed: int = 1, **more: Any) -> Api:
        return Api(OdooSimulator(records, seed, clock, version, **more))

    return make


@pytest.fixture
def api(fresh: Callable[..., Api]) -> Api:
    """Version 19."""
    return fresh()


@pytest.fixture
def odoo(api: Api) -> OdooSimulator:
    return api.odoo


@pytest.fixture(params=[18, 19])
def each(request: pytest.FixtureRequest, fresh: Callable[..., Api]) -> Api:
    """Both versions whose differences are known to the letter."""
    return fresh(version=request.param)


@pytest.fixture
def port(odoo: OdooSimulator) -> Iterator[int]:
    """Where version 19 answers over HTTP."""
    with Server(odoo) as server:
        yield urlsplit(server.url).port or 0
