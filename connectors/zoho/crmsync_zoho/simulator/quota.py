"""The org's limits: credits of a rolling day, calls at once, and heavy calls at once."""

from __future__ import annotations

from crmsync.clock import Clock
from crmsync.sandbox import SimRequest
from crmsync.sandbox.rolling import RollingBudget
from crmsync_zoho.simulator.answers import Refused
from crmsync_zoho.simulator.costs import is_heavy
from crmsync_zoho.simulator.instants import DAY_S
from crmsync_zoho.simulator.org import Org

# edition -> credits a day, more for each user, at most (0: no end), calls at once
EDITIONS = {
    "free": (5_000, 0, 5_000, 5),
    "standard": (50_000, 250, 100_000, 10),
    "professional": (50_000, 500, 3_000_000, 15),
    "enterprise": (50_000, 1_000, 5_000_000, 20),
    "zohooneenterprise": (50_000, 1_000, 5_000_000, 20),
    "ultimate": (50_000, 2_000, 0, 25),
    "crmplus": (50_000, 2_000, 0, 25),
}


class Quota:
    """Counts calls; a refused one was not carried out and costs nothing."""

    def __init__(self, clock: Clock, org: Org) -> None:
        self._clock, self._org = clock, org
        self._credits = RollingBudget(0, DAY_S)

    @property
    def credits(self) -> int:
        """Credits in 24 hours."""
        if (given := self._org.switches.limits.credits) is not None:
            return given
        base, a_user, most, _ = EDITIONS[self._org.edition]
        total = base + a_user * self._org.licences
        return min(total, most) if most else total

    @property
    def concurrent(self) -> int:
        """Calls at once."""
        given = self._org.switches.limits.concurrent
        return EDITIONS[self._org.edition][3] if given is None else given

    @property
    def used(self) -> int:
        """Credits spent in the last 24 hours."""
        self._credits.remaining(self._clock.monotonic())
        return self._credits.used

    def admit(self, request: SimRequest, cost: int) -> None:
        """Count this request or refuse it; all three refusals look the same."""
        limits = self._org.switches.limits
        if not limits.on:
            return
        heavy = min(limits.heavy, self.concurrent)
        crowded = request.in_flight > self.concurrent
        if not crowded and is_heavy(request):
            crowded = sum(is_heavy(other) for other in request.beside) >= heavy
        self._credits.limit = self.credits
        if crowded or not self._credits.take(cost, self._clock.monotonic()):
            message = "You have made too many requests continuously. Please try again after some time."
            raise Refused(limits.throttle_status, limits.throttle_code, message)

    def headers(self) -> dict[str, str]:
        """What answers tell once half of the credits are used."""
        if not self._org.switches.limits.on:
            return {}
        self._credits.limit = self.credits
        left = self._credits.remaining(self._clock.monotonic())
        return {"X-API-CREDITS-REMAINING": str(left)} if left * 2 <= self.credits else {}
