"""What a team says of its hub in crmsync.yaml: further fields, who gives way, and words of CRMs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmsync_odoo.simulator.orm.fields import char
from lab import Lab, laboratory
from store_kit import edit

Labs = Mapping[str, Lab]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


@pytest.fixture
def labs(tmp_path: Path) -> Iterator[Labs]:
    """Two CRMs and one hub."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(laboratory(tmp_path, provider=name)) for name in ("hubspot", "odoo")}
        made["hubspot"].simulator.add_property("contacts", "tier_c")
        made["odoo"].simulator.add_field("res.partner", char("x_tier", "Tier"))
        yield made


def sync(*labs: Lab, stream: str = "contact") -> None:
    for lab in labs:
        lab.clock.advance(3600)
        lab.run(stream, mode="sync")


def hub(lab: Lab, columns: str) -> list[tuple[Any, ...]]:
    return lab.rows(f"SELECT {columns} FROM crm.contact ORDER BY ALL")


def conflicts(lab: Lab) -> list[tuple[Any, ...]]:
    """Whose, what the hub and the CRM had, the policy, the winner, how it was resolved."""
    return lab.rows(
        "SELECT connection, hub->>fields[1], remote->>fields[1], policy, winner, resolution "
        "FROM crmsync.conflicts ORDER BY opened_at, id"
    )


def writes(lab: Lab) -> list[tuple[Any, ...]]:
    return lab.rows("SELECT connection, action, state, message FROM crmsync.intents ORDER BY id")


# -- fields of the hub -------------------------------------------------------------------------------------------------

TEAM = {"hub": {"contact": {"tier": {"type": "text", "title": "Tier"}, "city": {"type": "text", "title": "City"}}}}
TIERS = {"hubspot": "tier_c", "odoo": {"at": "x_tier"}}


def with_tiers(labs: Labs) -> list[Lab]:
    for name, lab in labs.items():
        lab.team, lab.config = TEAM, {"hub": {"contact": {"tier": TIERS[name]}}}
    return list(labs.values())


def test_a_field_of_the_team_goes_from_one_crm_to_the_other_and_back(labs: Labs) -> None:
    """By a line in each connection, or by the spec's field of that name; then nothing is written any more."""
    hubspot, odoo = with_tiers(labs)
    ada = hubspot.simulator.create(
        "contacts", {"email": "a@example.com", "lastname": "Ada", "tier_c": "gold", "city": "Bonn"}
    )
    sync(hubspot, odoo)
    ((there, city, tier),) = [
        (i, row["city"], row["x_tier"]) for i, row in odoo.simulator.all("res.partner").items() if row["x_tier"]
    ]
    assert (city, tier) == ("Bonn", "gold")
    odoo.simulator.write("res.partner", there, {"x_tier": "silver", "city": "Oslo"})
    sync(odoo, hubspot)

    shown = hubspot.simulator.get("contacts", ada)["properties"]
    assert (shown["tier_c"], shown["city"]) == ("silver", "Oslo")
    assert hub(hubspot, "tier, city") == [("silver", "Oslo")]
    done = [("odoo", "create", "applied", None), ("hubspot", "update", "applied", None)]
    assert writes(hubspot) == done
    sync(odoo, hubspot, odoo)
    assert writes(hubspot) == done


def test_a_field_that_is_declared_later_is_filled_by_the_next_sync(lab: Lab) -> None:
    """Everything is read again for a new line; for a field that the mirror has, nothing."""
    lab.simulator.add_property("contacts", "tier_c")
    lab.simulator.create("contacts", {"email": "a@example.com", "tier_c": "gold", "city": "Bonn"})
    sync(lab)
    lab.team = {"hub": {"contact": {"city": TEAM["hub"]["contact"]["city"]}}}
    sync(lab)
    read = "SELECT read FROM crmsync.runs WHERE connection = 'hubspot' ORDER BY started_at DESC LIMIT 1"
    assert (hub(lab, "city"), lab.rows(read)) == ([("Bonn",)], [(0,)])

    with_tiers({"hubspot": lab})
    sync(lab)
    assert (hub(lab, "city, tier"), lab.rows(read)) == ([("Bonn", "gold")], [(1,)])
    comment = "SELECT comment FROM duckdb_columns() WHERE schema_name = 'crm' AND column_name = 'tier'"
    assert lab.rows(comment) == [("Tier",)]
    assert (writes(lab), conflicts(lab)) == ([], [])


