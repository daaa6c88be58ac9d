"""Rows: `mapped` against what the mirror has -> `staged`, the rows that a batch changes. SQL on engine tables only.

What is not newer, or stale, or the same, changes nothing; so `_synced_at` moves only when the row did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from crmsync.mapping import identifier, literal
from crmsync.store import FileStore
from crmsync.sync.model import Gone, Phase
from crmsync.sync.pull.mirror import Mirror

USABLE = "_newest AND NOT _rejected"


def moment() -> str:
    """The present moment as SQL: one for all rows of a statement, and the same in every driver."""
    return f"TIMESTAMPTZ '{datetime.now(UTC).isoformat()}'"


def count(store: FileStore, relation: str) -> int:
    """How many rows an engine relation has."""
    return int(store.engine.value(f"SELECT count(*) FROM {relation}"))


@dataclass(frozen=True, slots=True)
class Rows:
    """Stages the rows of one mirror."""

    store: FileStore
    mirror: Mirror

    def look_up(self, phase: Phase) -> int:
        """Bring `known`, what the mirror has of the batch's records, and `old`, whole rows where they are needed.

        Of changes a newer copy replaces the row unseen, unless something of it is kept; the same moment, none at all,
        or a held field asks for the old values. Of everything it is those that differ, and these are few.
        """
        if phase != "changes":
            known = self.store.compare(self.mirror.table, self._incoming(), "known", self._known)
            wanted = "SELECT _id FROM known WHERE _differs"
        else:
            keys = f"SELECT _id FROM mapped WHERE {USABLE}"
            known = self.store.lookup(self.mirror.table, keys, "known", self._known)
            if known:
                self._run(self._pass_over_stale())
            doubtful = (
                "SELECT b._id FROM mapped b JOIN known k USING (_id) "
                f"WHERE {USABLE} AND (b._deleted OR len(b._problems) > 0 "
                "OR b._updated_at IS NULL OR k._updated_at IS NULL OR b._updated_at = k._updated_at)"
            )
            wanted = keys if self.mirror.kept else doubtful
        if known and count(self.store, f"({wanted})"):
            self.store.lookup(self.mirror.table, wanted, "old")
        elif known:
            self._run("CREATE OR REPLACE TEMP TABLE old AS FROM known LIMIT 0")
        return known

    def held(self) -> frozenset[str]:
        """The columns that have a held value somewhere in the batch."""
        found = self.store.engine.rows(
            "SELECT DISTINCT p.field FROM (SELECT unnest(_problems) AS p FROM mapped WHERE NOT _rejected) WHERE p.hold"
        )
        return frozenset(row[0] for row in found)

    def show_new(self) -> int:
        """Let `arrivals` show the batch's rows, where the mirror knows none of them; tell how many. Copies nothing."""
        arrivals = f"SELECT *, {moment()} AS _synced_at FROM {self._incoming()}"
        self._run(f"CREATE OR REPLACE TEMP VIEW arrivals AS {arrivals}")
        return count(self.store, f"mapped WHERE {USABLE}")

    def stage(self, phase: Phase, *, known: bool, held: frozenset[str]) -> int:
        """Fill `staged` with the live rows that the batch changes; tell how many."""
        alive = f"{USABLE} AND NOT b._deleted"
        whole = known and count(self.store, "old") > 0
        new = {c: self._value(c, held if whole else frozenset()) for c in self.mirror.compared}
        old = {c.name: f"r.{identifier(c.name)}" if whole else f"NULL::{c.type}" for c in self.mirror.kept}
        values = ", ".join(f"{sql} AS {identifier(c)}" for c, sql in {**new, **old}.items())
        joins, changed = "", "true"
        if known:
            joins = " LEFT JOIN known k USING (_id)" + (" LEFT JOIN old r USING (_id)" if whole else "")
            differs = self._differs(list(new.values())) if whole else "false"
            changed = f"k._id IS NULL OR {_moves(phase, differs)}"
        return self.store.engine.table(
            "staged",
            f"SELECT b._id, {values}, {self._alive()}, {moment()} AS _synced_at FROM mapped b{joins} "
            f"WHERE {alive} AND ({changed})",
        )

    def stage_gone(self, *, dead: bool, absorbing: bool) -> int:
        """Add to `staged` the rows that the batch says are deleted, or merged into others; tell how many are gone."""
        gone = []
        if dead:
            at = f"coalesce(_updated_at, {moment()}) AS gone_at"
            gone.append(f"SELECT _id, {at} FROM mapped WHERE _deleted AND {USABLE}")
        if absorbing:
            gone.append(
                f"SELECT unnest(_merged) AS _id, coalesce(_updated_at, {moment()}) AS gone_at FROM mapped "
                f"WHERE len(_merged) > 0 AND {USABLE}"
            )
        self._leaving(f"SELECT _id, min(gone_at) AS gone_at FROM ({' UNION ALL '.join(gone)}) GROUP BY _id")
        # an older copy of an absorbed record may stand in the same batch
        self._run("UPDATE staged SET _deleted_at = gone.gone_at FROM gone WHERE staged._id = gone._id")
        self._run(f"INSERT INTO staged BY NAME {_marked('_deleted_at')} AND l._id NOT IN (SELECT _id FROM staged)")
        return count(self.store, "staged WHERE _deleted_at IS NOT NULL")

    def living(self, ids: str, *, by_time: bool) -> list[Gone]:
        """The live rows of the engine query `ids` (`_id`, `gone_at`); `by_time`: without those that changed since."""
        self._run(f"CREATE OR REPLACE TEMP TABLE told AS {ids}")
        self.store.lookup(self.mirror.table, "SELECT _id FROM told", "known", self._known)
        since = " AND coalesce(k._updated_at <= t.gone_at, true)" if by_time else ""
        found = self.store.engine.rows(
            "SELECT _id, t.gone_at FROM told t JOIN known k USING (_id) "
            f"WHERE k._deleted_at IS NULL{since} ORDER BY _id"
        )
        return [(id_, gone_at) for id_, gone_at in found]

    def stage_deletes(self, ids: str, column: str) -> int:
        """Fill `staged` with the live rows among the engine query `ids` (`_id`, `gone_at`), marked in `column`."""
        self._leaving(ids)
        return self.store.engine.table("staged", _marked(column))

    def _incoming(self) -> str:
        """The name of a view that shows the batch's rows as the mirror would have them if it knew none of them."""
        values = ", ".join(map(identifier, ("_id", *self.mirror.compared)))
        sql = f"SELECT {values}, {self._alive()} FROM mapped WHERE {USABLE}"
        self._run(f"CREATE OR REPLACE TEMP VIEW incoming AS {sql}")
        return "incoming"

    @property
    def _known(self) -> tuple[str, ...]:
        return ("_id", "_updated_at", *self.mirror.ended)

    def _alive(self) -> str:
        return ", ".join(f"NULL::TIMESTAMPTZ AS {column}" for column in self.mirror.ended)

    def _pass_over_stale(self) -> str:
        """An index may show old copies, and records that are gone: these are as good as not read, whatever they say."""
        old = " OR ".join(f"mapped._updated_at <= k.{column}" for column in self.mirror.ended)
        return (
            "UPDATE mapped SET _newest = false FROM known k "
            f"WHERE mapped._id = k._id AND (mapped._updated_at < k._updated_at OR {old})"
        )

    def _leaving(self, ids: str) -> None:
        self._run(f"CREATE OR REPLACE TEMP TABLE gone AS {ids}")
        self.store.lookup(self.mirror.table, "SELECT _id FROM gone", "leaving")

    def _differs(self, after: list[str]) -> str:
        before = ", ".join(f"r.{identifier(c)}" for c in self.mirror.compared)
        ended = ", ".join(f"r.{column}" for column in self.mirror.ended)
        alive = ", ".join("NULL" for _ in self.mirror.ended)
        return f"(r._id IS NOT NULL AND ({before}, {ended}) IS DISTINCT FROM ({', '.join(after)}, {alive}))"

    def _value(self, column: str, held: frozenset[str]) -> str:
        if column not in held:
            return f"b.{identifier(column)}"
        problem = f"list_contains(list_transform(b._problems, lambda p: p.field), {literal(column)})"
        return f"CASE WHEN {problem} THEN r.{identifier(column)} ELSE b.{identifier(column)} END"

    def _run(self, sql: str) -> None:
        self.store.engine.execute(sql)


def _marked(column: str) -> str:
    """The rows of `leaving` that live, with the moment of `gone` in `column`."""
    return (
        f"SELECT l.* REPLACE (gone.gone_at AS {column}, {moment()} AS _synced_at) "
        f"FROM leaving l JOIN gone USING (_id) WHERE l._deleted_at IS NULL AND l.{column} IS NULL"
    )


def _moves(phase: Phase, differs: str) -> str:
    """When a known row is written again; a newer copy is, without a look at its values."""
    return f"(coalesce(b._updated_at > k._updated_at, false) OR {differs})" if phase == "changes" else differs
