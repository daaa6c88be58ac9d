"""`crmsync auth`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmsync.cli import show
from crmsync.cli.check import findings_of, notes
from crmsync.cli.options import (
    ConnectorName,
    config_option,
    job_of,
    open_store,
    pick,
    store_option,
    store_path,
)

if TYPE_CHECKING:
    from crmsync.sync import Code, Job

PORT = 8321
CONSENT_S = 600.0  # how long the question stands


@click.command()
@click.argument("connector", type=ConnectorName())
@click.option("--connection", help="Name of the connection; by default the connector's.")
@config_option
@store_option
@click.option("--code", help="A code that was made by hand at the CRM, instead of the browser; - reads it from stdin.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Where the browser returns."
)
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
def auth(
    connector: str,
    connection: str | None,
    config: Path | None,
    store: Path | None,
    code: str | None,
    port: int,
    no_browser: bool,
) -> int:
    """Connect by your consent: in the browser, or by a code.

    What the CRM gives for it is kept in the store, encrypted, and renewed by itself. The app that asks must have
    http://localhost:PORT/callback registered as its redirect address. Ends with what `crmsync check` says.
    """
    job = job_of(pick(connector, connection, config))
    path = store_path(store, config)
    if code == "-":
        code = sys.stdin.readline().strip()
    return asyncio.run(_connected(job, path, code, port, browser=not no_browser))


async def _connected(job: Job, path: Path, code: str | None, port: int, *, browser: bool) -> int:
    from crmsync.secret import Secret
    from crmsync.sync import Code, connect, other_way

    store = open_store(path)  # before a person is troubled
    try:
        given = Code(Secret(code)) if code else await _consent(job, port, browser=browser)
        await connect(job, store, given, notes())
    finally:
        store.close()
    show.told(f"{job.connection.name} is connected.", err=False)
    if ways := other_way(job):
        show.hint(f"Unset {' and '.join(ways)}: while it is set, it is used, and not what you have just connected.")
    status = await findings_of(job, path)
    if not status:
        named = "" if job.connection.name == job.connection.connector else f" --connection {job.connection.name}"
        show.hint(f"Next: crmsync run --connector {job.connection.connector}{named}", err=False)
    return status


async def _consent(job: Job, port: int, *, browser: bool) -> Code:
    """Ask in the browser, and wait for it to come back."""
    from crmsync.http.callback import PATH, Callback
    from crmsync.sync import ask, code_of

    consent = ask(job, f"http://localhost:{port}{PATH}")
    async with Callback(port, consent.state) as callback:
        show.told("Open this address and give your consent:", err=False)
        show.line(consent.url)
        sys.stdout.flush()
        if browser:
            import webbrowser

            webbrowser.open(consent.url)
        return code_of(job, consent, await callback.reply(CONSENT_S))
