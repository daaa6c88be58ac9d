"""Resolve: a person's decision on conflicts -> hub row, link and conflict, so that the next sync carries it out.

Nothing is sent. Where the hub is to win, the CRM's values count as seen: only the hub has changed then. Where the CRM
is to win, the hub takes its values now. What was lost stays in the conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from crmsync.errors import AlreadyRunning, ConflictMoved, UsageError
from crmsync.mapping import identifier, literal
from crmsync.mapping.types import duckdb_type
from crmsync.store import HUB, Append, Change, Clear, Commit, FileStore, Lease, Shared, Table, Update
from crmsync.store.schema import CONFLICTS, LINKS
from crmsync.sync.merge.pairs import merge_pairs
from crmsync.sync.merge.settle import settle_sql
from crmsync.sync.merge.side import Side

Winner: TypeAlias = Literal["hub", "remote", "value"]

_READ = {  # how a text is checked and read beyond what the column's type says; NULL: it does not fit
    "email": r"CASE WHEN regexp_full_match(lower(trim($text)), '[^@\s]+@[^@\s]+') THEN lower(trim($text)) END",
    "integer": r"CASE WHEN regexp_full_match(trim($text), '[+-]?\d+') THEN try_cast(trim($text) AS BIGINT) END",
    "json": "CASE WHEN json_valid($text) THEN $text::JSON END",
}
# The text that base moves to where the hub wins: it stays, and where nothing was agreed on, the CRM's values count so
_AS_SEEN = (
    "'{' || array_to_string(list_transform(c.fields, lambda name: to_json(name)::VARCHAR || ':' || coalesce("
    "(CASE WHEN list_contains(json_keys(coalesce(p.base, '{}')), name) THEN p.base ELSE c.remote END"
    "->('$.\"' || name || '\"'))::VARCHAR, 'null')), ',') || '}'"
)


def resolve(store: FileStore, side: Side, ids: Sequence[str], winner: Winner, value: str, run_id: str) -> None:
    """Let `winner` win the open conflicts `ids` of the stream, all of them or none; a `value` is given for one field.

    Raises ConflictMoved where a side is no longer as the conflict has it, UsageError for a value that does not fit or
    where one cannot decide, AlreadyRunning where the hub's rows of this kind are being merged.
    """
    try:
        lease = store.hold(HUB, side.stream, run_id, f"decides on conflicts of {HUB}.{side.stream}")
    except AlreadyRunning as error:
        raise AlreadyRunning(error.message, hint="That takes seconds: run the same command again.") from None
    try:
        _Resolve(store, side, lease, winner, value).run(ids)
    finally:
        store.let_go(lease)


@dataclass(frozen=True, slots=True)
class _Resolve:
    """One transaction. Everything that it reads it reads while nobody else has the file."""

    store: FileStore
    side: Side
    lease: Lease
    winner: Winner
    value: str

    def run(self, ids: Sequence[str]) -> None:
        self.store.engine.execute("CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest($1::VARCHAR[]) AS id", [ids])
        self.store.lookup(CONFLICTS, "SELECT id FROM wanted", "noted")
        links = f"SELECT DISTINCT {self.side.who()}, hub_id FROM noted"
        self.store.lookup(LINKS, links, "links", (*LINKS.key, "remote_id", "base", "shown", "state"))
        merge_pairs(self.store, self.side, "SELECT hub_id, remote_id, base, shown FROM links WHERE state = 'linked'")
        self._require_unmoved()
        self._require_unit()
        further = {"hub": self._of_hub, "remote": self._of_remote, "value": self._of_value}[self.winner]()
        self._table(
            "resolved",
            f"SELECT id, {literal(self.winner)} AS winner, now() AS resolved_at, 'person' AS resolution FROM noted",
        )
        changes = [self._seen(), *further, Update(CONFLICTS, "resolved")]
        self.store.commit(Commit(self.lease, changes, logs=[self._log(len(ids))]))

    def _require_unmoved(self) -> None:
        """Each conflict is one still, and both sides are as it has them."""
        now = "(SELECT _id AS hub_id, unnest(_conflicts) AS c FROM merged)"
        moved = self._rows(
            "SELECT id, CASE WHEN resolved_at IS NOT NULL THEN 'was resolved meanwhile' "
            "WHEN c IS NULL THEN 'is none any more' "
            "WHEN hub::VARCHAR IS DISTINCT FROM c.hub THEN 'is outdated: the hub has changed since it was noted' "
            "WHEN remote::VARCHAR IS DISTINCT FROM c.remote THEN "
            "'is outdated: the CRM has changed since it was noted' END AS why "
            f"FROM noted o LEFT JOIN {now} n ON n.hub_id = o.hub_id AND c.fields = o.fields "
            "WHERE why IS NOT NULL ORDER BY ALL"
        )
        if moved:
            raise ConflictMoved("\n".join(f"Conflict {id_} {why}." for id_, why in moved))
        if copies := self._rows("SELECT _id FROM hub_rows GROUP BY _id HAVING count(*) > 1"):
            raise UsageError(f"Several rows of crm.{self.side.stream} have the _id {copies[0][0]}: keep one of them.")

    def _require_unit(self) -> None:
        """Where the hub is to win, its amount is in the currency that the CRM counts in: else it stays a conflict."""
        for value, unit in (group.measured for group in self.side.groups if group.measured):
            ours, theirs = (f"{side}->>{literal(unit.name)}" for side in ("hub", "remote"))
            if self.winner == "hub" and (other := self._rows(f"SELECT {theirs} FROM noted WHERE {ours} <> {theirs}")):
                raise UsageError(
                    f"{self.side.connection} counts this in {other[0][0]}, which cannot be written there: the hub's "
                    f"{value.name} would be another one.",
                    hint=f"Write {value.name} and {unit.name} into crm.{self.side.stream} in {other[0][0]}, and sync; "
                    "or take remote.",
                )

    # -- what a decision changes ---------------------------------------------------------------------------------------

    def _seen(self) -> Change:
        """Shown moves to what the CRM has in the conflicts' fields; base does, too, where the CRM wins."""
        text = "c.remote::VARCHAR" if self.winner == "remote" else _AS_SEEN
        self._table(
            "written",
            f"SELECT p.hub_id, p.remote_id, p.base, p.shown, '{{' || string_agg(({text})[2:-2], ',') || '}}' AS sent "
            "FROM pairs p JOIN noted c USING (hub_id) WHERE c.remote IS NOT NULL GROUP BY ALL",
        )
        self.store.engine.execute(settle_sql(self.side.groups))
        self._table(
            "seen",
            f"SELECT {self.side.who()}, _id AS hub_id, _remote_id AS remote_id, _base AS base, _shown AS shown, "
            f"{self._moved()} FROM settled",
        )
        return Update(LINKS, "seen")

    def _of_hub(self) -> list[Change]:
        """What is gone in the CRM is created again: without its link, the hub's row counts as new."""
        who = {"connection": self.side.connection, "stream": self.side.stream}
        gone = self._rows("SELECT hub_id FROM noted WHERE remote IS NULL")
        return [Clear(LINKS, {**who, "hub_id": hub_id}) for (hub_id,) in gone]

    def _of_remote(self) -> list[Change]:
        """The hub's rows take what the CRM has; those that are gone are made again under their ids.

        What is gone in the CRM: its link ends, and the hub's row stays.
        """
        names = [(f.name, identifier(f.name), f.refers is not None) for f in self.side.fields]
        taken = ", ".join(
            f"CASE WHEN list_contains(t.names, {literal(name)}) THEN r.{column} ELSE h.{column} END AS {column}"
            for name, column, _ in names
        )
        rows = "JOIN pairs p USING (hub_id) JOIN remote r ON r._id = p.remote_id"
        self._table(
            "taken",
            f"SELECT h._id, {taken} FROM (SELECT hub_id, flatten(list(fields)) AS names FROM noted "
            f"WHERE remote IS NOT NULL GROUP BY hub_id) t {rows} JOIN hub_rows h ON h._id = t.hub_id",
        )
        reborn = ", ".join(
            f"CASE WHEN list_contains(r._pending, {literal(name)}) THEN p.base->>{literal(name)} ELSE r.{column} END "
            f"AS {column}"
            if refers
            else f"r.{column}"
            for name, column, refers in names
        )
        self._table(
            "reborn",
            f"SELECT hub_id AS _id, {reborn}, now() AS _created_at FROM noted n {rows} WHERE n.hub IS NULL",
        )
        self._table(
            "ended",
            f"SELECT {self.side.who()}, hub_id, 'deleted' AS state, {self._moved()} FROM noted WHERE remote IS NULL",
        )
        return [Update(self.side.hub, "taken"), Append(self.side.hub, "reborn"), Update(LINKS, "ended")]

    def _of_value(self) -> list[Change]:
        """The value in the one field of the one conflict."""
        ((hub_id, fields, both),) = self._rows(
            "SELECT hub_id, fields, hub IS NOT NULL AND remote IS NOT NULL FROM noted"
        )
        if not both:
            raise UsageError("A record that was deleted on one side takes no value.", hint="Take hub or remote.")
        if len(fields) > 1:
            raise UsageError(
                f"{' and '.join(fields)} belong together: one value cannot decide.",
                hint="Take hub or remote. To have something else, write it into the hub's row, sync, and take hub.",
            )
        field = next(field for field in self.side.fields if field.name == fields[0])
        self.store.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE given AS SELECT $id AS _id, $found::{duckdb_type(field.type)} "
            f"AS {identifier(field.name)}",
            {"id": hub_id, "found": self._read(field)},
        )
        return [Update(self.side.hub, "given")]

    def _read(self, field: Shared) -> Any:
        """The value as its column holds it; an empty one is none."""
        if not self.value:
            return None
        sql = _READ.get(field.type, f"try_cast($text AS {duckdb_type(field.type)})")
        found = self.store.engine.value(f"SELECT {sql}", {"text": self.value})
        wanted = f"of the type {field.type}"
        if field.refers is not None:
            there = Table(HUB, field.refers, (), ("_id",))
            wanted = f"an _id of crm.{field.refers}"
            found = found if self.store.lookup(there, f"SELECT {literal(found)} AS _id", "meant", ("_id",)) else None
        if found is None:
            raise UsageError(f"{field.name} takes a value that is {wanted}; {self.value!r} is none.")
        return found

    # -- the engine ----------------------------------------------------------------------------------------------------

    def _log(self, number: int) -> Mapping[str, Any]:
        message = f"{number} conflicts with {self.side.connection} were decided by a person: {self.winner}."
        return {"at": datetime.now(UTC), "level": "info", "event": "Resolved", "message": message}

    def _moved(self) -> str:
        return f"now() AS moved_at, {literal(self.lease.run_id)} AS run_id"

    def _table(self, name: str, query: str) -> None:
        self.store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS {query}")

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.engine.rows(sql)
