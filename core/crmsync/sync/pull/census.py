"""Census: all ids that the provider has, against those of the mirror. What differs is asked for by id.

What the mirror lacks is read. What the provider lacks is deleted, or has left the stream, if it is not there.

The brake: a census that would mark more than its share of the live rows stops and leaves the decision to a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import BrakePulled
from crmsync.sync.model import Counts, Gone
from crmsync.sync.pull.confirm import Confirm

_AT_ONCE = 5000  # ids in memory
BRAKE_FREE = 20  # rows that any census may mark: a small table has no meaningful share


@dataclass(frozen=True, slots=True)
class Census:
    """The census of one stream; `brake` is the share of live rows that it may mark as deleted."""

    confirm: Confirm
    brake: float

    async def run(self, checkpoint: str, begun: datetime | None) -> AsyncIterator[Counts]:
        """Confirm and mark the missing ones, a commit a request; the last commit moves the checkpoint.

        `begun`: when the ids were begun to be read, by the provider's clock; what was created since is not missing. May
        be killed at any line: what is marked is no longer missing, so the rest follows the next time.
        """
        stream = self.confirm.source.stream
        if stream.by_id:  # else nothing can be confirmed
            async for counts in self._arrived():
                yield counts
            missing = await self.confirm.worker.do(self._missing, begun)
            async for counts in self.confirm.gone(missing):
                yield counts
        yield await self.confirm.worker.do(self.confirm.lander.census_done, checkpoint)

    async def _arrived(self) -> AsyncIterator[Counts]:
        """Read what a list of ids met and the mirror lacks; a sweep has read what it met."""
        mirror, unknown, after = self.confirm.lander.mirror, self.confirm.lander.store.unknown, ""
        who = (mirror.table, mirror.connection, mirror.stream)
        while self.confirm.source.stream.census.reader is not None:
            ids = await self.confirm.worker.do(unknown, *who, after, _AT_ONCE)
            async for counts in self.confirm.arrived(ids):
                yield counts
            if not ids:
                return
            after = ids[-1]

    def _missing(self, begun: datetime | None) -> list[Gone]:
        lander = self.confirm.lander
        mirror = lander.mirror
        missing, live = lander.store.unseen(mirror.table, mirror.connection, mirror.stream, begun, "missing")
        if missing > max(BRAKE_FREE, live * self.brake):
            raise BrakePulled(
                f"{missing} of {live} rows of {mirror.connection}.{mirror.stream} are gone from the provider, "
                f"more than the brake of {self.brake:.0%} allows. None of them was marked as deleted.",
                hint="If that is right, run it again with: --brake 100",
            )
        return [(row[0], None) for row in lander.store.engine.rows("SELECT _id FROM missing ORDER BY _id")]
