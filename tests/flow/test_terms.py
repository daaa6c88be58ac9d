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


def dispute(lab: Lab, **merge: Any) -> str:
    """A contact whose name was edited on both sides; its id."""
    lab.team = {"merge": merge}
    ada = lab.crm.create("Ada", email="ada@example.com")
    sync(lab)
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Lovelace', phone = '1'")
    lab.crm.update(ada, "Augusta")
    return ada


def both(lab: Lab) -> tuple[Any, ...]:
    """The name in the hub and in the CRM."""
    return (*hub(lab, "name")[0], *lab.rows("SELECT name FROM hubspot.contact")[0])


DECIDED = {
    "hold": ("Lovelace", "Augusta", None, None),
    "hub": ("Lovelace", "Lovelace", "hub", "policy"),
    "remote": ("Augusta", "Augusta", "remote", "policy"),
}


@pytest.mark.parametrize("policy", DECIDED)
def test_a_policy_decides_and_the_loser_is_kept(lab: Lab, policy: str) -> None:
    """Once, whatever comes of it; the phone number goes on in any case, and afterwards all is quiet."""
    dispute(lab, policy=policy)
    sync(lab)
    *names, winner, resolution = DECIDED[policy]
    told = [("hubspot", "Lovelace", "Augusta", policy, winner, resolution)]
    for _ in range(2):
        assert (both(lab), conflicts(lab)) == (tuple(names), told)
        assert lab.rows("SELECT phone FROM hubspot.contact") == [("1",)]
        assert len(writes(lab)) == 1
        sync(lab)


def test_a_field_has_a_policy_of_its_own_and_a_connection_too(lab: Lab) -> None:
    """What is said of a field counts before what is said of all, and the connection's word before that at the top."""
    lab.config = {"merge": {"policy": "hub"}}
    dispute(lab, policy="remote", fields={"contact": {"name": {"policy": "remote"}}})
    sync(lab)
    assert both(lab) == ("Augusta", "Augusta")

    lab.config = {"merge": {"fields": {"contact": {"name": "hub"}}}}
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Countess'")
    lab.crm.update(*lab.crm.live(), "King")
    sync(lab)
    assert both(lab) == ("Countess", "Countess")


@pytest.mark.parametrize(("first", "names"), [("hub", ("Lovelace",) * 2), ("remote", ("Ada",) * 2), ("hold", None)])
def test_a_first_match_has_a_policy_of_its_own(lab: Lab, first: str, names: Any) -> None:
    """Nobody edited anything, so the policy for edits says nothing about it."""
    lab.team = {"merge": {"policy": "remote" if first == "hub" else "hub", "first": first}}
    lab.crm.create("Somebody", email="s@example.com")
    sync(lab)
    edit(lab.store_file, "INSERT INTO crm.contact (name, email) VALUES ('Lovelace', 'ada@example.com')")
    lab.crm.create("Ada", email="ada@example.com")
    sync(lab)

    rows = "SELECT name FROM {}.contact WHERE email = 'ada@example.com'"
    found = (*lab.rows(rows.format("crm"))[0], *lab.rows(rows.format("hubspot"))[0])
    assert found == (names or ("Lovelace", "Ada"))
    assert [row[3] for row in conflicts(lab)] == [first]


@pytest.mark.parametrize(
    ("said", "winner"),
    [("2030-01-01", "hub"), ("2026-01-15 13:30", "remote")],
)
def test_the_newest_is_who_has_the_later_time(lab: Lab, said: str, winner: str) -> None:
    """`_updated_at`, where the editor sets it, beside the CRM's own time."""
    dispute(lab, policy="newest")  # at 13 o'clock of 2026-01-15 by the CRM's clock
    lab.clock.advance(3600)
    lab.crm.update(*lab.crm.live(), "Augusta Ada")
    edit(lab.store_file, f"UPDATE crm.contact SET _updated_at = '{said}'")
    edit(lab.store_file, "UPDATE crmsync.links SET moved_at = '2026-01-15 12:00'")
    sync(lab)

    assert [row[3:] for row in conflicts(lab)] == [("newest", winner, "policy")]
    assert both(lab) == (("Lovelace",) * 2 if winner == "hub" else ("Augusta Ada",) * 2)


