"""`crmsync check`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmsync.cli import show
from crmsync.cli.options import connector_options, pick, state_dir

if TYPE_CHECKING:
    from crmsync.sync import Job


@click.command()
@connector_options
def check(connector: str, connection: str | None, config: Path | None) -> int:
    """Tell whether a connection works: credentials, account, clock, limits, and each stream's permissions.

    Each line says `ok`, or `bad` and what to do about it. It asks for one record a stream and writes nothing.
    """
    from crmsync.sync import Job

    picked = pick(connector, connection, config)
    return asyncio.run(_print(Job(picked.spec_file, picked.connection, state_dir())))


async def _print(job: Job) -> int:
    """The exit status is that of the first line that is bad."""
    from crmsync.sync import check as findings

    status = 0
    async for finding in findings(job):
        mark = show.colour("ok ", "green") if finding.ok else show.colour("bad", "red")
        show.told(finding.message, f"{'':<17}", first=f"{mark}  {finding.what:<12}", err=False)
        show.hint(finding.hint, f"{'':<17}", err=False)
        status = status or finding.exit_status
    return status
