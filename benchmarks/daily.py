"""The daily case, crmsync alone: what a run costs when there is a mirror already."""

from __future__ import annotations

from benchmarks.contest import CRMSYNC, RUN, check, tell, workplace
from benchmarks.measure import Usage, measure, median
from benchmarks.provider import provider

EVERY = 100  # one per cent changes


def start_up(repeat: int) -> dict[str, Usage]:
    """`--help`, and a run that finds nothing to do on a mirror of 20,000."""
    with provider(20_000) as served, workplace(served) as (folder, env):
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

    with provider(records) as served, workplace(served) as (folder, env):
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
    with provider(records) as served, workplace(served) as (folder, env):
        used = measure(RUN, env, folder)
        check(folder, "hubspot.contact", records)
    tell(f"backfill, {records:,} records", used)
    return used
