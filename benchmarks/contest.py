"""The contest: all contenders bring the same contacts into a fresh file, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.crms import Crm
from benchmarks.measure import Usage, measure, median
from benchmarks.provider import Provider, provider

LATENCY_S, BURST = 0.15, 190  # what HubSpot looks like from a Professional account
CRMSYNC = (str(Path(sys.executable).with_name("crmsync")),)


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that fills `table` of store.duckdb. A slow one reads 20,000 records once, from a fast provider."""

    name: str
    argv: Sequence[str]
    table: str
    slow: bool = False


def crmsync(crm: Crm) -> Contender:
    """The command line as people use it."""
    argv = (*CRMSYNC, "run", "--connector", crm.name, "--stream", "contact", "--store", "store.duckdb")
    return Contender("crmsync", argv, f"{crm.name}.contact")


def _module(name: str, module: str, table: str = "contact", *more: str, slow: bool = False) -> Contender:
    argv = (sys.executable, "-m", f"benchmarks.contenders.{module}", "store.duckdb", *more)
    return Contender(name, argv, table, slow)


OF_ALL = (_module("the bound", "bound"), _module("Python loop with Arrow", "arrow"))
OF_HUBSPOT = (
    _module("dlt, tuned", "dlt_tuned", "crm.contact"),
    _module("dlt, REST source, Parquet", "dlt_plain", "crm.contact", "parquet"),
    _module("dlt, REST source, as it comes", "dlt_plain", "crm.contact", slow=True),
    _module("Python loop with executemany", "plain", slow=True),
)


def contest(crm: Crm, records: int, repeat: int, *, slow_provider: bool = False) -> dict[str, Usage]:
    """The median cost of each contender, in rounds, so that other work on the machine meets all of them alike."""
    latency_s, burst = (LATENCY_S, BURST) if slow_provider else (0.0, None)
    contenders = (crmsync(crm), *OF_ALL, *(OF_HUBSPOT if crm.name == "hubspot" else ()))
    runs: dict[str, list[Usage]] = {}
    with provider(crm.name, records, latency_s=latency_s, burst=burst) as served:
        for round_ in range(repeat):
            for contender in contenders:
                if contender.slow and (round_ or records > 20_000 or slow_provider):
                    continue
                with workplace(crm, served, burst) as (folder, env):
                    used = measure(contender.argv, env, folder)
                    check(folder, contender.table, records)
                tell(f"{crm.title}: {contender.name}, {records:,} records", used)
                runs.setdefault(contender.name, []).append(used)
    return {name: median(used) for name, used in runs.items()}


@contextmanager
def workplace(crm: Crm, served: Provider, burst: int | None = None) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """An empty folder, and an environment that keeps everybody's traces in it."""
    options = {**served.options, **crm.options, **({"burst": str(burst)} if burst else {})}
    with TemporaryDirectory() as folder:
        yield (
            Path(folder),
            {
                **os.environ,
                "HOME": folder,
                "XDG_CONFIG_HOME": folder,
                "XDG_STATE_HOME": folder,
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
                **{f"{crm.name}_{option}".upper(): value for option, value in options.items()},
                "BENCH_CRM": crm.name,
                "BENCH_URL": served.url,
                "BENCH_TOKEN": served.token,
                "BENCH_NAMES": ",".join(crm.names()),
                "BENCH_BURST": str(burst or 0),
                "RUNTIME__DLTHUB_TELEMETRY": "false",
            },
        )


def check(folder: Path, table: str, records: int) -> None:
    """Count what arrived; in another process, because the peak memory of a child begins with that of its parent."""
    query = f"SELECT count(*) FROM {table}"
    count = f"import duckdb; print(duckdb.connect('store.duckdb', read_only=True).execute('{query}').fetchone()[0])"
    found = subprocess.run([sys.executable, "-c", count], cwd=folder, capture_output=True, text=True, check=True).stdout
    if int(found) != records:
        raise RuntimeError(f"{table} holds {found.strip()} records instead of {records}")


def tell(what: str, used: Usage) -> None:
    """Progress, on standard error."""
    click.echo(f"  {what}: {used.cpu_s:.2f} s CPU, {used.wall_s:.1f} s, {used.peak_mb:.0f} MB", err=True)
