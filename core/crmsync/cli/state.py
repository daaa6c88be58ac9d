"""`crmsync state`: how far each stream is read, and how to change that by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from crmsync.cli import show
from crmsync.cli.known import require
from crmsync.cli.options import config_option, open_store, reading, store_option, store_path
from crmsync.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
_COLUMNS = ("connection", "stream", "phase", "changes_until", "full_read_as_of", "next_sweep", "commits", "updated_at")


def _of_one(function: F) -> F:
    """The arguments CONNECTION and STREAM, and the store's options, which may stand before or after them."""
    for add in (config_option, store_option, click.argument("stream"), click.argument("connection")):
        function = add(function)
    return function


@click.group(invoke_without_command=True)
@click.pass_context
@store_option
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a stream.")
def state(ctx: click.Context, store: Path | None, config: Path | None, as_json: bool) -> None:
    """Show how far each stream is read; `show`, `set` and `reset` work on the checkpoint of one."""
    ctx.obj = (store, config)
    if ctx.invoked_subcommand is not None:
        return
    with reading(store, config) as opened:
        _, found = opened.query(
            "SELECT connection, stream, checkpoint, version, updated_at FROM crmsync.checkpoints ORDER BY ALL"
        )
    show.rows(_COLUMNS, [_row(*each) for each in found], as_json=as_json, nothing="No checkpoints yet.")


@state.command("show")
@_of_one
@click.pass_obj
def show_(
    before: tuple[Path | None, Path | None], connection: str, stream: str, store: Path | None, config: Path | None
) -> None:
    """Print one checkpoint as JSON."""
    show.line(_checkpoint(store or before[0], config or before[1], connection, stream))


@state.command("set")
@_of_one
@click.argument("checkpoint")
@click.pass_obj
def set_(
    before: tuple[Path | None, Path | None],
    connection: str,
    stream: str,
    checkpoint: str,
    store: Path | None,
    config: Path | None,
) -> None:
    """Replace one checkpoint by the JSON text CHECKPOINT."""
    from crmsync.sync.checkpoint import decode, encode

    text = encode(decode(checkpoint))
    _write(store or before[0], config or before[1], connection, stream, text)
    click.echo(f"The next run of {connection}.{stream} goes on from there.", err=True)


@state.command("reset")
@_of_one
@click.pass_obj
def reset(
    before: tuple[Path | None, Path | None], connection: str, stream: str, store: Path | None, config: Path | None
) -> None:
    """Forget one checkpoint: the next run reads everything; rows stay and are brought up to date."""
    from crmsync.sync.checkpoint import decode, encode, forgotten

    where = (store or before[0], config or before[1])
    with reading(*where) as opened:
        held = opened.checkpoint(connection, stream)
    _write(*where, connection, stream, held and encode(forgotten(decode(held))))
    click.echo(f"The next run of {connection}.{stream} reads everything.", err=True)


def _row(connection: str, stream: str, checkpoint: str, version: int, updated_at: object) -> tuple[object, ...]:
    from crmsync.sync.checkpoint import decode, phase

    held = decode(checkpoint)
    times = (held.changes.upper, held.full.as_of, held.full.next_at)
    return (connection, stream, phase(held), *times, version, updated_at)


def _checkpoint(store: Path | None, config: Path | None, connection: str, stream: str) -> str:
    with reading(store, config) as opened:
        require(opened, connection, stream)
        text = opened.checkpoint(connection, stream)
    if text is None:
        raise UsageError(f"{connection}.{stream} has no checkpoint: its next run reads everything.")
    return text


def _write(store: Path | None, config: Path | None, connection: str, stream: str, text: str | None) -> None:
    with reading(store, config) as opened:
        require(opened, connection, stream)
    writable = open_store(store_path(store, config))
    try:
        writable.set_checkpoint(connection, stream, text)
    finally:
        writable.close()
