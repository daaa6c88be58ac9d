"""Outbox: what a merge owes the CRM and a person -> rows of crmsync.intents and crmsync.conflicts."""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.mapping import literal
from crmsync.store import Append, Change, Commit, FileStore, Lease, Update, Upsert
from crmsync.store.schema import CONFLICTS, CONFLICTS_OF_ROW, INTENTS, INTENTS_OF_ROW
from crmsync.sync.merge.side import Side

SLICE = 20_000  # intents


@dataclass(frozen=True, slots=True)
class Outbox:
    """Stages the intents and conflicts of one stream."""

    store: FileStore
    side: Side
    lease: Lease

    def withdraw(self) -> None:
        """Supersede what is planned for pairs that are not in the engine table `apart`: the hub took it back."""
        where = {"connection": self.side.connection, "stream": self.side.stream, "state": "planned"}
        after = ""
        while self.store.slice(INTENTS, where, after, SLICE, "planned"):
            after = self.store.engine.value("SELECT max(id) FROM planned")
            self._table(
                "over",
                "SELECT id, 'superseded' AS state, now() AS settled_at FROM planned "
                "WHERE hub_id NOT IN (SELECT hub_id FROM apart WHERE hub_id IS NOT NULL)",
            )
            if self.store.engine.value("SELECT count(*) FROM over"):
                self.store.commit(Commit(self.lease, [Update(INTENTS, "over")]))

    def of_merged(self) -> tuple[int, int, list[Change]]:
        """Those of the engine table `merged`: how many of each are new or still open, and the changes."""
        self._table(
            "owed",
            "SELECT _id AS hub_id, _remote_id AS remote_id, _sent AS fields, "
            "CASE WHEN _ending = 'archive' THEN 'archive' ELSE 'update' END AS action FROM merged "
            "WHERE _sent IS NOT NULL OR _ending = 'archive'",
        )
        planned, changes = self._planned("SELECT _id AS hub_id FROM merged")
        conflicts, further = self._conflicts()
        return planned, conflicts, [*changes, *further]

    def of_new(self, text: str) -> tuple[int, list[Change]]:
        """Those that create the rows of the engine table `hub_rows`, whose values are `text`."""
        self._table(
            "owed",
            f"SELECT _id AS hub_id, NULL::VARCHAR AS remote_id, 'create' AS action, {text} AS fields FROM hub_rows",
        )
        return self._planned("SELECT hub_id FROM owed")

    def _planned(self, about: str) -> tuple[int, list[Change]]:
        """Intents of `owed`; a planned one that says the same stays, any other of these hub rows is superseded."""
        self.store.lookup(INTENTS_OF_ROW, f"SELECT {self.side.who()}, hub_id FROM ({about})", "earlier")
        self._table("open", "SELECT * FROM earlier WHERE state IN ('planned', 'sent', 'unknown')")
        same = "o.action = w.action AND o.fields::VARCHAR IS NOT DISTINCT FROM w.fields::VARCHAR"
        self._table(
            "over",
            f"SELECT id, 'superseded' AS state, now() AS settled_at FROM open o WHERE state = 'planned' AND NOT EXISTS "
            f"(FROM owed w WHERE w.hub_id = o.hub_id AND {same})",
        )
        self._table(
            "fresh",
            f"SELECT uuidv7()::VARCHAR AS id, {self.side.who()}, hub_id, remote_id, action, fields, "
            f"'planned' AS state, 0 AS attempts, {literal(self.lease.run_id)} AS run_id, now() AS planned_at "
            "FROM owed w WHERE NOT EXISTS "
            f"(FROM open o WHERE o.hub_id = w.hub_id AND (o.state <> 'planned' OR {same}))",
        )
        planned = int(self.store.engine.value("SELECT count(*) FROM owed"))
        changes: list[Change] = []
        if self.store.engine.value("SELECT count(*) FROM over"):
            changes.append(Update(INTENTS, "over"))
        if self.store.engine.value("SELECT count(*) FROM fresh"):
            changes.append(Append(INTENTS, "fresh"))
        return planned, changes

    def _conflicts(self) -> tuple[int, list[Change]]:
        """Conflicts of `merged`, one row a group of fields: open ones that are none any more are resolved."""
        self.store.lookup(CONFLICTS_OF_ROW, f"SELECT {self.side.who()}, _id AS hub_id FROM merged", "earlier")
        # One that the hub has won is met again until the CRM confirms: it is told once.
        told = " AND ".join(f"e.{n}::VARCHAR IS NOT DISTINCT FROM c.{n}::VARCHAR" for n in ("base", "hub", "remote"))
        self._table(
            "found",
            "SELECT _id AS hub_id, _remote_id AS remote_id, c.fields, c.base, c.hub, c.remote, c.policy, c.winner "
            "FROM (SELECT _id, _remote_id, unnest(_conflicts) AS c FROM merged) WHERE c.winner IS DISTINCT FROM 'hub' "
            "OR NOT EXISTS (FROM earlier e WHERE e.hub_id = _id AND e.fields = c.fields AND e.winner = 'hub' "
            f"AND {told})",
        )
        self._table("open", "SELECT * FROM earlier WHERE resolved_at IS NULL")
        if not self.store.engine.value("SELECT (SELECT count(*) FROM found) + (SELECT count(*) FROM open)"):
            return 0, []
        now = "CASE WHEN f.winner IS NOT NULL THEN now() END"
        self._table(
            "disputed",
            f"SELECT coalesce(o.id, uuidv7()::VARCHAR) AS id, {self.side.who()}, f.hub_id, f.remote_id, f.fields, "
            "f.base, f.hub, f.remote, f.policy, f.winner, "
            f"coalesce(o.opened_at, now()) AS opened_at, {literal(self.lease.run_id)} AS run_id, {now} AS resolved_at, "
            "CASE WHEN f.winner IS NOT NULL THEN 'policy' END AS resolution "
            "FROM found f LEFT JOIN open o ON o.hub_id = f.hub_id AND o.fields = f.fields "
            "UNION ALL BY NAME SELECT * REPLACE (now() AS resolved_at, 'agreed' AS resolution) FROM open o "
            "WHERE NOT EXISTS (FROM found f WHERE f.hub_id = o.hub_id AND f.fields = o.fields)",
        )
        held = int(self.store.engine.value("SELECT count(*) FROM found WHERE winner IS NULL"))
        return held, [Upsert(CONFLICTS, "disputed")]

    def _table(self, name: str, query: str) -> None:
        self.store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
