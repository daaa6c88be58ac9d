"""The streams that a store has met, for commands that are given the name of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmsync.errors import UsageError

if TYPE_CHECKING:
    from crmsync.store import FileStore

_KNOWN = "SELECT connection, stream FROM crmsync.runs UNION SELECT connection, stream FROM crmsync.checkpoints"


def require(store: FileStore, connection: str | None, stream: str | None) -> None:
    """Refuse names that the store has never met: they are mistyped, and nothing found is no news. None: any."""
    known = store.query(_KNOWN)[1]
    if any(connection in (None, c) and stream in (None, s) for c, s in known):
        return
    there = ", ".join(sorted(f"{c} {s}" for c, s in known)) or "none"
    wanted = " ".join(filter(None, (connection, stream)))
    raise UsageError(f"The store has no {'stream' if stream else 'connection'} {wanted}. There: {there}.")


def where(**wanted: str | None) -> tuple[str, list[Any]]:
    """SQL and parameters: the columns that are named have the values that are given. None: any."""
    given = {column: value for column, value in wanted.items() if value is not None}
    return " AND ".join(["true", *(f"{column} = ?" for column in given)]), list(given.values())
