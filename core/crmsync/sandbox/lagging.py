"""What a search index believes: each change of the truth is seen after a lag of its own."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

Known = TypeVar("Known")


class Lagging(Generic[Known]):
    """Changes by id on their way to whoever looks late; a late old one never replaces a newer one."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, int, Known | None]] = []
        self._shown: dict[int, int] = {}  # id -> number of the change that was handed out last
        self._changes = 0

    def learn(self, record_id: int, known: Known | None, visible_s: float) -> None:
        """Hand this out from `visible_s` on; None: the record is gone."""
        self._changes += 1
        heappush(self._due, (visible_s, self._changes, record_id, known))

    def settle(self, now_s: float) -> list[tuple[int, Known | None]]:
        """What has become visible since the last call."""
        seen = []
        while self._due and self._due[0][0] <= now_s:
            _, number, record_id, known = heappop(self._due)
            if number > self._shown.get(record_id, 0):
                self._shown[record_id] = number
                seen.append((record_id, known))
        return seen
