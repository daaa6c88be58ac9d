"""Serves a simulator over HTTP, in a thread of its own. Adds latency and breaks connections on demand."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from crmsync.sandbox.model import SimRequest, SimResponse, Simulator

LINE_BYTES_MAX = 1 << 17  # well above any provider's own limit, which the simulator enforces
BODY_BYTES_MAX = 1 << 26


class Server:
    """`with Server(simulator) as server: ...` answers at `server.url` until the block ends."""

    def __init__(self, simulator: Simulator, port: int = 0, *, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s  # added to each answer; may be changed at any time
        self.url = ""
        self._simulator = simulator
        self._port = port
        self._in_flight: list[SimRequest] = []
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="crmsync-sandbox", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def options(self) -> dict[str, str]:
        """The connection options that reach the simulator where it is served, base URL included."""
        given = {name: value.replace("$url", self.url) for name, value in self._simulator.options.items()}
        return {**given, "base_url": self.url}

    def start(self) -> Self:
        """Return when the server accepts connections. Raises OSError when the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def stop(self) -> None:
        """Close all connections; safe to repeat."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def join(self) -> None:
        """Wait until the server stops."""
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        listener = web.Server(
            self._answer,
            request_factory=_request,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=LINE_BYTES_MAX,
            access_log=None,
        )
        runner = web.ServerRunner(listener, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self._port)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read() if request.body_exists else b""
        sent, beside = _sim_request(request, body), tuple(self._in_flight)
        self._in_flight.append(sent)
        try:
            answer = self._simulator.handle(replace(sent, in_flight=len(beside) + 1, beside=beside))
            delay_s = self.latency_s + answer.delay_s
            if delay_s > 0:
                await asyncio.sleep(delay_s)
        finally:
            self._in_flight = [other for other in self._in_flight if other is not sent]
        return await _send(request, answer)


def serve_forever(simulator: Simulator, port: int, *, latency_s: float = 0.0) -> None:
    """Serve until Ctrl-C; tell the address on standard output."""
    with Server(simulator, port, latency_s=latency_s) as server:
        print(server.url, flush=True)
        try:
            server.join()
        except KeyboardInterrupt:
            return


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES_MAX)


def _sim_request(request: web.BaseRequest, body: bytes) -> SimRequest:
    target = request.raw_path
    path, _, query = target.partition("?")
    return SimRequest(
        method=request.method,
        path=path,
        query=parse_qsl(query, keep_blank_values=True) if query else (),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        url_bytes=len(target),
    )


async def _send(request: web.BaseRequest, answer: SimResponse) -> web.StreamResponse:
    if answer.drop:
        _reset(request)
        return web.Response()
    if answer.truncate is None:
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: answer.truncate])
    if request.transport is not None:
        request.transport.close()
    return response


def _reset(request: web.BaseRequest) -> None:
    """Close without a farewell, so that the client sees a reset and not an empty answer."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
