"""Tables of the store: made, widened and explained; never narrowed, never converted. Views: made anew."""

from __future__ import annotations

from crmsync.quote import identifier, literal
from crmsync.store.engine import Engine
from crmsync.store.interface import Column, Table, View

# All DuckDBs that open the file know these functions. Ids that rise with time keep what is new together in the file.
_DEFAULTS = {"id": "CAST(uuidv7() AS VARCHAR)", "now": "now()"}


def ensure(engine: Engine, table: Table) -> dict[str, str]:
    """Create or widen `table` and set its comments; the columns that are there beside it or with another type."""
    there = {name: (type_, comment) for name, type_, comment in _columns(engine, table)}
    if not there:
        _create(engine, table)
    for column in table.columns:
        if there and column.name not in there:
            engine.execute(f"ALTER TABLE {engine.full(table)} ADD COLUMN {_definition(column)}")
        if column.comment and column.comment != there.get(column.name, ("", None))[1]:
            _explain(engine, table, column)
    if not there:
        return {}
    wanted = _spelled(engine, {c.name: c.type for c in table.columns})
    return {name: type_ for name, (type_, _) in there.items() if wanted.get(name) != type_}


def columns(engine: Engine, table: Table) -> frozenset[str]:
    """The names of the columns that the store has in `table`."""
    return frozenset(name for name, _, _ in _columns(engine, table))


def replace_view(engine: Engine, view: View) -> None:
    """Make `view` as it is now, and set its comments."""
    engine.execute(f"CREATE OR REPLACE VIEW {engine.full(view)} AS {view.sql}")
    engine.execute(f"COMMENT ON VIEW {engine.full(view)} IS {literal(view.comment)}")
    for column in view.columns:
        _explain(engine, view, column)


def _explain(engine: Engine, table: Table, column: Column) -> None:
    where = f"{engine.full(table)}.{identifier(column.name)}"
    engine.execute(f"COMMENT ON COLUMN {where} IS {literal(column.comment)}")


def _columns(engine: Engine, table: Table) -> list[tuple[str, str, str | None]]:
    return engine.rows(
        "SELECT column_name, data_type, comment FROM duckdb_columns() "
        "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
        [engine.alias, engine.schema(table), table.name],
    )


def _create(engine: Engine, table: Table) -> None:
    engine.execute(f"CREATE SCHEMA IF NOT EXISTS {engine.alias}.{identifier(engine.schema(table))}")
    # A column that is added to a table cannot be NOT NULL: DuckDB refuses that within a transaction.
    columns = ", ".join(_definition(c) + (" NOT NULL" if c.default == "id" else "") for c in table.columns)
    engine.execute(f"CREATE TABLE {engine.full(table)} ({columns})")
    if table.comment:
        engine.execute(f"COMMENT ON TABLE {engine.full(table)} IS {literal(table.comment)}")


def _definition(column: Column) -> str:
    default = f" DEFAULT {_DEFAULTS[column.default]}" if column.default else ""
    return f"{identifier(column.name)} {column.type}{default}"


def _spelled(engine: Engine, types: dict[str, str]) -> dict[str, str]:
    """Types as the engine itself writes them."""
    asked = ", ".join(f"typeof(CAST(NULL AS {type_}))" for type_ in types.values())
    return dict(zip(types, engine.rows(f"SELECT {asked}")[0], strict=True))
