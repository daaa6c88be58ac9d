"""Land: mapped rows + position -> mirror, rejects and checkpoint, in one transaction.

The rows that a merge needs are looked up first, so that a row is written only when it really differs: what is not
newer, or stale, or the same, changes nothing. All of it is SQL on engine tables; no row becomes a Python object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crmsync.mapping import identifier, literal
from crmsync.store import Append, Change, Clear, Commit, FileStore, Lease, Upsert
from crmsync.store.schema import REJECTS, SEEN
from crmsync.sync.model import Batch, Counts, Phase
from crmsync.sync.pull.mirror import Mirror

# What a commit writes about the run: given the batch's counts, the run's totals and new log lines.
Journal = Callable[[Counts], tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]

_USABLE = "_newest AND NOT _rejected"


@dataclass(slots=True)
class Lander:
    """Lands the batches of one stream's run. `open_rejects`: the store may hold rejects that a good copy resolves."""

    store: FileStore
    mirror: Mirror
    lease: Lease
    open_rejects: bool = True

    def land(
        self, batch: Batch, phase: Phase, checkpoint: str | None, *, sweep: bool, fresh: bool, journal: Journal
    ) -> tuple[Counts, float]:
        """Commit what the engine table `mapped` holds together with `checkpoint`.

        `sweep`: the ids met are noted for the census; `fresh`: it is the sweep's first batch. Tells what became of
        the records, and the seconds that the commit took.
        """
        counts, changes = Counts(), list[Change]()
        if batch.bodies:
            counts, changes = self._rows(phase)
            changes += self._rejects(batch)
        if sweep and fresh:
            changes.append(Clear(SEEN, {"connection": self.lease.connection, "stream": self.lease.stream}))
        if sweep and batch.bodies:
            changes.append(self._seen())
        took = self.store.commit(self._commit(changes, checkpoint, counts, journal))
        return counts, took

    def delete(self, ids: str, journal: Journal) -> Counts:
        """Mark the live rows among the engine query `ids` (`_id`, and `at`: the moment) as deleted."""
        deleted = self._stage_deletes(ids)
        counts = Counts(deleted=deleted)
        changes = [Upsert(self.mirror.table, "staged")] if deleted else []
        self.store.commit(self._commit(changes, None, counts, journal))
        return counts

    def tombstones(self, batch: Batch, checkpoint: str, journal: Journal) -> tuple[Counts, float]:
        """Commit a batch of the provider's list of deleted records, mapped to `_id` and `deleted_at`."""
        counts, changes = Counts(), list[Change]()
        if batch.bodies:
            read, rejected = self._one("SELECT count(*), count(*) FILTER (_rejected) FROM mapped")
            deleted = self._stage_deletes(
                f"SELECT _id, coalesce(deleted_at, {_moment()}) AS at FROM mapped WHERE {_USABLE}"
            )
            unchanged = read - rejected - deleted
            counts = Counts(read=read, applied=deleted, unchanged=unchanged, rejected=rejected, deleted=deleted)
            changes = [Upsert(self.mirror.table, "staged")] if deleted else []
            changes += self._rejects(batch) if rejected else []
        return counts, self.store.commit(self._commit(changes, checkpoint, counts, journal))

    # -- rows -------------------------------------------------------------------------------------------------------

    def _rows(self, phase: Phase) -> tuple[Counts, list[Change]]:
        read, rejected, troubled, dead, absorbing = self._one(
            "SELECT count(*), count(*) FILTER (_rejected), count(*) FILTER (len(_problems) > 0 AND NOT _rejected), "
            "count(*) FILTER (_deleted), count(*) FILTER (len(_merged) > 0) FROM mapped"
        )
        known = self._look_up(phase)
        held = self._held() if troubled else frozenset()
        self._stage(phase, known=known > 0, held=held, dead=dead > 0)
        applied, deleted = self._count("staged"), 0
        if dead or absorbing:
            deleted = self._stage_gone(dead=dead > 0, absorbing=absorbing > 0)
            applied += self._count(
                f"staged SEMI JOIN (SELECT _id FROM mapped WHERE _deleted AND {_USABLE}) USING (_id)"
            )
        counts = Counts(
            read=read,
            applied=applied,
            unchanged=read - rejected - applied,
            rejected=rejected,
            held=troubled,
            deleted=deleted,
        )
        if not applied and not deleted:
            return counts, []
        return counts, [Upsert(self.mirror.table, "staged", known=known > 0 or deleted > 0)]

    def _look_up(self, phase: Phase) -> int:
        """Bring `known`, the ids that the mirror has, and `old`, whole rows where they must be compared."""
        keys = f"SELECT _id FROM mapped WHERE {_USABLE}"
        if phase != "changes":
            known = self.store.lookup(self.mirror.table, keys, "old")
            self._run("CREATE OR REPLACE TEMP TABLE known AS SELECT _id, _updated_at, _deleted_at FROM old")
            return known
        known = self.store.lookup(self.mirror.table, keys, "known", ("_id", "_updated_at", "_deleted_at"))
        # a newer copy replaces the row unseen; only the same moment, none at all, or a held field asks for the old values
        doubtful = (
            f"SELECT b._id FROM mapped b JOIN known k USING (_id) WHERE {_USABLE} AND (b._deleted OR len(b._problems) > 0 "
            "OR b._updated_at IS NULL OR k._updated_at IS NULL OR b._updated_at = k._updated_at)"
        )
        if self._count(f"({doubtful})"):
            self.store.lookup(self.mirror.table, doubtful, "old")
        else:
            self._run("CREATE OR REPLACE TEMP TABLE old AS FROM known LIMIT 0")
        return known

    def _held(self) -> frozenset[str]:
        found = self.store.engine.rows(
            "SELECT DISTINCT p.field FROM (SELECT unnest(_problems) AS p FROM mapped WHERE NOT _rejected) WHERE p.hold"
        )
        return frozenset(row[0] for row in found)

    def _stage(self, phase: Phase, *, known: bool, held: frozenset[str], dead: bool) -> None:
        """Fill `staged` with the rows that the batch changes."""
        now = _moment()
        alive = f"{_USABLE} AND NOT b._deleted" if dead else _USABLE
        if not known:
            values = ", ".join(f"b.{identifier(c)}" for c in ("_id", *self.mirror.compared))
            self._run(
                f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {values}, NULL::TIMESTAMPTZ AS _deleted_at, "
                f"{now} AS _synced_at FROM mapped b WHERE {alive}"
            )
            return
        whole = self._whole_rows()
        new = {c: self._value(c, held if whole else frozenset()) for c in self.mirror.compared}
        values = ", ".join(f"{sql} AS {identifier(c)}" for c, sql in new.items())
        differs = "false"
        if whole:
            before = ", ".join(f"r.{identifier(c)}" for c in self.mirror.compared)
            after = ", ".join(new.values())
            differs = f"(r._id IS NOT NULL AND ({before}, r._deleted_at) IS DISTINCT FROM ({after}, NULL))"
        newer, stale = "false", "false"
        if phase == "changes":  # an index may show old copies, and records that are gone
            stale = "(b._updated_at < k._updated_at OR b._updated_at <= k._deleted_at)"
            newer = "b._updated_at > k._updated_at"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT b._id, {values}, NULL::TIMESTAMPTZ AS _deleted_at, "
            f"{now} AS _synced_at FROM mapped b LEFT JOIN known k USING (_id)"
            + (" LEFT JOIN old r USING (_id)" if whole else "")
            + f" WHERE {alive} AND (k._id IS NULL OR (NOT coalesce({stale}, false) AND (coalesce({newer}, false) OR {differs})))"
        )

    def _whole_rows(self) -> bool:
        """Whether `old` holds whole rows to compare with."""
        return self._count("old") > 0

    def _value(self, column: str, held: frozenset[str]) -> str:
        if column not in held:
            return f"b.{identifier(column)}"
        problem = f"list_contains(list_transform(b._problems, lambda p: p.field), {literal(column)})"
        return f"CASE WHEN {problem} THEN r.{identifier(column)} ELSE b.{identifier(column)} END"

    def _stage_gone(self, *, dead: bool, absorbing: bool) -> int:
        """Add to `staged` the rows that the batch says are deleted, or merged into others; tell how many."""
        gone = []
        if dead:
            gone.append(
                f"SELECT _id, coalesce(_updated_at, {_moment()}) AS at FROM mapped WHERE _deleted AND {_USABLE}"
            )
        if absorbing:
            gone.append(
                f"SELECT unnest(_merged) AS _id, coalesce(_updated_at, {_moment()}) AS at FROM mapped "
                f"WHERE len(_merged) > 0 AND {_USABLE}"
            )
        ids = f"SELECT _id, min(at) AS at FROM ({' UNION ALL '.join(gone)}) GROUP BY _id"
        self._run(f"CREATE OR REPLACE TEMP TABLE gone AS {ids}")
        # an older copy of an absorbed record may stand in the same batch
        self._run("UPDATE staged SET _deleted_at = gone.at FROM gone WHERE staged._id = gone._id")
        self.store.lookup(self.mirror.table, "SELECT _id FROM gone", "leaving")
        self._run(
            f"INSERT INTO staged BY NAME SELECT l.* REPLACE (gone.at AS _deleted_at, {_moment()} AS _synced_at) "
            "FROM leaving l JOIN gone USING (_id) WHERE l._deleted_at IS NULL AND l._id NOT IN (SELECT _id FROM staged)"
        )
        return self._count("staged WHERE _deleted_at IS NOT NULL")

    def _stage_deletes(self, ids: str) -> int:
        self._run(f"CREATE OR REPLACE TEMP TABLE gone AS {ids}")
        self.store.lookup(self.mirror.table, "SELECT _id FROM gone", "leaving")
        self._run(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT l.* REPLACE (gone.at AS _deleted_at, {_moment()} AS _synced_at) "
            "FROM leaving l JOIN gone USING (_id) WHERE l._deleted_at IS NULL"
        )
        return self._count("staged")

    # -- rejects and sweeps -----------------------------------------------------------------------------------------

    def _rejects(self, batch: Batch) -> list[Change]:
        """Note records with problems; resolve the open ones that came without."""
        troubled = self._count("mapped WHERE len(_problems) > 0 AND _newest")
        if not troubled and not self.open_rejects:
            return []
        who = f"{literal(self.lease.connection)} AS connection, {literal(self.lease.stream)} AS stream"
        pointer = "" if batch.records_at == "$" else "/" + batch.records_at.replace(".", "/")
        payload = f"json_extract(list_extract($bodies, _page + 1), {literal(pointer + '/')} || (_pos - 1))::VARCHAR"
        self.store.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE troubled AS SELECT {who}, coalesce(nullif(_id, ''), md5(payload)) AS record_id, "
            "CASE WHEN _rejected THEN 'rejected' ELSE 'held' END AS outcome, _problems AS problems, "
            "CASE WHEN _rejected THEN payload END AS payload FROM "
            f"(SELECT *, {payload} AS payload FROM mapped WHERE len(_problems) > 0 AND _newest) "
            "QUALIFY row_number() OVER (PARTITION BY record_id) = 1",
            {"bodies": batch.bodies},
        )
        met = f"SELECT {who}, record_id FROM troubled"
        good = f"SELECT {who}, _id AS record_id FROM mapped WHERE {_USABLE} AND len(_problems) = 0"
        self.store.lookup(REJECTS, f"{met} UNION {good}", "before")
        now = _moment()
        self._run(
            "CREATE OR REPLACE TEMP TABLE staged_rejects AS "
            f"SELECT t.*, {literal(self.lease.run_id)} AS run_id, coalesce(e.attempts, 0) + 1 AS attempts, "
            f"coalesce(e.first_at, {now}) AS first_at, {now} AS last_at, NULL::TIMESTAMPTZ AS resolved_at "
            "FROM troubled t LEFT JOIN before e USING (connection, stream, record_id) "
            f"UNION ALL BY NAME SELECT e.* REPLACE ({now} AS resolved_at) FROM before e "
            "WHERE e.resolved_at IS NULL AND e.record_id NOT IN (SELECT record_id FROM troubled)"
        )
        self.open_rejects = self.open_rejects or bool(troubled)
        return [Upsert(REJECTS, "staged_rejects")] if self._count("staged_rejects") else []

    def _seen(self) -> Change:
        who = f"{literal(self.lease.connection)} AS connection, {literal(self.lease.stream)} AS stream"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE seen AS SELECT {who}, _id AS record_id FROM mapped WHERE _id IS NOT NULL"
        )
        return Append(SEEN, "seen")

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _commit(self, changes: Sequence[Change], checkpoint: str | None, counts: Counts, journal: Journal) -> Commit:
        run, logs = journal(counts)
        return Commit(self.lease, changes, checkpoint, run, logs)

    def _run(self, sql: str) -> None:
        self.store.engine.execute(sql)

    def _one(self, sql: str) -> tuple[int, ...]:
        return self.store.engine.rows(sql)[0]

    def _count(self, relation: str) -> int:
        return int(self.store.engine.value(f"SELECT count(*) FROM {relation}"))


def _moment() -> str:
    """The present moment as SQL: one for all rows of a batch, and the same in every driver."""
    return f"TIMESTAMPTZ '{datetime.now(UTC).isoformat()}'"
