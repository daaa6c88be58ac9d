"""Shown: answers that hold the records that were written -> the mirror, without reading them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmsync.mapping import ReadPlan, identifier, literal
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.mapping.paths import parse
from crmsync.mapping.read import is_told
from crmsync.spec.model_stream import Field, Place
from crmsync.store import FileStore
from crmsync.sync.model import Batch, Page, Position
from crmsync.sync.pull.confirm import Confirm
from crmsync.sync.pull.map import MAPPED
from crmsync.sync.push.render import HELD, RENDERED

_SENT = "sent_fields"


@dataclass(frozen=True, slots=True)
class Shown:
    """Lands records as the answers to a write show them, at `place`; `written` are the fields that it may have sent."""

    confirm: Confirm
    place: Place
    written: Sequence[Field]

    def land(self, answers: Sequence[str]) -> None:
        """Land the records that `answers` show; the engine table `shown` has the ids of those that need no reading.

        An answer holds what was written, so of a record that the mirror has all other columns stay. Not trusted is one
        that lacks something that was sent, of which nobody knows what became; nor is one whose links are written apart,
        or that holds what cannot be read.
        """
        engine, plan = self._store.engine, self.confirm.plans[self.place]
        engine.execute(plan.create_sql(MAPPED), {"bodies": list(answers)})
        self._sent()
        engine.table(
            "shown",
            f"SELECT m._id FROM {MAPPED} m JOIN {_SENT} s USING (_id) WHERE NOT m._rejected AND len(m._problems) = 0 "
            f"AND {self._complete()} GROUP BY m._id HAVING count(*) = 1",
        )
        doubtful = self.confirm.lander.rejects.open_among("shown")
        engine.execute("DELETE FROM shown WHERE list_contains($ids::VARCHAR[], _id)", {"ids": doubtful})
        engine.execute(f"DELETE FROM {MAPPED} WHERE _id IS NULL OR _id NOT IN (SELECT _id FROM shown)")
        if self._store.lookup(self.confirm.lander.mirror.table, "SELECT _id FROM shown", "before"):
            self._keep(plan)
        pages = tuple(Page(answer, (), Position(), self.place) for answer in answers)
        self.confirm.lander.land(Batch(pages), plan, "census", None, sweep=False, fresh=False)

    @property
    def _store(self) -> FileStore:
        return self.confirm.lander.store

    def _sent(self) -> None:
        """Fill _SENT with what was sent of the records that were written, and of their values."""
        values = "".join(f", g.{identifier(field.name)}" for field in self.written)
        names = kept("g._write", f"NOT list_contains({HELD}, {ELEMENT})")
        self._store.engine.table(
            _SENT,
            f"SELECT o._id, {names} AS _names{values} FROM outcomes o "
            f"JOIN outgoing g ON g._key = o._key JOIN {RENDERED} r ON r._key = o._key "
            "WHERE o.outcome = 'applied' AND o._key NOT IN (SELECT _key FROM link_ends)",
        )

    def _complete(self) -> str:
        """SQL: whether a record has a value wherever one was sent."""
        lacking = [
            f"NOT (m.{name} IS NULL AND s.{name} IS NOT NULL AND list_contains(s._names, {literal(field.name)}))"
            for field in self.written
            if (name := identifier(field.name))
        ]
        return " AND ".join(lacking) or "true"

    def _keep(self, plan: ReadPlan) -> None:
        """Let records that the mirror has keep what was not sent."""
        values = [f"{self._kept(field, identifier(field.name))} AS {identifier(field.name)}" for field in plan.fields]
        self._store.engine.table(
            MAPPED,
            f"SELECT m.* REPLACE ({', '.join(values)}) FROM {MAPPED} m "
            f"JOIN {_SENT} s USING (_id) LEFT JOIN before b USING (_id)",
        )

    def _kept(self, field: Field, name: str) -> str:
        """SQL: the answer's value where the mirror has no row, or something was sent that stands where it is read.

        Else what the mirror has, unless the answer has a value all the same, such as one that was calculated.
        """
        read = _roots(field.at)
        names = [literal(other.name) for other in self.written if read & _roots((*other.at, other.to or ""))]
        sent = f" OR list_has_any(s._names, [{', '.join(names)}])" if names else ""
        old = f"b.{name}" if is_told(field) else f"coalesce(m.{name}, b.{name})"
        return f"CASE WHEN b._id IS NULL{sent} THEN m.{name} ELSE {old} END"


def _roots(paths: Sequence[str]) -> set[str]:
    """The outermost places of paths in a record."""
    return {names[0] for path in paths if path and (names := parse(path).names)}
