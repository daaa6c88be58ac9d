"""`sync`: hub and CRM are equal afterwards, whoever edited what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmsync.sandbox import Fault
from lab import Lab, laboratory
from providers import DRIVERS
from store_kit import edit


@pytest.fixture(params=DRIVERS)
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    with laboratory(tmp_path, provider=request.param) as made:
        yield made


def sync(lab: Lab) -> None:
    lab.clock.advance(3600)
    lab.run(mode="sync")


def intents(lab: Lab) -> list[tuple[Any, ...]]:
    return lab.rows("SELECT action, state, message FROM crmsync.intents ORDER BY id")


def test_an_edit_of_the_hub_reaches_the_crm_and_is_not_written_twice(lab: Lab) -> None:
    """What the CRM has made of it is what both agree on."""
    lab.crm.create("Ada", email="ada@example.com")
    sync(lab)
    edit(lab.store_file, "UPDATE crm.contact SET phone = '+44 1'")
    sync(lab)

    assert intents(lab) == [("update", "applied", None)]
    assert lab.rows(f"SELECT phone FROM {lab.crm.name}.contact") == [("+44 1",)]
    sync(lab)
    assert intents(lab) == [("update", "applied", None)]


def test_a_new_row_of_the_hub_becomes_a_record(lab: Lab) -> None:
    """One, and the two know each other from then on."""
    sync(lab)
    edit(lab.store_file, "INSERT INTO crm.contact (name, email, phone) VALUES ('Ada Lovelace', 'ada@example.com', '1')")
    sync(lab)

    assert intents(lab) == [("create", "applied", None)]
    assert lab.rows(f"SELECT name, email, phone FROM {lab.crm.name}.contact") == [
        ("Ada Lovelace", "ada@example.com", "1")
    ]
    sync(lab)
    assert lab.rows("SELECT count(*) FROM crm.contact") == [(1,)]
    assert len(lab.crm.live()) == 1
    assert len(intents(lab)) == 1


def test_a_row_that_is_deleted_is_archived(lab: Lab) -> None:
    """Or put away, as the CRM calls it; it does not come back as a new row."""
    lab.crm.create("Ada", email="ada@example.com")
    sync(lab)
    edit(lab.store_file, "DELETE FROM crm.contact")
    sync(lab)

    assert intents(lab) == [("archive", "applied", None)]
    assert lab.rows(f"SELECT count(*) FROM {lab.crm.name}.contact WHERE _deleted_at IS NULL AND NOT _archived") == [
        (0,)
    ]
    sync(lab)
    assert lab.rows("SELECT count(*) FROM crm.contact") == [(0,)]
    assert len(intents(lab)) == 1


CREATES = {"hubspot": "/batch/create", "zoho": "/Contacts/upsert", "odoo": "/res.partner/load"}


@pytest.mark.parametrize("lab", CREATES, indirect=True)
@pytest.mark.parametrize(
    ("when", "trouble"),
    [("after", {"drop": True}), ("after", {"status": 502, "body": b"{}"}), ("before", {"drop": True})],
)
def test_an_answer_that_is_lost_makes_no_second_record(lab: Lab, when: str, trouble: dict[str, Any]) -> None:
    """Whether the CRM carried it out or not: it is found out, and done once."""
    sync(lab)
    edit(
        lab.store_file,
        "INSERT INTO crm.contact (name, email) VALUES ('Ada', 'ada@example.com'), ('Ben', 'b@example.com')",
    )
    lab.simulator.faults.add(Fault(CREATES[lab.crm.name], when=when, **trouble))
    sync(lab)
    sync(lab)

    assert len(lab.crm.live()) == 2
    assert lab.rows("SELECT count(*) FROM crm.contact JOIN crmsync.links ON _id = hub_id") == [(2,)]
    assert lab.rows("SELECT count(*) FROM crm.contact") == [(2,)]
    assert [state for _, state, _ in intents(lab) if state in ("planned", "sent", "unknown")] == []


def outlive(lab: Lab) -> None:
    """A row of the hub whose record was deleted in the CRM, and found to be gone."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    sync(lab)
    lab.crm.delete(ada)
    lab.clock.advance(40 * 86_400)
    sync(lab)


def test_a_record_that_is_made_anew_is_the_same_person(lab: Lab) -> None:
    """Whose row has outlived the first one; the two are merged as on a first match."""
    outlive(lab)
    edit(lab.store_file, "UPDATE crm.contact SET phone = '1'")
    lab.crm.create("Ada", email="Ada@example.com")
    sync(lab)

    assert len(lab.crm.live()) == 1
    assert lab.rows("SELECT email, phone FROM crm.contact") == [("ada@example.com", "1")]
    assert lab.rows(f"SELECT phone FROM {lab.crm.name}.contact WHERE _deleted_at IS NULL") == [("1",)]
    assert lab.rows("SELECT state, count(*) FROM crmsync.links GROUP BY 1") == [("linked", 1)]


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("lab", ["hubspot"], indirect=True)
def test_a_merge_that_makes_a_third_record_makes_no_second_row(lab: Lab, edited: bool) -> None:
    """The row of the one that was kept is the new record's, also if it was edited meanwhile; the other one stays."""
    ada, ben = lab.crm.create("Ada", email="ada@example.com"), lab.crm.create("Ben", email="ben@example.com")
    sync(lab)
    if edited:
        edit(lab.store_file, "UPDATE crm.contact SET phone = '1' WHERE email = 'ada@example.com'")
    lab.crm.merge(ada, ben)
    sync(lab)
    sync(lab)

    assert lab.rows("SELECT name, email, phone FROM crm.contact ORDER BY email") == [
        ("Ada", "ada@example.com", "1" if edited else None),
        ("Ben", "ben@example.com", None),
    ]
    assert lab.rows("SELECT phone FROM hubspot.contact WHERE _deleted_at IS NULL") == [("1" if edited else None,)]
    assert lab.rows("SELECT count(*) FROM crmsync.conflicts WHERE resolved_at IS NULL") == [(0,)]


@pytest.mark.parametrize("lab", ["zoho", "odoo"], indirect=True)
def test_what_stands_in_for_a_name_is_no_name_of_the_hub_s(lab: Lab) -> None:
    """Else it would go on to the other CRMs, and be in conflict with a name there."""
    sync(lab)
    edit(lab.store_file, "INSERT INTO crm.contact (email) VALUES ('ada@example.com')")
    sync(lab)
    sync(lab)

    assert lab.rows(f"SELECT name FROM {lab.crm.name}.contact") == [("ada",)]
    assert lab.rows("SELECT name FROM crm.contact") == [(None,)]
    assert intents(lab) == [("create", "applied", None)]
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Ada Lovelace'")
    sync(lab)
    assert lab.rows(f"SELECT name FROM {lab.crm.name}.contact") == [("Ada Lovelace",)]


@pytest.mark.parametrize("lab", ["zoho", "odoo"], indirect=True)  # at HubSpot an address is unique
def test_two_records_anew_for_one_row_are_told_once(lab: Lab) -> None:
    """However many runs look at them."""
    outlive(lab)
    for _ in range(2):
        lab.crm.create("Ada", email="ada@example.com")
    sync(lab)
    sync(lab)

    assert [state for _, state, _ in intents(lab)] == ["rejected"]
    assert lab.rows("SELECT count(*) FROM crm.contact") == [(1,)]
