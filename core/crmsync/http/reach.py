"""Why no connection came about, in plain words: read from the HTTP library's errors below a ProviderDown of wire.py."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator

import aiohttp

from crmsync.http.classify import Verdict


def unanswered(error: BaseException, host: str, proxy: str | None, redact: Callable[[str], str]) -> Verdict:
    """What it means that no answer came."""
    where = unreached(error, host, proxy)
    if where is None:
        return Verdict("transient", redact(str(error)))
    return Verdict("unreachable", redact(f"no answer: {where}"))


def look_at(option: str) -> str:
    """What a person checks where nobody was reached. `option` sets the address; empty: nothing does."""
    sets = f", which {option} sets" if option else ""
    return f"Check this machine's network, its proxy if it needs one (HTTPS_PROXY), and the address{sets}."


def unreached(error: BaseException, host: str, proxy: str | None) -> str | None:
    """Whom no connection could be made to, and why; None where there was one. `proxy`: the one that leads to `host`."""
    for cause in _below(error):
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            return f"the proxy {proxy} does not let us through to {host} (HTTP {cause.status})"
        if isinstance(cause, aiohttp.ClientProxyConnectionError):
            return f"the proxy {proxy} cannot be reached: {_why(cause.os_error)}"
        if isinstance(cause, aiohttp.ClientConnectorError):
            return f"{host} cannot be reached: {_why(cause.os_error)}"
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return f"{f'the proxy {proxy}' if proxy else host} cannot be reached: the connection timed out"
    return None


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({(error.reason or str(error)).replace('_', ' ').lower()})"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    return "the connection timed out" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()


def _below(error: BaseException) -> Iterator[BaseException]:
    below = error.__cause__ or error.__context__
    while below is not None:
        yield below
        below = below.__cause__ or below.__context__
