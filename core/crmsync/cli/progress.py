"""The progress line: records, rate, requests and waits of each stream, on stderr, and only where it is a terminal."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from crmsync.events import (
    Event,
    Events,
    Note,
    PageRead,
    PhaseStarted,
    RequestAnswered,
    Retrying,
    Waiting,
)

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LONG_S = 2.0  # shorter waits are nobody's business
_PHASES = {"full": "everything", "changes": "changes", "tombstones": "deleted", "census": "missing"}


class Progress:
    """Shows a run while it goes on: `with Progress(events): …`. Warnings and long waits are told without a terminal too."""

    def __init__(self, events: Events) -> None:
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._rows: dict[str, tuple[TaskID, dict[str, Any]]] = {}
        events.subscribe(self._hear)

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bars
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            self._bars = Bars(
                SpinnerColumn(),
                TextColumn("{task.description}  {task.fields[phase]:<10}"),
                TextColumn("[bold]{task.completed:>9,}[/] records"),
                TextColumn("{task.fields[rate]:>8,}/s"),
                TextColumn("{task.fields[requests]:>6,} requests"),
                TimeElapsedColumn(),
                TextColumn("[yellow]{task.fields[wait]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def _hear(self, event: Event) -> None:
        with self._lock:
            if line := _line(event, shown=self._bars is not None and bool(event.stream)):
                who = f"{event.connection}.{event.stream}" if event.stream else event.connection
                self._say(f"{who}: {line}")
            if self._bars is not None and event.stream:
                self._show(event)

    def _say(self, line: str) -> None:
        if self._bars is not None:
            self._bars.console.print(line, style="yellow", highlight=False)
        else:
            click.echo(line, err=True)

    def _show(self, event: Event) -> None:
        assert self._bars is not None
        if event.stream not in self._rows:
            shown: dict[str, Any] = {"phase": "", "rate": 0, "requests": 0, "wait": ""}
            task = self._bars.add_task(f"{event.connection}.{event.stream}", total=None, **shown)
            self._rows[event.stream] = (task, shown)
        task, shown = self._rows[event.stream]
        match event:
            case PhaseStarted(phase=phase):
                shown["phase"] = _PHASES.get(phase, phase)
            case RequestAnswered():
                shown["requests"] += 1
                shown["wait"] = ""
            case Waiting(reason=reason, seconds=seconds):
                shown["wait"] = f"waiting {seconds:.0f} s: {reason}"
            case Retrying(reason=reason, wait_s=wait_s):
                shown["wait"] = f"again in {wait_s:.0f} s: {reason}"
            case PageRead(records=records):
                self._bars.advance(task, records)
                shown["rate"] = round(self._bars.tasks[task].speed or 0)
        self._bars.update(task, **shown)


def _line(event: Event, *, shown: bool) -> str:
    """What is said in a line of its own; waits only where no progress line shows them."""
    match event:
        case Note(level="warning", message=message):
            return message
        case Retrying(reason=reason, wait_s=wait_s) if not shown and wait_s >= LONG_S:
            return f"{reason}; trying again in {wait_s:.0f} s"
        case Waiting(reason=reason, seconds=seconds) if not shown and seconds >= LONG_S:
            return f"waiting {seconds:.0f} s: {reason}"
    return ""
