"""Rejects: what a batch could not map in whole, record by record; and what is over: a good copy came, or it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync.mapping import ReadPlan, identifier, literal
from crmsync.store import Change, FileStore, Lease, Upsert, leases
from crmsync.store.schema import REJECTS
from crmsync.sync.pull.rows import USABLE, count, moment

# What the batch says is deleted, or merged into another record
_GONE = (
    f"SELECT _id AS record_id FROM mapped WHERE _deleted AND {USABLE} "
    f"UNION SELECT unnest(_merged) FROM mapped WHERE len(_merged) > 0 AND {USABLE}"
)


@dataclass(slots=True)
class Rejects:
    """The rejects of one stream's run. `open`: the store holds some that are not over yet."""

    store: FileStore
    lease: Lease
    open: bool

    def stage(self, plan: ReadPlan, bodies: Sequence[str]) -> list[Change]:
        """Stage what the engine table `mapped` says about rejects; normally nothing, which must cost nothing."""
        troubled = count(self.store, "mapped WHERE len(_problems) > 0 AND _newest")
        if not troubled and not self.open:
            return []
        self._troubled(plan, bodies)
        good = f"SELECT _id AS record_id FROM mapped WHERE {USABLE} AND len(_problems) = 0"
        met = f"SELECT {self._who()}, record_id FROM (SELECT record_id FROM troubled UNION {good} UNION {_GONE})"
        self.store.lookup(REJECTS, met, "before")
        now = moment()
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE staged_rejects AS "
            f"SELECT t.*, {literal(self.lease.run_id)} AS run_id, coalesce(e.attempts, 0) + 1 AS attempts, "
            f"coalesce(e.first_at, {now}) AS first_at, {now} AS last_at, NULL::TIMESTAMPTZ AS resolved_at "
            "FROM troubled t LEFT JOIN before e USING (connection, stream, record_id) "
            f"UNION ALL BY NAME SELECT e.* REPLACE ({now} AS resolved_at) FROM before e "
            "WHERE e.resolved_at IS NULL AND e.record_id NOT IN (SELECT record_id FROM troubled)"
        )
        self.open = self.open or bool(troubled)
        return [Upsert(REJECTS, "staged_rejects")] if count(self.store, "staged_rejects") else []

    def gone(self, ids: str) -> list[Change]:
        """Stage the open rejects of the records in the engine table `ids` (`_id`), which are deleted, as resolved."""
        if not self.open:
            return []
        self.store.lookup(REJECTS, f"SELECT {self._who()}, _id AS record_id FROM {ids}", "before")
        self.store.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE gone_rejects AS SELECT * REPLACE ({moment()} AS resolved_at) FROM before "
            "WHERE resolved_at IS NULL"
        )
        return [Upsert(REJECTS, "gone_rejects")] if count(self.store, "gone_rejects") else []

    def open_among(self, ids: str) -> list[str]:
        """Those of the engine relation `ids` (`_id`) that have an open reject."""
        if not self.open:
            return []
        self.store.lookup(REJECTS, f"SELECT {self._who()}, _id AS record_id FROM {ids}", "before")
        return [row[0] for row in self.store.engine.rows("SELECT record_id FROM before WHERE resolved_at IS NULL")]

    def asked(self) -> list[str]:
        """The ids of records that a person wants to be read again."""
        if not self.open:
            return []
        found = self.store.query(
            "SELECT record_id FROM crmsync.rejects "
            "WHERE connection = ? AND stream = ? AND asked_at IS NOT NULL AND resolved_at IS NULL ORDER BY ALL",
            [self.lease.connection, self.lease.stream],
        )
        return [row[0] for row in found[1]]

    def _troubled(self, plan: ReadPlan, bodies: Sequence[str]) -> None:
        """Fill `troubled`, one row a record; the payload, as it came, only of those that are rejected."""
        engine = self.store.engine
        engine.execute("CREATE OR REPLACE TEMP TABLE payloads(_page BIGINT, _pos BIGINT, payload VARCHAR)")
        for page, place in engine.rows("SELECT _page, _pos FROM mapped WHERE _rejected AND _newest"):
            payload = engine.value(plan.element_sql, {"body": bodies[page], "pos": place})
            engine.execute("INSERT INTO payloads VALUES (?, ?, ?)", [page, place, payload])
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE troubled AS SELECT {self._who()}, "
            "coalesce(nullif(_id, ''), md5(coalesce(payload, ''))) AS record_id, "
            "CASE WHEN _rejected THEN 'rejected' ELSE 'held' END AS outcome, _problems AS problems, payload "
            "FROM mapped LEFT JOIN payloads USING (_page, _pos) WHERE len(_problems) > 0 AND _newest "
            f"AND record_id NOT IN ({_GONE}) QUALIFY row_number() OVER (PARTITION BY record_id) = 1"
        )

    def _who(self) -> str:
        names = {"connection": self.lease.connection, "stream": self.lease.stream}
        return ", ".join(f"{literal(value)} AS {identifier(name)}" for name, value in names.items())


def ask_again(store: FileStore, records: Sequence[tuple[str, str, str]]) -> int:
    """Let the next run ask for records (connection, stream, id) whose rejects are open; tell how many.

    Raises AlreadyRunning while a run holds one of their streams: nothing is changed then.
    """
    with store.changing() as engine:
        held = [leases.acquire(engine, *stream, "by hand") for stream in sorted({record[:2] for record in records})]
        rows = ", ".join(f"({', '.join(map(literal, record))})" for record in records)
        found = engine.rows(
            f"UPDATE {engine.full(REJECTS)} SET asked_at = now() "
            f"WHERE (connection, stream, record_id) IN ({rows}) AND resolved_at IS NULL RETURNING record_id"
        )
        for lease in held:
            leases.release(engine, lease)
    return len(found)
