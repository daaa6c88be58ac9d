"""Scripted faults: what goes wrong with which request, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from crmsync.sandbox.model import SimRequest, SimResponse

Handler = Callable[[SimRequest], SimResponse]
Match = Callable[[SimRequest], bool] | str


@dataclass(slots=True)
class Fault:
    """A fault in waiting; `skip` matching requests pass first, then `times` are hit."""

    match: Match = ""  # a part of "METHOD /path", or a function of the request
    times: int = 1
    skip: int = 0
    when: str = "before"  # before: the request is not carried out; after: it is, and only the answer is lost
    status: int | None = None  # None keeps the true answer: for `truncate`, `drop` and `delay_s`
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    truncate: int | None = None
    delay_s: float = 0.0

    def hits(self, request: SimRequest) -> bool:
        """Whether it is this request's turn; counts down."""
        if not _matches(self.match, request) or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def spoil(self, answer: SimResponse) -> SimResponse:
        """What the client gets instead of `answer`."""
        if self.status is not None:
            answer = SimResponse(self.status, dict(self.headers), self.body)
        return replace(answer, drop=self.drop, truncate=self.truncate, delay_s=self.delay_s)


class Faults:
    """The faults that still wait; a request meets at most one, in the order they were added."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def around(self, request: SimRequest, handle: Handler) -> SimResponse:
        """Answer `request` with `handle`, spoilt by the first fault that hits it."""
        fault = next((f for f in self._waiting if f.hits(request)), None)
        if fault is None:
            return handle(request)
        self._waiting = [f for f in self._waiting if f.times > 0]
        untouched = fault.when == "before" and (fault.status is not None or fault.drop)
        return fault.spoil(SimResponse(0) if untouched else handle(request))


def _matches(match: Match, request: SimRequest) -> bool:
    return match in f"{request.method} {request.path}" if isinstance(match, str) else match(request)
