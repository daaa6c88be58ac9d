"""`crmsync status`, `runs`, `logs` and `query`: looking into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crmsync.cli import show
from crmsync.cli.known import require, where
from crmsync.cli.options import (
    config_option,
    json_option,
    limit_option,
    of_connection_option,
    of_stream_option,
    reading,
    store_option,
)

# For a person: what is zero is not told, and the text that may be long stands last, where it is folded
_STATUS = """
    connection || '.' || stream AS stream, "rows", last_done_at AS last_success, next_sweep_at AS next_sweep,
    concat_ws(', ',
        CASE WHEN status <> 'running' THEN status END,
        CASE WHEN holder IS NOT NULL THEN 'running: ' || holder END,
        CASE WHEN heartbeat_at < now() - INTERVAL 1 MINUTE THEN
            format('no sign of life for {:,} minutes', date_diff('minute', heartbeat_at, now())) END,
        CASE WHEN rejected > 0 THEN format('{:,} rejected', rejected) END,
        CASE WHEN held > 0 THEN format('{:,} held', held) END,
        CASE WHEN conflicts > 0 THEN format('{:,} in conflict', conflicts) END,
        CASE WHEN refused > 0 THEN format('{:,} writes refused', refused) END,
        CASE WHEN unknown > 0 THEN format('{:,} writes unknown', unknown) END,
        CASE WHEN error IS NOT NULL THEN concat_ws(' ', error_code, error) END) AS state"""
_RUNS = """
    run_id, connection || '.' || stream AS stream, mode, status,
    date_diff('second', started_at, coalesce(finished_at, heartbeat_at)) AS seconds,
    concat_ws(', ', format('{:,} read', read), format('{:,} applied', applied),
        CASE WHEN rejected > 0 THEN format('{:,} rejected', rejected) END,
        CASE WHEN held > 0 THEN format('{:,} held', held) END,
        CASE WHEN deleted > 0 THEN format('{:,} deleted', deleted) END,
        CASE WHEN merged > 0 THEN format('{:,} merged', merged) END,
        CASE WHEN created > 0 THEN format('{:,} created', created) END,
        CASE WHEN updated > 0 THEN format('{:,} updated', updated) END,
        CASE WHEN archived > 0 THEN format('{:,} archived', archived) END,
        CASE WHEN refused > 0 THEN format('{:,} refused', refused) END,
        CASE WHEN conflicts > 0 THEN format('{:,} in conflict', conflicts) END,
        CASE WHEN error IS NOT NULL THEN concat_ws(' ', error_code, error) END) AS outcome"""
_LOGS = """ "at", concat_ws('.', connection, nullif(stream, '')) AS stream, level, message"""


@click.command()
@store_option
@config_option
@of_connection_option
@of_stream_option
@json_option
def status(store: Path | None, config: Path | None, connection: str | None, stream: str | None, as_json: bool) -> None:
    """Show how each stream is doing: its last success, its rows, what is wrong, who reads it now."""
    which, parameters = where(connection=connection, stream=stream)
    sql = f"SELECT {'*' if as_json else _STATUS} FROM crmsync.status WHERE {which} ORDER BY ALL"
    _print(store, config, sql, parameters, as_json, "No runs yet.", (connection, stream))


@click.command()
@store_option
@config_option
@of_connection_option
@of_stream_option
@limit_option
@json_option
def runs(
    store: Path | None, config: Path | None, connection: str | None, stream: str | None, limit: int, as_json: bool
) -> None:
    """List the last runs, newest first."""
    which, parameters = where(connection=connection, stream=stream)
    columns = "*" if as_json else _RUNS
    sql = f"SELECT {columns} FROM crmsync.runs WHERE {which} ORDER BY started_at DESC, stream LIMIT {limit}"
    _print(store, config, sql, parameters, as_json, "No runs yet.", (connection, stream))


@click.command()
@store_option
@config_option
@of_connection_option
@of_stream_option
@click.option("--run", "run_id", help="Of this run only.")
@click.option("--level", type=click.Choice(["info", "warning", "error"]), help="Of this level only.")
@limit_option
@json_option
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
    which, parameters = where(connection=connection, stream=stream, run_id=run_id, level=level)
    sql = f"""
        SELECT {"*" if as_json else _LOGS}
        FROM (SELECT * FROM crmsync.logs WHERE {which} ORDER BY "at" DESC LIMIT {limit}) ORDER BY "at" """
    _print(store, config, sql, parameters, as_json, "No log lines.", (connection, stream))


@click.command()
@click.argument("sql")
@store_option
@config_option
@json_option
def query(sql: str, store: Path | None, config: Path | None, as_json: bool) -> None:
    """Run one SQL statement on the store and print its rows; it cannot change anything.

    Rows that are too wide for the terminal are printed one below the other, without their empty values.
    """
    _print(store, config, sql, [], as_json, "No rows.")


def _print(
    store: Path | None,
    config: Path | None,
    sql: str,
    parameters: list[Any],
    as_json: bool,
    nothing: str,
    of: tuple[str | None, str | None] = (None, None),
) -> None:
    """`of` are the connection and the stream that were asked for."""
    with reading(store, config) as opened:
        if of != (None, None):
            require(opened, *of)
        names, found = opened.query(sql, parameters)
    show.rows(names, found, as_json=as_json, nothing=nothing)
