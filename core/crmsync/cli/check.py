"""`crmsync check`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from crmsync.cli.options import connector_options, pick, state_dir


@click.command()
@connector_options
def check(connector: str, connection: str | None, config: Path | None) -> int:
    """Tell whether a connection works: credentials, account, clock, limits, and each stream."""
    from crmsync.sync import Job

    picked = pick(connector, connection, config)
    return asyncio.run(_print(Job(picked.spec_file, picked.connection, state_dir())))


async def _print(job: object) -> int:
    from crmsync.sync import check as findings

    bad = 0
    async for finding in findings(job):  # type: ignore[arg-type]
        bad += not finding.ok
        click.secho("ok  " if finding.ok else "bad ", fg="green" if finding.ok else "red", nl=False)
        click.echo(f"{finding.what:<12} {finding.message}")
        if finding.hint:
            click.echo(f"{'':<17}{finding.hint}")
    return 2 if bad else 0
