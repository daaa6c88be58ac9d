"""Limits as a provider keeps them, on times that the caller passes in. Requests in flight are the server's to count."""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


class SlidingWindow:
    """At most `limit` requests in any `per_s` seconds; a refused one does not count."""

    def __init__(self, limit: int, per_s: float) -> None:
        self.limit = limit
        self.per_s = per_s
        self._taken: deque[float] = deque()

    def take(self, now_s: float) -> bool:
        """Count a request made now; False refuses it."""
        if self.remaining(now_s) <= 0:
            return False
        self._taken.append(now_s)
        return True

    def remaining(self, now_s: float) -> int:
        while self._taken and self._taken[0] <= now_s - self.per_s:
            self._taken.popleft()
        return self.limit - len(self._taken)


class DailyBudget:
    """At most `limit` requests from one midnight to the next in the account's time zone."""

    def __init__(self, limit: int, zone: str = "UTC") -> None:
        self.limit = limit
        self.used = 0
        self._zone = ZoneInfo(zone)
        self._day: date | None = None

    def take(self, now: datetime) -> bool:
        """Count a request made now; False refuses it."""
        if self.remaining(now) <= 0:
            return False
        self.used += 1
        return True

    def remaining(self, now: datetime) -> int:
        today = now.astimezone(self._zone).date()
        if today != self._day:
            self._day, self.used = today, 0
        return self.limit - self.used

    def resets_at(self, now: datetime) -> datetime:
        """The next midnight of the zone."""
        tomorrow = now.astimezone(self._zone).date() + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self._zone)
