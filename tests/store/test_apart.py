"""Promises of apart(): the pairs that differ from what they agreed on, each with what happened to its two rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crmsync.quote import identifier
from crmsync.store import Column, FileStore, Pairing, Shared, Table, Upsert, agreed_text, hub_table
from crmsync.store.schema import LINKS, LINKS_BY_REMOTE
from store_kit import begin, commit, edit

COLUMNS = (Column("name", "VARCHAR"), Column("size", "DECIMAL(19,4)"), Column("company_id", "VARCHAR"))
HUB = hub_table("contact", COLUMNS, "People")
ENDED = (Column("_deleted_at", "TIMESTAMPTZ"), Column("_left_at", "TIMESTAMPTZ"))
RECORD = (Column("full_name", "VARCHAR"), Column("size", "DECIMAL(19,4)"), Column("company", "VARCHAR"))
MIRROR = Table("hubspot", "people", (*RECORD, Column("_id", "VARCHAR"), *ENDED), ("_id",))
FIELDS = (Shared("name", "full_name"), Shared("size", "size", "decimal"))
PAIRING = Pairing("hubspot", "people", HUB, MIRROR, FIELDS)
WITH_COMPANY = Pairing("hubspot", "people", HUB, MIRROR, (*FIELDS, Shared("company_id", "company", "ref", "firms")))

LINK = "INSERT INTO crmsync.links (connection, stream, hub_id, remote_id, base, shown, state) "
EDITS = {  # of the hub's row or the record with the number of %s
    "hub": {
        "none": "DELETE FROM crm.contact WHERE _id = 'h%s'",
        "same": "",
        "changed": "UPDATE crm.contact SET name = 'Ben' WHERE _id = 'h%s'",
        "copied": "INSERT INTO crm.contact BY NAME FROM crm.contact WHERE _id = 'h%s'",
        "copied, then changed": "INSERT INTO crm.contact BY NAME SELECT * REPLACE ('Ben' AS name) "
        "FROM crm.contact WHERE _id = 'h%s'",
    },
    "mirror": {
        "none": "DELETE FROM hubspot.people WHERE _id = 'r%s'",
        "same": "",
        "changed": "UPDATE hubspot.people SET size = 9 WHERE _id = 'r%s'",
        "deleted": "UPDATE hubspot.people SET _deleted_at = now() WHERE _id = 'r%s'",
        "left": "UPDATE hubspot.people SET _left_at = now() WHERE _id = 'r%s'",
    },
    "link": {
        "none": "DELETE FROM crmsync.links WHERE hub_id = 'h%s'",
        "linked": "",
        "deleted": "UPDATE crmsync.links SET state = 'deleted' WHERE hub_id = 'h%s'",
    },
}


@pytest.fixture
def team(store: FileStore) -> FileStore:
    """A store with a hub and a mirror that are empty."""
    store.ensure(HUB)
    store.ensure(MIRROR)
    return store


def linked(path: Path, count: int) -> None:
    """Hub rows `h0` … and records `r0` …, each linked to its like and as agreed."""
    base = agreed_text([("name", "text", "h.name"), ("size", "decimal", "h.size")])
    shown = agreed_text([("name", "text", "r.full_name"), ("size", "decimal", "r.size")])
    edit(
        path,
        f"INSERT INTO crm.contact (_id, name, size) SELECT 'h' || n, 'Ana', n / 3 FROM range({count}) t(n);"
        f"INSERT INTO hubspot.people (_id, full_name, size) SELECT 'r' || n, 'ANA', n FROM range({count}) t(n);"
        f"{LINK} SELECT 'hubspot', 'people', h._id, r._id, {base}, {shown}, 'linked' "
        "FROM crm.contact h JOIN hubspot.people r ON h._id[2:] = r._id[2:]",
    )


def apart(store: FileStore, pairing: Pairing = PAIRING) -> list[tuple[Any, ...]]:
    """What is apart."""
    count = store.apart(pairing, "pairs")
    rows: list[tuple[Any, ...]] = store.engine.rows("SELECT hub_id, remote_id, state, hub, mirror FROM pairs")
    assert count == len(rows)
    return sorted(rows, key=str)


def expected(n: int, hub: str, mirror: str, link: str) -> Iterator[tuple[Any, ...]]:
    """What is to be told of a pair, by the words of the interface."""
    row, record, copied = f"h{n}", f"r{n}", hub.startswith("copied")
    lives = mirror in ("same", "changed")
    if link == "none":
        if hub != "none":
            yield row, None, None, "twice" if copied else "new", None
        if lives:
            yield None, record, None, None, "new"
    elif link == "deleted":
        if hub != "none" and lives:
            yield row, record, link, "twice" if copied else "changed", "changed"
    else:
        ours = {"none": "gone", "copied": "same", "copied, then changed": "twice"}.get(hub, hub)
        theirs = "gone" if mirror == "none" else mirror
        if (ours, theirs) != ("same", "same"):
            yield row, record, link, ours, theirs


def test_every_state_of_hub_row_record_and_link_is_told_as_it_is(team, path):
    """All of them at once, side by side."""
    cases = list(product(EDITS["hub"], EDITS["mirror"], EDITS["link"]))
    linked(path, len(cases))
    sql = [
        EDITS[part][c].replace("%s", str(n))
        for n, case in enumerate(cases)
        for part, c in zip(EDITS, case, strict=True)
    ]
    edit(path, ";".join(filter(None, sql)))
    told = [row for n, case in enumerate(cases) for row in expected(n, *case)]
    assert apart(team) == sorted(told, key=str)
    assert {hub for *_, hub, _ in told} == {"same", "changed", "gone", "new", "twice", None}


def test_what_agrees_is_not_apart(team, path):
    """Nothing to do costs no more than looking."""
    linked(path, 100)
    assert apart(team) == []


def test_other_columns_do_not_set_a_pair_apart(team, path):
    """Only what is shared is compared."""
    linked(path, 3)
    edit(path, "ALTER TABLE crm.contact ADD COLUMN mine INTEGER; UPDATE crm.contact SET mine = 1, _updated_at = now()")
    edit(path, "UPDATE hubspot.people SET company = 'c1'")
    assert apart(team) == []


def test_empty_and_missing_are_not_the_same(team, path):
    """A value that was removed is a change; so is a field that was never agreed on."""
    linked(path, 3)
    edit(path, "UPDATE crm.contact SET name = NULL WHERE _id = 'h1'")
    edit(path, """UPDATE crmsync.links SET shown = '{"name":"ANA"}' WHERE hub_id = 'h2'""")
    assert apart(team) == [
        ("h1", "r1", "linked", "changed", "same"),
        ("h2", "r2", "linked", "same", "changed"),
    ]


def test_a_link_that_never_agreed_is_apart(team, path):
    """It was made by hand, say: base and shown are empty."""
    linked(path, 2)
    edit(path, "UPDATE crmsync.links SET base = NULL, shown = NULL WHERE hub_id = 'h1'")
    assert apart(team) == [("h1", "r1", "linked", "changed", "changed")]


def test_two_rows_that_change_places_are_both_apart(team, path):
    """Each row is compared with its own link, though both texts are known."""
    linked(path, 3)
    edit(path, "UPDATE crm.contact SET _id = CASE _id WHEN 'h1' THEN 'h2' WHEN 'h2' THEN 'h1' ELSE _id END")
    assert [row[0] for row in apart(team)] == ["h1", "h2"]


def test_links_of_other_streams_and_connections_are_none_of_ours(team, path):
    """The same hub row is linked to each CRM by a link of its own."""
    linked(path, 2)
    edit(path, "INSERT INTO crmsync.links SELECT * REPLACE ('zoho' AS connection, '{}' AS base) FROM crmsync.links")
    edit(path, "DELETE FROM crmsync.links WHERE connection = 'hubspot' AND hub_id = 'h1'")
    edit(path, f"{LINK} VALUES ('hubspot', 'firms', 'h1', 'r1', '{{}}', '{{}}', 'linked')")
    assert apart(team) == [("h1", None, None, "new", None), (None, "r1", None, None, "new")]


def test_references_are_compared_as_ids_of_the_hub(team, path):
    """The mirror says c1, which is linked to k1; a reference whose record has no link yet is empty."""
    links = f"{LINK} SELECT 'hubspot', 'people', 'h' || n, 'r' || n, %s, %s, 'linked' FROM range(3) t(n)"
    edit(path, "INSERT INTO crm.contact (_id, company_id) SELECT 'h' || n, 'k1' FROM range(3) t(n)")
    edit(path, "INSERT INTO hubspot.people (_id, company) VALUES ('r0', 'c1'), ('r1', 'c2'), ('r2', 'c9')")
    edit(path, f"{LINK} SELECT 'hubspot', 'firms', 'k' || n, 'c' || n, '{{}}', '{{}}', 'linked' FROM range(5) t(n)")
    edit(path, f"{LINK} VALUES ('zoho', 'firms', 'k1', 'c9', '{{}}', '{{}}', 'linked')")
    text = agreed_text([("name", "text", "NULL"), ("size", "decimal", "NULL"), ("company_id", "ref", "'k1'")])
    edit(path, links % (text, text))
    assert apart(team, WITH_COMPANY) == [
        ("h1", "r1", "linked", "same", "changed"),
        ("h2", "r2", "linked", "same", "changed"),
    ]
    empty = text.replace("'k1'", "NULL")
    edit(path, f"UPDATE crmsync.links SET shown = {empty} WHERE hub_id = 'h2'")
    assert apart(team, WITH_COMPANY) == [("h1", "r1", "linked", "same", "changed")]


def test_a_mirror_whose_records_cannot_leave_is_compared_too(team, path):
    """It has no such column."""
    linked(path, 3)
    edit(path, "ALTER TABLE hubspot.people DROP COLUMN _left_at; UPDATE hubspot.people SET _deleted_at = now()")
    assert apart(team) == [(f"h{n}", f"r{n}", "linked", "same", "deleted") for n in range(3)]


def test_a_row_without_an_id_is_passed_over(team, path):
    """In a table that the team had before; it cannot be linked to anything."""
    edit(path, "ALTER TABLE crm.contact ALTER COLUMN _id DROP NOT NULL")
    edit(path, "INSERT INTO crm.contact (_id, name) VALUES (NULL, 'Ana'), ('h1', 'Ben')")
    assert apart(team) == [("h1", None, None, "new", None)]


def test_links_are_found_from_either_side(team, path):
    """By hub row and by record, both in one visit of the file."""
    linked(path, 3)
    ours = "SELECT 'hubspot' AS connection, 'people' AS stream, "
    for _ in range(2):
        assert team.lookup(LINKS, f"{ours} 'h1' AS hub_id", "one") == 1
        assert team.lookup(LINKS_BY_REMOTE, f"{ours} unnest(['r1', 'r2', 'r9']) AS remote_id", "two") == 2
    assert team.engine.rows("SELECT hub_id FROM two ORDER BY ALL") == [("h1",), ("h2",)]


def test_a_link_that_moved_is_no_longer_apart(team, path):
    """What the merge writes into base and shown is what apart compares."""
    linked(path, 3)
    edit(path, "UPDATE crm.contact SET name = 'Ben', size = 1.5 WHERE _id = 'h1'")
    edit(path, "UPDATE hubspot.people SET full_name = 'Ben', size = 1.5 WHERE _id = 'r1'")
    assert apart(team) == [("h1", "r1", "linked", "changed", "changed")]
    team.lookup(HUB, "SELECT hub_id AS _id FROM pairs", "rows")
    text = agreed_text([("name", "text", "name"), ("size", "decimal", "size")])
    team.engine.execute(
        "CREATE TEMP TABLE moved AS SELECT 'hubspot' AS connection, 'people' AS stream, _id AS hub_id, "
        f"'r1' AS remote_id, {text} AS base, {text} AS shown, 'linked' AS state FROM rows"
    )
    commit(team, begin(team, "people"), Upsert(LINKS, "moved"))
    assert apart(team) == []


@pytest.mark.parametrize("name", ['say "x"', "o'brien", "ünï ☃", "select"])
def test_any_name_of_a_field_or_stream_will_do(team, path, name):
    """Names are never SQL."""
    mirror = Table("hubspot", name, (Column(name, "VARCHAR"), *MIRROR.columns[3:]), ("_id",))
    hub = hub_table(name, [Column(name, "VARCHAR")], "Odd")
    team.ensure(mirror)
    team.ensure(hub)
    edit(path, f"INSERT INTO hubspot.{identifier(name)} (_id) VALUES ('r1')")
    pairing = Pairing("hub'spot", name, hub, mirror, (Shared(name, name, "ref", name),))
    assert apart(team, pairing) == [(None, "r1", None, None, "new")]
