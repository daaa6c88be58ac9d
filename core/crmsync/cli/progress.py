"""The progress lines: what each stream is at, on stderr, and only where that is a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmsync.cli.show import aside, count
from crmsync.events import (
    BatchWritten,
    Event,
    Events,
    Note,
    PageRead,
    PhaseStarted,
    RequestAnswered,
    Retrying,
    StreamFinished,
    Waiting,
    WritesPlanned,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

LONG_S = 2.0  # shorter waits are nobody's business
_FRAMES_A_S = 8.0
_PHASES = {
    "full": "everything",
    "ids": "ids",
    "census": "missing",
    "changes": "changes",
    "tombstones": "deletions",
    "merge": "merging",
    "look": "looking up",
    "push": "writing",
}


class Progress:
    """Shows a run while it goes on: `with Progress(events): …`. Warnings and long waits are told in any case.

    Events come from the event loop and the engine's thread, and a third one draws the lines: hence the lock.
    """

    def __init__(self, events: Events) -> None:
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._rows: dict[str, _Row] = {}
        events.subscribe(self._hear)

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, highlight=False, markup=False, emoji=False)
            self._live = Live(
                get_renderable=self._drawn, console=console, transient=True, refresh_per_second=_FRAMES_A_S
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """Print a line of its own, above the progress lines."""
        if self._live is not None:
            self._live.console.print(text, style="yellow")
        else:
            aside(text)

    def _hear(self, event: Event) -> None:
        who = f"{event.connection}.{event.stream}" if event.stream else event.connection
        with self._lock:
            if event.stream:
                self._rows.setdefault(event.stream, _Row(who)).hear(event)
        if text := _line(event, shown=self._live is not None and bool(event.stream)):
            self.say(f"{who}: {text}")

    def _drawn(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        width = shutil.get_terminal_size().columns
        with self._lock:
            longest = max((len(row.who) for row in self._rows.values()), default=0)
            texts = [row.drawn(longest, width) for row in self._rows.values()]
        return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))


@dataclass(slots=True)
class _Row:
    """What is known of one stream."""

    who: str
    phase: str = ""
    records: int = 0
    written: int = 0
    to_write: int = 0
    requests: int = 0
    status: str = ""
    why: str = ""  # it waits
    until: float = 0.0
    begun: float = field(default_factory=time.monotonic)
    since: float = field(default_factory=time.monotonic)  # it reads, or writes

    def hear(self, event: Event) -> None:
        match event:
            case PhaseStarted(phase=phase):
                self.phase = _PHASES.get(phase, phase)
            case RequestAnswered():
                self.requests += 1
                self.until = 0.0
            case Waiting(reason=reason, seconds=seconds) | Retrying(reason=reason, wait_s=seconds):
                self.why, self.until = reason, time.monotonic() + seconds
            case PageRead(records=records):
                self.records += records
            case WritesPlanned(records=records):
                self.to_write, self.since = self.written + records, time.monotonic()
            case BatchWritten(records=records):
                self.written += records
            case StreamFinished(status=status):
                self.status = status

    def drawn(self, longest: int, width: int) -> str:
        """One line; what matters least stands last, where a narrow terminal cuts it off."""
        elapsed_s = time.monotonic() - self.begun
        left_s = self.until - time.monotonic()
        done, what = self.records, "records"
        if self.to_write and not self.status:
            done, what = self.written, f"of {self.to_write:,} written"
        shown = f"{self.who:<{longest}}  {self.status or self.phase:<10}  {done:>9,} {what}"
        if self.status:
            return shown
        if left_s > 0.5:
            return _cut(f"{shown}  waiting {left_s:.0f} s: {self.why}", width)
        for_s = time.monotonic() - self.since
        rate = done / for_s if for_s > 0.5 else 0
        minutes, seconds = divmod(int(elapsed_s), 60)
        requests = f"{count(self.requests, 'request'):>14}"
        return _cut(f"{shown}  {rate:>7,.0f}/s  {requests}  {minutes}:{seconds:02}", width)


def _cut(text: str, width: int) -> str:
    return text if len(text) < width else f"{text[: width - 2]}…"


def _line(event: Event, *, shown: bool) -> str:
    """What is said in a line of its own; waits only where no progress line shows them."""
    match event:
        case Note(message=message):
            return message
        case Retrying(reason=reason, wait_s=wait_s) if not shown and wait_s >= LONG_S:
            return f"{reason}; trying again in {wait_s:.0f} s"
        case Waiting(reason=reason, seconds=seconds) if not shown and seconds >= LONG_S:
            return f"waiting {seconds:.0f} s: {reason}"
    return ""
