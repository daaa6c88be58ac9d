"""Reconcile: a stream's mirror beside its hub table -> hub rows, links, conflicts, and the writes that the CRM is owed.

Slice by slice, each of them one transaction. What a slice has settled is apart no more, so a killed run needs no way
back in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from crmsync.mapping import identifier, literal
from crmsync.store import Append, Change, Commit, Expect, FileStore, Lease, Update, agreed_text, alike
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
        self._outbox.withdraw()
        if not found:
            return Reconciled()
        match(self.store, self.side)
        done = Reconciled(unclear=self._count("unclear"), copied=self._count("apart WHERE hub = 'twice'"))
        if changes := self._outbox.of_unclear():
            self._commit(changes)
        known = "(SELECT remote_id FROM matched UNION ALL SELECT remote_id FROM unclear)"
        if self.take:
            for _ in self._slices(f"apart ANTI JOIN {known} USING (remote_id) WHERE mirror = 'new'"):
                done += self._arrive()
        for _ in self._slices("matched"):
            done += self._merge("SELECT hub_id, remote_id, NULL::JSON AS base, NULL::JSON AS shown FROM part", new=True)
        for _ in self._slices("apart WHERE state = 'linked' AND hub <> 'twice' AND mirror NOT IN ('left', 'gone')"):
            done += self._linked_pairs()
        claimed = "(SELECT hub_id FROM matched UNION ALL SELECT unnest(hub_ids) FROM unclear)"
        for _ in self._slices(f"apart ANTI JOIN {claimed} USING (hub_id) WHERE hub = 'new'"):
            done += self._owe()
        return done

    def again(self, hub_ids: Sequence[str]) -> Reconciled:
        """Let pairs that were written just now take what the CRM says besides; what they owe is left to `run`.

        Raises StoreMoved where a hub row is edited meanwhile.
        """
        done = Reconciled()
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE again AS SELECT unnest($ids::VARCHAR[]) AS hub_id", {"ids": list(hub_ids)}
        )
        for _ in self._slices("again"):
            done += self._linked_pairs(owe=False)
        return done

    def _linked_pairs(self, *, owe: bool = True) -> Reconciled:
        """Merge the pairs of the slice."""
        asked = f"SELECT {self.side.who()}, hub_id FROM part"
        self.store.lookup(LINKS, asked, "links", (*LINKS.key, "remote_id", "base", "shown"))
        return self._merge("SELECT hub_id, remote_id, base, shown FROM links", new=False, owe=owe)

    def _arrive(self) -> Reconciled:
        """Make a hub row, and its link, of each record of the slice."""
        bring_records(self.store, self.side, "SELECT remote_id AS _id FROM part")
        names = ", ".join(identifier(field.name) for field in self.side.fields)
        self._table("born", "SELECT uuidv7()::VARCHAR AS hub_id, * FROM remote")
        self._table("hub_rows", f"SELECT hub_id AS _id, {names}, now() AS _created_at FROM born")
        self._table(
            "new_links",
            f"SELECT {self.side.who()}, hub_id, _id AS remote_id, {self._agreed('born')} AS base, base AS shown, "
            f"{self._linked()} FROM born",
        )
        self._commit([Append(self.side.hub, "hub_rows"), Append(LINKS, "new_links")])
        return Reconciled(made=self._count("born"))

    def _merge(self, pairs: str, *, new: bool, owe: bool = True) -> Reconciled:
        """Merge the pairs of the engine query; those that are `new` have no link yet. `owe`: plan writes, too."""
        merge_pairs(self.store, self.side, pairs, take=self.take)
        names = ", ".join(identifier(field.name) for field in self.side.fields)
        self._table("changed", f"SELECT _id, {names} FROM merged WHERE _changed")
        self._table("as_read", "SELECT * FROM hub_rows SEMI JOIN merged USING (_id)")
        moved = f"{self.side.who()}, _id AS hub_id, _remote_id AS remote_id, _base AS base, _shown AS shown"
        if new:
            self._table("moved", f"SELECT {moved}, {self._linked()} FROM merged")
        else:
            state = f"{_ENDINGS} AS state, now() AS moved_at, {literal(self.lease.run_id)} AS run_id"
            self._table("moved", f"SELECT {moved}, {state} FROM merged WHERE _moved OR _ending IN ('mark', 'forget')")
        changes: list[Change] = [
            Update(self.side.hub, "changed"),
            Append(LINKS, "moved") if new else Update(LINKS, "moved"),
        ]
        planned, conflicts, further = self._outbox.of_merged() if owe else (0, 0, [])
        self._commit([*changes, *further], [Expect(self.side.hub, "as_read")])
        return Reconciled(
            changed=self._count("changed"),
            linked=self._count("merged") if new else 0,
            planned=planned,
            conflicts=conflicts,
        )

    def _owe(self) -> Reconciled:
        """Plan that the hub rows of the slice are created in the CRM."""
        columns = ("_id", *(field.name for field in self.side.fields))
        self.store.lookup(self.side.hub, "SELECT hub_id AS _id FROM part", "hub_rows", columns)
        planned, changes = self._outbox.of_new(self._agreed("hub_rows"))
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

    def _linked(self) -> str:
        run = literal(self.lease.run_id)
        return f"'linked' AS state, now() AS linked_at, now() AS moved_at, {run} AS run_id"

    # -- the engine ----------------------------------------------------------------------------------------------------

    def _slices(self, rows: str) -> Iterator[None]:
        """Fill the engine table `part` with one slice of `rows` after the other."""
        self._table("queue", f"SELECT *, row_number() OVER () AS place FROM {rows}")
        for first in range(0, self._count("queue"), SLICE):
            self._table("part", f"SELECT * FROM queue WHERE place > {first} AND place <= {first + SLICE}")
            yield

    def _table(self, name: str, query: str) -> None:
        self._run(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS {query}")

    def _run(self, sql: str) -> None:
        self.store.engine.execute(sql)

    def _count(self, relation: str) -> int:
        return int(self.store.engine.value(f"SELECT count(*) FROM {relation}"))

    def _commit(self, changes: Sequence[Change], expects: Sequence[Expect] = ()) -> None:
        self.store.commit(Commit(self.lease, changes, expects=expects))
