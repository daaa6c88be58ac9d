"""Promises of the hub: people insert and edit rows with any tool, and columns of their own are left alone."""

from __future__ import annotations

from contextlib import closing

import pytest

from crmsync.store import Column, FileStore, Update, Upsert, hub_table
from store_kit import begin, commit, edit, one, shell_rows

NAME, EMAIL = Column("name", "VARCHAR", "Full name"), Column("email", "VARCHAR", "Main address")
HUB = hub_table("contact", [NAME, EMAIL], "People")
ROWS = "SELECT name, email FROM crm.contact ORDER BY ALL"


def test_a_row_that_a_shell_inserts_gets_an_id_of_its_own(path, opened):
    """The common shell is older than our engine, and knows the default all the same."""
    opened().ensure(HUB)
    shell_rows(path, "INSERT INTO crm.contact (name) VALUES ('Ana'), ('Ben')")
    told = "SELECT count(DISTINCT _id), count(_created_at), count(_updated_at), min(length(_id)) FROM crm.contact"
    assert shell_rows(path, told) == ["2,2,0,36"]


def test_a_shell_inserts_into_a_store_named_like_our_own_schema(tmp_path):
    """In crmsync.duckdb our tables stand elsewhere; the hub does not."""
    path = tmp_path / "crmsync.duckdb"
    with closing(FileStore(path)) as store:
        store.ensure(HUB)
    shell_rows(path, "INSERT INTO crm.contact (name) VALUES ('Ana')")
    assert shell_rows(path, "SELECT name FROM crm.contact") == ["Ana"]


def test_ids_rise_in_the_order_of_inserts(path, opened):
    """So that new rows stand together in the file."""
    opened().ensure(HUB)
    for name in ("Ana", "Ben", "Chloe"):
        edit(path, f"INSERT INTO crm.contact (name) VALUES ('{name}')")
    assert shell_rows(path, "SELECT name FROM crm.contact ORDER BY _id") == ["Ana", "Ben", "Chloe"]


def test_a_row_without_an_id_is_refused(path, opened):
    """It could never be linked, and nobody would see why."""
    opened().ensure(HUB)
    with pytest.raises(AssertionError, match="NOT NULL constraint failed"):
        shell_rows(path, "INSERT INTO crm.contact (_id, name) VALUES (NULL, 'Ana')")
    assert shell_rows(path, "SELECT count(*) FROM crm.contact") == ["0"]


def test_a_field_that_is_declared_later_becomes_a_column(path, opened):
    """Old rows have no value yet, and keep their ids."""
    store = opened()
    store.ensure(hub_table("contact", [NAME], "People"))
    edit(path, "INSERT INTO crm.contact (_id, name) VALUES ('h1', 'Ana')")
    assert store.ensure(HUB) == {}
    assert one(store, "SELECT _id, name, email FROM crm.contact") == ("h1", "Ana", None)
    assert shell_rows(path, "SELECT comment FROM duckdb_columns() WHERE column_name = 'email'") == ["Main address"]


def test_a_table_that_the_team_had_before_becomes_the_hub(path, opened):
    """Each of its rows gets an id, and so do later ones."""
    shell_rows(path, "CREATE SCHEMA crm; CREATE TABLE crm.contact AS SELECT unnest(['Ana', 'Ben']) AS name, 7 AS score")
    store = opened()
    assert store.ensure(HUB) == {"score": "INTEGER"}
    shell_rows(path, "INSERT INTO crm.contact (name) VALUES ('Chloe')")
    assert one(store, "SELECT count(*), count(DISTINCT _id), sum(score) FROM crm.contact") == (3, 3, 14)


def test_every_column_of_the_hub_says_what_it_is(path, opened):
    """People edit it without a manual."""
    opened().ensure(HUB)
    silent = "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'crm' AND comment IS NULL"
    assert shell_rows(path, silent) == []


def test_an_update_leaves_other_columns_and_rows_as_they_are(path, opened):
    """What people added beside our fields is theirs."""
    store = opened()
    store.ensure(HUB)
    edit(path, "INSERT INTO crm.contact (_id, name, email) VALUES ('h1', 'Ana', 'a@x'), ('h2', 'Ben', 'b@x')")
    edit(path, "ALTER TABLE crm.contact ADD COLUMN score INTEGER; UPDATE crm.contact SET score = 7")
    store.engine.execute("CREATE TEMP TABLE news AS SELECT 'h1' AS _id, 'new@x' AS email UNION ALL SELECT 'h9', 'no@x'")
    commit(store, begin(store), Update(HUB, "news"))
    rows = "SELECT _id, name, email, score, _created_at IS NULL FROM crm.contact ORDER BY ALL"
    assert store.query(rows)[1] == [("h1", "Ana", "new@x", 7, False), ("h2", "Ben", "b@x", 7, False)]


def test_an_update_can_empty_a_column(path, opened):
    """A value that was removed on the other side."""
    store = opened()
    store.ensure(HUB)
    edit(path, "INSERT INTO crm.contact (_id, name, email) VALUES ('h1', 'Ana', 'a@x')")
    store.engine.execute("CREATE TEMP TABLE news AS SELECT 'h1' AS _id, NULL::VARCHAR AS email")
    commit(store, begin(store), Update(HUB, "news"))
    assert store.query(ROWS)[1] == [("Ana", None)]


def test_an_update_of_rows_that_were_looked_up_is_the_same(path, opened):
    """By row number, and after an upsert in the same commit has moved the rows."""
    store = FileStore(path, hold_s=1e9)
    with closing(store):
        store.ensure(HUB)
        edit(path, "INSERT INTO crm.contact (_id, name, email) VALUES ('h1', 'Ana', 'a@x'), ('h2', 'Ben', 'b@x')")
        store.lookup(HUB, "SELECT unnest(['h1', 'h2']) AS _id", "known")
        store.engine.execute("CREATE TEMP TABLE whole AS SELECT 'h1' AS _id, 'Anna' AS name, 'a@y' AS email")
        store.engine.execute("CREATE TEMP TABLE part AS SELECT unnest(['h1', 'h2']) AS _id, 'z@x' AS email")
        commit(store, begin(store), Upsert(HUB, "whole"), Update(HUB, "part"))
        assert store.query(ROWS)[1] == [("Anna", "z@x"), ("Ben", "z@x")]


def test_a_row_that_is_inserted_without_an_id_gets_one_in_a_commit_too(opened):
    """Staged rows fill the columns that they have."""
    store = opened()
    store.ensure(HUB)
    store.engine.execute("CREATE TEMP TABLE staged AS SELECT 'h1' AS _id, 'Ana' AS name")
    commit(store, begin(store), Upsert(HUB, "staged", known=False))
    assert one(store, "SELECT _id, name, email, _created_at IS NULL FROM crm.contact") == ("h1", "Ana", None, False)
