"""A stream that the store has, beside its hub table: from the spec and crmsync.yaml, without asking the CRM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmsync.errors import UsageError

if TYPE_CHECKING:
    from crmsync.store import FileStore
    from crmsync.sync.merge.side import Side


def side(opened: FileStore, config: Path | None, connection: str, stream: str) -> Side:
    """What the stream and the hub share, as far as the mirror has it: a field that the account lacks has no column.

    Raises UsageError where the hub has no such table, and what a missing connector or a wrong spec raises.
    """
    from crmsync import plugins
    from crmsync.config import load_settings, own, terms
    from crmsync.spec.build import build
    from crmsync.spec.load import load, objects
    from crmsync.store import Table
    from crmsync.sync.merge.side import side_of

    settings, connector = load_settings(config), connector_of(opened, connection)
    found = plugins.connector(connector)
    assert found.spec_file is not None  # plugins.connector raises otherwise
    named = connection if connection in settings.connections else None  # else it is what its connector says
    spec = build(load(found.spec_file, own(settings, connector, named)).tree, objects(), {})
    mirror = Table(connection, stream, (), ("_id",))
    made = None
    if (line := spec.streams.get(stream)) is not None:
        columns = columns_of(opened, connection, stream)
        there = replace(line, fields=tuple(f for f in line.fields if f.name in columns))
        made = side_of(connection, there, mirror, terms(settings, connector, named))
    if made is None:
        raise UsageError(f"{connection}.{stream} is not kept in step with the hub.")
    return made


def connector_of(opened: FileStore, connection: str) -> str:
    """The connector that read the connection last."""
    found = opened.query(
        "SELECT connector FROM crmsync.runs WHERE connection = ? AND connector IS NOT NULL "
        "ORDER BY started_at DESC LIMIT 1",
        [connection],
    )[1]
    return str(found[0][0]) if found else connection


def columns_of(opened: FileStore, schema: str, table: str) -> set[str]:
    """The columns of a table of the store; none where there is no such table."""
    found = opened.query(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = ? AND table_name = ?",
        [schema, table],
    )
    return {row[0] for row in found[1]}
