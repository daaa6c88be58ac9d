"""What the runtime asks of a store. Drivers implement it; one test suite checks them all.

The engine (an in-memory DuckDB) never holds what must last. Rows leave it as staged engine tables, in one transaction
with the checkpoint that vouches for them. A checkpoint must never be newer than its rows, else data is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its DuckDB type and the comment that explains it in any shell.

    `default` fills it, in any shell, where an insert leaves it out: with an `id` of its own, or the moment that is
    `now`. A table that is made with an `id` refuses rows that say they have none.
    """

    name: str
    type: str
    comment: str = ""
    default: Literal["", "id", "now"] = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the store. `key` names the columns that are unique together; the driver keeps no index."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class View(Table):
    """A view of the store. Its `sql` names tables of its own schema, and that without the schema."""

    sql: str = ""


@dataclass(frozen=True, slots=True)
class Upsert:
    """Rows of the engine table `staged` replace those with their key; no key may be staged twice.

    `known`: a key may be in the store already; False spares the search. It is shortest where all keys were looked up.
    """

    table: Table
    staged: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """Rows with a key of the engine table `staged` get its values; columns that it has not keep theirs.

    A key that the store has not is passed over; no key may be staged twice.
    """

    table: Table
    staged: str


@dataclass(frozen=True, slots=True)
class Append:
    """Rows of the engine table `staged` are added."""

    table: Table
    staged: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Rows whose columns equal `where` are removed."""

    table: Table
    where: Mapping[str, Any]


Change = Upsert | Update | Append | Clear


@dataclass(frozen=True, slots=True)
class Expect:
    """The rows of `table` with a key of the engine table `staged` still are as staged, in each column that it has."""

    table: Table
    staged: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one stream of one connection. A commit with an older `fence` than the store's is refused."""

    connection: str
    stream: str
    run_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction: all of it or nothing. `checkpoint` is JSON text; None leaves it as it is.

    Nothing is done where one of `expects` does not hold before the first change.
    """

    lease: Lease
    changes: Sequence[Change] = ()
    checkpoint: str | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    logs: Sequence[Mapping[str, Any]] = ()
    expects: Sequence[Expect] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """A field that the hub and a mirror have both: `name` in the hub, in base and in shown, `column` in the mirror.

    `type` is the language's, by which values are compared. `refers`: the stream whose records' ids the mirror's column
    has, where the hub has the ids of its own rows. `words`: the hub's and the CRM's for one thing, where they differ.
    """

    name: str
    column: str
    type: str = "text"
    refers: str | None = None
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """A stream of a connection and the hub table that it is kept in step with, in `fields`, which are in that order."""

    connection: str
    stream: str
    hub: Table
    mirror: Table
    fields: tuple[Shared, ...]


class Store(Protocol):
    """Where mirror, hub, checkpoints and journal live. All calls block; one thread makes them."""

    def ensure(self, table: Table) -> Mapping[str, str]:
        """Create `table`, add missing columns, set comments.

        Returns the columns that stay as they are, because the store has them with another type or `table` has them not,
        and the types that they have.
        """

    def lookup(self, table: Table, keys: str, into: str, columns: Sequence[str] | None = None) -> int:
        """Bring rows of `table` into the engine table `into`; tell how many.

        `keys` is an engine query that yields the key columns by their names.
        """

    def compare(self, table: Table, staged: str, into: str, columns: Sequence[str]) -> int:
        """Bring `columns` of the rows of `table` that have a key of the engine relation `staged` into `into`.

        Tells how many. The column `_differs` says of each whether `staged` has another value in any of its columns.
        """

    def unseen(self, table: Table, connection: str, stream: str, begun: datetime | None, into: str) -> tuple[int, int]:
        """Bring the ids of rows that are not deleted and were not met into `into`.

        Tells how many of them live, and how many rows live. Rows that were created since `begun` are left out. Ids of
        rejected records that were not met are brought as well, as ones that do not live.
        """

    def unknown(self, table: Table, connection: str, stream: str, after: str, size: int) -> list[str]:
        """So many of the ids behind `after` that were met and have no live row, in their order."""

    def slice(self, table: Table, where: Mapping[str, Any], after: str, size: int, into: str) -> int:
        """Bring so many of the rows whose columns equal `where` into the engine table `into`; tell how many.

        They are the next ones behind `after` by the last column of the key, a text, and come in its order.
        """

    def apart(self, pairing: Pairing, into: str) -> int:
        """Bring the pairs that differ from what they agreed on last into the engine table `into`; tell how many.

        `into` has a row a pair: `hub_id`, `remote_id`, `state` of the link, and what there is about its two rows, `hub`
        and `mirror`:
        - `same`: as base, or shown, has it. Left out where both are.
        - `changed`: its text (see `agreed_text`) is another one than that in the link.
        - `gone`: there is no such row.
        - `deleted`, `left`, of the mirror: the row is there, and says so.
        - `new`: it has no link. The id and the word of the other side are empty, and so is `state`.
        - `twice`, of the hub: several rows have this id, for people may copy rows.

        A reference that its stream has no link for is empty in the mirror's text. A link that is not `linked` rests: it
        is brought only where both its rows are there, and both `changed`. Rows without an id are passed over.
        """

    def commit(self, commit: Commit) -> float:
        """Carry out `commit`; tell the seconds it took. When it returned, it is durable.

        Raises LeaseLost, StoreMoved, StoreFull and StoreLocked: nothing of it was written, and the last commit is
        intact.
        """

    def acquire(self, connection: str, stream: str, run: Mapping[str, Any]) -> Lease:
        """Take the lease of a stream and open its row in crmsync.runs; a dead holder is taken over.

        Raises AlreadyRunning with the holder's name.
        """

    def hold(self, connection: str, stream: str, run_id: str, doing: str) -> Lease:
        """Take a lease without a row in crmsync.runs, of a hub table; `doing` is what others are told of the holder.

        Raises AlreadyRunning with the holder's name.
        """

    def let_go(self, lease: Lease) -> None:
        """Give a lease of `hold` back."""

    def release(self, lease: Lease, run: Mapping[str, Any], logs: Sequence[Mapping[str, Any]] = ()) -> None:
        """Close the run's row and give the lease back; a run that is done closes the stream's unreadable pages."""

    def heartbeat(self, leases: Sequence[Lease]) -> None:
        """Tell others that the holder is alive."""

    def checkpoint(self, connection: str, stream: str) -> str | None:
        """The stored checkpoint as JSON text."""

    def open_rejects(self, connection: str, stream: str) -> int:
        """How many records of a stream have an open reject."""

    def rest(self) -> None:
        """Let others in; what was looked up is found anew. Drivers that hold nothing do nothing."""

    def close(self) -> None:
        """Let go of everything."""