def test_a_line_takes_the_place_of_a_field_that_only_the_spec_has(lab: Lab) -> None:
    """It is in the mirror as before, and written by the line alone."""
    lab.team = {"hub": {"contact": {"rating": {"type": "text", "title": "Rating"}}}}
    lab.config = {"hub": {"contact": {"rating": "hs_lead_status"}}}
    ada = lab.simulator.create("contacts", {"email": "a@example.com", "hs_lead_status": "OPEN"})
    sync(lab)
    edit(lab.store_file, "UPDATE crm.contact SET rating = 'NEW'")
    sync(lab)

    assert lab.simulator.get("contacts", ada)["properties"]["hs_lead_status"] == "NEW"
    assert lab.rows("SELECT lead_status, rating FROM hubspot.contact") == [("NEW", "NEW")]


def test_a_column_of_the_team_that_has_another_type_is_told(lab: Lab) -> None:
    """It was there before it was declared: it is neither converted nor compared as what it is not."""
    sync(lab)
    edit(lab.store_file, "ALTER TABLE crm.contact ADD COLUMN city INTEGER")
    lab.team = TEAM
    (result,) = lab.try_run(mode="sync")

    assert result.error is not None
    assert (result.error["code"], result.exit_status) == ("CS104", 2)
    assert "crm.contact.city is of type INTEGER in the store" in result.error["message"]
    edit(lab.store_file, re.findall("ALTER TABLE .*", result.error["hint"])[0])
    sync(lab)


# -- who gives way -----------------------------------------------------------------------------------------------------

BOTH = "SELECT {0} FROM crm.contact UNION ALL SELECT {0} FROM hubspot.contact"
DECIDED = [
    ("hubspot", "Lovelace", "Augusta", "hold", None, None),
    ("hubspot", "1", "2", "hub", "hub", "policy"),
    ("hubspot", "Pilot", "Boss", "remote", "remote", "policy"),
]


def test_each_field_has_its_policy_and_the_loser_is_kept(lab: Lab) -> None:
    """Once, whatever comes of it; what is held waits, what is not goes on, and afterwards all is quiet."""
    ada = lab.simulator.create("contacts", {"email": "a@example.com", "lastname": "Ada"})
    sync(lab)
    lab.team = {"merge": {"fields": {"contact": {"phone": "hub"}}}}
    lab.config = {"merge": {"fields": {"contact": {"job_title": "remote"}}}}
    edit(
        lab.store_file,
        "UPDATE crm.contact SET name = 'Lovelace', phone = '1', job_title = 'Pilot', email = 'b@x.example'",
    )
    lab.simulator.update("contacts", ada, {"lastname": "Augusta", "phone": "2", "jobtitle": "Boss"})
    for _ in range(2):
        sync(lab)
        assert sorted(conflicts(lab), key=str) == sorted(DECIDED, key=str)
        assert lab.rows(BOTH.format("name, phone, job_title, email")) == [
            ("Lovelace", "1", "Boss", "b@x.example"),
            ("Augusta", "1", "Boss", "b@x.example"),
        ]
        assert writes(lab) == [("hubspot", "update", "applied", None)]


def test_a_first_match_has_policies_of_its_own(lab: Lab) -> None:
    """Nobody edited anything, so the policy for edits says nothing about it."""
    fields = {
        "name": {"policy": "hub", "first": "remote"},
        "phone": {"policy": "remote", "first": "hub"},
        "job_title": "hub",
    }
    lab.team = {"merge": {"fields": {"contact": fields}}}
    sync(lab)
    edit(
        lab.store_file,
        "INSERT INTO crm.contact (email, name, phone, job_title) VALUES ('a@example.com', 'Lovelace', '1', 'Pilot')",
    )
    told = {"email": "a@example.com", "lastname": "Ada", "phone": "2", "jobtitle": "Boss"}
    lab.simulator.create("contacts", told)
    sync(lab)

    assert lab.rows(BOTH.format("name, phone, job_title")) == [("Ada", "1", "Pilot"), ("Ada", "1", "Boss")]
    assert sorted(row[3:5] for row in conflicts(lab)) == [("hold", None), ("hub", "hub"), ("remote", "remote")]