def test_an_old_time_in_the_hub_says_nothing_of_a_later_edit(lab: Lab) -> None:
    """It was there when both agreed: the edit counts from when a sync noticed it, which is now."""
    dispute(lab, policy="newest")
    edit(lab.store_file, "UPDATE crm.contact SET _updated_at = '2020-01-01'")
    sync(lab)
    assert [row[3:] for row in conflicts(lab)] == [("newest", "hub", "policy")]


@pytest.mark.parametrize(("noticed", "winner"), [("2026-01-15 12:00", "remote"), ("2026-01-15 18:00", "hub")])
@pytest.mark.parametrize("held", [True, False], ids=["held", "refused"])
def test_an_edit_of_the_hub_counts_from_when_a_sync_noticed_it(lab: Lab, noticed: str, winner: str, held: bool) -> None:
    """A write that the CRM refused, or a conflict that is held: the hub's edit is as old as that."""
    if held:
        dispute(lab, policy="hold")
        sync(lab)
        edit(lab.store_file, f"UPDATE crmsync.conflicts SET opened_at = '{noticed}'")
    else:
        ada = lab.crm.create("Ada", email="ada@example.com")
        sync(lab)
        edit(lab.store_file, "UPDATE crm.contact SET name = 'Lovelace'")
        lab.crm.fail(status=400)
        lab.simulator.faults.clear()
        lab.simulator.fail(400, "/batch/update")
        sync(lab)
        edit(lab.store_file, f"UPDATE crmsync.intents SET planned_at = '{noticed}'")
        lab.crm.update(ada, "Augusta")
    lab.team = {"merge": {"policy": "newest"}}
    sync(lab)

    assert conflicts(lab)[-1][3:] == ("newest", winner, "policy")
    assert both(lab) == (("Lovelace",) * 2 if winner == "hub" else ("Augusta",) * 2)


RANKS = [
    (["odoo", "hubspot", "crm"], {"name": "hub", "phone": "remote"}),  # name: from Odoo; phone: an edit of the hub
    (["hubspot", "odoo", "crm"], {"name": "remote", "phone": "remote"}),
    (["crm", "hubspot", "odoo"], {"name": "remote", "phone": "hub"}),
    (["odoo", "hubspot"], {"name": "hub", "phone": None}),
    (["odoo", "crm"], {"name": None, "phone": None}),
]


@pytest.mark.parametrize(("rank", "winners"), RANKS)
def test_a_ranking_looks_where_each_value_of_the_hub_comes_from(labs: Labs, rank: list[str], winners: Any) -> None:
    """Group by group: one from another CRM, one from an edit of the hub. Who is not in the list decides nothing."""
    hubspot, odoo = labs.values()
    for lab in labs.values():
        lab.team = {"merge": {"policy": "rank", "rank": rank}}
    ada = hubspot.simulator.create("contacts", {"email": "a@example.com", "lastname": "Ada", "phone": "1"})
    sync(hubspot, odoo)
    (there,) = odoo.rows("SELECT _id FROM odoo.contact")
    odoo.simulator.write("res.partner", int(there[0]), {"name": "Augusta"})
    sync(odoo)
    edit(hubspot.store_file, "UPDATE crm.contact SET phone = '2'")
    hubspot.simulator.update("contacts", ada, {"lastname": "Lovelace", "phone": "3"})
    sync(hubspot)

    decided = hubspot.rows("SELECT fields[1], winner FROM crmsync.conflicts WHERE connection = 'hubspot' ORDER BY 1")
    assert dict(decided) == winners
    name = "Lovelace" if winners["name"] == "remote" else "Augusta"
    assert hub(hubspot, "name, phone") == [(name, "3" if winners["phone"] == "remote" else "2")]


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
