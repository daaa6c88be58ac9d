"""Promises of a commit: all of it or nothing, and the checkpoint never ahead of its rows."""

from __future__ import annotations

import json

import pytest

from crmsync.errors import StoreError
from crmsync.store import Append, Clear, Commit, Upsert
from crmsync.store.schema import REJECTS, SEEN
from store_kit import CONTACT, begin, commit, contacts, one, put, stage


def test_rows_checkpoint_and_journal_are_there_after_a_commit(store, opened, lease):
    """What commit() returned from is durable: another process sees it."""
    log = {"at": "2026-01-01T00:00:00Z", "level": "info", "event": "Note", "message": "hello", "data": {"a": 1}}
    store.commit(Commit(lease, [Upsert(CONTACT, stage(store, {"1": "a@x"}))], '{"page": 1}', {"read": 7}, [log]))

    other = opened()
    assert contacts(other) == [("1", "a@x")]
    assert json.loads(other.checkpoint("hubspot", "contact")) == {"page": 1}
    assert one(other, "SELECT read, status FROM crmsync.runs") == (7, "running")
    assert one(other, "SELECT run_id, stream, message, data FROM crmsync.logs") == (
        "r1",
        "contact",
        "hello",
        '{"a": 1}',
    )


def test_an_upsert_replaces_rows_by_key_and_keeps_the_others(store, lease):
    """A key is there once, with its last value."""
    put(store, lease, {"1": "a@x", "2": "b@x"})
    put(store, lease, {"2": "new@x", "3": None})
    assert contacts(store) == [("1", "a@x"), ("2", "new@x"), ("3", None)]


def test_an_upsert_of_unknown_keys_only_adds(store, lease):
    """`known=False` spares the search for rows to replace."""
    put(store, lease, {"1": "a@x"})
    commit(store, lease, Upsert(CONTACT, stage(store, {"2": "b@x"}), known=False))
    assert contacts(store) == [("1", "a@x"), ("2", "b@x")]


def test_a_key_of_several_columns_is_matched_as_a_whole(store, lease):
    """Rejects of two streams with the same record id are two rows."""
    row = "SELECT 'hubspot' AS connection, {!r} AS stream, '1' AS record_id, {} AS attempts"
    store.engine.execute("CREATE TEMP TABLE a AS " + row.format("contact", 1) + " UNION ALL " + row.format("deal", 1))
    store.engine.execute("CREATE TEMP TABLE b AS " + row.format("deal", 2))
    commit(store, lease, Upsert(REJECTS, "a"))
    commit(store, lease, Upsert(REJECTS, "b"))
    assert store.query("SELECT stream, attempts FROM crmsync.rejects ORDER BY ALL")[1] == [("contact", 1), ("deal", 2)]


def test_append_adds_and_clear_removes_what_equals(store, lease):
    """The ids that a sweep met are noted, and forgotten by stream."""
    store.engine.execute("CREATE TEMP TABLE a AS SELECT 'hubspot' AS connection, 'contact' AS stream, '1' AS record_id")
    store.engine.execute("CREATE TEMP TABLE b AS SELECT 'hubspot' AS connection, 'deal' AS stream, '2' AS record_id")
    commit(store, lease, Append(SEEN, "a"), Append(SEEN, "a"), Append(SEEN, "b"))
    commit(store, lease, Clear(SEEN, {"connection": "hubspot", "stream": "contact"}))
    assert store.query("SELECT stream, record_id FROM crmsync.seen")[1] == [("deal", "2")]


def test_a_commit_whose_last_change_fails_leaves_nothing(store, lease):
    """All or nothing: neither the rows before the fault, nor checkpoint, nor journal."""
    put(store, lease, {"1": "a@x"}, "1")
    bad = [Upsert(CONTACT, stage(store, {"1": "b@x", "2": "c@x"})), Append(SEEN, "no_such_table")]
    with pytest.raises(StoreError):
        store.commit(Commit(lease, bad, "2", {"read": 9}))
    assert contacts(store) == [("1", "a@x")]
    assert store.checkpoint("hubspot", "contact") == "1"
    assert one(store, "SELECT read FROM crmsync.runs") == (None,)


def test_a_store_works_on_after_a_failed_commit(store, lease):
    """A refused change is not the end of the run."""
    with pytest.raises(StoreError):
        commit(store, lease, Append(SEEN, "no_such_table"))
    put(store, lease, {"1": "a@x"})
    assert contacts(store) == [("1", "a@x")]


def test_the_checkpoint_version_counts_the_commits_that_moved_it(store, lease):
    """A commit without a checkpoint leaves it and its version as they are."""
    for checkpoint in ("1", None, "2"):
        commit(store, lease, checkpoint=checkpoint)
    assert one(store, "SELECT checkpoint, version FROM crmsync.checkpoints") == ("2", 2)


def test_checkpoints_of_two_streams_are_apart(store, lease):
    """A stream's commit moves its own checkpoint."""
    commit(store, lease, checkpoint="1")
    commit(store, begin(store, "deal"), checkpoint="2")
    assert store.checkpoint("hubspot", "contact") == "1"
    assert store.checkpoint("hubspot", "deal") == "2"
    assert store.checkpoint("hubspot", "company") is None


def test_a_checkpoint_can_be_set_and_forgotten_by_hand(store, lease):
    """`crmsync state set` and `reset`, once no run holds the stream."""
    store.release(lease, {"status": "done"})
    store.set_checkpoint("hubspot", "contact", "7")
    assert store.checkpoint("hubspot", "contact") == "7"
    store.set_checkpoint("hubspot", "contact", None)
    assert store.checkpoint("hubspot", "contact") is None


def test_an_unreadable_page_is_kept_once_with_its_body(store, lease):
    """A page met twice is one reject; a NUL in it does no harm."""
    store.keep_page(lease, "no JSON", b"<html>\0")
    store.keep_page(lease, "no JSON", b"<html>\0")
    assert one(store, "SELECT outcome, payload, problems[1].reason FROM crmsync.rejects") == (
        "page",
        "<html>",
        "no JSON",
    )
