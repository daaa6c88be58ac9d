"""Where the browser comes back to after consent: one address on 127.0.0.1, for one answer with the right state.

Whatever else asks there (another page, another program) is turned away and changes nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qsl

from crmsync.errors import ConfigError, Unauthorized

HOST, PATH = "127.0.0.1", "/callback"
_HEAD_MAX = 16 << 10  # bytes
_HEAD_S = 10.0
_PAGE = "<!doctype html><meta charset=utf-8><title>crmsync</title><p>{}</p>\n"
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'\r\n"
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n"
)


class Callback:
    """`async with Callback(port, state) as callback: await callback.reply(600)`."""

    def __init__(self, port: int, state: str) -> None:
        self._port, self._state = port, state
        self._reply: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Callback:
        try:
            self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=_HEAD_MAX)
        except OSError as error:
            hint = "Another port with --port; it must be part of the redirect address that your app has registered."
            raise ConfigError(f"Port {self._port} cannot be listened on: {error.strerror}.", hint=hint) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def reply(self, wait_s: float) -> Mapping[str, str]:
        """The parameters that came with the right state. Raises Unauthorized where nobody comes."""
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.shield(self._reply)
        except TimeoutError:
            raise Unauthorized(
                f"Nobody gave consent within {wait_s / 60:.0f} minutes.", hint="Run the same command again."
            ) from None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, text = self._answer(head.split(b"\r\n", 1)[0].decode("latin-1"))
                body = _PAGE.format(text).encode()
                start = f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
                await writer.drain()
        writer.close()

    def _answer(self, line: str) -> tuple[str, str]:
        method, _, rest = line.partition(" ")
        path, _, query = rest.partition(" ")[0].partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=50)) if query.count("&") < 50 else {}
        if (method, path) != ("GET", PATH):
            return "404 Not Found", "There is nothing here."
        if not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            return "400 Bad Request", "This is not the answer that crmsync waits for."
        if self._reply.done():
            return "410 Gone", "This answer was used already."
        self._reply.set_result(given)
        return "200 OK", "crmsync has the answer. Go back to the terminal; this window may be closed."
