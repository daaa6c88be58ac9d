"""One pool's rules over its records in the ledger. Called only while the ledger is locked."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from crmsync.errors import BudgetSpent
from crmsync.http.permits import Ledger
from crmsync.process import birth, is_alive
from crmsync.spec.duration import seconds
from crmsync.spec.model import Pool

POLL_S = 0.02  # other processes do not tell when a request of theirs ends
GRACE_S = 1.0  # what a killed process sent just before may still be on its way


class Gate:
    """One pool's rules over its records in the ledger."""

    def __init__(self, pool: Pool, index: int, holds_s: float) -> None:
        self.pool, self.index = pool, index
        self.size = pool.rate or pool.concurrent or 0
        self._rests_s = pool.per_s if pool.rate else 0.0
        self._holds_s = holds_s
        self._owner = (os.getpid(), birth(os.getpid()))
        self._free = 0  # where the last permit was found: the next one is likely behind it

    def wait(self, ledger: Ledger, now: float, wall: datetime, cost: int) -> float:
        """Seconds until a permit may be free; 0: one is."""
        if self.pool.budget:
            self._check_budget(ledger, wall, cost)
        blocked_s = ledger.head(self.index)[0] - now
        return max(blocked_s, self._slot_wait(ledger, now) if self.size else 0.0)

    def occupy(self, ledger: Ledger, now: float) -> int:
        """Take the permit that `wait` found."""
        taken = self._free
        ledger.set_slot(self.index, taken, (now, *self._owner))
        self._free = (taken + 1) % self.size
        return taken

    def release(self, ledger: Ledger, slot: int, taken_at: float, now: float, *, unused: bool = False) -> None:
        """The request is answered; unless it took so long that somebody else has the permit by now."""
        rests_s = 0.0 if unused else self._rests_s
        if ledger.slot(self.index, slot) == (taken_at, *self._owner):
            ledger.set_slot(self.index, slot, (now + rests_s, 0, 0))

    def count(self, ledger: Ledger, cost: int) -> float:
        """Count `cost` against the budget; returns the start of the period it was counted in."""
        blocked, since, used = ledger.head(self.index)
        ledger.set_head(self.index, (blocked, since, used + cost))
        return since

    def correct(self, ledger: Ledger, since: float, headers: Mapping[str, str]) -> None:
        """The provider's count is right: it knows of other programs. Not so an answer from before the reset."""
        told = headers.get((self.pool.remaining or "").lower(), "")
        blocked, counted_since, _ = ledger.head(self.index)
        if self.pool.budget and told.isascii() and told.isdigit() and since == counted_since:
            ledger.set_head(self.index, (blocked, since, self.pool.budget - int(told[:15])))

    def spend(self, ledger: Ledger, wall: datetime) -> None:
        blocked, since, _ = ledger.head(self.index)
        ledger.set_head(self.index, (blocked, since or wall.timestamp(), self.pool.budget or 0))

    def spent(self, ledger: Ledger) -> BudgetSpent:
        """The error that says so, and until when."""
        resets = f"{self._ends(ledger.head(self.index)[1]):%Y-%m-%d %H:%M %Z}"
        return BudgetSpent(
            f"all {self.pool.budget} requests of the budget `{self.pool.name}` are used; it resets {resets}",
            hint="Run the same command again after that: it goes on from the last committed page.",
        )

    def _check_budget(self, ledger: Ledger, wall: datetime, cost: int) -> None:
        blocked, since, used = ledger.head(self.index)
        if not since or wall >= self._ends(since) or since > wall.timestamp():
            since, used = wall.timestamp(), 0
            ledger.set_head(self.index, (blocked, since, used))
        if used + cost > (self.pool.budget or 0):
            raise self.spent(ledger)

    def _ends(self, since: float) -> datetime:
        began = datetime.fromtimestamp(since, _zone(self.pool.zone))
        if self.pool.resets == "midnight":
            return datetime.combine(began.date() + timedelta(days=1), datetime.min.time(), began.tzinfo)
        return began + timedelta(seconds=seconds(self.pool.resets))

    def _slot_wait(self, ledger: Ledger, now: float) -> float:
        for step in range(self.size):
            index = (self._free + step) % self.size
            if self._remaining(ledger, index, now) <= 0:
                self._free = index
                return 0.0
        alive = functools.cache(is_alive)  # asked once a process, not once a permit
        return min(self._recover(ledger, index, now, alive) for index in range(self.size))

    def _remaining(self, ledger: Ledger, index: int, now: float) -> float:
        free_at, pid, _ = ledger.slot(self.index, index)
        if pid:
            return self._rests_s or POLL_S  # in flight: it cannot be free any sooner
        rest = free_at - now
        return rest if rest <= self._rests_s + GRACE_S else 0.0  # no honest permit rests longer

    def _recover(self, ledger: Ledger, index: int, now: float, alive: Callable[[int, int], bool]) -> float:
        """The wait for this permit, freed if its holder is dead or has held it for longer than a request can last."""
        taken_at, pid, born = ledger.slot(self.index, index)
        if not pid or (0 <= now - taken_at <= self._holds_s and alive(pid, born)):
            return self._remaining(ledger, index, now)
        rest = self._rests_s + GRACE_S
        ledger.set_slot(self.index, index, (now + rest, 0, 0))
        return rest


def _zone(name: str) -> tzinfo:
    """The zone; UTC while an account's is not known, or the machine has no table of it."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return UTC
