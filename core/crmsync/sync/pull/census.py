"""Census: what the mirror has and a finished sweep did not meet is asked for by id; what is not there is deleted.

The brake: a census that would mark more than its share of the live rows stops and leaves the decision to a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from crmsync.errors import BrakePulled
from crmsync.sync.model import Counts, Gone
from crmsync.sync.pull.confirm import Confirm

BRAKE_FREE = 20  # rows that any census may mark: a small table has no meaningful share


@dataclass(frozen=True, slots=True)
class Census:
    """The census of one stream; `brake` is the share of live rows that it may mark as deleted."""

    confirm: Confirm
    brake: float

    async def run(self, checkpoint: str, begun: datetime | None) -> AsyncIterator[Counts]:
        """Confirm and mark the missing ones, a commit a request; the last commit moves the checkpoint.

        `begun`: when the sweep began, by the provider's clock; what was created since is not missing. May be killed at
        any line: what is marked is no longer missing, so the rest follows the next time.
        """
        worker, lander = self.confirm.worker, self.confirm.lander
        if self.confirm.source.stream.by_id:  # else nothing can be confirmed
            missing = await worker.do(self._missing, begun)
            async for counts in self.confirm.gone(missing):
                yield counts
        yield await worker.do(lander.census_done, checkpoint)

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
