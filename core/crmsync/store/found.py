"""What lookups found: which keys were asked for, and in which rows of the store they are.

To find keys the key columns of the whole table are read, which is dear in a large one (24 ms in a million rows). It is
done once a batch: the other columns, later lookups of the same keys and the upsert that follows go by row number, some
five times as fast. Row numbers hold until the next change of the table or until the file is let go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from crmsync.quote import identifier
from crmsync.store.engine import Engine
from crmsync.store.interface import Table

_WANTED, _ROWS = '"wanted keys"', "rows as they are"


class Found:
    """The lookups since the last change, table by table, kept in engine tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tables: set[tuple[str, tuple[str, ...]]] = set()  # by the columns that are the key: there may be two

    def bring(self, table: Table, keys: str, into: str, columns: Sequence[str] | None) -> int:
        """Fill the engine table `into` with the rows of `table` whose key the query `keys` yields; tell how many."""
        wanted = self._find(table, keys)
        picked = ", ".join(map(identifier, columns)) if columns else "*"
        return self._engine.table(
            into,
            f"SELECT {picked} FROM {self._engine.full(table)} WHERE rowid IN "
            f"(SELECT _row FROM {_rows(table)} SEMI JOIN {wanted} USING ({_key(table)}))",
        )

    def compare(self, table: Table, staged: str, into: str, columns: Sequence[str]) -> int:
        """Fill the engine table `into` with the rows of `table` that have a key of `staged`; tell how many.

        Of each row it gets `columns`, and `_differs`: whether `staged` has another value for it anywhere. The rows are
        read where they stand, since bringing them first costs half as much again.
        """
        using, picked = _key(table), ", ".join(f"m.{identifier(c)}" for c in columns)
        self.forget(table)
        self._find(table, f"SELECT {using} FROM {identifier(staged)}")
        known = self._engine.value(f"SELECT count(*) FROM {_rows(table)}")
        if not known:  # a first reading: to plan the comparison would cost as much as to find that
            empty = f"SELECT {picked}, false AS _differs FROM {self._engine.full(table)} m LIMIT 0"
            return self._engine.table(into, empty)
        other = [n for n in self._engine.names(staged) if n not in table.key]
        was, now = (", ".join(f"{side}.{identifier(n)}" for n in other) for side in "ms")
        return self._engine.table(
            into,
            f"SELECT {picked}, ({was}) IS DISTINCT FROM ({now}) AS _differs FROM {self._engine.full(table)} m "
            f"JOIN (FROM {_rows(table)} JOIN {identifier(staged)} USING ({using})) s ON m.rowid = s._row",
        )

    def delete(self, table: Table, staged: str) -> None:
        """Remove the rows of `table` that have a key of the engine table `staged`."""
        using, same = _key(table), identifier(staged)
        if self._about(table) in self._tables and not self._unasked(table, same):
            rows = f"SELECT _row FROM {_rows(table)} SEMI JOIN {same} USING ({using})"
            self._engine.execute(f"DELETE FROM {self._engine.full(table)} WHERE rowid IN ({rows})")
            return
        on = " AND ".join(f"t.{identifier(k)} = s.{identifier(k)}" for k in table.key)
        self._engine.execute(f"DELETE FROM {self._engine.full(table)} t USING {same} s WHERE {on}")

    def update(self, table: Table, staged: str) -> None:
        """Give the rows of `table` that have a key of the engine table `staged` its values.

        They are replaced as a whole, since UPDATE costs twice as much, and ten times as much when the file is let go.
        """
        key = _key(table)
        self.bring(table, f"SELECT {key} FROM {identifier(staged)}", _ROWS, None)
        names = [n for n in self._engine.names(staged) if n not in table.key]
        new = ", ".join(f"s.{identifier(n)} AS {identifier(n)}" for n in names)
        on = " AND ".join(f"c.{identifier(k)} = s.{identifier(k)}" for k in table.key)
        self._engine.table(
            _ROWS, f"SELECT c.* REPLACE ({new}) FROM {identifier(_ROWS)} c JOIN {identifier(staged)} s ON {on}"
        )
        self.delete(table, staged)
        self._engine.execute(f"INSERT INTO {self._engine.full(table)} BY NAME FROM {identifier(_ROWS)}")

    def moved(self, table: Table, staged: str) -> list[str]:
        """Keys of the engine table `staged` whose rows in `table` are others now, in a column that it has."""
        key, names = _key(table), self._engine.names(staged)
        self.bring(table, f"SELECT {key} FROM {identifier(staged)}", _ROWS, names)
        was, now = f"SELECT {', '.join(map(identifier, names))} FROM {identifier(staged)}", f"FROM {identifier(_ROWS)}"
        told = f"concat_ws(' ', {key})"
        found = self._engine.rows(
            f"SELECT DISTINCT {told} FROM (({was} EXCEPT ALL {now}) UNION ALL ({now} EXCEPT ALL {was})) ORDER BY ALL"
        )
        return [row[0] for row in found]

    def forget(self, table: Table | None = None) -> None:
        """Trust no row number of `table`, or of any, from now on."""
        self._tables = {about for about in self._tables if table and about[0] != self._engine.full(table)}

    @contextmanager
    def unsettled(self) -> Iterator[None]:
        """What is found in a transaction that fails is not trusted after it: it is rolled back, too."""
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def _about(self, table: Table) -> tuple[str, tuple[str, ...]]:
        return self._engine.full(table), table.key

    def _find(self, table: Table, keys: str) -> str:
        """Let `_rows` have the numbers of the rows with the keys that the query yields; the table of these keys."""
        engine, using, asked = self._engine, _key(table), _asked(table)
        wanted = asked if self._about(table) not in self._tables else _WANTED
        engine.execute(f"CREATE OR REPLACE TEMP TABLE {wanted} AS SELECT {using} FROM ({keys})")
        found = f"SELECT m.rowid AS _row, {using} FROM {engine.full(table)} m SEMI JOIN"
        if wanted == asked:
            engine.execute(f"CREATE OR REPLACE TEMP TABLE {_rows(table)} AS {found} {asked} USING ({using})")
            self._tables.add(self._about(table))
        elif self._unasked(table, wanted):
            new = f"(FROM {wanted} ANTI JOIN {asked} USING ({using}))"
            engine.execute(f"INSERT INTO {_rows(table)} {found} {new} USING ({using})")
            engine.execute(f"INSERT INTO {asked} FROM {new}")
        return wanted

    def _unasked(self, table: Table, keys: str) -> bool:
        """Whether one of the keys has not been looked for yet."""
        asked = f"{keys} ANTI JOIN {_asked(table)} USING ({_key(table)})"
        return bool(self._engine.value(f"SELECT count(*) FROM {asked}"))


def _key(table: Table) -> str:
    return ", ".join(map(identifier, table.key))


def _asked(table: Table) -> str:
    return identifier(f"keys asked of {table.schema}.{table.name} by {' '.join(table.key)}")


def _rows(table: Table) -> str:
    return identifier(f"rows found in {table.schema}.{table.name} by {' '.join(table.key)}")
