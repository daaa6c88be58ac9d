"""Promises of expectations: what somebody edited while we worked on it is never overwritten unseen."""

from __future__ import annotations

from contextlib import closing

import pytest

from crmsync.errors import StoreMoved
from crmsync.store import Column, Commit, Expect, FileStore, Lease, Update, Upsert, hub_table
from store_kit import CONTACT, begin, contacts, edit, one, stage

FIELDS = [Column("name", "VARCHAR"), Column("email", "VARCHAR"), Column("tags", "VARCHAR[]")]
HUB = hub_table("contact", FIELDS, "People")
ROWS = "SELECT _id, name, email FROM crm.contact ORDER BY ALL"


@pytest.fixture
def hub(store: FileStore, path) -> FileStore:
    """A store with two people in its hub, of whom both were read into the engine table `read`."""
    store.ensure(HUB)
    edit(
        path,
        "INSERT INTO crm.contact (_id, name, email, tags) "
        "VALUES ('h1', 'Ana', NULL, ['a']), ('h2', 'Ben', 'b@x', NULL)",
    )
    store.lookup(HUB, "SELECT unnest(['h1', 'h2']) AS _id", "read")
    store.engine.execute("CREATE TEMP TABLE news AS SELECT 'h1' AS _id, 'ours@x' AS email")
    store.rest()
    return store


def write(store: FileStore, lease: Lease, expected: str = "read") -> None:
    """Give Ana an address, mirror a contact and move the checkpoint, if the people are still who they were."""
    changes = [Upsert(CONTACT, stage(store, {"1": "a@x"})), Update(HUB, "news")]
    store.commit(Commit(lease, changes, "1", {"read": 9}, expects=[Expect(HUB, expected)]))


def nothing_done(store: FileStore) -> bool:
    """Neither mirror nor checkpoint nor journal has anything of the commit."""
    return (contacts(store), store.checkpoint("hubspot", "contact"), one(store, "SELECT read FROM crmsync.runs")) == (
        [],
        None,
        (None,),
    )


def test_a_commit_whose_expectations_hold_is_carried_out(hub, lease):
    """Empty values and lists are equal to themselves."""
    write(hub, lease)
    assert hub.query(ROWS)[1] == [("h1", "Ana", "ours@x"), ("h2", "Ben", "b@x")]
    assert hub.checkpoint("hubspot", "contact") == "1"


@pytest.mark.parametrize(
    ("sql", "ids"),
    [
        ("UPDATE crm.contact SET email = 'theirs@x' WHERE _id = 'h1'", ("h1",)),
        ("UPDATE crm.contact SET email = NULL WHERE _id = 'h2'", ("h2",)),
        ("UPDATE crm.contact SET tags = ['a', 'b'] WHERE _id = 'h1'", ("h1",)),
        ("DELETE FROM crm.contact WHERE _id = 'h2'", ("h2",)),
        ("UPDATE crm.contact SET name = name || '!'", ("h1", "h2")),
        ("INSERT INTO crm.contact BY NAME SELECT * FROM crm.contact WHERE _id = 'h1'", ("h1",)),
    ],
    ids=["edited", "emptied", "a list", "deleted", "both", "copied"],
)
def test_rows_that_somebody_changed_stop_the_whole_commit(hub, lease, path, sql, ids):
    """It is told which; what they wrote is there, and nothing of ours is."""
    edit(path, sql)
    theirs = hub.query(ROWS)[1]
    with pytest.raises(StoreMoved) as caught:
        write(hub, lease)
    assert (caught.value.table, caught.value.ids) == ("crm.contact", ids)
    assert hub.query(ROWS)[1] == theirs
    assert nothing_done(hub)


def test_edits_of_other_rows_and_columns_are_no_reason_to_stop(hub, lease, path):
    """Only what was read and staged is compared."""
    hub.engine.execute("CREATE TEMP TABLE part AS SELECT _id, email FROM read WHERE _id = 'h1'")
    edit(path, "UPDATE crm.contact SET name = 'Anna' WHERE _id = 'h1'")
    edit(
        path, "UPDATE crm.contact SET email = 'theirs@x' WHERE _id = 'h2'; INSERT INTO crm.contact (_id) VALUES ('h3')"
    )
    write(hub, lease, "part")
    assert hub.query(ROWS)[1] == [("h1", "Anna", "ours@x"), ("h2", "Ben", "theirs@x"), ("h3", None, None)]


def test_the_same_commit_is_carried_out_once_the_rows_are_read_again(hub, lease, path):
    """A refused commit leaves a store that works on, and nothing it found is trusted."""
    with closing(FileStore(path, hold_s=1e9)) as patient:
        patient.engine.execute("CREATE TEMP TABLE news AS SELECT 'h1' AS _id, 'ours@x' AS email")
        patient.engine.execute("CREATE TEMP TABLE read AS SELECT 'h1' AS _id, 'Someone' AS name")
        with pytest.raises(StoreMoved):
            write(patient, lease)
        patient.lookup(HUB, "SELECT unnest(['h1', 'h2']) AS _id", "read")
        write(patient, lease)
        assert patient.query(ROWS)[1] == [("h1", "Ana", "ours@x"), ("h2", "Ben", "b@x")]


def test_expectations_are_about_what_is_there_before_the_commit(hub, lease):
    """The changes of the commit itself are not taken for somebody else's."""
    hub.engine.execute("CREATE TEMP TABLE first AS SELECT 'h1' AS _id, 'first@x' AS email")
    hub.commit(Commit(lease, [Update(HUB, "first"), Update(HUB, "news")], expects=[Expect(HUB, "read")]))
    assert one(hub, "SELECT email FROM crm.contact WHERE _id = 'h1'") == ("ours@x",)


def test_a_run_that_was_taken_over_is_told_that_first(hub, lease):
    """The fence is checked before anything else."""
    hub.release(lease, {})
    begin(hub, run_id="r2")
    with pytest.raises(Exception, match="took over"):
        write(hub, lease)


def test_the_message_names_some_of_many():
    """A person can look at one; the caller has all."""
    error = StoreMoved("crm.contact", tuple("abcdef"))
    assert error.message == "Rows of crm.contact were changed by somebody else meanwhile (6): a, b, c …"
    assert (error.code, error.exit_status) == ("CS406", 4)
