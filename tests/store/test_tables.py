"""Promises of ensure(): tables are made and widened, never narrowed or converted, and any name will do."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.store import Column, FileStore, Table, Upsert
from effort import examples
from store_kit import CONTACT, begin, commit, contacts, put, shell_rows

PHONE = Column("phone", "VARCHAR", "Main number")


def _with(*columns: Column) -> Table:
    return dataclasses.replace(CONTACT, columns=(*CONTACT.columns, *columns))


def test_a_new_column_is_added_with_its_comment(store, lease, path):
    """A mapping that grew: old rows have no value yet."""
    put(store, lease, {"1": "a@x"})
    assert store.ensure(_with(PHONE)) == {}
    assert store.query("SELECT _id, phone FROM hubspot.contact")[1] == [("1", None)]
    assert shell_rows(path, "SELECT comment FROM duckdb_columns() WHERE column_name = 'phone'") == ["Main number"]


def test_a_column_that_the_mapping_lost_stays(store, lease):
    """Its values are the team's; batches without it still land."""
    store.ensure(_with(PHONE))
    assert store.ensure(CONTACT) == {PHONE.name: "VARCHAR"}  # what is filled no longer is told
    put(store, lease, {"1": "a@x"})
    assert store.query("SELECT phone FROM hubspot.contact")[1] == [(None,)]


def test_a_column_of_another_type_stays_and_is_named(store, lease):
    """Nothing is converted behind a person's back."""
    put(store, lease, {"1": "a@x"})
    other = dataclasses.replace(CONTACT, columns=(Column("email", "BIGINT"), *CONTACT.columns[1:]))
    assert store.ensure(other) == {"email": "VARCHAR"}
    assert contacts(store) == [("1", "a@x")]


def test_a_type_by_another_name_is_the_same_type(store):
    """TEXT and VARCHAR, TIMESTAMPTZ and its long form."""
    other = dataclasses.replace(CONTACT, columns=(Column("email", "TEXT"), *CONTACT.columns[1:]))
    assert store.ensure(other) == {}


def test_a_changed_comment_is_brought_up_to_date(store, path):
    """A shell shows what the spec says now."""
    store.ensure(dataclasses.replace(CONTACT, columns=(Column("email", "VARCHAR", "Changed"), *CONTACT.columns[1:])))
    assert shell_rows(path, "SELECT comment FROM duckdb_columns() WHERE column_name = 'email'") == ["Changed"]


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=examples(10, 100), deadline=None)
@given(schema=NAMES, name=NAMES, column=NAMES, comment=NAMES)
def test_any_name_makes_the_round_trip(schema, name, column, comment):
    """Quotes, semicolons, spaces, emoji: a name is never SQL."""
    table = Table(f"s{schema}", name, (Column("_id", "VARCHAR"), Column(f"c{column}", "VARCHAR", comment)), ("_id",))
    with tempfile.TemporaryDirectory() as folder, closing(FileStore(Path(folder) / "s.duckdb")) as store:
        store.ensure(table)
        store.engine.execute("CREATE TEMP TABLE staged AS SELECT '1' AS _id")
        store.lookup(table, "SELECT _id FROM staged", name)
        commit(store, begin(store), Upsert(table, "staged"))
        commit(store, begin(store, "again"), Upsert(table, "staged"))
        assert store.lookup(table, "SELECT _id FROM staged", name) == 1
        found = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'store'"
        assert (table.schema, name) in store.query(found)[1]
        comments = "SELECT comment FROM duckdb_columns() WHERE column_name = ?"
        assert (comment,) in store.query(comments, [f"c{column}"])[1]
