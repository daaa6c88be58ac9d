"""`crmsync run`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from crmsync.cli import show
from crmsync.cli.options import (
    SANDBOX_STORE,
    connector_options,
    job_of,
    open_store,
    pick,
    sandbox_keys,
    store_option,
    store_path,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmsync.cli.progress import Progress
    from crmsync.events import Events
    from crmsync.sync import Job
    from crmsync.sync.model import Result

SANDBOX_RECORDS = 1000
SEED = 1
_WRITING = {
    "refused": "Some writes were not accepted. See why: crmsync rejects",
    "conflicts": "Some fields changed on both sides, and wait for you to decide: crmsync conflicts",
}
_MARKS = {"done": ("✓", "green"), "stopped": ("■", "yellow"), "failed": ("✗", "red")}


@click.command()
@connector_options
@click.option("--stream", "streams", multiple=True, help="This stream only; may be given several times.")
@click.option(
    "--mode",
    type=click.Choice(["pull", "push", "sync"]),
    default="pull",
    show_default=True,
    help="pull: read the CRM; push: also bring the hub's changes to it; sync: both ways.",
)
@click.option("--backfill", is_flag=True, help="Read everything again, not only what changed.")
@store_option
@click.option(
    "--sandbox",
    metavar="[N]",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=SANDBOX_RECORDS,
    help=f"Read N ({SANDBOX_RECORDS}) made-up records of the connector's simulator, into {SANDBOX_STORE}.",
)
@click.option(
    "--brake", type=click.FloatRange(0, 100), help="Per cent of the rows that may be marked as deleted, or archived."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream, nothing else, on stdout.")
@click.option("--wait", is_flag=True, help="Wait for a run that reads the same stream, instead of stopping.")
@click.option("--strict", is_flag=True, help="End with status 3 where something was rejected, held or disputed.")
@click.pass_context
def run(
    ctx: click.Context,
    connector: str,
    connection: str | None,
    config: Path | None,
    streams: tuple[str, ...],
    mode: Literal["pull", "push", "sync"],
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
    With --mode sync, the tables crm.contact, crm.company and crm.deal are then kept in step with the CRM.

    Exit status: 0 done, 1 failed, 2 wrong usage or credentials, 3 rejects (--strict), 4 stopped: run it again.
    """
    with ExitStack() as stack:
        given, apart = None, dict[str, Any]()
        if sandbox is not None:
            given = stack.enter_context(_simulator(connector, sandbox))
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="crmsync-")))
            apart = {"state_dir": folder, "keys": sandbox_keys()}
            if ctx.get_parameter_source("store") is not ParameterSource.COMMANDLINE:
                store = SANDBOX_STORE  # made-up rows never get into the store of real ones unasked
        picked = pick(connector, connection, config, given)
        job = job_of(
            picked,
            **apart,
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
            show.json_line(result.as_dict())
    else:
        _summary(results, path)
    return _exit_status(results, strict=strict)


@contextmanager
def _simulator(connector: str, records: int) -> Iterator[dict[str, str]]:
    """The connector's simulator, served while the block runs; gives its options, base URL included."""
    from crmsync import plugins
    from crmsync.sandbox import Server

    simulator = plugins.sandbox(plugins.connector(connector), records, SEED)
    with Server(simulator) as server:
        yield server.options


def _run(job: Job, path: Path) -> list[Result]:
    from crmsync.cli.progress import Progress
    from crmsync.events import Events

    events = Events()
    with Progress(events) as progress:
        return asyncio.run(_stoppable(job, path, events, progress))


async def _stoppable(job: Job, path: Path, events: Events, progress: Progress) -> list[Result]:
    """The first Ctrl-C or SIGTERM lets a commit end; a second one ends the process at once."""
    from crmsync.errors import Stopped
    from crmsync.sync import run as run_job

    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def ask() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, _end)
        progress.say("Stopping when the commit under way is done. Once more ends at once.")

    def on_wait(text: str) -> None:
        if stop.is_set():
            raise Stopped("Stopped on request.", hint="Run the same command again: it goes on where it was.")
        progress.say(text)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    store = open_store(path, on_wait=on_wait)
    try:
        return await run_job(job, store, events, stop=stop)
    finally:
        store.close()


def _end(number: int, _frame: FrameType | None) -> None:
    """Nothing to tidy up: what is committed holds, and the next run takes over. Only the cursor is shown again."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), b"\x1b[?25h\n")
    os._exit(128 + number)


def _summary(results: Sequence[Result], path: Path) -> None:
    """What became of each stream, and what to type next; all on stderr."""
    for result in results:
        _told(result)
    hints = [result.error["hint"] for result in results if result.error and result.error["hint"]]
    for hint in dict.fromkeys(hints):
        show.hint(hint)
    if any(result.counts.rejected or result.counts.held for result in results):
        show.hint(f"Some records were rejected or held. See why: crmsync rejects --store {path}")
    for trouble, say in _WRITING.items():
        if any(getattr(result.written, trouble, 0) for result in results):
            show.hint(f"{say} --store {path}")
    if done := [result for result in results if result.status == "done"]:
        table = f"{done[0].connection if done[0].written is None else 'crm'}.{done[0].stream}"
        show.hint(f'Look at the rows: crmsync query --store {path} "FROM {table} LIMIT 5"')


def _told(result: Result) -> None:
    mark, colour = _MARKS[result.status]
    name = show.colour(f"{mark} {result.connection}.{result.stream}", colour)
    error = f"{result.error['code']}  {result.error['message']}" if result.error else ""
    if error and not result.counts.read:
        show.told(error, first=f"{name}  ")
        return
    show.told(f"{_counts(result)}{_written(result)}  ({_costs(result)})", first=f"{name}  ")
    if error:
        show.told(error)


def _counts(result: Result) -> str:
    counts = result.counts.as_dict()
    return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n or what in ("read", "applied", "unchanged"))


def _written(result: Result) -> str:
    written = result.written.as_dict() if result.written else {}
    told = ", ".join(
        show.count(n, "conflict") if what == "conflicts" else f"{n:,} {what}" for what, n in written.items() if n
    )
    return f"; {told or 'nothing to write'}" if written else ""


def _costs(result: Result) -> str:
    costs = [f"{result.seconds:.1f} s"]
    if result.counts.read and result.seconds > 0.1:
        costs.append(f"{result.counts.read / result.seconds:,.0f}/s")
    costs.append(show.count(result.requests, "request"))
    if result.retries:
        costs.append(show.count(result.retries, "retry", "retries"))
    if result.waited_seconds >= 0.1:
        costs.append(f"waited {result.waited_seconds:.1f} s")
    return ", ".join(costs)


def _exit_status(results: Sequence[Result], *, strict: bool) -> int:
    """The gravest of the streams': failed, wrong usage, stopped; then rejects where --strict."""
    statuses = {result.exit_status for result in results}
    for status in (1, 2, 4):
        if status in statuses:
            return status
    return 3 if strict and any(_is_troubled(result) for result in results) else 0


def _is_troubled(result: Result) -> bool:
    counts, written = result.counts, result.written
    disputed = written is not None and (written.refused or written.unknown or written.conflicts)
    return bool(counts.rejected or counts.held or disputed)
