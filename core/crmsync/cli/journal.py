"""`crmsync rejects`, `runs`, `logs` and `query`: looking into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crmsync.cli import show
from crmsync.cli.options import config_option, open_store, store_option, store_path

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")
_LIMIT = click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most this many.")
_STREAM = click.option("--stream", help="Of this stream only.")
_CONNECTION = click.option("--connection", help="Of this connection only.")


def _print(
    store: Path | None, config: Path | None, sql: str, parameters: list[Any], as_json: bool, nothing: str
) -> None:
    opened = open_store(store_path(store, config), read_only=True)
    try:
        names, found = opened.query(sql, parameters)
    finally:
        opened.close()
    show.rows(names, found, as_json=as_json, nothing=nothing)


def _where(**wanted: str | None) -> tuple[str, list[Any]]:
    given = {column: value for column, value in wanted.items() if value is not None}
    return " AND ".join(["true", *(f"{column} = ?" for column in given)]), list(given.values())


@click.command()
@store_option
@config_option
@_CONNECTION
@_STREAM
@click.option("--all", "everything", is_flag=True, help="Those that were resolved as well.")
@_LIMIT
@_JSON
def rejects(
    store: Path | None,
    config: Path | None,
    connection: str | None,
    stream: str | None,
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List records that were rejected or have held fields, with the reason for each field."""
    where, parameters = _where(connection=connection, stream=stream)
    sql = f"""
        SELECT connection, stream, record_id, outcome, p.field, p.reason, p.value, attempts, last_at
        FROM (SELECT *, unnest(problems) AS p FROM crmsync.rejects
              WHERE {where} {"" if everything else "AND resolved_at IS NULL"}
              ORDER BY last_at DESC, record_id LIMIT {limit})"""
    _print(store, config, sql, parameters, as_json, "No rejects: every record was mapped in whole.")


@click.command()
@store_option
@config_option
@_CONNECTION
@_STREAM
@_LIMIT
@_JSON
def runs(
    store: Path | None, config: Path | None, connection: str | None, stream: str | None, limit: int, as_json: bool
) -> None:
    """List the last runs, newest first."""
    where, parameters = _where(connection=connection, stream=stream)
    columns = (
        "*"
        if as_json
        else (
            "run_id, connection, stream, status, started_at, "
            "date_diff('second', started_at, coalesce(finished_at, heartbeat_at)) AS seconds, "
            "read, applied, unchanged, rejected, held, deleted, requests, error"
        )
    )
    sql = f"SELECT {columns} FROM crmsync.runs WHERE {where} ORDER BY started_at DESC, stream LIMIT {limit}"
    _print(store, config, sql, parameters, as_json, "No runs yet.")


@click.command()
@store_option
@config_option
@_CONNECTION
@_STREAM
@click.option("--run", "run_id", help="Of this run only.")
@click.option("--level", type=click.Choice(["info", "warning", "error"]), help="Of this level only.")
@_LIMIT
@_JSON
def logs(
    store: Path | None,
    config: Path | None,
    connection: str | None,
    stream: str | None,
    run_id: str | None,
    level: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show what happened in runs, oldest of the last lines first."""
    where, parameters = _where(connection=connection, stream=stream, run_id=run_id, level=level)
    columns = "*" if as_json else "at, level, run_id, stream, message"
    sql = f"""
        SELECT {columns} FROM (SELECT * FROM crmsync.logs WHERE {where} ORDER BY at DESC LIMIT {limit}) ORDER BY at"""
    _print(store, config, sql, parameters, as_json, "No log lines.")


@click.command()
@click.argument("sql")
@store_option
@config_option
@_JSON
def query(sql: str, store: Path | None, config: Path | None, as_json: bool) -> None:
    """Run one SQL statement on the store and print its rows; it cannot change anything."""
    _print(store, config, sql, [], as_json, "No rows.")
