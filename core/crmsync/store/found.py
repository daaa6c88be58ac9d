"""What lookups found: which keys were asked for, and in which rows of the store they are.

To find keys the key columns of the whole table are read, which is dear in a large one (24 ms in a million rows). It is
done once a batch: the other columns, later lookups of the same keys and the upsert that follows go by row number, some
five times as fast. Row numbers hold until the next change of the table or until the file is let go.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.quote import identifier
from crmsync.store.engine import Engine
from crmsync.store.interface import Table

_WANTED = '"wanted keys"'


class Found:
    """The lookups since the last change, table by table, kept in engine tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tables: set[str] = set()

    def bring(self, table: Table, keys: str, into: str, columns: Sequence[str] | None) -> int:
        """Fill the engine table `into` with the rows of `table` whose key the query `keys` yields; tell how many."""
        self._start(table)
        using = _key(table)
        self._engine.execute(f"CREATE OR REPLACE TEMP TABLE {_WANTED} AS SELECT {using} FROM ({keys})")
        new = f"FROM {_WANTED} ANTI JOIN {_asked(table)} USING ({using})"
        if self._engine.value(f"SELECT count(*) {new}"):
            self._engine.execute(
                f"INSERT INTO {_rows(table)} SELECT m.rowid, {using} FROM {self._engine.full(table)} m "
                f"SEMI JOIN (SELECT * {new}) USING ({using})"
            )
            self._engine.execute(f"INSERT INTO {_asked(table)} SELECT * {new}")
        picked = ", ".join(map(identifier, columns)) if columns else "*"
        self._engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {identifier(into)} AS SELECT {picked} FROM {self._engine.full(table)} "
            f"WHERE rowid IN (SELECT _row FROM {_rows(table)} SEMI JOIN {_WANTED} USING ({using}))"
        )
        return int(self._engine.value(f"SELECT count(*) FROM {identifier(into)}"))

    def delete(self, table: Table, staged: str) -> None:
        """Remove the rows of `table` that have a key of the engine table `staged`."""
        using, same = _key(table), identifier(staged)
        if self._engine.full(table) in self._tables and not self._unasked(table, staged):
            rows = f"SELECT _row FROM {_rows(table)} SEMI JOIN {same} USING ({using})"
            self._engine.execute(f"DELETE FROM {self._engine.full(table)} WHERE rowid IN ({rows})")
            return
        on = " AND ".join(f"t.{identifier(k)} = s.{identifier(k)}" for k in table.key)
        self._engine.execute(f"DELETE FROM {self._engine.full(table)} t USING {same} s WHERE {on}")

    def forget(self, table: Table | None = None) -> None:
        """Trust no row number of `table`, or of any, from now on."""
        self._tables = self._tables - {self._engine.full(table)} if table else set()

    def _start(self, table: Table) -> None:
        if self._engine.full(table) in self._tables:
            return
        key, none = _key(table), f"FROM {self._engine.full(table)} LIMIT 0"
        self._engine.execute(f"CREATE OR REPLACE TEMP TABLE {_asked(table)} AS SELECT {key} {none}")
        self._engine.execute(f"CREATE OR REPLACE TEMP TABLE {_rows(table)} AS SELECT rowid AS _row, {key} {none}")
        self._tables.add(self._engine.full(table))

    def _unasked(self, table: Table, staged: str) -> int:
        return int(
            self._engine.value(
                f"SELECT count(*) FROM {identifier(staged)} ANTI JOIN {_asked(table)} USING ({_key(table)})"
            )
        )


def _key(table: Table) -> str:
    return ", ".join(map(identifier, table.key))


def _asked(table: Table) -> str:
    return identifier(f"keys asked of {table.schema}.{table.name}")


def _rows(table: Table) -> str:
    return identifier(f"rows found in {table.schema}.{table.name}")
