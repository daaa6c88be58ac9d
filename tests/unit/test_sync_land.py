"""Land: what is not committed is not counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmsync.errors import LeaseLost
from crmsync.mapping import compile_read
from crmsync.spec.model_stream import Census, Field, Reader, Record, Request, Stream, Transform
from crmsync.store import Commit, FileStore, Upsert
from crmsync.sync.journal import Journal
from crmsync.sync.model import Counts
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.mirror import mirror_of
from crmsync.sync.pull.rejects import Rejects
from store_kit import begin

STREAM = Stream(
    name="contact",
    record=Record(Field("_id", "text", ("id",), Transform("text"))),
    fields=(),
    full=Reader("list", Request("GET", "/all", records="items")),
    changes=None,
    by_id=None,
    tombstones=None,
    census=Census(),
)


def test_a_commit_of_a_run_that_was_taken_over_changes_and_counts_nothing(tmp_path: Path) -> None:
    """The fence refuses it; the run's totals stay what they were."""
    store, journal = FileStore(tmp_path / "store.duckdb"), Journal("hubspot", "contact")
    mirror = mirror_of("hubspot", "contact", "People", compile_read(STREAM, "items"))
    store.ensure(mirror.table)
    lease = begin(store)
    lander = Lander(store, mirror, lease, Rejects(store, lease, False), journal)
    store.engine.execute("CREATE TEMP TABLE one AS SELECT '1' AS _id")
    store.commit(Commit(lease, [Upsert(mirror.table, "one")]))
    store.release(lease, {"status": "done"})
    begin(store, run_id="r2")
    with pytest.raises(LeaseLost):
        lander.mark([("1", datetime.now(UTC))])
    assert journal.counts == Counts()
    assert store.query("SELECT _deleted_at FROM hubspot.contact")[1] == [(None,)]
    store.close()
