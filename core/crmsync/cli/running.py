"""What the commands that sync share: a job that is carried out, with progress, and stopped by Ctrl-C."""

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
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from crmsync.cli.options import SANDBOX_STORE, job_of, open_store, pick, sandbox_keys, store_path

if TYPE_CHECKING:
    from crmsync.cli.progress import Progress
    from crmsync.events import Events
    from crmsync.sync import Job
    from crmsync.sync.model import Result

SANDBOX_RECORDS = 1000
SEED = 1

sandbox_option = click.option(
    "--sandbox",
    metavar="[N]",
    type=click.IntRange(min=0),
    is_flag=False,
    flag_value=SANDBOX_RECORDS,
    help=f"Use the connector's simulator, with N ({SANDBOX_RECORDS}) made-up records, and {SANDBOX_STORE}.",
)


def carried_out(
    ctx: click.Context,
    connector: str,
    connection: str | None,
    config: Path | None,
    store: Path | None,
    sandbox: int | None,
    **how: Any,
) -> tuple[Path, list[Result]]:
    """The store and the streams' Results of a Job that is made of these options; `how` are further values of it."""
    with ExitStack() as stack:
        given, apart = None, dict[str, Any]()
        if sandbox is not None:
            given = stack.enter_context(_simulator(connector, sandbox))
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="crmsync-")))
            apart = {"state_dir": folder, "keys": sandbox_keys()}
            if ctx.get_parameter_source("store") is not ParameterSource.COMMANDLINE:
                store = SANDBOX_STORE  # made-up rows never get into the store of real ones unasked
        job = job_of(pick(connector, connection, config, given), **apart, **how)
        path = store_path(store, config)
        return path, _run(job, path)


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
