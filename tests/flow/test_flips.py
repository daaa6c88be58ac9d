"""A field that the CRM turns back whenever it is written is held and reported; everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import Shell
from lab import Lab, laboratory
from store_kit import edit

OPEN = "SELECT fields, policy, hub->>'name', remote->>'name' FROM crmsync.conflicts WHERE resolved_at IS NULL"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A CRM with a workflow, which a test plays: it gives Ada her old name back."""
    with laboratory(tmp_path) as made:
        made.team = {"merge": {"fields": {"contact": {"name": "hub"}}}}
        made.crm.create("Ada", email="ada@example.com")
        made.run(mode="sync")
        yield made


def fight(lab: Lab, rounds: int) -> int:
    """How often the hub's name is written while the workflow turns it back."""
    (ada,) = lab.crm.live()
    written = 0
    for _ in range(rounds):
        edit(lab.store_file, "UPDATE crm.contact SET name = 'Lovelace'")
        lab.clock.advance(3600)
        written += lab.run(mode="sync").written.updated  # type: ignore[union-attr]
        lab.simulator.update("contacts", ada, {"firstname": "Ada", "lastname": ""})
    return written


def test_what_keeps_flipping_is_held(lab: Lab) -> None:
    """After three writes of one value within a week, whatever the policy; the summary and the list tell."""
    assert fight(lab, 8) == 3
    assert lab.rows(OPEN) == [(["name"], "flips", "Lovelace", "Ada")]
    told = Shell(lab.folder, {}).inside("conflicts", "--store", str(lab.store_file))
    assert "keeps flipping" in told.stdout


def test_another_value_and_another_field_go_on(lab: Lab) -> None:
    """Only what was written so often waits."""
    fight(lab, 8)
    edit(lab.store_file, "UPDATE crm.contact SET phone = '1'")
    lab.clock.advance(3600)
    lab.run(mode="sync")
    assert [row["phone"] for row in lab.mirror().values()] == ["1"]
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Augusta King'")
    lab.clock.advance(3600)
    lab.run(mode="sync")
    assert [row["name"] for row in lab.mirror().values()] == ["Augusta King"]
    assert lab.rows(OPEN) == []


def test_a_person_may_let_it_be_written_again(lab: Lab) -> None:
    """From the decision on it counts anew."""
    fight(lab, 8)
    program = Shell(lab.folder, {})
    ids = [row[0] for row in lab.rows("SELECT id FROM crmsync.conflicts WHERE resolved_at IS NULL")]
    done = program.inside("conflicts", "resolve", *ids, "--take", "hub", "--store", str(lab.store_file))
    assert done.returncode == 0, done.stderr
    assert lab.run(mode="sync").written.updated == 1  # type: ignore[union-attr]
    assert lab.rows(OPEN) == []


def test_what_was_held_beside_other_edits_is_not_flipping(tmp_path: Path) -> None:
    """A name that must not be cleared was never written, however often the phone number was."""
    with laboratory(tmp_path, provider="zoho") as made:
        made.crm.create("Ada", email="ada@example.com")
        made.run(mode="sync")
        for number in range(5):
            edit(made.store_file, f"UPDATE crm.contact SET name = NULL, phone = '{number}'")
            made.clock.advance(3600)
            made.run(mode="sync")

        assert made.rows(OPEN) == []
        assert [row["phone"] for row in made.mirror().values()] == ["4"]
        assert made.rows("SELECT DISTINCT json_keys(fields) FROM crmsync.intents") == [(["phone"],)]