def test_the_newest_is_who_has_the_later_time(lab: Lab) -> None:
    """`_updated_at`, where the editor sets it, beside the CRM's own time."""
    lab.team = {"merge": {"policy": "newest"}}
    people = [lab.simulator.create("contacts", {"email": f"{n}@example.com", "lastname": n}) for n in ("ada", "ben")]
    sync(lab)
    edit(
        lab.store_file,
        "UPDATE crmsync.links SET moved_at = '2000-01-01'; UPDATE crm.contact SET name = 'hub', "
        "_updated_at = CASE name WHEN 'ada' THEN '2100-01-01' ELSE '2000-01-02' END::TIMESTAMPTZ",
    )
    for person in people:
        lab.simulator.update("contacts", person, {"lastname": "crm"})
    sync(lab)

    assert lab.rows("SELECT email, name FROM hubspot.contact ORDER BY ALL") == [
        ("ada@example.com", "hub"),
        ("ben@example.com", "crm"),
    ]
    assert hub(lab, "email, name") == [("ada@example.com", "hub"), ("ben@example.com", "crm")]
    assert {row[3] for row in conflicts(lab)} == {"newest"}


def test_a_ranking_looks_where_each_value_of_the_hub_comes_from(labs: Labs) -> None:
    """The name is another CRM's, which stands above; the phone number is an edit of the hub, which stands below."""
    hubspot, odoo = labs.values()
    for lab in labs.values():
        lab.team = {"merge": {"policy": "rank", "rank": ["odoo", "hubspot", "crm"]}}
    ada = hubspot.simulator.create("contacts", {"email": "a@example.com", "lastname": "Ada", "phone": "1"})
    sync(hubspot, odoo)
    (there,) = odoo.rows("SELECT _id FROM odoo.contact")
    odoo.simulator.write("res.partner", int(there[0]), {"name": "Augusta"})
    sync(odoo)
    edit(hubspot.store_file, "UPDATE crm.contact SET phone = '2'")
    hubspot.simulator.update("contacts", ada, {"lastname": "Lovelace", "phone": "3"})
    sync(hubspot)

    assert hubspot.rows(BOTH.format("name, phone")) == [("Augusta", "3")] * 2
    assert sorted(row[1:5] for row in conflicts(hubspot)) == [
        ("2", "3", "rank", "remote"),
        ("Augusta", "Lovelace", "rank", "hub"),
    ]


# -- words -------------------------------------------------------------------------------------------------------------

WORDS = {"values": {"contact": {"job_title": {"CEO": "Chief", "Boss": "Chief", "Developer": "Engineer"}}}}


def test_each_side_sees_its_own_words(lab: Lab) -> None:
    """In both directions, and a word that is not in the map as it is; what was written is not read as an edit."""
    lab.config = WORDS
    ada = lab.simulator.create("contacts", {"email": "a@example.com", "jobtitle": "Engineer"})
    ben = lab.simulator.create("contacts", {"email": "b@example.com", "jobtitle": "Chief"})
    sync(lab)
    assert hub(lab, "email, job_title") == [("a@example.com", "Developer"), ("b@example.com", "CEO")]
    edit(lab.store_file, "UPDATE crm.contact SET job_title = CASE job_title WHEN 'CEO' THEN 'Pilot' ELSE 'Boss' END")
    sync(lab)
    assert [lab.simulator.get("contacts", i)["properties"]["jobtitle"] for i in (ada, ben)] == ["Chief", "Pilot"]

    written = len(writes(lab))
    lab.simulator.update("contacts", ben, {"jobtitle": "Engineer"})
    for _ in range(2):
        sync(lab)
        assert hub(lab, "email, job_title") == [("a@example.com", "Boss"), ("b@example.com", "Developer")]
    assert (len(writes(lab)), conflicts(lab)) == (written, [])


