"""Reconcile: a stream's mirror beside its hub table -> hub rows, links, conflicts, and the writes that the CRM is owed.

Slice by slice, each of them one transaction. What a slice has settled is apart no more, so a killed run needs no way
back in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from crmsync.mapping import identifier, literal
from crmsync.mapping.lists import ELEMENT, mapped
from crmsync.store import Append, Change, Commit, Expect, FileStore, Lease, Update, Upsert, agreed_text, alike
from crmsync.store.schema import LINKS
from crmsync.sync.merge.match import match
from crmsync.sync.merge.outbox import Outbox
from crmsync.sync.merge.pairs import merge_pairs
from crmsync.sync.merge.side import Side, bring_hub
from crmsync.sync.merge.terms import bring_records

SLICE = 20_000  # pairs: memory is bounded, and planning the merge costs less than a tenth of it
_ENDINGS = "CASE _ending WHEN 'mark' THEN 'deleted' WHEN 'forget' THEN 'deleted' ELSE 'linked' END"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of the pairs that were apart."""

    made: int = 0  # hub rows of records that nobody knew
    changed: int = 0  # hub rows that took something of a record's
    linked: int = 0  # hub rows and records that were found to be the same
    planned: int = 0  # writes that the CRM is owed
    conflicts: int = 0  # fields, or groups of them, that wait for a person
    unclear: int = 0  # records with several candidates
    copied: int = 0  # rows that wait, since others have the same _id

    def __add__(self, other: Reconciled) -> Reconciled:
        return Reconciled(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Reconciled)))


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Brings one stream's pairs back in step. `lease` is the hub's, so that nobody else makes the same row.

    `take`: the hub takes what the CRM has; else that waits for a run in which it does.
    """

    store: FileStore
    side: Side
    lease: Lease
    take: bool = True

    def run(self) -> Reconciled:
        """Everything that is apart. Raises StoreMoved where a hub row is edited while it is merged."""
        bring_hub(self.store, self.side)
        found = self.store.apart(self.side.pairing, "apart")
        match(self.store, self.side)
        self._outbox.withdraw()
        if not found:
            return Reconciled()
        done = Reconciled(unclear=self._count("unclear"), copied=self._count("apart WHERE hub = 'twice'"))
        if done.unclear:
            self._commit(self._outbox.of_unclear())
        known = "(SELECT remote_id FROM matched UNION ALL SELECT remote_id FROM unclear)"
        claimed = "(SELECT hub_id FROM matched UNION ALL SELECT unnest(hub_ids) FROM unclear)"
        linked = "state = 'linked' AND hub <> 'twice' AND mirror NOT IN ('left', 'gone')"
        queue = self._queue(
            arrives=f"apart ANTI JOIN {known} USING (remote_id) WHERE mirror = 'new'",
            matched="matched",
            linked=f"apart ANTI JOIN matched USING (hub_id) WHERE {linked}",
            owed=f"apart ANTI JOIN {claimed} USING (hub_id) WHERE hub = 'new'",
        )
        if self.take:
            for _ in self._slices(queue, "arrives"):
                done += self._arrive()
        for _ in self._slices(queue, "matched"):
            done += self._merge("SELECT hub_id, remote_id, NULL::JSON AS base, NULL::JSON AS shown FROM part", new=True)
        for _ in self._slices(queue, "linked"):
            done += self._linked_pairs()
        for _ in self._slices(queue, "owed"):
            done += self._owe()
        return done

    def again(self, hub_ids: Sequence[str]) -> Reconciled:
        """Let pairs that were written just now take what the CRM says besides; what they owe is left to `run`.

        Raises StoreMoved where a hub row is edited meanwhile.
        """
        done = Reconciled()
        asked = "SELECT unnest($ids::VARCHAR[]) AS hub_id, NULL::VARCHAR AS remote_id"
        self.store.engine.table("written", asked, {"ids": list(hub_ids)})
        record = agreed_text((f.name, f.type, f"r.{identifier(f.name)}") for f in self.side.fields)
        says = f"{record} IS DISTINCT FROM l.shown OR r._deleted_at IS NOT NULL"
        for _ in self._slices(self._queue(written="written"), "written"):
            self._bring_links()
            bring_records(self.store, self.side, "SELECT remote_id AS _id FROM links")
            if self._table("part", f"SELECT hub_id FROM links l JOIN remote r ON r._id = l.remote_id WHERE {says}"):
                done += self._linked_pairs(owe=False)
        return done

    def _linked_pairs(self, *, owe: bool = True) -> Reconciled:
        """Merge the pairs of the slice."""
        self._bring_links()
        return self._merge("SELECT hub_id, remote_id, base, shown FROM links", new=False, owe=owe)

    def _bring_links(self) -> None:
        """Fill the engine table `links` with those of the slice."""
        asked = f"SELECT {self.side.who()}, hub_id FROM part"
        self.store.lookup(LINKS, asked, "links", (*LINKS.key, "remote_id", "base", "shown", "taken"))

    def _arrive(self) -> Reconciled:
        """Make a hub row, and its link, of each record of the slice."""
        bring_records(self.store, self.side, "SELECT remote_id AS _id FROM part")
        names = ", ".join(identifier(field.name) for field in self.side.fields)
        born = self._table("born", "SELECT uuidv7()::VARCHAR AS hub_id, * FROM remote")
        self._table("hub_rows", f"SELECT hub_id AS _id, {names}, now() AS _created_at FROM born")
        self._table(
            "new_links",
            f"SELECT {self.side.who()}, hub_id, _id AS remote_id, {self._agreed('born')} AS base, base AS shown, "
            f"{self._linked()} FROM born",
        )
        self._commit([Append(self.side.hub, "hub_rows"), Append(LINKS, "new_links")])
        return Reconciled(made=born)

    def _merge(self, pairs: str, *, new: bool, owe: bool = True) -> Reconciled:
        """Merge the pairs of the engine query. `new`: their rows have no link, or that of a record that is gone.

        `owe`: plan writes, too.
        """
        merged = merge_pairs(self.store, self.side, pairs, take=self.take)
        names = ", ".join(identifier(field.name) for field in self.side.fields)
        changed = self._table("changed", f"SELECT _id, {names} FROM merged WHERE _changed")
        link = f"{self.side.who()}, _id AS hub_id, _remote_id AS remote_id, _base AS base, _shown AS shown"
        if new:
            moved = self._table("moved", f"SELECT {link}, {self._taken('NULL::JSON')}, {self._linked()} FROM merged")
        else:
            state = f"{_ENDINGS} AS state, now() AS moved_at, {literal(self.lease.run_id)} AS run_id"
            ended = "_ending IN ('mark', 'forget')"
            moved = self._table(
                "moved",
                f"SELECT {link}, {self._taken('l.taken')}, {state} FROM merged JOIN links l ON l.hub_id = merged._id "
                f"WHERE _moved OR {ended}",
            )
        planned, conflicts, changes = self._outbox.of_merged() if owe else (0, 0, [])
        if moved:
            changes.append(Upsert(LINKS, "moved") if new else Update(LINKS, "moved"))
        if changed:
            changes.append(Update(self.side.hub, "changed"))
        if changes:
            self._table("as_read", "SELECT * FROM hub_rows SEMI JOIN merged USING (_id)")
            self._commit(changes, [Expect(self.side.hub, "as_read")])
        return Reconciled(changed=changed, linked=merged if new else 0, planned=planned, conflicts=conflicts)

    def _owe(self) -> Reconciled:
        """Plan that the hub rows of the slice are created in the CRM."""
        columns = ("_id", *(field.name for field in self.side.fields))
        self.store.lookup(self.side.hub, "SELECT hub_id AS _id FROM part", "hub_rows", columns)
        planned, changes = self._outbox.of_new(self._agreed("hub_rows"))
        if changes:
            self._commit(changes)
        return Reconciled(planned=planned)

    @property
    def _outbox(self) -> Outbox:
        return Outbox(self.store, self.side, self.lease)

    # -- texts ---------------------------------------------------------------------------------------------------------

    def _agreed(self, table: str) -> str:
        """SQL: a row's text as both sides have it.

        A reference that waits is agreed to be empty: to the hub, the CRM changes it once its record is known.
        """
        return agreed_text((f.name, f.type, alike(f.words, f"{table}.{identifier(f.name)}")) for f in self.side.fields)

    def _taken(self, before: str) -> str:
        """SQL: what the link says of the fields that the hub took, with those that it takes now."""
        note = f"to_json({{'at': now(), 'run_id': {literal(self.lease.run_id)}}})::VARCHAR"
        entries = mapped("_taken", f"to_json({ELEMENT})::VARCHAR || ':' || {note}")
        patch = f"('{{' || array_to_string({entries}, ',') || '}}')::JSON"
        return (
            f"CASE WHEN _changed THEN json_merge_patch(coalesce({before}, '{{}}'), {patch}) ELSE {before} END AS taken"
        )

    def _linked(self) -> str:
        run = literal(self.lease.run_id)
        return f"'linked' AS state, now() AS linked_at, now() AS moved_at, {run} AS run_id"

    # -- the engine ----------------------------------------------------------------------------------------------------

    def _queue(self, **kinds: str) -> Mapping[str, tuple[int, int]]:
        """Fill the engine table `queue` with the rows of several kinds; of each kind, the first and the last place."""
        rows = [f"SELECT '{kind}' AS kind, hub_id, remote_id FROM {those}" for kind, those in kinds.items()]
        self._table("queue", f"SELECT *, row_number() OVER () AS place FROM ({' UNION ALL '.join(rows)})")
        found = self.store.engine.rows("SELECT kind, min(place), max(place) FROM queue GROUP BY kind")
        return {kind: (first, last) for kind, first, last in found}

    def _slices(self, queue: Mapping[str, tuple[int, int]], kind: str) -> Iterator[None]:
        """Fill the engine table `part` with one slice of a kind after the other."""
        first, last = queue.get(kind, (0, -1))
        for start in range(first, last + 1, SLICE):
            within = f"place BETWEEN {start} AND {start + SLICE - 1}"
            self._table("part", f"SELECT hub_id, remote_id FROM queue WHERE kind = '{kind}' AND {within}")
            yield

    def _table(self, name: str, query: str) -> int:
        return self.store.engine.table(name, query)

    def _count(self, relation: str) -> int:
        return int(self.store.engine.value(f"SELECT count(*) FROM {relation}"))

    def _commit(self, changes: Sequence[Change], expects: Sequence[Expect] = ()) -> None:
        self.store.commit(Commit(self.lease, changes, expects=expects))
