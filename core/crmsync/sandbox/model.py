"""What passes between a server and a simulator. No HTTP framework: a test may call a simulator itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SimRequest:
    """One request. `path` is as sent (percent-encoded, no query), `query` is decoded, header names are lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url_bytes: int = 0  # length of path and query as sent; providers refuse long ones
    in_flight: int = 1  # requests being answered right now, this one included
    beside: Sequence[SimRequest] = ()  # the others among them, for providers that count some kinds apart


@dataclass(frozen=True, slots=True)
class SimResponse:
    """One answer, and how the wire treats it: it may come late, cut short, or never."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    truncate: int | None = None  # bytes of the body that arrive before the connection breaks
    drop: bool = False  # the connection is reset instead of an answer


class Simulator(Protocol):
    """A provider in one object: synchronous and deterministic.

    A server calls `handle` from one thread, one request at a time. A simulator that is also edited from
    another thread, as tests do, guards itself.
    """

    @property
    def options(self) -> Mapping[str, str]:
        """The connection options that reach this simulator, all but `base_url`. `$url` is where it is served."""

    def handle(self, request: SimRequest) -> SimResponse:
        """Answer one request."""
