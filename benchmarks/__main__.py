"""`python -m benchmarks`: measure, print, and with --write keep the figures in README.md."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.contest import contest
from benchmarks.crms import CRMS, HUBSPOT
from benchmarks.daily import backfill, daily, pace, start_up
from benchmarks.push import push, slow_push
from benchmarks.report import Report
from benchmarks.two_way import two_way

README = Path(__file__).with_name("README.md")
FIGURES = "## Figures\n"  # the last section of README.md
PARTS = ("contest", "pace", "slow", "start", "daily", "push", "two-way", "memory")
SMALL, LONG, LARGE, DAILY = 20_000, 100_000, 200_000, 1_000_000


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given several times.")
@click.option(
    "--crm", "crms", multiple=True, type=click.Choice([crm.name for crm in CRMS]),
    help="Only this CRM; may be given several times. Parts other than the contest are about HubSpot.",
)  # fmt: skip
@click.option("--records", default=LARGE, show_default=True, help="Contacts of the large contest.")
@click.option("--written", default=SMALL, show_default=True, help="Contacts that are created and changed.")
@click.option("--rows", default=DAILY, show_default=True, help="Contacts of the daily cases.")
@click.option("--repeat", default=3, show_default=True, help="Runs of which the median is told.")
@click.option("--slow-large", is_flag=True, help="The slow provider with 200,000 contacts, too: 5 minutes a contender.")
@click.option("--memory", is_flag=True, help="A backfill of 2,000,000 contacts, too.")
@click.option("--write", is_flag=True, help="Put the figures into benchmarks/README.md.")
def main(
    parts: tuple[str, ...],
    crms: tuple[str, ...],
    records: int,
    written: int,
    rows: int,
    repeat: int,
    slow_large: bool,
    memory: bool,
    write: bool,
) -> None:
    """Measure crmsync beside other ways to do the same; half an hour."""
    report = Report()
    asked = [crm for crm in CRMS if not crms or crm.name in crms]
    parts = parts or (*PARTS[:-1], *(["memory"] if memory else []))
    if HUBSPOT not in asked:
        parts = tuple(part for part in parts if part == "contest")
    if "contest" in parts:
        for crm in asked:
            for number in (SMALL, records) if crm is HUBSPOT else (records,):
                used = contest(crm, number, repeat)
                report.contest(f"{crm.title}: backfill of {number:,} contacts, {len(crm.names())} fields", number, used)
            report.compared(crm.title, records, used)
    if "pace" in parts:
        report.pace(pace(LONG, 1))
    if "slow" in parts:
        for number in (SMALL, LARGE) if slow_large else (SMALL,):
            used = contest(HUBSPOT, number, 1, slow_provider=True)
            report.contest(f"HubSpot: {number:,} at 150 ms a request and 190 requests in 10 s", number, used)
    if "start" in parts:
        report.start_up(start_up(2 * repeat + 1))
    if "daily" in parts:
        cases = daily(rows, repeat)
        report.daily(rows, cases)
        report.peak(f"HubSpot, {rows:,} records", cases["backfill"][0])
    if "push" in parts:
        for action, of_action in push(written, repeat).items():
            report.push(f"{action}d", written, of_action)
        report.slow_push(written, slow_push(written))
    if "two-way" in parts:
        report.two_way(rows, two_way(rows, repeat))
    if "memory" in parts:
        report.peak("HubSpot, 2,000,000 records", backfill(2_000_000))
    click.echo(report.text())
    if write:
        kept = README.read_text().partition(FIGURES)[0]
        README.write_text(f"{kept}{FIGURES}\n{report.text()}\n")


main()
