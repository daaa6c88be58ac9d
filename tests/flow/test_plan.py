"""`crmsync plan`: what a push would do is told exactly, and not done; `--plan` does that and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import Shell, shell
from crmsync.errors import UsageError
from lab import Lab, laboratory
from store_kit import edit

WRITES = "SELECT action, hub_id, remote_id, fields FROM crmsync.intents WHERE state = '{}' ORDER BY ALL"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


@pytest.fixture
def busy(lab: Lab) -> Lab:
    """One contact of each kind: to create, update, archive and link, and one in conflict."""
    ids = {name: lab.crm.create(name, email=f"{name}@example.com") for name in ("up", "gone", "both")}
    lab.run(mode="sync")
    lab.crm.create("known", email="known@example.com")
    lab.crm.update(ids["both"], "theirs")
    lab.clock.advance(3600)
    edit(
        lab.store_file,
        "UPDATE crm.contact SET phone = '1' WHERE email LIKE 'up%'; DELETE FROM crm.contact WHERE email LIKE 'gone%';"
        "UPDATE crm.contact SET name = 'ours' WHERE email LIKE 'both%';"
        "INSERT INTO crm.contact (name, email) VALUES ('known', 'known@example.com'), ('new', 'new@example.com')",
    )
    return lab


def planned(lab: Lab, *streams: str, mode: str = "push") -> str:
    """Make a plan; its id."""
    results = lab.try_run(*streams, mode=mode, rehearse=True)
    assert [result.status for result in results] == ["done"] * len(results)
    return results[0].run_id


def truth(lab: Lab) -> list[Any]:
    """All that a plan must leave alone."""
    return [
        lab.simulator.live("contacts"),
        *(lab.rows(f"FROM {table} ORDER BY ALL") for table in ("crm.contact", "crmsync.links", "crmsync.conflicts")),
    ]


def test_a_plan_is_what_a_push_does(busy: Lab) -> None:
    """Row by row; and making it changes nothing, neither here nor there."""
    before = truth(busy)
    (result,) = busy.try_run(mode="push", rehearse=True)
    assert truth(busy) == before

    plan = result.plan
    assert plan
    counts = (plan.create, plan.update, plan.archive, plan.link, plan.conflicts, plan.requests)
    assert counts == (1, 1, 1, 1, 1, 3)
    drawn = [row for row in busy.rows(WRITES.format("draft")) if row[0] != "link"]
    busy.run(mode="push")
    done = [row[:2] for row in busy.rows(WRITES.format("applied"))]
    assert done == [row[:2] for row in drawn]


def test_a_plan_is_carried_out(busy: Lab) -> None:
    """Once: afterwards it is over, and so is one that a later plan has replaced."""
    old, plan_id = planned(busy), planned(busy)
    result = busy.run(mode="push", plan=plan_id)

    assert result.written
    assert (result.written.created, result.written.updated, result.written.archived) == (1, 1, 1)
    for over in (old, plan_id, "none"):
        with pytest.raises(UsageError, match=over):
            busy.try_run(mode="push", plan=over)


@pytest.mark.parametrize("side", ["hub", "crm"])
def test_a_plan_that_no_longer_holds_is_refused(busy: Lab, side: str) -> None:
    """Whichever side moved: nothing is written, and the reason says how much."""
    plan_id = planned(busy)
    if side == "hub":
        edit(busy.store_file, "UPDATE crm.contact SET phone = '2' WHERE email LIKE 'up%'")
    else:
        busy.crm.create("new", email="new@example.com")
        busy.clock.advance(3600)
    before = busy.simulator.live("contacts")
    (result,) = busy.try_run(mode="push", plan=plan_id)

    assert result.error
    assert (result.status, result.error["code"]) == ("stopped", "CS305")
    assert "1 rows" in result.error["message"]
    assert busy.simulator.live("contacts") == before


def test_a_push_without_a_plan_goes_its_own_way(busy: Lab) -> None:
    """Drafts are nobody's orders."""
    planned(busy)
    edit(busy.store_file, "UPDATE crm.contact SET phone = NULL WHERE email LIKE 'up%'")
    assert busy.run(mode="push").written.updated == 0  # type: ignore[union-attr]


def test_parents_that_would_be_linked_are_references_of_their_children(tmp_path: Path) -> None:
    """The plan of a child is made as if its parents were merged."""
    with laboratory(tmp_path, provider="odoo") as lab:
        lab.simulator.create(
            "res.partner", {"name": "Engines", "is_company": True, "website": "http://engines.example"}
        )
        lab.try_run("company", "contact", mode="push")
        edit(
            lab.store_file,
            "INSERT INTO crm.company (_id, name, domain) VALUES ('c', 'Engines', 'engines.example');"
            "INSERT INTO crm.contact (name, email, company_id) VALUES ('Ada', 'ada@example.com', 'c')",
        )
        plan_id = planned(lab, "contact", "company")
        lab.try_run("contact", "company", mode="push", plan=plan_id)
        assert lab.rows("SELECT p.name, c.name FROM odoo.contact p JOIN odoo.company c ON c._id = p.company_id") == [
            ("Ada", "Engines")
        ]


