"""People may do anything to the hub with SQL. What they break is told, and no CRM loses a value for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmsync.events import Note
from lab import Lab, laboratory
from store_kit import edit


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Two people, in step."""
    with laboratory(tmp_path) as made:
        for name in ("ada", "ben"):
            values = {"email": f"{name}@example.com", "lastname": name, "jobtitle": "Pilot"}
            made.simulator.create("contacts", values)
        made.run(mode="sync")
        yield made


def titles(lab: Lab) -> list[str | None]:
    return [record["properties"].get("jobtitle") for record in lab.simulator.live("contacts").values()]


@pytest.mark.parametrize("mode", ["sync", "push"])
@pytest.mark.parametrize("loss", ["DROP COLUMN job_title", "RENAME COLUMN job_title TO title"])
def test_a_column_that_is_gone_is_no_edit(lab: Lab, loss: str, mode: str) -> None:
    """It is made again, and a sync fills it from the CRM; other edits go on, and so does a later one of this field."""
    edit(lab.store_file, f"ALTER TABLE crm.contact {loss}; UPDATE crm.contact SET phone = '1' WHERE email LIKE 'ada%'")
    lab.clock.advance(3600)
    result = lab.run(mode=mode)
    assert result.written
    assert (titles(lab), result.written.updated, result.written.conflicts) == (["Pilot", "Pilot"], 1, 0)

    lab.run(mode="sync")
    assert lab.rows("SELECT DISTINCT job_title FROM crm.contact") == [("Pilot",)]
    edit(lab.store_file, "UPDATE crm.contact SET job_title = 'Chief'")
    lab.clock.advance(3600)
    lab.run(mode="sync")
    assert titles(lab) == ["Chief", "Chief"]


@pytest.mark.parametrize(
    ("sql", "code", "told"),
    [
        ("DROP TABLE crm.contact", "CS407", "The table crm.contact is gone, and 2 records of CRMs are linked"),
        ("ALTER TABLE crm.contact DROP COLUMN _id", "CS407", "crm.contact has no column _id any more"),
        ("ALTER TABLE crm.contact ALTER job_title TYPE BLOB", "CS104", "job_title is of type BLOB in the store"),
    ],
)
def test_what_cannot_be_merged_is_told_and_nothing_is_written(lab: Lab, sql: str, code: str, told: str) -> None:
    """With exit status 2: it does not help to run it again."""
    edit(lab.store_file, sql)
    (result,) = lab.try_run(mode="sync", brake=1.0)
    assert result.error
    assert (result.error["code"], result.exit_status, told in result.error["message"]) == (code, 2, True)
    assert titles(lab) == ["Pilot", "Pilot"]


def test_rows_with_one_id_wait_and_are_told(lab: Lab) -> None:
    """Each may be the one that was meant."""
    edit(lab.store_file, "INSERT INTO crm.contact FROM crm.contact WHERE email LIKE 'ada%'")
    edit(lab.store_file, "UPDATE crm.contact SET job_title = 'Chief'")
    lab.clock.advance(3600)
    lab.run(mode="sync")
    assert sorted(map(str, titles(lab))) == ["Chief", "Pilot"]
    notes = [event.message for event in lab.events if isinstance(event, Note) and event.level == "warning"]
    assert any(note.startswith("One _id stands in several rows of crm.contact") for note in notes)
