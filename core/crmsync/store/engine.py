"""The engine: an in-memory DuckDB that maps batches and reaches one store file, nothing else.

Settings are locked before any SQL made from a spec runs: no extension is loaded, no other file can be opened.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from crmsync.errors import UsageError
from crmsync.store.duckdb_errors import translated, translated_for_asker
from crmsync.store.quote import literal

ALIAS = "store"
MEMORY_LIMIT = "1GB"  # a batch takes some 100 MB; a runaway one must not take the machine
_STORAGE = "STORAGE_VERSION 'v1.5.0'"  # today's common duckdb shell must open the file
_SIDE_FILES = ("", ".wal", ".wal.checkpoint", ".wal.recovery")  # with .wal alone, DETACH fails


class Engine:
    """A locked DuckDB connection. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # two names of one file would get past DuckDB's own check
        self.attached = False
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        allowed = ", ".join(literal(f"{self.path}{suffix}") for suffix in _SIDE_FILES)
        for setting in (
            "SET TimeZone = 'UTC'",
            f"SET memory_limit = '{MEMORY_LIMIT}'",
            "SET temp_directory = ''",
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
            return self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run one statement and bring all its rows; for few rows only."""
        with translated(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Any = None) -> Any:
        """The first value of the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def ask(self, sql: str, parameters: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one statement that a person wrote, on the store; column names and all rows.

        It can only read, whoever opened the store. Raises UsageError with DuckDB's own words where it is wrong.
        """
        with translated_for_asker(self.path):
            statements = self._connection.extract_statements(sql)
        _require_reading(statements)
        self.execute(f"USE {ALIAS}")
        self.execute("BEGIN TRANSACTION READ ONLY")
        try:
            with translated_for_asker(self.path):
                cursor = self._connection.execute(statements[0], parameters)
                return [d[0] for d in cursor.description or ()], cursor.fetchall()
        finally:
            self.execute("ROLLBACK")
            self.execute("USE memory")

    def attach(self, *, read_only: bool = False) -> None:
        """Open the store file, made anew where there is none; raises Locked where another program has it open."""
        if not read_only and not self.path.exists():
            _create(self.path)
        how = "(READ_ONLY)" if read_only else "" if self.path.exists() else f"({_STORAGE})"
        self.execute(f"ATTACH {literal(str(self.path))} AS {ALIAS} {how}")
        self.attached = True

    def detach(self) -> None:
        """Let the file go, which also checkpoints it. It is let go even where the checkpoint fails and this raises."""
        self.attached = False
        self.execute(f"DETACH {ALIAS}")

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
