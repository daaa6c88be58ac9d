"""Promises of the views: one row a stream, in any file and any shell, and in stores that were made before them."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmsync.store import FileStore, Lease
from crmsync.store.schema import VERSION
from crmsync.store.views import VIEWS
from store_kit import CONTACT, edit, one, put, shell_rows

CHECKPOINT = (
    '{"full":{"as_of":"2026-01-01T00:00:00Z","next_at":"2026-01-08T00:00:00Z"},"census":true,'
    '"changes":{"upper":"2026-01-02T00:00:00Z"}}'
)
STATUS = 'SELECT stream, status, "rows", rejected, held, next_sweep_at, holder FROM crmsync.status'


def started(store: FileStore, run_id: str, hour: int) -> Lease:
    """Take the lease of the contacts for a run that began at that hour."""
    who = {"run_id": run_id, "connection": "hubspot", "stream": "contact"}
    return store.acquire("hubspot", "contact", {**who, "started_at": datetime(2026, 1, 2, hour, tzinfo=UTC)})


def filled(path: Path) -> Path:
    """A store with three contacts, of a run that failed and one that was done."""
    with closing(FileStore(path)) as store:
        store.ensure(CONTACT)
        lease = started(store, "r1", 1)
        put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"}, CHECKPOINT)
        store.release(lease, {"status": "failed", "error_code": "CS201", "error": "down"})
        store.release(started(store, "r2", 2), {"status": "done"})
    return path


@pytest.mark.parametrize("name", ["crmsync", "team"])
def test_a_shell_sees_how_each_stream_is_doing(tmp_path, name):
    """The same as our own command, whatever the file is called, and also when it is renamed."""
    path = filled(tmp_path / f"{name}.duckdb")
    seen = "contact,done,3,0,0,2026-01-08 00:00:00+00,NULL"
    assert shell_rows(path, f"SET TimeZone = 'UTC'; {STATUS}")[-1] == seen
    with closing(FileStore(path, read_only=True)) as store:
        assert [str(value) for value in one(store, STATUS)][:3] == ["contact", "done", "3"]
    renamed = path.rename(tmp_path / "other.duckdb")
    schema = "main" if name == "crmsync" else "crmsync"
    assert shell_rows(renamed, f"SELECT stream, status FROM {schema}.status") == ["contact,done"]
    with closing(FileStore(renamed, read_only=True)) as store:
        assert one(store, "SELECT status FROM crmsync.status") == ("done",)


def test_the_last_run_and_the_last_success_may_differ(path):
    """The error is that of the last run only."""
    filled(path)
    edit(path, "UPDATE crmsync.runs SET started_at = '2026-01-01 00:00:00Z' WHERE run_id = 'r2'")
    told = "SELECT status, error_code, error, last_done_at IS NOT NULL FROM crmsync.status"
    assert shell_rows(path, told) == ["failed,CS201,down,true"]


def test_who_holds_a_stream_is_told(store):
    """A stream that was never read in whole has a row as well."""
    started(store, "r1", 1)
    assert one(store, 'SELECT status, "rows", last_done_at, next_sweep_at FROM crmsync.status') == (
        "running",
        None,
        None,
        None,
    )
    (holder,) = one(store, "SELECT holder FROM crmsync.status WHERE heartbeat_at > now() - INTERVAL 1 HOUR")
    assert holder.startswith(f"r1 (process {os.getpid()} on ")


def test_deleted_rows_are_no_rows_and_rejects_count_while_they_are_open(path):
    """Held fields apart from records and pages that could not be read."""
    filled(path)
    rejects = "INSERT INTO crmsync.rejects (connection, stream, record_id, outcome, resolved_at) VALUES "
    edit(path, rejects + "('hubspot', 'contact', '7', 'held', NULL), ('hubspot', 'contact', '8', 'held', now())")
    edit(path, rejects + "('hubspot', 'contact', '9', 'rejected', NULL), ('hubspot', 'contact', 'x', 'page', NULL)")
    edit(path, "UPDATE hubspot.contact SET _deleted_at = now() WHERE _id = '3'")
    with closing(FileStore(path)) as store:
        store.release(started(store, "r3", 3), {"status": "stopped"})
        assert one(store, 'SELECT "rows", rejected, held FROM crmsync.status') == (2, 2, 1)


def test_the_lag_is_the_time_since_each_part_was_read(path):
    """By the checkpoint; what was never read has none."""
    filled(path)
    lag = "SELECT changes_lag > INTERVAL 1 DAY, full_read_lag - changes_lag, deletions_lag, census_pending"
    assert shell_rows(path, f"{lag} FROM crmsync.lag") == ["true,1 day,NULL,true"]


@pytest.mark.parametrize("name", ["crmsync", "team"])
def test_a_store_from_before_the_views_gets_them(tmp_path, name):
    """And the columns that they need; until something is written it reads as it is."""
    path = filled(tmp_path / f"{name}.duckdb")
    schema = "main" if name == "crmsync" else "crmsync"
    for view in VIEWS:
        edit(path, f"DROP VIEW {schema}.{view.name}")
    edit(path, f'ALTER TABLE {schema}.runs DROP COLUMN "rows"')
    edit(path, f"UPDATE {schema}.migrations SET version = 1")
    with closing(FileStore(path, read_only=True)) as store:
        assert one(store, "SELECT count(*) FROM crmsync.runs") == (2,)
    with closing(FileStore(path)) as store:
        store.release(started(store, "r3", 3), {"status": "done"})
        assert one(store, 'SELECT status, "rows" FROM crmsync.status') == ("done", 3)
        assert store.query("SELECT version FROM crmsync.migrations ORDER BY ALL")[1] == [(1,), (VERSION,)]
