"""A budget of units that come back some time after they were spent."""

from __future__ import annotations

from collections import deque


class RollingBudget:
    """At most `limit` units in any `per_s` seconds, counted in steps of a minute; a refused request costs nothing."""

    def __init__(self, limit: int, per_s: float) -> None:
        self.limit = limit
        self.used = 0
        self._per_s = per_s
        self._spent: deque[tuple[int, int]] = deque()  # minute, units; one entry a minute, however many requests

    def take(self, cost: int, now_s: float) -> bool:
        """Spend units now; False refuses them."""
        if self.remaining(now_s) < cost:
            return False
        minute, spent = int(now_s // 60), 0
        if self._spent and self._spent[-1][0] == minute:
            spent = self._spent.pop()[1]
        self._spent.append((minute, spent + cost))
        self.used += cost
        return True

    def remaining(self, now_s: float) -> int:
        while self._spent and self._spent[0][0] * 60 <= now_s - self._per_s:
            self.used -= self._spent.popleft()[1]
        return self.limit - self.used
