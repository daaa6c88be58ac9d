"""Promises of lookups: the right rows, and an upsert that is right whatever was looked up before it."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.store import Append, Column, FileStore, Upsert
from crmsync.store.schema import SEEN
from effort import examples
from store_kit import CONTACT, DATED, begin, commit, contacts, edit, looked_up, put, stage


def test_a_lookup_brings_the_rows_of_the_keys_it_is_given(store, lease):
    """All columns by default; keys that are not there bring nothing."""
    put(store, lease, {"1": "a@x", "2": "b@x"})
    assert looked_up(store, ["2", "9"]) == [("b@x", "2", None)]


def test_a_lookup_brings_only_the_columns_asked_for(store, lease):
    """A batch compares a few columns first, since whole rows are dear."""
    put(store, lease, {"1": "a@x"})
    assert looked_up(store, ["1"], "_id") == [("1",)]


def test_a_second_lookup_of_other_keys_brings_those(store, lease):
    """What an earlier lookup asked for does not bound a later one."""
    put(store, lease, {"1": "a@x", "2": "b@x"})
    looked_up(store, ["1"])
    assert looked_up(store, ["2"], "email") == [("b@x",)]
    assert looked_up(store, ["1", "2"], "email") == [("a@x",), ("b@x",)]


def test_a_comparison_tells_which_of_the_rows_differ(store, lease):
    """Empty equals empty and nothing else; keys that are not there bring nothing."""
    put(store, lease, {"1": "a@x", "2": "b@x", "3": None, "4": None, "5": "e@x"})
    stage(store, {"1": "a@x", "2": "c@x", "3": None, "4": "d@x", "5": None, "9": "e@x"}, "staged")
    assert store.compare(CONTACT, "staged", "found", ["_id"]) == 5
    told = store.engine.rows("SELECT _id, _differs FROM found ORDER BY ALL")
    assert told == [("1", False), ("2", True), ("3", False), ("4", True), ("5", True)]


def test_an_upsert_after_a_comparison_replaces_what_it_found_and_what_it_did_not_ask_for(store, lease):
    """The short way by row number is taken only where the comparison covers every staged key."""
    put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"})
    looked_up(store, ["3"])
    stage(store, {"1": "z@x", "2": "b@x"}, "staged")
    store.compare(CONTACT, "staged", "found", ["_id"])
    put(store, lease, {"1": "z@x"})
    store.compare(CONTACT, "staged", "found", ["_id"])
    put(store, lease, {"2": "y@x", "3": "x@x"})
    assert contacts(store) == [("1", "z@x"), ("2", "y@x"), ("3", "x@x")]


def test_a_lookup_after_a_commit_sees_what_it_wrote(store, lease):
    """Row numbers found before a commit are not trusted after it."""
    looked_up(store, ["1"])
    put(store, lease, {"1": "a@x"})
    assert looked_up(store, ["1"], "email") == [("a@x",)]


def test_an_upsert_of_keys_that_were_not_looked_up_replaces_them_too(store, lease):
    """The short way by row number is taken only where it covers every staged key."""
    put(store, lease, {"1": "a@x", "2": "b@x"})
    looked_up(store, ["1"])
    put(store, lease, {"1": "c@x", "2": "d@x"})
    assert contacts(store) == [("1", "c@x"), ("2", "d@x")]


def test_an_upsert_after_a_rest_sees_what_others_wrote_meanwhile(store, lease, path):
    """What was found before the file was let go is not trusted after it."""
    looked_up(store, ["1"])
    store.rest()
    edit(path, "INSERT INTO hubspot.contact (_id, email) VALUES ('1', 'theirs@x')")
    put(store, lease, {"1": "ours@x"})
    assert contacts(store) == [("1", "ours@x")]


def test_two_upserts_of_one_key_in_one_commit_leave_the_last(store, lease):
    """The first one's new row is not missed by the second."""
    put(store, lease, {"1": "a@x"})
    looked_up(store, ["1"])
    first, second = stage(store, {"1": "b@x"}, "first"), stage(store, {"1": "c@x"}, "second")
    commit(store, lease, Upsert(CONTACT, first), Upsert(CONTACT, second))
    assert contacts(store) == [("1", "c@x")]


