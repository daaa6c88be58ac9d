"""Planning: what a push would do, found out in a copy of the store, and kept as the intents of a plan.

Nothing is guessed and nothing computed twice: the merge that a run makes is made in the copy, and what it would have
sent is rendered and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from crmsync.mapping import list_variable, literal, options_variable
from crmsync.mapping.labels import NO_LABEL, labels_sql
from crmsync.spec.model import Pool
from crmsync.spec.model_write import Write
from crmsync.store import Append, Change, Commit, FileStore, Lease, Update
from crmsync.store.schema import INTENTS, INTENTS_OF_ROW
from crmsync.sync.merge.reconcile import Reconcile, Reconciled
from crmsync.sync.merge.side import Side
from crmsync.sync.push import Way, take
from crmsync.sync.push.render import RENDERED, TOLD, WAITS, render
from crmsync.sync.push.value import value_of

IN_PLAN = "in_plan"  # the engine table of a plan's writes
_SAME = "action, hub_id, remote_id, fields::VARCHAR"  # what makes two writes the same
_ALL = 2**62  # rows


@dataclass(frozen=True, slots=True)
class Trouble:
    """`rows` writes that would go without a field, or (`whole`) not at all: why, and because of which value of the hub.

    `label`: the CRM has a list for the field, in which nothing is called `meant`, which is what a value map makes of
    the hub's value.
    """

    field: str
    reason: str
    value: str | None
    meant: str | None
    rows: int
    whole: bool
    label: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push of one stream would come to, in rows and requests. Kept under `id` in crmsync.intents."""

    id: str
    create: int = 0
    update: int = 0
    archive: int = 0
    link: int = 0  # rows that would be found to be a record of the CRM
    merged: int = 0  # rows of the hub that would take something of the CRM's
    conflicts: int = 0
    unclear: int = 0  # records with several candidates
    braked: bool = False  # more would be archived than the brake lets through
    requests: int = 0
    seconds: float = 0.0  # at least, by the limits of the account
    troubles: Sequence[Trouble] = field(default_factory=tuple)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)  # those there are, of fields that want one

    def as_dict(self) -> dict[str, Any]:
        names = ("create", "update", "archive", "link", "merged", "conflicts", "unclear", "braked")
        told: dict[str, Any] = {"plan": self.id, **{name: getattr(self, name) for name in names}}
        told |= {"write_requests": self.requests, "write_seconds": self.seconds}  # making the plan took some, too
        return told | {"troubles": [asdict(trouble) for trouble in self.troubles], "labels": dict(self.labels)}


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans the writes of one stream, whose `lease` is held.

    `merged` are the sides that are merged for it, each with the lease of its hub table: those that are written before
    the stream, since their links are its references, and at last its own. `take` is as in Reconcile, `ways` as in Push;
    `write` is the spec's.
    """

    store: FileStore
    merged: Sequence[tuple[Side, Lease]]
    lease: Lease
    take: bool
    write: Write
    ways: Mapping[str, Way]
    pools: Sequence[Pool] = ()

    @property
    def side(self) -> Side:
        return self.merged[-1][0]

    def to_read(self) -> tuple[list[str], list[str]]:
        """What is to be read before anything is said of it: ids of records, and values by which new ones are found."""
        with self.store.rehearsal():
            self._merge()
            self._bring("planned", state="planned")
        rows = self.store.engine.rows
        ids = rows("SELECT DISTINCT remote_id FROM planned WHERE action IN ('update', 'archive')")
        values = rows(
            f"SELECT DISTINCT value FROM (SELECT {value_of(self.write, 'fields')} AS value FROM planned "
            "WHERE action = 'create') WHERE value IS NOT NULL"
        )
        return [row[0] for row in ids], [row[0] for row in values]

    def draw(self) -> Plan:
        """Find out what would be done, and keep it as a plan, which replaces an earlier one of the stream."""
        plan = self._rehearsed()
        draft = f"uuidv7()::VARCHAR AS id, 'draft' AS state, {literal(plan.id)} AS plan_id"
        self._table("kept", f"SELECT * REPLACE ({draft}) FROM planned")
        self.store.commit(Commit(self.lease, [over(self.store, self.side), Append(INTENTS, "kept")]))
        return plan

    def differs(self, plan_id: str) -> int:
        """For how many rows something else would be done than is in the plan, whose writes are in IN_PLAN then."""
        self._rehearsed()
        self._bring(IN_PLAN, state="draft", plan_id=plan_id)
        ours, drawn = (f"(SELECT {_SAME} FROM {table})" for table in ("planned", IN_PLAN))
        differ = f"({ours} EXCEPT {drawn}) UNION ALL ({drawn} EXCEPT {ours})"
        return int(self.store.engine.value(f"SELECT count(DISTINCT hub_id) FROM ({differ})"))

    def _rehearsed(self) -> Plan:
        with self.store.rehearsal():
            done = self._merge()
            conflicts = self.store.query(
                "SELECT count(*) FROM crmsync.conflicts WHERE connection = ? AND stream = ? AND resolved_at IS NULL",
                list(self.side.whose.values()),
            )[1][0][0]
            requests = self._rendered()
            self._leave_out_references()
            self._bring("planned", state="planned")
            self._add_links()
        counts = dict(self.store.engine.rows("SELECT action, count(*) FROM planned GROUP BY action"))
        troubles = self._troubles()
        return Plan(
            id=self.lease.run_id,
            **counts,
            merged=done.made + done.changed,
            conflicts=conflicts,
            unclear=done.unclear,
            requests=requests.total(),
            seconds=self._least_s(requests),
            troubles=troubles,
            labels={name: self._labels(name) for name in {trouble.field for trouble in troubles if trouble.label}},
        )

    def _merge(self) -> Reconciled:
        """What became of the stream's own pairs."""
        done = Reconciled()
        for side, held in self.merged:
            self._table("matched", "SELECT NULL::VARCHAR AS hub_id, NULL::VARCHAR AS remote_id LIMIT 0")  # nothing yet
            done = Reconcile(self.store, side, held, self.take).run()
        return done

    def _rendered(self) -> Counter[str]:
        """Requests that the planned writes need, by action; the engine table `troubles` has what could not be said."""
        requests, after = Counter[str](), ""
        engine = self.store.engine
        columns = "field VARCHAR, reason VARCHAR, value VARCHAR, meant VARCHAR, hold BOOLEAN"
        engine.execute(f"CREATE OR REPLACE TEMP TABLE troubles ({columns})")
        while (last := take(self.store, self.side, self.write, self.ways, {"state": "planned"}, after)) is not None:
            after = last
            for name, way in self.ways.items():
                requests[name] += len(render(self.store, self.side, way.render, name))
                ours = "i.fields->>('$.\"' || p.field || '\"')"
                engine.execute(
                    f"INSERT INTO troubles SELECT p.field, p.reason, coalesce({ours}, p.value), p.value, "
                    f"p.hold AND NOT _rejected FROM (SELECT _key, _rejected, unnest({TOLD}) AS p FROM {RENDERED} r) "
                    f"JOIN intents i ON i.hub_id = _key AND i.way = {literal(name)}"
                )
        return requests

    def _leave_out_references(self) -> None:
        """Forget in `troubles` the references whose records are planned as well: these are written before."""
        for name, stream in ((each.name, each.refers) for each in self.side.fields if each.refers is not None):
            which = f"field = {literal(name)} AND reason = {literal(WAITS)}"
            asked = f"SELECT DISTINCT {self.side.who(stream)}, value AS hub_id FROM troubles WHERE {which}"
            self.store.lookup(INTENTS_OF_ROW, asked, "parents", ("hub_id", "action", "state"))
            coming = "SELECT hub_id FROM parents WHERE action = 'create' AND state = 'planned'"
            self.store.engine.execute(f"DELETE FROM troubles WHERE {which} AND value IN ({coming})")

    def _troubles(self) -> list[Trouble]:
        found = self.store.engine.rows(
            "SELECT field, reason, CASE WHEN label THEN value END, CASE WHEN label THEN meant END, count(*), NOT hold, "
            f"label FROM (SELECT *, reason = {literal(NO_LABEL)} AS label FROM troubles) GROUP BY ALL ORDER BY ALL"
        )
        return [Trouble(*row) for row in found]

    def _labels(self, name: str) -> Sequence[str]:
        """The labels that the CRM has for a field."""
        how = next(f.transform for way in self.ways.values() for f in way.render.fields if f.name == name)
        if how.kind == "map":
            return sorted(map(str, how.arg.values()))
        lists = [list_variable(each) for each in sorted(how.lists)] or [options_variable(self.side.stream, name)]
        return [row[0] for row in self.store.engine.rows(labels_sql(lists))]

    def _least_s(self, requests: Mapping[str, int]) -> float:
        """The seconds that the account's rates demand of so many requests."""
        least = 0.0
        for pool in self.pools:
            used = [
                n
                for action, n in requests.items()
                if pool.default or pool.name in self.ways[action].operation.request.uses
            ]
            if pool.rate:
                least = max(least, sum(used) / pool.rate * pool.per_s)
        return round(least, 1)

    def _bring(self, into: str, **where: str) -> None:
        bring(self.store, self.side, into, **where)

    def _add_links(self) -> None:
        """Those that the merge has found to be the same, as intents."""
        self.store.engine.execute(
            "INSERT INTO planned BY NAME SELECT uuidv7()::VARCHAR AS id, "
            f"{self.side.who()}, hub_id, remote_id, 'link' AS action, 'planned' AS state, 0 AS attempts, "
            f"{literal(self.lease.run_id)} AS run_id, now() AS planned_at FROM matched"
        )

    def _table(self, name: str, query: str) -> None:
        self.store.engine.table(name, query)


def over(store: FileStore, side: Side) -> Change:
    """The change that ends the plans of a stream."""
    bring(store, side, "drafts", state="draft")
    store.engine.execute(
        "CREATE OR REPLACE TEMP TABLE over AS SELECT id, 'superseded' AS state, now() AS settled_at FROM drafts"
    )
    return Update(INTENTS, "over")


def bring(store: FileStore, side: Side, into: str, **where: str) -> None:
    """Fill the engine table `into` with the stream's intents whose columns equal `where`."""
    store.slice(INTENTS, {**side.whose, **where}, "", _ALL, into)
