"""crmsync alone, on HubSpot: the daily case of two-way sync. Hub and CRM have the same rows, and few of them change.

Contacts go with their companies, a fifth as many: without these their references would wait, in each sync anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest import check, tell, workplace
from benchmarks.crms import HUBSPOT
from benchmarks.measure import Usage, measure, median
from benchmarks.provider import provider
from benchmarks.push import crmsync
from benchmarks.rows import edit

CHANGED = 100
RUN, READ = (crmsync(mode, "company", "contact") for mode in ("sync", "pull"))


@dataclass(frozen=True, slots=True)
class Case:
    """A run's cost, and how many records it wrote, as the provider counted them."""

    used: Usage
    written: int


def two_way(records: int, repeat: int) -> dict[str, Case]:
    """Each case of `records` contacts, of which CHANGED are edited in the hub."""
    cases: dict[str, Case] = {}

    with provider("hubspot", records) as served, workplace(HUBSPOT, served) as (folder, env):

        def run(argv: Sequence[str]) -> Case:
            served.written()
            used = measure(argv, env, folder)
            return Case(used, served.written())

        def case(name: str, told: list[Case]) -> None:
            cases[name] = Case(median([each.used for each in told]), max(each.written for each in told))
            tell(f"{name}, {records:,} rows, {cases[name].written} written", cases[name].used)

        case("backfill, without the hub", [run(READ)])
        case("first sync: a hub row of each record", [run(RUN)])
        check(folder, "crm.contact", records)
        case("nothing changed, without the hub", [run(READ) for _ in range(repeat)])
        case("nothing changed", [run(RUN) for _ in range(repeat)])
        told = []
        for round_ in range(repeat):
            word = f"Director-{round_}"
            edit(folder, env, "crm.contact", CHANGED, word)
            told.append(run(RUN))
            if served.titled(word) != CHANGED:
                raise RuntimeError(f"{served.titled(word)} of {CHANGED} edits are in the CRM")
        case(f"{CHANGED} rows edited in the hub", told)
    return cases
