"""`crmsync check`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmsync.cli import show
from crmsync.cli.options import connector_options, job_of, open_store, pick, store_option, store_path

if TYPE_CHECKING:
    from crmsync.events import Event, Events
    from crmsync.sync import Job


@click.command()
@connector_options
@store_option
def check(connector: str, connection: str | None, config: Path | None, store: Path | None) -> int:
    """Tell whether a connection works: credentials, account, clock, limits, and each stream's permissions.

    Each line says `ok`, or `bad` and what to do about it. It asks for one record a stream and writes nothing, but a
    token that it had to renew.
    """
    job = job_of(pick(connector, connection, config))
    return asyncio.run(findings_of(job, store_path(store, config)))


async def findings_of(job: Job, path: Path) -> int:
    """Print what a check finds; the exit status is that of the first line that is bad."""
    from crmsync.sync import check as findings

    status = 0
    async for finding in findings(job, lambda: open_store(path), notes()):
        mark = show.colour("ok ", "green") if finding.ok else show.colour("bad", "red")
        show.told(finding.message, f"{'':<17}", first=f"{mark}  {finding.what:<12}", err=False)
        show.hint(finding.hint, f"{'':<17}", err=False)
        status = status or finding.exit_status
    return status


def notes() -> Events:
    """Events of which the notes are told on stderr."""
    from crmsync.events import Events, Note

    def hear(event: Event) -> None:
        if isinstance(event, Note):
            show.aside(f"{event.connection}: {event.message}")

    events = Events()
    events.subscribe(hear)
    return events
