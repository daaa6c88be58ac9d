"""How long to wait after a bad answer, and when to give up. The only layer that retries. Pure but for its dice.

Written here and not taken from a library: waits go through our clock, so that tests wait in virtual time, and a
throttled request waits in the pools, where every other process waits with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from crmsync.http.classify import Verdict

UNTOUCHED = ("unreachable", "throttled", "busy")  # the provider has done nothing
AMBIGUOUS = ("transient", "unreadable")  # it may have done what it was asked
RETRIED = (*AMBIGUOUS, *UNTOUCHED)
TOLD_FLOOR_S = 5.0  # a provider that says "0 seconds" for ever is asked ever more rarely, up to this


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """Seconds, but for `unreadable_tries`."""

    give_up_s: float = 300.0
    unreachable_s: float = 300.0  # where no connection comes about; the shorter of the two counts then
    insists: bool = True  # a request is throttled for as long as its rule says, before the budget counts as used up
    first_s: float = 0.5
    longest_s: float = 30.0
    unreadable_tries: int = 3  # a web page instead of JSON seldom mends itself


class Patience:
    """One request's patience: begins with its first failure."""

    def __init__(self, settings: RetrySettings, dice: Random) -> None:
        self._settings, self._dice = settings, dice
        self._began: float | None = None
        self.attempt = 0

    def next_wait(self, verdict: Verdict, now: float) -> float | None:
        """Seconds to wait before the next try; None: give up now."""
        self._began = now if self._began is None else self._began
        self.attempt += 1
        if verdict.outcome not in RETRIED:
            return None
        if verdict.outcome == "unreadable" and self.attempt >= self._settings.unreadable_tries:
            return None
        wait_s = self._wait(verdict)
        return wait_s if now - self._began + wait_s <= self._limit_s(verdict) else None

    def _limit_s(self, verdict: Verdict) -> float:
        give_up_s, unreachable_s = self._settings.give_up_s, self._settings.unreachable_s
        if self._settings.insists and verdict.rule is not None and verdict.rule.exhausted_after_s is not None:
            return verdict.rule.exhausted_after_s
        return min(give_up_s, unreachable_s) if verdict.outcome == "unreachable" else give_up_s

    def _wait(self, verdict: Verdict) -> float:
        backoff_s = self._backoff()
        if verdict.told_wait_s is not None:
            return max(verdict.told_wait_s, min(backoff_s, TOLD_FLOOR_S))
        if verdict.rule is None or verdict.rule.wait_s is None:
            return backoff_s
        return max(verdict.rule.wait_s * min(self.attempt, 6), backoff_s)

    def _backoff(self) -> float:
        """Doubles up to `longest_s`; the dice keep processes apart that failed together."""
        full_s = min(self._settings.first_s * 2.0 ** min(self.attempt - 1, 30), self._settings.longest_s)
        return full_s * self._dice.uniform(0.5, 1.0)
