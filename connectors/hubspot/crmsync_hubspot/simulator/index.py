"""The search index of one kind: what a search believes, which may be an old version of the truth."""

from __future__ import annotations

from heapq import heappop, heappush

from crmsync_hubspot.simulator.table import Version


class Index:
    """Learns of each change after a lag of its own; a late old version never replaces a newer one.

    `rows` holds only records that were touched, and only from when the index sees that; None means it sees none.
    `generation` rises whenever a search may have another result.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Version | None] = {}
        self.generation = 0
        self._seen: dict[int, int] = {}  # id -> number of the change that `rows` shows
        self._due: list[tuple[int, int, int, Version | None]] = []
        self._changes = 0

    def learn(self, record_id: int, version: Version | None, visible_ms: int, now_ms: int) -> None:
        """See this version (None: no record any more) from `visible_ms` on."""
        self._changes += 1
        if visible_ms <= now_ms:
            self._show(self._changes, record_id, version)
        else:
            heappush(self._due, (visible_ms, self._changes, record_id, version))

    def settle(self, now_ms: int) -> None:
        """Catch up with the clock."""
        while self._due and self._due[0][0] <= now_ms:
            _, number, record_id, version = heappop(self._due)
            self._show(number, record_id, version)

    def _show(self, number: int, record_id: int, version: Version | None) -> None:
        if number > self._seen.get(record_id, 0):
            self._seen[record_id] = number
            self.rows[record_id] = version if version is not None and version.archived_ms is None else None
            self.generation += 1
