"""The contest of writing: all contenders create the same contacts in an empty HubSpot, and then change one field."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contest import BURST, CRMSYNC, LATENCY_S, check, tell, workplace
from benchmarks.crms import HUBSPOT
from benchmarks.measure import Usage, measure, median
from benchmarks.provider import Provider, provider
from benchmarks.rows import FILE, Place, edit, fill

CREATE, UPDATE = "create", "update"
IDLE = "crmsync, with nothing to write"
_WORD = "Manager"


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that writes the rows of the table `place`; it is told the action where it does not find out itself."""

    name: str
    argv: Sequence[str]
    place: Place

    def to(self, action: str) -> Sequence[str]:
        """How it is started."""
        return self.argv if self.place == "crm.contact" else (*self.argv, action)


def crmsync(mode: str, *streams: str) -> Sequence[str]:
    """The command line as people use it."""
    picked = [word for stream in streams for word in ("--stream", stream)]
    return (*CRMSYNC, "run", "--connector", "hubspot", *picked, "--mode", mode, "--store", FILE)


def _module(name: str, module: str) -> Writer:
    return Writer(name, (sys.executable, "-m", f"benchmarks.contenders.{module}", FILE), "contact")


WRITERS = (
    Writer("crmsync", crmsync("push", "contact"), "crm.contact"),
    _module("the bound", "push_bound"),
    _module("Python loop", "push_plain"),
    _module("dlt, custom destination", "push_dlt"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer's run cost: also in requests, and how many of them were refused for being above the limit."""

    records: int
    used: Usage
    requests: int
    refused: int

    @property
    def quota(self) -> float:
        """The share that was used of the requests that the provider would have admitted meanwhile, at an even pace."""
        return self.requests / self.used.wall_s / (BURST / 10)


Runs = dict[str, dict[str, list[Written]]]


def push(records: int, repeat: int) -> Mapping[str, Mapping[str, Usage]]:
    """Of each action the median cost of each writer, in rounds; of crmsync that of finding nothing to write, too."""
    runs: Runs = {CREATE: {}, UPDATE: {}}
    for _ in range(repeat):
        for writer in WRITERS:
            with provider("hubspot", 0) as served, workplace(HUBSPOT, served) as (folder, env):
                _create(runs[CREATE], writer, records, served, folder, env)
                _update(runs[UPDATE], writer, records, served, folder, env)
    return {
        action: {name: median([run.used for run in told]) for name, told in of.items()} for action, of in runs.items()
    }


def slow_push(records: int) -> Mapping[str, Written]:
    """What each writer's creates cost, once, where the provider is slow and has a limit."""
    runs: dict[str, list[Written]] = {}
    for writer in WRITERS:
        with (
            provider("hubspot", 0, latency_s=LATENCY_S, burst=BURST) as served,
            workplace(HUBSPOT, served, BURST) as (folder, env),
        ):
            _create(runs, writer, records, served, folder, env, rest_s=10.0)
    return {name: told[0] for name, told in runs.items() if name != IDLE}


def _create(
    runs: dict[str, list[Written]],
    writer: Writer,
    records: int,
    served: Provider,
    folder: Path,
    env: Mapping[str, str],
    rest_s: float = 0.0,
) -> None:
    """`rest_s` after the first requests, the provider's window is empty again."""
    if writer.place == "crm.contact":
        measure(writer.argv, env, folder)  # makes the hub
        _note(runs, IDLE, CREATE, 0, writer.argv, served, folder, env)
        time.sleep(rest_s)
    fill(folder, env, writer.place, records)
    _note(runs, writer.name, CREATE, records, writer.to(CREATE), served, folder, env)
    _require(served.living(), records)
    check(folder, "crmsync.links" if writer.place == "crm.contact" else "outcome", records)


def _update(
    runs: dict[str, list[Written]],
    writer: Writer,
    records: int,
    served: Provider,
    folder: Path,
    env: Mapping[str, str],
) -> None:
    """What crmsync made in the last half hour is read again by its next run, also by one that has nothing to write."""
    if writer.place == "crm.contact":
        _note(runs, IDLE, UPDATE, 0, writer.argv, served, folder, env)
    edit(folder, env, writer.place, records, _WORD)
    _note(runs, writer.name, UPDATE, records, writer.to(UPDATE), served, folder, env)
    _require(served.titled(_WORD), records)


def _note(
    runs: dict[str, list[Written]],
    name: str,
    action: str,
    records: int,
    argv: Sequence[str],
    served: Provider,
    folder: Path,
    env: Mapping[str, str],
) -> None:
    for count in (served.asked, served.refused, served.written):
        count()  # from here on
    used = measure(argv, env, folder)
    written = Written(records, used, served.asked(), served.refused())
    _require(served.written(), records)
    tell(f"{action}, {name}, {records:,} records, {written.requests} requests", used)
    runs.setdefault(name, []).append(written)


def _require(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} records were written instead of {wanted}")
