"""Promises that a push builds on: intents come in slices and in order, and each change of state is durable at once."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.store import Append, FileStore, Lease, Update
from crmsync.store.schema import INTENTS, LINKS
from effort import examples
from store_kit import begin, commit

PLANNED = {"connection": "hubspot", "stream": "contact", "state": "planned"}


def plan(store: FileStore, lease: Lease, ids: list[str], stream: str = "contact") -> None:
    """Plan an update for each of `ids`."""
    store.engine.execute(
        "CREATE OR REPLACE TEMP TABLE planned AS SELECT unnest($ids::VARCHAR[]) AS id, 'hubspot' AS connection, "
        "$stream AS stream, 'update' AS action, '{\"name\":\"Ana\"}' AS fields, 'planned' AS state, 0 AS attempts",
        {"ids": ids, "stream": stream},
    )
    commit(store, lease, Append(INTENTS, "planned"))


def mark(store: FileStore, lease: Lease, slice_: str, changes: str) -> None:
    """Give the intents of a slice other values."""
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE marked AS SELECT id, {changes} FROM {slice_}")
    commit(store, lease, Update(INTENTS, "marked"))


def ids(store: FileStore, after: str = "", size: int = 100, **where: str) -> list[str]:
    """The ids of a slice, in the order that it came in."""
    count = store.slice(INTENTS, {**PLANNED, **where}, after, size, "slice")
    rows = [row[0] for row in store.engine.rows("SELECT id FROM slice")]
    assert count == len(rows)
    return rows


def test_a_slice_has_the_next_ones_in_their_order(store, lease):
    """Whatever order they were planned in; and no more than asked for."""
    plan(store, lease, ["3", "1", "4", "2"])
    assert ids(store, size=2) == ["1", "2"]
    assert ids(store, after="2", size=5) == ["3", "4"]
    assert ids(store, after="4") == []


def test_a_slice_has_only_what_equals_all_that_is_asked_for(store, lease):
    """Those of another stream, and those that were sent, are not planned ones of ours."""
    plan(store, lease, ["1", "2", "3"])
    plan(store, begin(store, "deal"), ["0", "4"], "deal")
    ids(store, after="2")
    mark(store, lease, "slice", "'sent' AS state")
    assert ids(store) == ["1", "2"]
    assert ids(store, state="sent") == ["3"]
    assert ids(store, stream="deal") == ["0", "4"]
    assert ids(store, connection="zoho") == []


def test_a_slice_has_whole_rows(store, lease):
    """What is to be written comes with it."""
    plan(store, lease, ["1"])
    ids(store)
    assert store.engine.rows("SELECT fields->>'name', attempts, sent_at FROM slice") == [("Ana", 0, None)]


def test_a_slice_that_is_marked_as_sent_is_so_for_everybody(store, lease, opened):
    """Before its request leaves: after a kill, another process knows what may have been carried out."""
    plan(store, lease, ["1", "2", "3"])
    ids(store, size=2)
    mark(store, lease, "slice", "'sent' AS state, attempts + 1 AS attempts, now() AS sent_at, 'q1' AS request_id")
    other = opened()
    assert ids(other, state="sent") == ["1", "2"]
    told = "SELECT id, attempts, sent_at IS NULL, request_id FROM crmsync.intents ORDER BY id"
    assert other.query(told)[1] == [("1", 1, False, "q1"), ("2", 1, False, "q1"), ("3", 0, True, None)]


def test_a_slice_is_settled_by_what_became_of_each(store, lease):
    """The link moves in the same commit; what the intent was to write stays to be seen."""
    plan(store, lease, ["1", "2"])
    store.engine.execute(
        "CREATE TEMP TABLE link AS SELECT 'hubspot' AS connection, 'contact' AS stream, 'h1' AS hub_id, "
        "'r1' AS remote_id, '{}' AS base, '{}' AS shown, 'linked' AS state"
    )
    commit(store, lease, Append(LINKS, "link"))
    store.engine.execute(
        "CREATE TEMP TABLE settled AS SELECT * FROM (VALUES ('1', 'applied', NULL), ('2', 'rejected', 'too long')) "
        "t(id, state, message)"
    )
    store.engine.execute(
        "CREATE TEMP TABLE moved AS SELECT 'hubspot' AS connection, 'contact' AS stream, 'h1' AS hub_id, "
        '\'{"name":"Ana"}\' AS base'
    )
    commit(store, lease, Update(INTENTS, "settled"), Update(LINKS, "moved"))
    rows = "SELECT id, state, message, fields->>'name' FROM crmsync.intents ORDER BY id"
    assert store.query(rows)[1] == [("1", "applied", None, "Ana"), ("2", "rejected", "too long", "Ana")]
    links = "SELECT remote_id, base->>'name', shown, state FROM crmsync.links"
    assert store.query(links)[1] == [("r1", "Ana", "{}", "linked")]


STEPS = st.lists(
    st.tuples(st.sampled_from(["planned", "sent", "applied"]), st.integers(0, 9), st.integers(1, 5)), max_size=5
)


@settings(max_examples=examples(6, 60), deadline=None)
@given(STEPS)
def test_any_order_of_slices_and_marks_equals_a_dictionary(steps):
    """No intent is lost, doubled, or in two states."""
    with tempfile.TemporaryDirectory() as folder, closing(FileStore(Path(folder) / "s.duckdb", hold_s=1e9)) as store:
        lease, model = begin(store), {str(n): "planned" for n in range(10)}
        plan(store, lease, list(model))
        for number, (state, after, size) in enumerate(steps):
            want = [i for i, s in sorted(model.items()) if s == state and i > str(after)][:size]
            assert ids(store, str(after), size, state=state) == want
            to = ("planned", "sent", "applied")[number % 3]
            mark(store, lease, "slice", f"'{to}' AS state")
            model |= dict.fromkeys(want, to)
        assert dict(store.query("SELECT id, state FROM crmsync.intents")[1]) == model
