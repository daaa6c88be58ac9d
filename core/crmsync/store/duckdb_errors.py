"""DuckDB's errors become ours here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from crmsync import errors

_HOLDER = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
_READ_ONLY = re.compile("(attached|launched) in read-only mode")
_LIST = 'List tables and columns with: crmsync query "SHOW ALL TABLES"'
_AGAIN = "Run the same command again: it goes on from the last committed page. Should it fail again, report this."
_RESTORE = "Restore it from a backup, or use another --store."


class Locked(Exception):
    """Somebody else has the file open; `holder` says who, as far as the system tells."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class _Kind(NamedTuple):
    words: re.Pattern[str]
    error: type[errors.StoreError]
    message: str
    hint: str | None = None


_KINDS = (
    _Kind(re.compile("no space left|disk quota|file too large"), errors.StoreFull, "No space left for {path}."),
    _Kind(
        re.compile("permission denied|read-only file system"),
        errors.StoreReadOnly,
        "No permission to open {path}, or to write in its folder.",
        "Give yourself access to the file and its folder, or use another --store.",
    ),
    _Kind(_READ_ONLY, errors.StoreReadOnly, "{path} is open for reading only."),
    _Kind(
        re.compile("storage version number|newer version of duckdb"),
        errors.StoreTooNew,
        "{path} was written by a newer DuckDB.",
        "Upgrade with: pip install --upgrade crmsync duckdb",
    ),
    _Kind(re.compile("not a valid duckdb"), errors.StoreCorrupt, "{path} is not a crmsync store.", _RESTORE),
    _Kind(
        re.compile("corrupt|checksum|could not read enough bytes|serialization error"),
        errors.StoreCorrupt,
        "{path} is damaged.",
        _RESTORE,
    ),
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what went wrong with the store at `path` as a StoreError, or Locked where others have it open."""
    try:
        yield
    except duckdb.Error as error:
        raise _ours(error, path) from error


@contextmanager
def translated_for_asker(path: Path) -> Iterator[None]:
    """The same round a person's own SQL: what is wrong with that is told in DuckDB's words, with the place."""
    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.TransactionException) as error:
        if _READ_ONLY.search(str(error)):
            raise errors.UsageError("A query can only read; nothing was changed.") from error
        raise errors.UsageError(str(error), hint=_LIST) from error
    except duckdb.PermissionException as error:
        raise errors.UsageError(str(error), hint="A query reads the store and nothing else.") from error
    except duckdb.Error as error:
        raise _ours(error, path) from error


def _ours(error: duckdb.Error, path: Path) -> Exception:
    text = str(error)
    told = text.replace(str(path), "").lower()  # a path may hold any of the words below
    if "lock on file" in told:
        match = _HOLDER.search(text)
        return Locked(f"{Path(match['program']).name} (process {match['pid']})" if match else "another program")
    if "already attached" in told:
        return Locked("another part of this program")
    for kind in _KINDS:
        if kind.words.search(told) and not isinstance(error, duckdb.DataError):  # whose text holds people's values
            return kind.error(kind.message.format(path=path), hint=kind.hint)
    line = text.partition("\n")[0]
    if isinstance(error, duckdb.IOException):
        return errors.StoreError(f"Cannot open {path}: {line}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return errors.StoreError("The engine ran out of memory.", hint="Ask for less at once, or report this.")
    return errors.StoreError(f"The store refused a statement: {line}", hint=_AGAIN)
