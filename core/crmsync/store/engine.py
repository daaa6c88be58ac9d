"""The engine: an in-memory DuckDB that maps batches and reaches one store file, nothing else.

Settings are locked before any SQL made from a spec runs: no extension is loaded, no other file can be opened.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb

from crmsync.errors import StoreFull, UsageError
from crmsync.process import birth
from crmsync.quote import identifier, literal
from crmsync.store.duckdb_errors import translated, translated_for_asker
from crmsync.store.interface import Table

OWN_SCHEMA = "crmsync"  # what people write; see Engine.full for where it stands
MEMORY_LIMIT = "192MB"  # a batch takes some 100 MB; what is larger, such as a census of millions, spills to disk
_LONG = 2000  # characters
_MARK = "migrations"  # the table by which a store is known
_STORAGE = "STORAGE_VERSION 'v1.5.0'"  # today's common duckdb shell must open the file
SIDE_FILES = ("", ".wal", ".wal.checkpoint", ".wal.recovery")  # with .wal alone, DETACH fails


class Engine:
    """A locked DuckDB connection. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # two names of one file would get past DuckDB's own check
        self.draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.draft")
        self.drafting = False  # the copy at `draft` is attached in place of the store
        self.attached = False
        # A shell names a database after its file: in crmsync.duckdb a schema `crmsync` would make each
        # `crmsync.runs` ambiguous. There our own tables stand in `main`, and `crmsync.runs` finds them all the same.
        self.own_in_main = self.path.stem.lower() == OWN_SCHEMA
        self._located = False
        self._statements: dict[str, duckdb.Statement] = {}
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        allowed = ", ".join(literal(f"{file}{suffix}") for file in (self.path, self.draft) for suffix in SIDE_FILES)
        for setting in (
            "SET TimeZone = 'UTC'",
            f"SET memory_limit = '{MEMORY_LIMIT}'",
            f"SET temp_directory = {literal(f'{self.path}.tmp')}",  # as open to others as the store; goes at close
            "SET wal_autocheckpoint = '1GB'",  # letting the file go checkpoints it; not every commit
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            f"SET allowed_paths = [{allowed}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._connection.execute(setting)

    def execute(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; raises our errors."""
        with translated(self.path):
            return self._connection.execute(self._parsed(sql), parameters)

    def _parsed(self, sql: str) -> str | duckdb.Statement:
        """A long statement, such as a stream's mapping, is parsed once: that takes a sixth of a small batch's time."""
        if len(sql) < _LONG:
            return sql
        if sql not in self._statements:
            (self._statements[sql],) = self._connection.extract_statements(sql)
        return self._statements[sql]

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run one statement and bring all its rows; for few rows only."""
        with translated(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Any = None) -> Any:
        """The first value of the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def table(self, name: str, query: str, parameters: Any = None) -> int:
        """Make the engine table `name` anew of what a query yields; tell how many rows it has."""
        made = self.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS {query}", parameters)
        return int(made.fetchall()[0][0])

    def names(self, table: str) -> list[str]:
        """The columns of an engine table, in their order."""
        return [row[0] for row in self.rows(f"DESCRIBE {identifier(table)}")]

    def ask(self, sql: str, parameters: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one statement that a person wrote, on the store; column names and all rows.

        It can only read, whoever opened the store. Raises UsageError with DuckDB's own words where it is wrong.
        """
        with translated_for_asker(self.path):
            statements = self._connection.extract_statements(sql)
        _require_reading(statements)
        self.execute(f"USE {self.alias}")
        self.execute("BEGIN TRANSACTION READ ONLY")
        try:
            with translated_for_asker(self.path):
                cursor = self._connection.execute(statements[0], parameters)
                return [d[0] for d in cursor.description or ()], cursor.fetchall()
        finally:
            self.execute("ROLLBACK")
            self.execute("USE memory")

    @property
    def alias(self) -> str:
        """The name of the attached store: one under which people find our own tables as `crmsync.…`."""
        return OWN_SCHEMA if self.own_in_main else "store"

    def full(self, table: Table) -> str:
        """The table's name as SQL."""
        return f"{self.alias}.{identifier(self.schema(table))}.{identifier(table.name)}"

    def schema(self, table: Table) -> str:
        """The schema that a table really stands in."""
        return "main" if self.own_in_main and table.schema == OWN_SCHEMA else table.schema

    def has(self, table: Table) -> bool:
        """Whether the attached store has a table."""
        return self._has(self.schema(table), table.name)

    def _has(self, schema: str, name: str) -> bool:
        where = "database_name = ? AND schema_name = ? AND table_name = ?"
        return bool(self.value(f"SELECT count(*) FROM duckdb_tables() WHERE {where}", [self.alias, schema, name]))

    def attach(self, *, read_only: bool = False) -> None:
        """Open the store file, made anew where there is none; raises Locked where another program has it open."""
        path = self.draft if self.drafting else self.path
        if not read_only and not path.exists():
            _create(path)
        how = "(READ_ONLY)" if read_only else "" if path.exists() else f"({_STORAGE})"
        self.execute(f"ATTACH {literal(str(path))} AS {self.alias} {how}")
        self.attached = True
        if not self._located:
            self._locate(read_only)

    def _locate(self, read_only: bool) -> None:
        """A file may have been renamed since it was made: look where our own tables are, once."""
        self._located = True
        other = OWN_SCHEMA if self.own_in_main else "main"
        if not self._has("main" if self.own_in_main else OWN_SCHEMA, _MARK) and self._has(other, _MARK):
            self.detach()
            self.own_in_main = not self.own_in_main
            self.attach(read_only=read_only)

    def detach(self) -> None:
        """Let the file go, which also checkpoints it. It is let go even where the checkpoint fails and this raises."""
        self.attached = False
        self.execute(f"DETACH {self.alias}")

    def copy(self) -> None:
        """Make the draft, a copy of the attached store; drafts that killed processes have left are removed."""
        self.execute(f"CHECKPOINT {self.alias}")  # then all of it is in the file
        for left in self.path.parent.glob(f".{self.path.name}.*.draft*"):
            pid = left.name.removeprefix(f".{self.path.name}.").partition(".")[0]
            if left.is_file() and (pid == str(os.getpid()) or not (pid.isdigit() and birth(int(pid)))):
                _remove(left)
        try:
            copyfile(self.path, self.draft)
        except OSError as error:
            raise StoreFull(f"There is no room for a copy of {self.path}: {error.strerror}.") from None

    def drop_draft(self) -> None:
        """Remove the draft."""
        for suffix in SIDE_FILES:
            _remove(self.draft.with_name(f"{self.draft.name}{suffix}"))

    def interrupt(self) -> None:
        """Stop the running statement; may be called from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Drop everything that is not in the store."""
        self._connection.close()


def _require_reading(statements: list[duckdb.Statement]) -> None:
    if len(statements) != 1:
        raise UsageError(f"Give one SQL statement; there are {len(statements)}.")
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        name = "PIVOT without IN" if kind == duckdb.StatementType.MULTI else kind.name
        raise UsageError(
            f"A query can only read; {name} is refused.", hint="Use SELECT, FROM, DESCRIBE, SHOW or SUMMARIZE."
        )


def _create(path: Path) -> None:
    """Make an empty store under another name first: killed half-way, DuckDB leaves a file that nothing can open."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    _remove(draft)
    try:
        with translated(path), duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH {literal(str(draft))} AS draft ({_STORAGE})")
            connection.execute("DETACH draft")
        with suppress(OSError):  # somebody was faster, or the file system has no links: ATTACH makes it in place
            os.link(draft, path)
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    """What cannot be removed (a read-only file system) could not be made either."""
    with suppress(OSError):
        draft.unlink()
