"""The figures as Markdown, and the goals that they are held against."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf
from pathlib import Path

from benchmarks.daily import Pace
from benchmarks.measure import Usage
from benchmarks.push import Written
from benchmarks.two_way import CHANGED, Case

BOUND_MAX = 1.3  # times the bound
PACE_MIN = 1_700  # records a second, of 1,900 that 190 requests in 10 s allow
QUOTA_MIN = 0.95  # of the requests that a slow provider admits
WRITE_MAX_S = 10.0  # CPU of a sync of a million rows of which few changed, besides the reading
FIXED_MAX_S, NOTHING_MAX_S, CHANGED_MAX_US, PEAK_MAX_MB = 0.6, 1.0, 40.0, 400.0


@dataclass(slots=True)
class Report:
    """Sections in the order they were measured, and each goal with whether it was reached."""

    sections: list[str] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)

    def contest(self, title: str, records: int, used: Mapping[str, Usage]) -> None:
        """A line each contender."""
        bound = used["the bound"].cpu_s
        lines = []
        for name, u in used.items():
            each, times = u.cpu_s / records * 1e6, u.cpu_s / bound
            lines.append(f"| {name} | {each:.1f} | {u.cpu_s:.2f} | {times:.1f} | {u.wall_s:.1f} | {u.peak_mb:.0f} |")
        self._table(title, "| | CPU, µs a record | CPU, s | times the bound | time, s | peak memory, MB |", lines)

    def start_up(self, used: Mapping[str, Usage]) -> None:
        """A line each command."""
        lines = [f"| {name} | {u.cpu_s:.2f} | {u.wall_s:.2f} |" for name, u in used.items()]
        self._table("Start-up", "| | CPU, s | time, s |", lines)
        fixed = used["a run with nothing to do"]
        self._goal("a run with nothing to do, CPU s", fixed.cpu_s, FIXED_MAX_S)

    def daily(self, records: int, cases: Mapping[str, tuple[Usage, int]]) -> None:
        """A line each case; what a record costs is told without what a run costs that finds nothing."""
        fixed = cases["nothing changed"][0]
        lines, each = [], {}
        for name, (u, read) in cases.items():
            each[name] = (u.cpu_s - fixed.cpu_s) / read * 1e6 if read else 0.0
            us = f"{each[name]:.1f}" if read else ""
            lines.append(f"| {name} | {read:,} | {u.cpu_s:.2f} | {us} | {u.wall_s:.1f} | {u.peak_mb:.0f} |")
        head = "| | records read | CPU, s | CPU above nothing changed, µs a record | time, s | peak memory, MB |"
        self._table(f"The daily case: a mirror of {records:,} contacts", head, lines)
        self._goal("nothing changed, s", fixed.wall_s, NOTHING_MAX_S)
        self._goal("1 % changed, CPU µs a changed record above that", each["1 % changed"], CHANGED_MAX_US)
        sweep, backfill = cases["full sweep, nothing changed"][0], cases["backfill"][0]
        self._goal("a sweep that changes nothing, CPU s (at most a backfill's)", sweep.cpu_s, backfill.cpu_s)

    def pace(self, pace: Pace) -> None:
        """One line: there is one contender."""
        line = f"| {pace.records_s:,.0f} | {pace.requests} | {pace.quota:.0%} | {pace.used.wall_s:.1f} |"
        title = f"A backfill of {pace.records:,} HubSpot contacts at 150 ms a request and 190 requests in 10 s"
        self._table(title, "| records a second | requests | of the quota | time, s |", [line])
        self._goal("records a second from a slow provider", pace.records_s, least=PACE_MIN)

    def compared(self, crm: str, records: int, used: Mapping[str, Usage]) -> None:
        """The goals of a contest: CPU and memory."""
        ratio = used["crmsync"].cpu_s / used["the bound"].cpu_s
        self._goal(f"{crm}, {records:,} records, CPU in times the bound", ratio, BOUND_MAX)
        self.peak(f"{crm}, {records:,} records", used["crmsync"])

    def push(self, action: str, records: int, used: Mapping[str, Usage]) -> None:
        """A contest of writing: `action` is what was done to that many contacts."""
        self.contest(f"HubSpot: {records:,} contacts {action}", records, used)
        whole, bound = used["crmsync"].cpu_s, used["the bound"].cpu_s
        self._goal(f"{records:,} contacts {action}, CPU in times the bound", whole / bound, BOUND_MAX)

    def slow_push(self, records: int, told: Mapping[str, Written]) -> None:
        """A line each writer: how it used what a slow provider admits."""
        lines = [
            f"| {name} | {w.used.cpu_s / records * 1e6:.1f} | {records / w.used.wall_s:,.0f} | {w.requests} "
            f"| {w.quota:.0%} | {w.refused} | {w.used.wall_s:.1f} |"
            for name, w in told.items()
        ]
        title = f"HubSpot: {records:,} contacts created at 150 ms a request and 190 requests in 10 s"
        head = "| | CPU, µs a record | records a second | requests | of the quota | refused (429) | time, s |"
        self._table(title, head, lines)
        ours = told["crmsync"]
        self._goal("creates in a slow provider, share of the requests that it admits", ours.quota, least=QUOTA_MIN)
        self._goal("requests that it refused", ours.refused, 0)

    def two_way(self, records: int, cases: Mapping[str, Case]) -> None:
        """A line each case; what the hub adds is told beside the same run without it."""
        lines = [
            f"| {name} | {c.written:,} | {c.used.cpu_s:.2f} | {c.used.wall_s:.1f} | {c.used.peak_mb:.0f} |"
            for name, c in cases.items()
        ]
        title = f"Two-way sync of {records:,} HubSpot contacts and their companies"
        self._table(title, "| | records written | CPU, s | time, s | peak memory, MB |", lines)
        read, edited = cases["nothing changed, without the hub"], cases[f"{CHANGED} rows edited in the hub"]
        self._goal(
            f"{CHANGED} rows of {records:,} edited, CPU s besides the reading",
            edited.used.cpu_s - read.used.cpu_s,
            WRITE_MAX_S,
        )
        self._goal("records written then", edited.written, CHANGED, least=CHANGED)
        self._goal("peak memory of these, MB", max(c.used.peak_mb for c in cases.values()), PEAK_MAX_MB)

    def peak(self, backfill: str, used: Usage) -> None:
        """The goal of memory."""
        self._goal(f"{backfill}, peak memory of a backfill, MB", used.peak_mb, PEAK_MAX_MB)

    def text(self) -> str:
        """All of it."""
        goals = [f"Goals\n\n{chr(10).join(self.goals)}"] if self.goals else []
        return "\n\n".join([_machine(), *(f"### {section}" for section in self.sections + goals)])

    def _table(self, title: str, head: str, lines: list[str]) -> None:
        rule = ("|---" if head.startswith("| |") else "|--:") + "|--:" * (head.count("|") - 2) + "|"
        self.sections.append("\n".join([title, "", head, rule, *lines]))

    def _goal(self, what: str, found: float, most: float = inf, *, least: float = -inf) -> None:
        word = "reached" if least <= found <= most else "**missed**"
        goal = f"at most {most:.2f}" if most < inf else f"at least {least:.2f}"
        goal = f"exactly {most:.2f}" if most == least else goal
        self.goals.append(f"- {what}: {found:.2f}, {goal}: {word}")


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    machine = f"{len(models)} cores of {models[0]}" if models else platform.machine()
    packages = ", ".join(f"{name} {version(name)}" for name in ("crmsync", "duckdb", "dlt", "pyarrow"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {machine}; {platform.system()}, Python {platform.python_version()}, {packages}."
    )
