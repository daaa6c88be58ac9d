"""Outbox: what a merge owes the CRM and a person -> rows of crmsync.intents and crmsync.conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.mapping import literal
from crmsync.store import Append, Change, Commit, FileStore, Lease, Update, Upsert
from crmsync.store.schema import CONFLICTS, CONFLICTS_OF_ROW, INTENTS, INTENTS_OF_ROW
from crmsync.sync.merge.side import Side

SLICE = 20_000  # intents
ATTEMPTS = 5  # a write that was refused so often waits until its row changes, or a person retries it
AMBIGUOUS, LOST = "ambiguous", "lost"  # codes of our own: several records may be the row's; one may be its create


@dataclass(frozen=True, slots=True)
class Outbox:
    """Stages the intents and conflicts of one stream."""

    store: FileStore
    side: Side
    lease: Lease

    def withdraw(self) -> None:
        """Supersede what is owed to rows that are neither in the engine table `apart` nor in `unclear`."""
        for state in ("planned", "rejected"):
            self._withdraw({**self.side.whose, "state": state})

    def _withdraw(self, where: Mapping[str, str]) -> None:
        after = ""
        while self.store.slice(INTENTS, where, after, SLICE, "planned"):
            after = self.store.engine.value("SELECT max(id) FROM planned")
            over = self._table(
                "over",
                "SELECT id, 'superseded' AS state, now() AS settled_at FROM planned "
                "WHERE (source IS NULL OR state = 'planned') "  # a row of a file that was refused stays told
                "AND hub_id NOT IN (SELECT hub_id FROM apart WHERE hub_id IS NOT NULL) "
                "AND hub_id NOT IN (SELECT unnest(hub_ids) FROM unclear)",
            )
            if over:
                self.store.commit(Commit(self.lease, [Update(INTENTS, "over")]))

    def of_merged(self) -> tuple[int, int, list[Change]]:
        """Those of the engine table `merged`: how many of each are new or still open, and the changes."""
        owed = self._table(
            "owed",
            "SELECT _id AS hub_id, _remote_id AS remote_id, _sent AS fields, "
            "CASE WHEN _ending = 'archive' THEN 'archive' ELSE 'update' END AS action FROM merged "
            "WHERE _sent IS NOT NULL OR _ending = 'archive'",
        )
        changes = self._planned(owed, "SELECT _id AS hub_id FROM merged")
        conflicts, further = self._conflicts()
        return owed, conflicts, [*changes, *further]

    def of_new(self, text: str) -> tuple[int, list[Change]]:
        """Those that create the rows of the engine table `hub_rows`, whose values are `text`."""
        owed = self._table(
            "owed",
            f"SELECT _id AS hub_id, NULL::VARCHAR AS remote_id, 'create' AS action, {text} AS fields FROM hub_rows",
        )
        return owed, self._planned(owed, "SELECT hub_id FROM owed")

    def of_unclear(self) -> list[Change]:
        """Those that are not sent, since several records or rows have the same key: of the engine table `unclear`."""
        told = "'The same key have the records ' || records || ' and the rows ' || rows || ' of the hub.'"
        self._table(
            "doubtful",
            f"SELECT hub_id, {told} AS message FROM (SELECT hub_id, string_agg(DISTINCT remote_id, ', ') AS records, "
            "any_value(array_to_string(hub_ids, ', ')) AS rows FROM (SELECT *, unnest(hub_ids) AS hub_id FROM unclear) "
            "GROUP BY hub_id)",
        )
        self._bring_earlier("doubtful")
        same = (
            f"e.hub_id = d.hub_id AND e.state = 'rejected' AND e.code = {literal(AMBIGUOUS)} AND e.message = d.message"
        )
        over = self._table(
            "over",
            "SELECT id, 'superseded' AS state, now() AS settled_at FROM earlier e "
            f"WHERE state IN ('planned', 'rejected') AND NOT EXISTS (FROM doubtful d WHERE {same})",
        )
        fresh = self._table(
            "fresh",
            f"SELECT uuidv7()::VARCHAR AS id, {self.side.who()}, hub_id, 'create' AS action, 'rejected' AS state, "
            f"0 AS attempts, {literal(self.lease.run_id)} AS run_id, {literal(AMBIGUOUS)} AS code, message, "
            f"now() AS planned_at, now() AS settled_at FROM doubtful d WHERE NOT EXISTS (FROM earlier e WHERE {same})",
        )
        return _changes(over, fresh)

    def _planned(self, owed: int, about: str) -> list[Change]:
        """Intents of `owed`; a planned one that says the same stays, any other of these hub rows is superseded.

        The last one of a row that was refused, and says the same, is planned once more in each run, up to ATTEMPTS.
        """
        if not self._bring_earlier(f"({about})") and not owed:
            return []
        same = (
            "o.hub_id = w.hub_id AND o.action = w.action AND o.fields::VARCHAR IS NOT DISTINCT FROM w.fields::VARCHAR "
            "AND (o.action = 'create' OR o.remote_id IS NOT DISTINCT FROM w.remote_id)"
        )
        lost = f"o.hub_id = w.hub_id AND o.action = w.action AND o.code = {literal(LOST)}"
        self._table(
            "refused",
            "SELECT * FROM (SELECT * FROM earlier QUALIFY id = max(id) OVER (PARTITION BY hub_id)) "
            f"o WHERE state = 'rejected' AND EXISTS (FROM owed w WHERE {same} OR {lost})",
        )
        over = self._table(
            "over",
            "SELECT id, 'superseded' AS state, now() AS settled_at FROM earlier o WHERE "
            f"(state = 'planned' AND NOT EXISTS (FROM owed w WHERE {same}) "
            "OR state = 'rejected' AND id NOT IN (SELECT id FROM refused)) UNION ALL BY NAME "
            "SELECT id, 'planned' AS state, NULL::TIMESTAMPTZ AS settled_at FROM refused "
            f"WHERE code IS DISTINCT FROM {literal(LOST)} AND attempts < {ATTEMPTS} "
            f"AND run_id IS DISTINCT FROM {literal(self.lease.run_id)}",
        )
        fresh = self._table(
            "fresh",
            f"SELECT uuidv7()::VARCHAR AS id, {self.side.who()}, hub_id, remote_id, action, fields, "
            f"'planned' AS state, 0 AS attempts, {literal(self.lease.run_id)} AS run_id, now() AS planned_at "
            "FROM owed w WHERE hub_id NOT IN (SELECT hub_id FROM refused) AND NOT EXISTS (FROM earlier o "
            f"WHERE o.hub_id = w.hub_id AND (o.state IN ('sent', 'unknown') OR o.state = 'planned' AND {same}))",
        )
        return _changes(over, fresh)

    def _bring_earlier(self, rows: str) -> int:
        """Fill the engine table `earlier` with the intents of hub rows; those of plans are drafts, or were."""
        found = self.store.lookup(INTENTS_OF_ROW, f"SELECT {self.side.who()}, hub_id FROM {rows}", "earlier")
        if found:
            self.store.engine.execute("DELETE FROM earlier WHERE plan_id IS NOT NULL")
        return found

    def _conflicts(self) -> tuple[int, list[Change]]:
        """Conflicts of `merged`, one row a group of fields: open ones that are none any more are resolved."""
        earlier = self.store.lookup(CONFLICTS_OF_ROW, f"SELECT {self.side.who()}, _id AS hub_id FROM merged", "earlier")
        # One that the hub has won is met again until the CRM confirms: it is told once.
        told = " AND ".join(f"e.{n}::VARCHAR IS NOT DISTINCT FROM c.{n}::VARCHAR" for n in ("base", "hub", "remote"))
        found = self._table(
            "found",
            "SELECT _id AS hub_id, _remote_id AS remote_id, c.fields, c.base, c.hub, c.remote, c.policy, c.winner "
            "FROM (SELECT _id, _remote_id, unnest(_conflicts) AS c FROM merged) WHERE c.winner IS DISTINCT FROM 'hub' "
            "OR NOT EXISTS (FROM earlier e WHERE e.hub_id = _id AND e.fields = c.fields AND e.winner = 'hub' "
            f"AND {told})",
        )
        if not found and not earlier:
            return 0, []
        open_ = "(FROM earlier WHERE resolved_at IS NULL)"
        now = "CASE WHEN f.winner IS NOT NULL THEN now() END"
        disputed = self._table(
            "disputed",
            f"SELECT coalesce(o.id, uuidv7()::VARCHAR) AS id, {self.side.who()}, f.hub_id, f.remote_id, f.fields, "
            "f.base, f.hub, f.remote, f.policy, f.winner, "
            f"coalesce(o.opened_at, now()) AS opened_at, {literal(self.lease.run_id)} AS run_id, {now} AS resolved_at, "
            "CASE WHEN f.winner IS NOT NULL THEN 'policy' END AS resolution "
            f"FROM found f LEFT JOIN {open_} o ON o.hub_id = f.hub_id AND o.fields = f.fields "
            f"UNION ALL BY NAME SELECT * REPLACE (now() AS resolved_at, 'agreed' AS resolution) FROM {open_} o "
            "WHERE NOT EXISTS (FROM found f WHERE f.hub_id = o.hub_id AND f.fields = o.fields)",
        )
        held = int(self.store.engine.value("SELECT count(*) FROM found WHERE winner IS NULL"))
        return held, [Upsert(CONFLICTS, "disputed")] if disputed else []

    def _table(self, name: str, query: str) -> int:
        return self.store.engine.table(name, query)


def _changes(over: int, fresh: int) -> list[Change]:
    """Those of the engine tables `over` and `fresh`, as far as there is something in them."""
    return [*([Update(INTENTS, "over")] if over else []), *([Append(INTENTS, "fresh")] if fresh else [])]