def test_unseen_are_the_live_rows_that_the_sweep_did_not_meet(store, lease):
    """Rows already deleted, and ids met by another stream's sweep, do not count."""
    put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"})
    stage(store, {"3": "c@x"})
    store.engine.execute("UPDATE staged SET _deleted_at = now()")
    commit(store, lease, Upsert(CONTACT, "staged"))
    for stream, id_ in (("contact", "1"), ("deal", "2")):
        store.engine.execute(
            "CREATE OR REPLACE TEMP TABLE met AS SELECT 'hubspot' AS connection, ? AS stream, ? AS record_id",
            [stream, id_],
        )
        commit(store, lease, Append(SEEN, "met"))
    store.ensure(DATED)
    assert store.unseen(DATED, "hubspot", "contact", None, "missing") == (1, 2)
    assert store.engine.rows("SELECT _id FROM missing") == [("2",)]


def test_unseen_leaves_out_what_was_created_since_the_sweep_began(store, lease, path):
    """The sweep may have passed its place already; a row of unknown age counts."""
    store.ensure(DATED)
    put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"})
    edit(path, "UPDATE hubspot.contact SET _created_at = '2026-01-01 00:00:00Z' WHERE _id = '1'")
    edit(path, "UPDATE hubspot.contact SET _created_at = '2026-02-01 00:00:00Z' WHERE _id = '2'")
    assert store.unseen(DATED, "hubspot", "contact", datetime(2026, 2, 1, tzinfo=UTC), "missing") == (2, 3)
    assert sorted(store.engine.rows("SELECT _id FROM missing")) == [("1",), ("3",)]


def test_rows_that_left_are_unseen_but_do_not_live(store, lease, path):
    """They are asked for again, and do not count for the brake."""
    left = replace(DATED, columns=(*DATED.columns, Column("_left_at", "TIMESTAMPTZ")))
    store.ensure(left)
    put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"})
    edit(path, "UPDATE hubspot.contact SET _left_at = now() WHERE _id = '2'")
    edit(path, "UPDATE hubspot.contact SET _deleted_at = now() WHERE _id = '3'")
    assert store.unseen(left, "hubspot", "contact", None, "missing") == (1, 1)
    assert sorted(store.engine.rows("SELECT _id FROM missing")) == [("1",), ("2",)]


def test_unknown_are_the_ids_that_were_met_and_have_no_living_row(store, lease, path):
    """In their order, so many at once, behind the last one; those of another stream are its own business."""
    left = replace(DATED, columns=(*DATED.columns, Column("_left_at", "TIMESTAMPTZ")))
    store.ensure(left)
    put(store, lease, {"1": "a@x", "2": "b@x", "3": "c@x"})
    edit(path, "UPDATE hubspot.contact SET _left_at = now() WHERE _id = '2'")
    edit(path, "UPDATE hubspot.contact SET _deleted_at = now() WHERE _id = '3'")
    store.engine.execute(
        "CREATE OR REPLACE TEMP TABLE met AS SELECT 'hubspot' AS connection, unnest(['deal', 'contact', 'contact', "
        "'contact', 'contact', 'contact']) AS stream, unnest(['9', '4', '3', '2', '1', '4']) AS record_id"
    )
    commit(store, lease, Append(SEEN, "met"))
    assert store.unknown(left, "hubspot", "contact", "", 2) == ["2", "3"]
    assert store.unknown(left, "hubspot", "contact", "3", 2) == ["4"]


IDS = st.lists(st.sampled_from("12345"), unique=True)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("look up"), IDS),
        st.tuples(st.just("upsert"), IDS),
        st.tuples(st.just("fail"), IDS),
        st.tuples(st.just("rest"), st.just([])),
    ),
    max_size=8,
)


@settings(max_examples=examples(10, 100), deadline=None)
@given(STEPS)
def test_any_order_of_lookups_upserts_failures_and_rests_equals_a_dictionary(steps):
    """`_id` stays unique without an index, and each lookup tells what a dictionary would."""
    with tempfile.TemporaryDirectory() as folder, closing(FileStore(Path(folder) / "s.duckdb", hold_s=1e9)) as store:
        store.ensure(CONTACT)
        lease, model = begin(store), dict[str, str]()
        for number, (step, ids) in enumerate(steps):
            rows = dict.fromkeys(ids, f"{number}@x")
            if step == "look up":
                assert looked_up(store, ids, "_id") == [(i,) for i in sorted(model) if i in ids]
            elif step == "upsert":
                put(store, lease, rows)
                model |= rows
            elif step == "rest":
                store.rest()
            else:
                _fail(store, lease, rows)
        assert contacts(store) == sorted(model.items())


def _fail(store, lease, rows):
    try:
        commit(store, lease, Upsert(CONTACT, stage(store, rows)), Append(SEEN, "no_such_table"))
    except Exception:  # noqa: BLE001 - which error is another test's business
        return
    raise AssertionError("a change that cannot be carried out was committed")
