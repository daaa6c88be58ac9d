"""crmsync alone, on HubSpot: the daily case, memory, and how well a slow provider's quota is used."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.contest import BURST, CRMSYNC, LATENCY_S, check, crmsync, tell, workplace
from benchmarks.crms import HUBSPOT
from benchmarks.measure import Usage, measure, median
from benchmarks.provider import provider

RUN = crmsync(HUBSPOT).argv
EVERY = 100  # one per cent changes


def start_up(repeat: int) -> dict[str, Usage]:
    """`--help`, and a run that finds nothing to do on a mirror of 20,000."""
    with provider("hubspot", 20_000) as served, workplace(HUBSPOT, served) as (folder, env):
        measure(RUN, env, folder)
        return {
            "`crmsync --help`": median([measure((*CRMSYNC, "--help"), env, folder) for _ in range(repeat)]),
            "a run with nothing to do": median([measure(RUN, env, folder) for _ in range(repeat)]),
        }


def daily(records: int, repeat: int) -> dict[str, tuple[Usage, int]]:
    """Each case with the number of records that it read."""
    cases: dict[str, tuple[Usage, int]] = {}

    def case(name: str, used: Usage, read: int) -> None:
        tell(f"{name}, a mirror of {records:,}", used)
        cases[name] = used, read

    with provider("hubspot", records) as served, workplace(HUBSPOT, served) as (folder, env):
        case("backfill", measure(RUN, env, folder), records)
        check(folder, "hubspot.contact", records)
        case("nothing changed", median([measure(RUN, env, folder) for _ in range(repeat)]), 0)
        case("full sweep, nothing changed", measure((*RUN, "--backfill"), env, folder), records)
        edited, used = 0, list[Usage]()
        for _ in range(repeat):
            edited = served.edit(EVERY)
            used.append(measure(RUN, env, folder))
        case("1 % changed", median(used), edited)
        check(folder, "hubspot.contact", records)
    return cases


def backfill(records: int) -> Usage:
    """One backfill, to see that memory does not grow."""
    with provider("hubspot", records) as served, workplace(HUBSPOT, served) as (folder, env):
        used = measure(RUN, env, folder)
        check(folder, "hubspot.contact", records)
    tell(f"backfill, {records:,} records", used)
    return used


@dataclass(frozen=True, slots=True)
class Pace:
    """A backfill from a slow provider: how much it read, with how many requests."""

    records: int
    requests: int
    used: Usage

    @property
    def records_s(self) -> float:
        """Records a second, start of the program included."""
        return self.records / self.used.wall_s

    @property
    def quota(self) -> float:
        """The share that was used of the requests that the provider would have admitted meanwhile, at an even pace."""
        return self.requests / self.used.wall_s / (BURST / 10)


def pace(records: int, repeat: int) -> Pace:
    """A backfill at 150 ms a request and 190 requests in 10 s; the median run's time."""
    runs = []
    with provider("hubspot", records, latency_s=LATENCY_S, burst=BURST) as served:
        for round_ in range(repeat):
            if round_:
                time.sleep(10)  # the provider's window is empty again
            served.asked()
            with workplace(HUBSPOT, served, BURST) as (folder, env):
                used = measure(RUN, env, folder)
                check(folder, "hubspot.contact", records)
            runs.append(Pace(records, served.asked(), used))
            tell(f"backfill from a slow provider, {records:,} records, {runs[-1].requests} requests", used)
    return sorted(runs, key=lambda run: run.used.wall_s)[len(runs) // 2]
