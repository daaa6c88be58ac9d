"""`crmsync state`: how far each stream is read, and how to change that by hand."""

from __future__ import annotations

from pathlib import Path

import click

from crmsync.cli import show
from crmsync.cli.options import config_option, open_store, store_option, store_path
from crmsync.errors import UsageError


@click.group(invoke_without_command=True)
@click.pass_context
@store_option
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream.")
def state(ctx: click.Context, store: Path | None, config: Path | None, as_json: bool) -> None:
    """Show every checkpoint; `show`, `set` and `reset` work on one."""
    ctx.obj = store_path(store, config)
    if ctx.invoked_subcommand is not None:
        return
    opened = open_store(ctx.obj, read_only=True)
    try:
        _, found = opened.query(
            "SELECT connection, stream, checkpoint, version, updated_at FROM crmsync.checkpoints ORDER BY ALL"
        )
    finally:
        opened.close()
    names = ("connection", "stream", "phase", "changes until", "full read as of", "next sweep", "commits", "updated")
    show.rows(names, [_row(*line) for line in found], as_json=as_json, nothing="No checkpoints yet.")


def _row(connection: str, stream: str, checkpoint: str, version: int, updated_at: object) -> tuple[object, ...]:
    from crmsync.sync.checkpoint import decode, phase

    held = decode(checkpoint)
    return (
        connection,
        stream,
        phase(held),
        held.changes.upper,
        held.full.as_of,
        held.full.next_at,
        version,
        updated_at,
    )


@state.command("show")
@click.argument("connection")
@click.argument("stream")
@click.pass_obj
def show_(store: Path, connection: str, stream: str) -> None:
    """Print one checkpoint as JSON."""
    click.echo(_checkpoint(store, connection, stream))


@state.command("set")
@click.argument("connection")
@click.argument("stream")
@click.argument("checkpoint")
@click.pass_obj
def set_(store: Path, connection: str, stream: str, checkpoint: str) -> None:
    """Replace one checkpoint by the JSON text CHECKPOINT."""
    from crmsync.sync.checkpoint import decode, encode

    text = encode(decode(checkpoint))
    opened = open_store(store)
    try:
        opened.set_checkpoint(connection, stream, text)
    finally:
        opened.close()
    click.echo(f"The next run of {connection}.{stream} goes on from there.", err=True)


@state.command("reset")
@click.argument("connection")
@click.argument("stream")
@click.pass_obj
def reset(store: Path, connection: str, stream: str) -> None:
    """Forget one checkpoint: the next run reads everything; rows stay and are brought up to date."""
    _checkpoint(store, connection, stream)
    opened = open_store(store)
    try:
        opened.set_checkpoint(connection, stream, None)
    finally:
        opened.close()
    click.echo(f"The next run of {connection}.{stream} reads everything.", err=True)


def _checkpoint(store: Path, connection: str, stream: str) -> str:
    opened = open_store(store, read_only=True)
    try:
        text = opened.checkpoint(connection, stream)
    finally:
        opened.close()
    if text is None:
        raise UsageError(f"There is no checkpoint of {connection}.{stream}.", hint="List them with: crmsync state")
    return text
