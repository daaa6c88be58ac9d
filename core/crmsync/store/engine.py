"""The engine: an in-memory DuckDB that maps batches and reaches one store file, nothing else.

Settings are locked before any SQL made from a spec runs: no extension is loaded, no other file can be opened.
DuckDB's errors become ours here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from crmsync import errors

ALIAS = "store"
MEMORY_LIMIT = "1GB"  # a batch takes some 100 MB; a runaway one must not take the machine
_SIDE_FILES = ("", ".wal", ".wal.checkpoint", ".wal.recovery")  # with .wal alone, DETACH fails
_HOLDER = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


class Locked(Exception):
    """Somebody else has the file open; `holder` says who, as far as the system tells."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class Engine:
    """A locked DuckDB connection. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        allowed = ", ".join(_literal(f"{self.path}{suffix}") for suffix in _SIDE_FILES)
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
        self.attached = False

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

    def attach(self, *, read_only: bool = False) -> None:
        """Open the store file; raises Locked where another program has it open."""
        # today's common duckdb shell must open the file: hence the storage version, not the newest one
        how = "READ_ONLY" if read_only else "STORAGE_VERSION 'v1.5.0'"
        self.execute(f"ATTACH {_literal(str(self.path))} AS {ALIAS} ({how})")
        self.attached = True

    def detach(self) -> None:
        """Let the file go, which also checkpoints it."""
        self.attached = False
        self.execute(f"DETACH {ALIAS}")

    def interrupt(self) -> None:
        """Stop the running statement; may be called from another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Drop everything that is not in the store."""
        self._connection.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours."""
    try:
        yield
    except duckdb.Error as error:
        raise _ours(error, path) from error


def _ours(error: duckdb.Error, path: Path) -> Exception:
    text = str(error)
    lower = text.lower()
    if "lock on file" in lower:
        match = _HOLDER.search(text)
        return Locked(f"{Path(match['program']).name} (process {match['pid']})" if match else "another program")
    if "no space left" in lower or "disk quota" in lower or "file too large" in lower:
        return errors.StoreFull(f"No space left for {path}.")
    if "permission denied" in lower or "read-only" in lower or "readonly" in lower:
        return errors.StoreReadOnly(
            f"Cannot write {path}.", hint="Give yourself write access to the file and its folder, or use --store."
        )
    if "version number" in lower or "storage version" in lower:
        return errors.StoreTooNew(f"{path} was written by a newer DuckDB.")
    if "not a valid duckdb" in lower or "corrupt" in lower or "checksum" in lower:
        return errors.StoreCorrupt(
            f"{path} is not a crmsync store, or it is damaged.",
            hint="Restore it from a backup, or use another --store.",
        )
    if isinstance(error, duckdb.IOException):
        return errors.StoreError(f"Cannot open {path}: {text.splitlines()[0]}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return errors.StoreError(f"The engine ran out of memory ({MEMORY_LIMIT}).", hint="Report this with the log.")
    return errors.StoreError(f"The store refused a statement: {text.splitlines()[0]}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
