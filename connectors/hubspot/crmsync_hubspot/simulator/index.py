"""The search index of one kind: what a search believes, which may be an old version of the truth."""

from __future__ import annotations

from crmsync.sandbox.lagging import Lagging
from crmsync_hubspot.simulator.table import Version


class Index:
    """Learns of each change after a lag of its own.

    `rows` holds only records that were touched, and only from when the index sees that; None means it sees none.
    `generation` rises whenever a search may have another result.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Version | None] = {}
        self.generation = 0
        self._coming = Lagging[Version]()

    def learn(self, record_id: int, version: Version | None, visible_ms: int) -> None:
        """See this version (None: no record any more) from `visible_ms` on."""
        self._coming.learn(record_id, version, visible_ms / 1000)

    def settle(self, now_ms: int) -> None:
        """Catch up with the clock."""
        for record_id, version in self._coming.settle(now_ms / 1000):
            self.rows[record_id] = version if version is not None and version.archived_ms is None else None
            self.generation += 1
