"""Time as the runtime sees it: a seam, so that tests wait in virtual time instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, the wall clock, and a way to wait."""

    def monotonic(self) -> float:
        """Seconds since boot, the same for all processes of the machine."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking other streams."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
