"""A provider on 127.0.0.1 for tests of the HTTP layer: answers what it is told to, and remembers what it was asked."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from crmsync.events import Event, Events
from crmsync.http import Client, HttpSettings, RetrySettings, Target, WireSettings
from crmsync.sandbox.clock import VirtualClock
from crmsync.secret import Secret
from crmsync.spec.model import Auth, Check, ErrorPaths, ErrorRule, Pool, Spec
from crmsync.spec.model_stream import Request

TOKEN = "pat-zz1-0123456789-abcdef-SECRET"
LIST = Request("GET", "/objects", query={"limit": "$limit", "after": "$page"})
BEARER = Auth("token", "header", ("token",), {"Authorization": "Bearer $token"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """Answers in turn, the last one for ever; `seen` are the requests."""

    answers: list[Handler | web.Response]
    seen: list[web.Request] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        return await answer(request)


@asynccontextmanager
async def serving(*answers: Handler | web.Response, tls: ssl.SSLContext | None = None) -> AsyncIterator[Provider]:
    """A running provider; `url` is its base URL."""
    provider = Provider(list(answers))
    runner = web.ServerRunner(web.Server(provider.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    provider.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()


def json(text: str = "{}", status: int = 200, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text=text, content_type="application/json", headers=named)


def a_spec(
    *, pools: Iterable[Pool] = (), rules: Iterable[ErrorRule] = (), auth: tuple[Auth, ...] = (BEARER,), **more: Any
) -> Spec:
    """A spec of one provider whose errors look like `{"code": ..., "message": ...}`."""
    parts: dict[str, Any] = {
        "options": {},
        "hosts": ("api.example.com",),
        "error": ErrorPaths(("code", "category"), "message", "trace"),
        "empty": (204,),
        **more,
    }
    return Spec(
        name="acme",
        title="Acme",
        version="1",
        auth=auth,
        check=Check(LIST, "account", {}),
        discover=None,
        pools={pool.name: pool for pool in pools},
        rules=tuple(rules),
        nulls=(None,),
        lookups={},
        streams={},
        **parts,
    )


@dataclass
class Told:
    """Every event that a client emitted."""

    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def a_client(
    url: str, state_dir: Path, spec: Spec | None = None, told: Told | None = None, clock: Any = None, **wire: Any
) -> AsyncIterator[Client]:
    """A client of the provider at `url`, on a virtual clock."""
    events = Events()
    events.subscribe((told or Told()).events.append)
    settings = HttpSettings(WireSettings(**wire), RetrySettings())
    target, values = Target("acme", url, operator_url=True), {"token": Secret(TOKEN)}
    rest: dict[str, Any] = {
        "state_dir": state_dir,
        "clock": clock or VirtualClock(),
        "events": events,
        "dice": Random(1),
    }
    async with Client(spec or a_spec(), target, values, settings=settings, **rest) as client:
        yield client
