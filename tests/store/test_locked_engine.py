"""Promises of the engine: it reaches one file and nothing else, and a person's query can only read."""

from __future__ import annotations

from contextlib import closing

import pytest

from crmsync.errors import StoreError, UsageError
from crmsync.store import FileStore
from store_kit import contacts, put

REACHING_OUT = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "FROM '/etc/passwd'",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/other.duckdb' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 4",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA threads = 4",
]


@pytest.mark.parametrize("sql", REACHING_OUT)
def test_the_engine_refuses_to_reach_out(store, tmp_path, sql):
    """Whatever SQL a spec is made into."""
    with pytest.raises(StoreError):
        store.engine.execute(sql.format(folder=tmp_path))
    assert {p.name.split(".")[0] for p in tmp_path.iterdir()} == {"team"}


@pytest.mark.parametrize("sql", REACHING_OUT)
def test_a_query_refuses_to_reach_out(store, tmp_path, sql):
    """As a mistake of the person who asked, not of the store."""
    with pytest.raises(UsageError):
        store.query(sql.format(folder=tmp_path))
    assert {p.name.split(".")[0] for p in tmp_path.iterdir()} == {"team"}


def test_a_value_in_an_error_does_not_mislead(store):
    """A record that says `permission denied` is no matter of permissions."""
    with pytest.raises(StoreError) as caught:
        store.engine.execute("SELECT 'permission denied'::INT")
    assert type(caught.value) is StoreError


CHANGING = [
    "INSERT INTO hubspot.contact (_id) VALUES ('2')",
    "DELETE FROM hubspot.contact",
    "UPDATE hubspot.contact SET email = 'x'",
    "DROP TABLE hubspot.contact",
    "CREATE TABLE hubspot.mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "ALTER TABLE hubspot.contact DROP email",
    "WITH gone AS (DELETE FROM hubspot.contact RETURNING *) FROM gone",
    "EXPLAIN ANALYZE DELETE FROM hubspot.contact",
    "TRUNCATE hubspot.contact",
    "BEGIN",
    "DETACH store",
    "USE memory",
    "SET VARIABLE x = 1",
]


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("sql", CHANGING)
def test_a_query_cannot_change_anything(store, lease, path, sql, read_only):
    """However the store was opened, it says in plain words that it only reads."""
    put(store, lease, {"1": "a@x"})
    with closing(FileStore(path, read_only=read_only)) as asked:
        with pytest.raises(UsageError, match="can only read"):
            asked.query(sql)
        assert contacts(asked) == [("1", "a@x")]


def test_a_read_only_store_refuses_a_commit(store, lease, path):
    """Which only a mistake of ours can ask for."""
    with closing(FileStore(path, read_only=True)) as reader, pytest.raises(StoreError, match="for reading only"):
        put(reader, lease, {"1": "a@x"})


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("FROM hubspot.contacts", 'Did you mean "contact"'),
        ("SELECT emial FROM hubspot.contact", '"email"'),
        ("SELEC 1", "syntax error"),
        ("SELECT 'x'::INT", "Could not convert"),
        ("SELECT $1", "Values were not provided"),
        ("SELECT 1; SELECT 2", "Give one SQL statement; there are 2"),
        ("-- nothing", "Give one SQL statement; there are 0"),
        ("PIVOT hubspot.contact ON email", "PIVOT without IN is refused"),
    ],
)
def test_a_wrong_query_is_told_in_the_engine_s_words(store, sql, told):
    """With the near names and the place."""
    with pytest.raises(UsageError) as caught:
        store.query(sql)
    assert told in caught.value.message
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "sql",
    [
        "FROM hubspot.contact",
        "WITH a AS (FROM hubspot.contact) FROM a",
        "TABLE hubspot.contact",
        "SHOW ALL TABLES",
        "DESCRIBE hubspot.contact",
        "SUMMARIZE hubspot.contact",
        "VALUES (1)",
        "PIVOT hubspot.contact ON email IN ('a@x')",
    ],
)
def test_every_way_to_read_works(store, lease, sql):
    """A semicolon does no harm."""
    put(store, lease, {"1": "a@x"})
    assert store.query(sql + ";")[1]


def test_a_query_takes_parameters_and_names_its_columns(store, lease):
    """Values never become SQL text."""
    put(store, lease, {"1": "a@x"})
    assert store.query("SELECT email AS e FROM hubspot.contact WHERE _id = ?", ["1"]) == (["e"], [("a@x",)])


def test_a_refused_query_leaves_the_store_usable(store, lease):
    """The same process asks again, and commits."""
    with pytest.raises(UsageError):
        store.query("FROM nowhere")
    put(store, lease, {"1": "a@x"})
    assert contacts(store) == [("1", "a@x")]
