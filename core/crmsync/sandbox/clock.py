"""Virtual time: one clock for a client and its simulator, so that waiting an hour takes no time."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


class VirtualClock:
    """A `crmsync.clock.Clock` that moves only when told to, or when somebody sleeps on it."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()  # the client and the simulator's server run in different threads

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Move forward; a negative number is refused, as time is."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        with self._lock:
            self._elapsed_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Let others run, then be there. Two that sleep at once wake at the same moment, not one after the other."""
        wake_s = self.monotonic() + max(seconds, 0.0)
        await asyncio.sleep(0)
        with self._lock:
            self._elapsed_s = max(self._elapsed_s, wake_s)
