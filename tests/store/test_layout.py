"""Promises about stores of an older layout: they are brought up to date when they are opened to write, and keep all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from crmsync.store import FileStore
from crmsync.store.schema import CONFLICTS, INTENTS, LINKS, SYSTEM, VERSION
from store_kit import CONTACT, begin, contacts, edit, one, put, shell_rows

ADDED = (LINKS, INTENTS, CONFLICTS)  # by layout 3


def of_layout_2(path: Path) -> Path:
    """A store as it was before CRMs were written to, with a contact in it."""
    with closing(FileStore(path)) as store:
        store.ensure(CONTACT)
        put(store, begin(store), {"1": "a@x"}, '{"page": 1}')
        schema = store.engine.schema(LINKS)
    for table in ADDED:
        edit(path, f"DROP TABLE {schema}.{table.name}")
    edit(path, f"UPDATE {schema}.migrations SET version = 2, crmsync = '0.1.0'")
    return path


@pytest.mark.parametrize("name", ["crmsync", "team"])
def test_a_store_of_layout_2_gets_what_two_way_sync_needs(tmp_path, name):
    """Whatever the file is called, with a comment for every column, once; rows and checkpoint stay."""
    path = of_layout_2(tmp_path / f"{name}.duckdb")
    for _ in range(2):
        with closing(FileStore(path)) as store:
            assert store.checkpoint("hubspot", "contact") == '{"page": 1}'
            assert contacts(store) == [("1", "a@x")]
    with closing(FileStore(path, read_only=True)) as store:
        assert store.query("SELECT version FROM crmsync.migrations ORDER BY ALL")[1] == [(2,), (VERSION,)]
        for table in SYSTEM:
            assert store.query(f"FROM crmsync.{table.name} LIMIT 0")[0] == [c.name for c in table.columns]
    silent = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
    assert shell_rows(path, silent) == []


def test_a_store_of_layout_2_can_be_read_as_it_is(path):
    """`crmsync query` changes nothing."""
    of_layout_2(path)
    with closing(FileStore(path, read_only=True)) as store:
        assert contacts(store) == [("1", "a@x")]
        assert one(store, "SELECT max(version) FROM crmsync.migrations") == (2,)


def test_the_common_shell_reads_and_edits_a_store_that_was_brought_up_to_date(path):
    """Its JSON and lists are those that it knows."""
    of_layout_2(path)
    with closing(FileStore(path)) as store:
        store.checkpoint("hubspot", "contact")
    shell_rows(path, "INSERT INTO crmsync.conflicts (id, fields, base) VALUES ('1', ['name'], '{\"name\": null}')")
    assert shell_rows(path, "SELECT fields[1], base->'name' FROM crmsync.conflicts") == ["name,null"]