def test_words_that_the_crm_cannot_tell_apart_are_the_same_to_it(lab: Lab) -> None:
    """Neither a first match nor an edit from one to the other is a difference, and the hub's word stays."""
    lab.config = WORDS
    sync(lab)
    edit(lab.store_file, "INSERT INTO crm.contact (email, job_title) VALUES ('a@example.com', 'Boss')")
    lab.simulator.create("contacts", {"email": "a@example.com", "jobtitle": "Chief"})
    sync(lab)
    assert (hub(lab, "job_title"), writes(lab), conflicts(lab)) == ([("Boss",)], [], [])
    edit(lab.store_file, "UPDATE crm.contact SET job_title = 'CEO'")
    sync(lab)
    assert (hub(lab, "job_title"), writes(lab), conflicts(lab)) == ([("CEO",)], [], [])


def test_a_conflict_keeps_the_word_that_the_hub_has(lab: Lab) -> None:
    """Not the first one that is alike to the CRM."""
    lab.config, lab.team = WORDS, {"merge": {"policy": "remote"}}
    ada = lab.simulator.create("contacts", {"email": "a@example.com", "jobtitle": "Pilot"})
    sync(lab)
    edit(lab.store_file, "UPDATE crm.contact SET job_title = 'Boss'")
    lab.simulator.update("contacts", ada, {"jobtitle": "Engineer"})
    sync(lab)
    assert conflicts(lab) == [("hubspot", "Boss", "Developer", "remote", "remote", "policy")]
    assert hub(lab, "job_title") == [("Developer",)]


def test_a_deal_moves_through_stages_that_are_called_otherwise(tmp_path: Path) -> None:
    """The hub's stage here, Zoho's there."""
    with laboratory(tmp_path, provider="zoho") as lab:
        lab.config = {"values": {"deal": {"stage": {"Won": "Closed Won", "Talking": "Negotiation/Review"}}}}
        deal = lab.simulator.create("Deals", {"Deal_Name": "Big", "Stage": "Negotiation/Review"})
        sync(lab, stream="deal")
        assert lab.rows("SELECT stage FROM crm.deal WHERE name = 'Big'") == [("Talking",)]
        edit(lab.store_file, "UPDATE crm.deal SET stage = 'Won' WHERE name = 'Big'")
        for _ in range(2):
            sync(lab, stream="deal")
            assert lab.simulator.get("Deals", deal)["Stage"] == "Closed Won"
            assert len(writes(lab)) == 1
        assert lab.rows("SELECT stage, status FROM crm.deal WHERE name = 'Big'") == [("Won", "won")]


def test_a_label_that_a_new_record_lacks_goes_out_once_its_word_is_told(tmp_path: Path) -> None:
    """What the CRM has made up in its place is nobody's edit: no conflict, whatever the map makes of it later."""
    with laboratory(tmp_path, provider="odoo") as lab:
        sync(lab, stream="deal")
        edit(lab.store_file, "INSERT INTO crm.deal (name, stage) VALUES ('Big', 'Signed')")
        for _ in range(2):
            sync(lab, stream="deal")
            assert lab.rows("SELECT stage FROM odoo.deal") == [("New",)]
        assert writes(lab)[1:] == [("odoo", "update", "rejected", "odoo has no stage called 'Signed'")]
        lab.config = {"values": {"deal": {"stage": {"Signed": "Won", "Fresh": "New"}}}}
        sync(lab, stream="deal")
        assert lab.rows("SELECT o.stage, h.stage, h.status FROM odoo.deal o JOIN crm.deal h USING (name)") == [
            ("Won", "Signed", "won")
        ]
        assert conflicts(lab) == []


def test_a_map_may_be_changed_while_sides_differ(lab: Lab) -> None:
    """The record is called otherwise then, and was not edited."""
    lab.config = {"merge": {"fields": {"contact": {"job_title": "hold"}}}}
    ada = lab.simulator.create("contacts", {"email": "a@example.com", "jobtitle": "Chief"})
    sync(lab)
    lab.config |= WORDS
    edit(lab.store_file, "UPDATE crm.contact SET job_title = 'Pilot'")
    sync(lab)
    assert lab.simulator.get("contacts", ada)["properties"]["jobtitle"] == "Pilot"
    assert conflicts(lab) == []
