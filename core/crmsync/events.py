"""One class per observable fact. Logs, the progress line and metrics read events; nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run; `stream` is empty for what concerns the whole connection."""

    connection: str
    stream: str


@dataclass(frozen=True, slots=True)
class StreamStarted(Event):
    """A stream's run holds its lease and begins."""


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A part of a run begins: `full`, `ids`, `census`, `changes`, `tombstones`, `merge`, `look` or `push`."""

    phase: str


@dataclass(frozen=True, slots=True)
class RequestAnswered(Event):
    """One HTTP exchange, whatever its status (0: no answer)."""

    method: str
    path: str
    status: int
    seconds: float
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """The run waits: for a rate limit, a Retry-After, or the store."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrying(Event):
    """A request failed in a way that a second try may mend."""

    reason: str
    attempt: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class PageRead(Event):
    """A page of `records` records came in."""

    records: int


@dataclass(frozen=True, slots=True)
class BatchLanded(Event):
    """Rows and checkpoint of a batch are committed; `counts` by name, `seconds` their landing took."""

    counts: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class WritesPlanned(Event):
    """So many `records` are about to be written."""

    records: int


@dataclass(frozen=True, slots=True)
class BatchWritten(Event):
    """The CRM has answered to a request that carried `records` writes; what became of each is another matter."""

    records: int


@dataclass(frozen=True, slots=True)
class StreamWritten(Event):
    """The stream's writes are over; `counts` by name, and `refusals`: reasons with their numbers, the most frequent."""

    counts: Mapping[str, int]
    refusals: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Note(Event):
    """A fact worth a line in the log: `level` is info or warning."""

    level: str
    message: str


@dataclass(frozen=True, slots=True)
class StreamFinished(Event):
    """A stream's run is over; `status` is done, failed or stopped."""

    status: str
    message: str


Listener = Callable[[Event], None]


class Events:
    """Hands each event to every listener, in the order of subscription."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
