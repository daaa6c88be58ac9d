"""Land: mapped rows + position -> mirror, rejects and checkpoint, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmsync.mapping import ReadPlan, identifier, literal
from crmsync.store import Append, Change, Clear, Commit, FileStore, Lease, Upsert
from crmsync.store.schema import SEEN
from crmsync.sync.journal import Journal
from crmsync.sync.model import Batch, Counts, Gone, Phase
from crmsync.sync.pull.mirror import Mirror
from crmsync.sync.pull.rejects import Rejects
from crmsync.sync.pull.rows import USABLE, Rows, count


@dataclass(frozen=True, slots=True)
class Lander:
    """Lands the batches of one stream's run; each method is one commit, and tells what became of the records."""

    store: FileStore
    mirror: Mirror
    lease: Lease
    rejects: Rejects
    journal: Journal

    @property
    def rows(self) -> Rows:
        return Rows(self.store, self.mirror)

    def land(
        self, batch: Batch, plan: ReadPlan, phase: Phase, checkpoint: str | None, *, sweep: bool, fresh: bool
    ) -> tuple[Counts, float]:
        """Commit what the engine table `mapped` holds together with `checkpoint`; the seconds that took, too.

        `sweep`: the ids met are noted for the census; `fresh`: it is the sweep's first batch.
        """
        begun, counts, changes = time.monotonic(), Counts(), list[Change]()
        if batch.bodies:
            counts, changes = self._changes(phase)
            changes += self.rejects.stage(plan, batch.bodies)
        if sweep and fresh:
            changes.append(Clear(SEEN, self._stream()))
        if sweep and batch.bodies:
            changes.append(self._seen())
        self._commit(changes, checkpoint, counts)
        return counts, time.monotonic() - begun

    def told_gone(self, plan: ReadPlan, *, by_time: bool) -> tuple[Counts, list[Gone]]:
        """What `mapped`, a batch of the list of deleted records, tells: how much, and of whom it matters.

        That is of live rows, and of records with an open reject that have none. `by_time`: a row that changed after its
        last deletion was restored, so it is not gone.
        """
        read, rejected = self._one("SELECT count(*), count(*) FILTER (_rejected) FROM mapped")
        told = "_deleted_at" if any(c.name == "_deleted_at" for c in plan.columns) else "NULL::TIMESTAMPTZ"
        ids = f"SELECT _id, max({told}) AS gone_at FROM mapped WHERE NOT _rejected GROUP BY _id"
        gone = self.rows.living(ids, by_time=by_time)
        rowless = "(FROM told ANTI JOIN (SELECT _id FROM known WHERE _deleted_at IS NULL) USING (_id))"
        gone += [(id_, None) for id_ in self.rejects.open_among(rowless)]
        return Counts(read=read, unchanged=read - rejected, rejected=rejected), gone

    def tombstones(self, batch: Batch, plan: ReadPlan, checkpoint: str, counts: Counts) -> float:
        """Commit that a batch of the list of deleted records is dealt with; `mapped` holds it, if some are rejected."""
        return self._commit(self.rejects.stage(plan, batch.bodies) if counts.rejected else [], checkpoint, counts)

    def ids(self, batch: Batch, checkpoint: str, *, fresh: bool) -> float:
        """Commit the ids of a batch, for the census; `fresh`: it is the first one."""
        changes: list[Change] = [Clear(SEEN, self._stream())] if fresh else []
        ids = [id_ for page in batch.pages for id_ in page.ids]
        if ids:
            changes.append(self._seen("(SELECT unnest($ids::VARCHAR[]) AS _id)", {"ids": ids}))
        return self._commit(changes, checkpoint, Counts())

    def mark(self, gone: Sequence[tuple[str, datetime]]) -> Counts:
        """Mark the live rows among `gone`, ids and moments, as deleted."""
        deleted = self._marked(gone, "_deleted_at")
        changes: list[Change] = [Upsert(self.mirror.table, "staged")] if deleted else []
        self._commit([*changes, *self.rejects.gone("gone")], None, Counts(deleted=deleted))
        return Counts(deleted=deleted)

    def mark_left(self, gone: Sequence[tuple[str, datetime]]) -> int:
        """Mark the live rows among `gone`, ids and moments, as those of records of another kind; tell how many."""
        left = self._marked(gone, "_left_at")
        if left:
            self._commit([Upsert(self.mirror.table, "staged")], None, Counts())
        return left

    def _marked(self, gone: Sequence[tuple[str, datetime]], column: str) -> int:
        self.store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE absent AS SELECT unnest($ids::VARCHAR[]) AS _id, "
            "unnest($moments::TIMESTAMPTZ[]) AS gone_at",
            {"ids": [id_ for id_, _ in gone], "moments": [at for _, at in gone]},
        )
        return self.rows.stage_deletes("SELECT _id, gone_at FROM absent", column)

    def census_done(self, checkpoint: str) -> Counts:
        """Forget the ids that were met; the checkpoint says that the census is taken."""
        self._commit([Clear(SEEN, self._stream())], checkpoint, Counts())
        return Counts()

    def _changes(self, phase: Phase) -> tuple[Counts, list[Change]]:
        read, rejected, held, dead, absorbing = self._one(
            "SELECT count(*), count(*) FILTER (_rejected), count(*) FILTER (len(_problems) > 0 AND NOT _rejected), "
            "count(*) FILTER (_deleted), count(*) FILTER (len(_merged) > 0) FROM mapped"
        )
        rows, deleted = self.rows, 0
        known = rows.look_up(phase)
        if not (known or dead or absorbing):
            applied = rows.show_new()
            counts = Counts(read, applied, read - rejected - applied, rejected, held)
            return counts, [Upsert(self.mirror.table, "arrivals", known=False)] if applied else []
        applied = rows.stage(phase, known=known > 0, held=rows.held() if held else frozenset())
        if dead or absorbing:
            deleted = rows.stage_gone(dead=dead > 0, absorbing=absorbing > 0)
            told = f"SELECT _id FROM mapped WHERE _deleted AND {USABLE}"
            applied += count(self.store, f"staged SEMI JOIN ({told}) USING (_id)")
        unchanged = read - rejected - applied
        counts = Counts(read, applied, unchanged, rejected, held, deleted)
        if not applied and not deleted:
            return counts, []
        return counts, [Upsert(self.mirror.table, "staged", known=known > 0 or deleted > 0)]

    def _seen(self, ids: str = "mapped", parameters: Mapping[str, Any] | None = None) -> Change:
        who = ", ".join(f"{literal(v)} AS {identifier(k)}" for k, v in self._stream().items())
        self.store.engine.execute(
            f"CREATE OR REPLACE TEMP TABLE seen AS SELECT {who}, _id AS record_id FROM {ids} WHERE _id IS NOT NULL",
            parameters,
        )
        return Append(SEEN, "seen")

    def _stream(self) -> dict[str, str]:
        return {"connection": self.lease.connection, "stream": self.lease.stream}

    def _commit(self, changes: Sequence[Change], checkpoint: str | None, counts: Counts) -> float:
        run, logs = self.journal.draft(counts)
        took = self.store.commit(Commit(self.lease, changes, checkpoint, run, logs))
        self.journal.keep(counts, len(logs))
        return took

    def _one(self, sql: str) -> tuple[int, ...]:
        return self.store.engine.rows(sql)[0]
