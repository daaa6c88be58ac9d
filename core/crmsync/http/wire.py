"""The border to the HTTP library: one request out, one answer in. Nothing else here imports it.

Redirects are answers and never followed; cookies are not kept. A body is read up to a cap, decompressed too.
Foreign exceptions end here: ProviderDown (try again), UnexpectedAnswer (do not), EgressRefused.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crmsync.errors import ConfigError, CrmsyncError, ProviderDown, UnexpectedAnswer
from crmsync.http.answer import Answer
from crmsync.http.egress import Egress
from crmsync.http.network import Proxy, tls_context

_READ_AHEAD = 1 << 20  # most pages arrive without the socket being paused
_COMPRESSED_FLOOR = 1 << 20  # a small body may be as compressible as it likes


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Limits of one exchange."""

    connect_s: float = 10.0
    read_s: float = 60.0  # without a byte
    total_s: float = 300.0  # from the first byte sent to the last one read
    body_max_bytes: int = 64 << 20
    ratio_max: int = 200  # decompressed to compressed; JSON of like records reaches some 50
    connections: int = 32


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Wire:
    """Kept connections to one origin, straight or through a proxy."""

    def __init__(self, egress: Egress, proxy: Proxy | None, settings: WireSettings) -> None:
        self._settings = settings
        secure = egress.base.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        context = tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
        tunnel = egress.base.scheme == "https"  # then the proxy sees only its CONNECT, else the request itself
        self._headers = {"Accept-Encoding": "gzip"} | ({} if tunnel else _proof(proxy))
        self._proxy = URL(proxy.url) if proxy else None
        self._proxy_headers = _proof(proxy) if tunnel else {}
        resolver = CheckedResolver(egress, proxy)
        self._open: Callable[[], aiohttp.ClientSession] = lambda: _session(context, resolver, settings)  # wants a loop
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def exchange(self, message: Message) -> Answer:
        """Send and read. The URL must have passed Egress."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.total_s):
                status, headers, body = await self._exchange(message)
        except aiohttp.ConnectionTimeoutError:
            raise ProviderDown(f"no connection within {self._settings.connect_s:.0f} s") from None
        except aiohttp.SocketTimeoutError:
            raise ProviderDown(f"no byte for {self._settings.read_s:.0f} s") from None
        except TimeoutError:
            raise ProviderDown(f"no complete answer within {self._settings.total_s:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error) from None
        return Answer(status, headers, body, time.perf_counter() - began)

    async def _exchange(self, message: Message) -> tuple[int, dict[str, str], bytes]:
        if self._session is None:
            self._session = self._open()
        async with self._session.request(
            message.method,
            URL(message.url, encoded=True),  # as it was checked
            headers={**self._headers, **message.headers},
            data=message.body,
            allow_redirects=False,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        ) as response:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.raw_headers}
            return response.status, headers, await self._body(response, headers)

    async def _body(self, response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
        cap = self._settings.body_max_bytes
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise UnexpectedAnswer(f"a body in the encoding {encoding[:40]!r}, which was not asked for")
        chunks, size = list[bytes](), 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > cap:
                raise _too_large(cap)
        raw = b"".join(chunks)
        return self._decompressed(raw) if encoding.endswith("gzip") and raw else raw

    def _decompressed(self, raw: bytes) -> bytes:
        cap = min(self._settings.body_max_bytes, max(_COMPRESSED_FLOOR, len(raw) * self._settings.ratio_max))
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            body = stream.decompress(raw, cap + 1)
        except zlib.error as error:
            raise ProviderDown(f"a damaged gzip body: {error}") from None
        if len(body) > cap:
            raise _too_large(cap)
        if not stream.eof:
            raise ProviderDown("a gzip body that is cut short")
        return body


class CheckedResolver(AbstractResolver):
    """Gives only addresses that Egress admits: what was checked is what is dialled. A proxy is the operator's word."""

    def __init__(self, egress: Egress, proxy: Proxy | None = None, inner: AbstractResolver | None = None) -> None:
        self._egress, self._proxy = egress, proxy
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = aiohttp.ThreadedResolver()  # wants a running loop
        found = await self._inner.resolve(host, port, family)
        if self._proxy is None or (host, port) != (self._proxy.host, self._proxy.port):
            self._egress.admit(host, port, [result["host"] for result in found])
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()


def _session(context: ssl.SSLContext, resolver: AbstractResolver, settings: WireSettings) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(resolver=resolver, ssl=context, limit=settings.connections, keepalive_timeout=30)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,  # which would know no cap
        read_bufsize=_READ_AHEAD,
        timeout=aiohttp.ClientTimeout(
            total=None, connect=settings.total_s, sock_connect=settings.connect_s, sock_read=settings.read_s
        ),
    )


def _proof(proxy: Proxy | None) -> dict[str, str]:
    """Our credentials for the proxy. As headers: aiohttp gives up its own way of passing them."""
    if proxy is None or not proxy.user:
        return {}
    pair = f"{proxy.user}:{proxy.password.reveal() if proxy.password else ''}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _too_large(cap: int) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"an answer of more than {cap:,} bytes")


def _translated(error: BaseException) -> CrmsyncError:
    """Told by the innermost cause: the outer layers only repeat it."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigError(
            f"the provider's certificate is not trusted: {error.verify_message}",
            hint="Behind a proxy that opens TLS, name its authority's file in SSL_CERT_FILE.",
        )
    return ProviderDown(f"no answer: {str(error).strip() or type(error).__name__}")
