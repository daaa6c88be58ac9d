"""Answers that hold the records that were written: they stand for a reading, as far as they tell what it would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmsync.sandbox import SimRequest
from lab import Lab, laboratory
from store_kit import edit

ADA = {
    "firstname": "Ada",
    "lastname": "Lovelace",
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
    "jobtitle": "Analyst",
    "website": "ada.example",
    "city": "London",
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


def sync(lab: Lab, stream: str = "contact") -> None:
    lab.clock.advance(3600)
    lab.run(stream, mode="sync")


def shown(lab: Lab, stream: str = "contact") -> dict[str, dict[str, Any]]:
    """The mirror, without when its rows changed last."""
    return {
        id_: {name: value for name, value in row.items() if name != "_synced_at"}
        for id_, row in lab.mirror(stream).items()
    }


def assert_as_read(lab: Lab, stream: str = "contact") -> None:
    """The mirror has what it would have if all records were read."""
    before = shown(lab, stream)
    lab.clock.advance(3600)
    lab.run(stream, backfill=True)
    assert before == shown(lab, stream)


def asked(lab: Lab) -> Counter[str]:
    """Counts requests by what they do, from now on."""
    counts = Counter[str]()

    def hear(request: SimRequest) -> None:
        counts["/".join(request.path.split("/")[-2:])] += 1

    lab.simulator.switches.on_request = hear
    return counts


def test_a_hundred_records_are_made_and_settled_by_one_request(lab: Lab) -> None:
    """Nobody is looked up where the CRM makes no second one, and nobody is read whom the answer shows."""
    sync(lab)
    edit(
        lab.store_file,
        "INSERT INTO crm.contact (name, email, phone) "
        "SELECT 'Ada ' || i, i || '@mail.example', '+1 416-555-0130' "
        "FROM range(100) r(i)",
    )
    counts = asked(lab)
    sync(lab)

    assert (counts["batch/create"], counts["batch/read"]) == (1, 0)
    assert lab.rows("SELECT count(*) FROM crmsync.links") == [(100,)]
    assert_as_read(lab)
    sync(lab)
    assert lab.rows("SELECT count(*) FROM crmsync.intents") == [(100,)]


@pytest.mark.parametrize(
    "edited",
    [
        "phone = '+1 416-555-0130'",
        "name = 'Augusta King'",
        "name = 'Augusta'",
        "phone = NULL, job_title = ''",
        "email = 'A.K@Example.com'",
    ],
)
def test_an_answer_leaves_what_was_not_written_as_it_is(lab: Lab, edited: str) -> None:
    """Also columns that are read where something was written: first and last name follow the name."""
    lab.simulator.create("contacts", ADA)
    sync(lab)
    edit(lab.store_file, f"UPDATE crm.contact SET {edited}")
    sync(lab)

    assert lab.rows("SELECT count(*) FROM crmsync.intents WHERE state = 'applied'") == [(1,)]
    assert_as_read(lab)


def test_what_stands_for_nothing_is_not_taken_from_an_answer_that_is_silent(lab: Lab) -> None:
    """A deal's currency is that of the account where a record has none; one that was not written has one."""
    lab.simulator.create(
        "deals",
        {
            "dealname": "Lace",
            "amount": "100",
            "deal_currency_code": "EUR",
            "pipeline": "default",
            "dealstage": "closedwon",
        },
    )
    sync(lab, "deal")
    edit(lab.store_file, "UPDATE crm.deal SET name = 'Laces' WHERE name = 'Lace'")
    sync(lab, "deal")

    assert lab.rows("SELECT name, currency FROM hubspot.deal WHERE name LIKE 'Lace%'") == [("Laces", "EUR")]
    assert_as_read(lab, "deal")


@pytest.mark.parametrize("silent", [{"phone"}, {"firstname", "lastname"}])
def test_a_record_whose_answer_lacks_what_was_written_is_read(lab: Lab, silent: set[str]) -> None:
    """Nobody knows what the CRM has made of it: neither the mirror nor the hub loses it."""
    lab.simulator.create("contacts", ADA)
    sync(lab)
    lab.simulator.switches.answers_lack = frozenset(silent)
    edit(
        lab.store_file,
        "UPDATE crm.contact SET phone = '+1 416-555-0130', name = 'Augusta King'; "
        "INSERT INTO crm.contact (name, email, phone) VALUES ('Alan Turing', 'alan@example.com', '+1 416-555-0199')",
    )
    sync(lab)

    assert_as_read(lab)
    sync(lab)
    assert lab.rows("SELECT name, phone FROM crm.contact ORDER BY 1") == [
        ("Alan Turing", "+1 416-555-0199"),
        ("Augusta King", "+1 416-555-0130"),
    ]


def test_an_answer_resolves_no_reject_that_it_does_not_speak_of(lab: Lab) -> None:
    """What the CRM's record holds and cannot be read is still there after another field was written."""
    bad = lab.simulator.create("contacts", {**ADA, "hs_additional_emails": "x@y.example"})
    lab.simulator.update("contacts", bad, {"hs_email_optout": "perhaps"})
    sync(lab)
    held = "SELECT record_id, resolved_at IS NULL FROM crmsync.rejects"
    assert lab.rows(held) == [(bad, True)]
    edit(lab.store_file, "UPDATE crm.contact SET phone = '+1 416-555-0130'")
    sync(lab)

    assert lab.rows(held) == [(bad, True)]
