"""`python -m benchmarks`: measure, print, and with --write keep the figures in README.md."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.contest import contest
from benchmarks.daily import backfill, daily, start_up
from benchmarks.report import Report

README = Path(__file__).with_name("README.md")
FIGURES = "## Figures\n"  # the last section of README.md
PARTS = ("contest", "slow", "start", "daily", "memory")


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given several times.")
@click.option("--repeat", default=3, show_default=True, help="Runs of which the median is told.")
@click.option("--slow-large", is_flag=True, help="The slow provider with 200,000 contacts, too: 5 minutes a contender.")
@click.option("--memory", is_flag=True, help="A backfill of 2,000,000 contacts, too.")
@click.option("--write", is_flag=True, help="Put the figures into benchmarks/README.md.")
def main(parts: tuple[str, ...], repeat: int, slow_large: bool, memory: bool, write: bool) -> None:
    """Measure crmsync beside other ways to do the same; a quarter of an hour."""
    report = Report()
    parts = parts or (*PARTS[:4], *(["memory"] if memory else []))
    if "contest" in parts:
        for records in (20_000, 200_000):
            used = contest(records, repeat, slow_provider=False)
            report.contest(f"Backfill of {records:,} contacts, 25 properties", records, used)
        report.compared(records, used)
        report.peak(records, used["crmsync"])
    if "slow" in parts:
        for records in (20_000, 200_000) if slow_large else (20_000,):
            used = contest(records, 1, slow_provider=True)
            report.contest(f"The same, {records:,} at 150 ms a request and 190 requests in 10 s", records, used)
    if "start" in parts:
        report.start_up(start_up(2 * repeat + 1))
    if "daily" in parts:
        cases = daily(1_000_000, repeat)
        report.daily(1_000_000, cases)
        report.peak(1_000_000, cases["backfill"][0])
    if "memory" in parts:
        report.peak(2_000_000, backfill(2_000_000))
    click.echo(report.text())
    if write:
        kept = README.read_text().partition(FIGURES)[0]
        README.write_text(f"{kept}{FIGURES}\n{report.text()}\n")


main()
