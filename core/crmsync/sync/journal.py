"""What a run tells of itself: totals for crmsync.runs and lines for crmsync.logs, written with each commit."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmsync.events import Event, Note, PhaseStarted, RequestAnswered, Retrying, StreamFinished, StreamWritten, Waiting
from crmsync.sync.model import Counts, Written

if TYPE_CHECKING:
    from crmsync.sync.planning import Plan

_PHASES = {
    "full": "Reading everything.",
    "changes": "Reading what changed.",
    "tombstones": "Reading the list of deleted records.",
    "ids": "Reading the ids of everything.",
    "census": "Asking for what was not met, or is not known.",
    "merge": "Merging with the hub.",
    "look": "Asking for what is about to be written.",
    "push": "Writing to the CRM.",
}


class Journal:
    """Listens to one stream's events; a commit takes along the totals and the lines since the last one.

    Events come from the event loop, commits from the engine's thread: hence the lock.
    """

    def __init__(self, connection: str, stream: str) -> None:
        self._who = (connection, stream)
        self._lock = threading.Lock()
        self._logs: list[Mapping[str, Any]] = []
        self.counts = Counts()
        self.written: Written | None = None
        self.plan: Plan | None = None
        self.requests = self.retries = 0
        self.waited_s = 0.0

    def draft(self, counts: Counts) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
        """What a commit of `counts` more is to write: totals by the names of crmsync.runs, and new lines."""
        with self._lock:
            costs = {"requests": self.requests, "retries": self.retries, "waited_seconds": round(self.waited_s, 3)}
            written = self.written.as_dict() if self.written else {}
            return {**(self.counts + counts).as_dict(), **written, **costs}, tuple(self._logs)

    def keep(self, counts: Counts, lines: int) -> None:
        """Note that a draft is committed; one that is not, was never counted."""
        with self._lock:
            self.counts += counts
            del self._logs[:lines]

    def hear(self, event: Event) -> None:
        """Count what an event tells, and keep its line where it is worth one."""
        if (event.connection, event.stream) != self._who:
            return
        with self._lock:
            match event:
                case RequestAnswered():
                    self.requests += 1
                case Retrying():
                    self.retries += 1
                    self.waited_s += event.wait_s
                case Waiting():
                    self.waited_s += event.seconds
            self._logs += _lines(event)


def _lines(event: Event) -> Sequence[Mapping[str, Any]]:
    if isinstance(event, StreamWritten):
        told = ", ".join(f"{n:,} {what}" for what, n in event.counts.items() if n)
        line = _log("info", event, f"In step: {told}." if told else "In step: nothing to write.", **event.counts)
        return [line, *(_log("warning", event, f"Refused, {_times(n)}: {why}") for why, n in event.refusals)]
    told_of = _line(event)
    return [told_of] if told_of else []


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _line(event: Event) -> Mapping[str, Any] | None:
    match event:
        case Note(level=level, message=message):
            return _log(level, event, message)
        case PhaseStarted(phase=phase):
            return _log("info", event, _PHASES[phase], phase=phase)
        case Retrying(reason=reason, attempt=attempt, wait_s=wait_s):
            message = f"Attempt {attempt} failed: {reason}. Next one in {wait_s:.1f} s."
            return _log("warning", event, message, attempt=attempt, wait_s=wait_s)
        case Waiting(reason=reason, seconds=seconds):
            return _log("info", event, f"Waiting {seconds:.1f} s: {reason}.", seconds=seconds)
        case StreamFinished(status=status, message=message):
            return _log("info" if status == "done" else "error", event, message or status)
    return None


def _log(level: str, event: Event, message: str, **data: Any) -> Mapping[str, Any]:
    return {
        "at": datetime.now(UTC),
        "level": level,
        "event": type(event).__name__,
        "message": message,
        "data": data,
    }