def test_the_copy_is_gone_afterwards(busy: Lab) -> None:
    """So are those that killed processes have left, but not that of a living one."""
    names = (f"{2**22 + 1}.draft", f"{2**22 + 1}.draft.wal", "1.draft")  # no process has so high a number
    *_, alive = [busy.folder / f".lab.duckdb.{name}" for name in names]
    for name in names:
        (busy.folder / f".lab.duckdb.{name}").touch()
    planned(busy)
    assert list(busy.folder.glob("*.draft*")) == [alive]


def test_a_plan_is_told_in_words_and_in_json(busy: Lab) -> None:
    """With what to type next."""
    made = shell(busy.folder, **busy.crm.options(busy.url))
    program: Shell = replace(made, environment={**made.environment, "CRMSYNC_STORE": str(busy.store_file)})
    told = program("plan", "--connector", "hubspot", "--stream", "contact")
    as_json = program.inside("plan", "--connector", "hubspot", "--stream", "contact", "--json")

    names, _, counts = told.stdout.splitlines()
    assert names.split() == ["stream", "create", "update", "archive", "link", "conflicts", "requests"]
    assert counts.split() == ["contact", "1", "1", "1", "1", "1", "3"]
    assert "crmsync run --connector hubspot --stream contact --mode push --plan 2" in told.stderr
    plan = json.loads(as_json.stdout)
    assert (plan["create"], plan["link"], plan["troubles"]) == (1, 1, [])
    assert program.inside("run", "--connector", "hubspot", "--mode", "push", "--plan", "none").returncode == 2


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Lab]:
    """An Odoo beside a hub in which things are called otherwise; one word is mapped to a label that is not there."""
    with laboratory(tmp_path, provider="odoo") as lab:
        lab.try_run("company", "contact", "deal", mode="push")
        edit(
            lab.store_file,
            "INSERT INTO crm.company (_id, name, domain, industry) VALUES ('c', 'Acme', 'acme.example', 'Alchemy');"
            "INSERT INTO crm.contact (_id, name, email, company_id) VALUES ('p', 'Ada', 'ada@acme.example', 'c');"
            "INSERT INTO crm.deal (name, stage, company_id, contact_id) "
            "VALUES ('A', 'Lunch', 'c', 'p'), ('B', 'Lunch', 'c', 'p'), ('C', 'Signed', 'c', 'p')",
        )
        lab.config = {"values": {"deal": {"stage": {"Signed": "Wonn"}}}}
        yield lab


def test_a_plan_offers_value_maps_with_what_there_is_to_choose_from(foreign: Lab) -> None:
    """By the hub's words, whatever a map makes of them; as YAML that is refused until it is filled in."""
    config = foreign.folder / "crmsync.yaml"
    config.write_text(yaml.safe_dump({"connections": {"odoo": {"connector": "odoo", **foreign.config}}}))
    made = shell(foreign.folder, connector="odoo", **foreign.crm.options(foreign.url))
    told = made.inside("plan", "--connector", "odoo", "--store", str(foreign.store_file)).stderr
    offered = told[told.index("    connections:") : told.index("  Each write:")]

    values = {"company": {"industry": {"Alchemy": ""}}, "deal": {"stage": {"Lunch": "", "Signed": ""}}}
    assert yaml.safe_load(offered) == {"connections": {"odoo": {"values": values}}}
    assert "# one of: New, Proposition, Qualified, Won" in offered
    assert '"Lunch": ""  # 2 rows' in offered
    assert '"Signed": ""  # 1 row; now \'Wonn\'' in offered
    assert "deal: 3 rows would be written without stage: odoo has no stage called as in the hub" in told
    assert "does not have its record" not in told  # references whose records are planned, too, are no trouble

    config.write_text(offered)
    refused = made.inside("plan", "--connector", "odoo", "--store", str(foreign.store_file))
    assert (refused.returncode, "the CRM's word for 'Lunch' is missing" in refused.stderr) == (2, True)


def test_a_program_gets_the_labels_as_well(foreign: Lab) -> None:
    """And the requests of the writes beside those that making the plan took."""
    results = {
        result.stream: result.as_dict()
        for result in foreign.try_run("company", "contact", "deal", mode="push", rehearse=True)
    }
    assert results["deal"]["labels"] == {"stage": ["New", "Proposition", "Qualified", "Won"]}
    assert [(t["value"], t["meant"], t["rows"]) for t in results["deal"]["troubles"]] == [
        ("Lunch", "Lunch", 2),
        ("Signed", "Wonn", 1),
    ]
    assert results["contact"]["write_requests"] == 1
    assert results["contact"]["requests"] > 1


def test_a_plan_in_which_nothing_is_apart_links_nothing(lab: Lab) -> None:
    """Nor does it take what was found for the stream before."""
    lab.crm.create("known", email="known@example.com")
    lab.try_run("company", "contact", "deal", mode="sync")
    drawn = [result.plan for result in lab.try_run("company", "contact", "deal", mode="sync", rehearse=True)]
    assert [plan and (plan.create, plan.link) for plan in drawn] == [(0, 0)] * 3


def test_a_plan_tells_that_the_brake_would_be_pulled(lab: Lab) -> None:
    """Else a person learns of it when the plan is carried out."""
    for number in range(25):
        lab.crm.create(str(number), email=f"{number}@example.com")
    lab.run(mode="sync")
    edit(lab.store_file, "DELETE FROM crm.contact WHERE email <> '0@example.com'")
    drawn = lab.try_run(mode="push", rehearse=True)[0].plan
    assert drawn
    assert (drawn.archive, drawn.braked) == (24, True)
