"""`crmsync run`."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmsync.cli.options import connector_options, open_store, pick, state_dir, store_option, store_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmsync.events import Events
    from crmsync.store import FileStore
    from crmsync.sync import Job
    from crmsync.sync.model import Result

SANDBOX_STORE = Path("crmsync-sandbox.duckdb")
SANDBOX_RECORDS = 1000
SEED = 1


@click.command()
@connector_options
@click.option("--stream", "streams", multiple=True, help="Read this stream only; may be given several times.")
@click.option("--mode", type=click.Choice(["pull"]), default="pull", show_default=True, help="Direction.")
@click.option("--backfill", is_flag=True, help="Read everything again, not only what changed.")
@store_option
@click.option(
    "--sandbox",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=SANDBOX_RECORDS,
    help="Read from the connector's simulator with this many records instead of a real account.",
)
@click.option("--brake", type=click.FloatRange(0, 100), help="Per cent of the rows that a sweep may mark as deleted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream, nothing else, on stdout.")
@click.option("--wait", is_flag=True, help="Wait for a run that reads the same stream, instead of stopping.")
@click.option("--strict", is_flag=True, help="End with status 3 where records were rejected or held.")
def run(
    connector: str,
    connection: str | None,
    config: Path | None,
    streams: tuple[str, ...],
    mode: str,
    backfill: bool,
    store: Path | None,
    sandbox: int | None,
    brake: float | None,
    as_json: bool,
    wait: bool,
    strict: bool,
) -> int:
    """Bring the streams of a connection up to date.

    The first run reads everything, later ones what changed. A run that was stopped or killed goes on where it was.
    """
    from crmsync.sync import Job

    with ExitStack() as stack:
        given = None
        if sandbox is not None:
            given = stack.enter_context(_simulator(connector, sandbox))
            store = store or SANDBOX_STORE
        picked = pick(connector, connection, config, given)
        job = Job(
            spec_file=picked.spec_file,
            connection=picked.connection,
            state_dir=state_dir(),
            streams=streams,
            mode=mode,
            backfill=backfill,
            wait=wait,
            brake=None if brake is None else brake / 100,
        )
        path = store_path(store, config)
        results = _run(job, path)
    if as_json:
        for result in results:
            click.echo(json.dumps(result.as_dict()))
    else:
        _summary(results, path)
    return _exit_status(results, strict=strict)


class _simulator:  # noqa: N801 - used as a function
    """The connector's simulator, served while the block runs; gives its options, base URL included."""

    def __init__(self, connector: str, records: int) -> None:
        from crmsync import plugins
        from crmsync.sandbox import Server

        simulator = plugins.sandbox(plugins.connector(connector), records, SEED)
        self._server = Server(simulator)
        self._options = simulator.options

    def __enter__(self) -> dict[str, str]:
        self._server.start()
        return {**self._options, "base_url": self._server.url}

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def _run(job: Job, path: Path) -> list[Result]:
    from crmsync.cli.progress import Progress
    from crmsync.events import Events

    store, events = open_store(path), Events()
    with Progress(events):
        try:
            return asyncio.run(_stoppable(job, store, events))
        finally:
            store.close()


async def _stoppable(job: Job, store: FileStore, events: Events) -> list[Result]:
    """The first Ctrl-C or SIGTERM lets a commit end; a second one kills."""
    from crmsync.sync import run as run_job

    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return await run_job(job, store, events, stop=stop)


def _summary(results: Sequence[Result], path: Path) -> None:
    for result in results:
        _line(result)
    done = [r for r in results if r.status == "done"]
    if any(r.counts.rejected or r.counts.held for r in results):
        click.echo(f"  Some records were rejected or held. See why: crmsync rejects --store {path}", err=True)
    if done:
        table = f"{done[0].connection}.{done[0].stream}"
        click.echo(f'  Look at the rows: crmsync query --store {path} "FROM {table} LIMIT 5"', err=True)


def _line(result: Result) -> None:
    counts = result.counts
    mark, colour = {"done": ("✓", "green"), "stopped": ("■", "yellow")}.get(result.status, ("✗", "red"))
    rate = f", {counts.read / result.seconds:,.0f}/s" if counts.read and result.seconds > 0.1 else ""
    parts = [f"{counts.read:,} read", f"{counts.applied:,} applied", f"{counts.unchanged:,} unchanged"]
    parts += [f"{n:,} {what}" for what, n in counts.as_dict().items() if what in ("rejected", "held", "deleted") and n]
    waited = f", waited {result.waited_seconds:.1f} s" if result.waited_seconds >= 0.1 else ""
    retried = f", {result.retries} retries" if result.retries else ""
    click.secho(f"{mark} {result.connection}.{result.stream}", fg=colour, err=True, nl=False)
    click.echo(
        f"  {' · '.join(parts)}  ({result.seconds:.1f} s{rate}, {result.requests:,} requests{retried}{waited})",
        err=True,
    )
    if result.error:
        click.echo(f"  {result.error['code']} {result.error['message']}", err=True)
        if result.error["hint"]:
            click.echo(f"  {result.error['hint']}", err=True)


def _exit_status(results: Sequence[Result], *, strict: bool) -> int:
    """0 done, 1 failed, 2 usage, 3 rejects where --strict, 4 stopped: the gravest of the streams'."""
    statuses = {r.exit_status for r in results}
    for status in (1, 2, 4):
        if status in statuses:
            return status
    return 3 if strict and any(r.counts.rejected or r.counts.held for r in results) else 0
