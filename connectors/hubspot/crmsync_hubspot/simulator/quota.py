"""The account's rate limits, with the headers and refusals that come with them."""

from __future__ import annotations

from crmsync.clock import Clock
from crmsync.sandbox import DailyBudget, SlidingWindow
from crmsync_hubspot.simulator.answers import Refused
from crmsync_hubspot.simulator.switches import Limits

BURST_S, SEARCH_S = 10.0, 1.0


class Quota:
    """Counts requests; a refused one was not carried out and does not count."""

    def __init__(self, clock: Clock, limits: Limits, zone: str, portal: int) -> None:
        self._clock, self._limits, self._portal = clock, limits, portal
        self._burst = SlidingWindow(limits.burst, BURST_S)
        self._search = SlidingWindow(limits.search, SEARCH_S)
        self.daily = DailyBudget(limits.daily, zone)

    def admit(self, *, search: bool) -> None:
        """Count this request or refuse it with 429."""
        if not self._limits.on:
            return
        self._follow_limits()
        now_s, now = self._clock.monotonic(), self._clock.now()
        if self.daily.remaining(now) <= 0:
            raise self._refusal("daily", "DAILY", "private_app-api-calls-daily")
        if search and self._search.remaining(now_s) <= 0:
            raise self._refusal("secondly", "SECONDLY", "search")
        if self._burst.remaining(now_s) <= 0:
            raise self._refusal("ten_secondly_rolling", "TEN_SECONDLY_ROLLING", "private_app-api-calls-ten-secondly")
        self.daily.take(now)
        self._burst.take(now_s)
        if search:
            self._search.take(now_s)

    def headers(self, *, search: bool) -> dict[str, str]:
        """What each answer but a search's tells about the limits."""
        if search or not self._limits.on:
            return {}
        left = self._burst.remaining(self._clock.monotonic())
        return {
            "X-HubSpot-RateLimit-Max": str(self._limits.burst),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(round(BURST_S * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self._limits.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.daily.remaining(self._clock.now())),
            "X-HubSpot-RateLimit-Secondly": str(self._limits.burst // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(min(left, self._limits.burst // 10)),
        }

    def _follow_limits(self) -> None:
        """The numbers may be changed at any time."""
        self._burst.limit, self._search.limit = self._limits.burst, self._limits.search
        self.daily.limit = self._limits.daily

    def _refusal(self, words: str, policy: str, group: str) -> Refused:
        return Refused(
            429,
            f"You have reached your {words} limit.",
            errorType="RATE_LIMIT",
            policyName=policy,
            groupName=f"publicapi:{group}:{self._portal}:1",
        )
