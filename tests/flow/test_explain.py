"""`crmsync explain`: one record, what each side holds of it, what moved it, what it waits for. Nothing is guessed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli import shell
from crm import on_terminal
from lab import Lab, laboratory
from store_kit import edit


@dataclass(frozen=True)
class Told:
    """A store with records in every state; the ids of the records by name."""

    lab: Lab
    ids: dict[str, str]

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return shell(self.lab.folder).inside("explain", *words, "--store", str(self.lab.store_file))

    def whole(self, *words: str) -> dict[str, Any]:
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def states(self, *words: str) -> dict[str, str]:
        """The state of each field in the one connection that there is."""
        (of,) = self.whole(*words)["connections"]
        return {field["field"]: field["state"] for field in of["fields"]}

    def hub_id(self, email: str) -> str:
        ((found,),) = self.lab.rows("SELECT _id FROM crm.contact WHERE email = ? AND name <> 'Copy'", [email])
        return str(found)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with laboratory(tmp_path_factory.mktemp("told")) as lab:
        create = lab.simulator.create

        def sync(*streams: str) -> None:
            lab.clock.advance(3600)
            for stream in streams or ("contact",):
                lab.run(stream, mode="sync")

        ids = {"acme": create("companies", {"name": "Acme", "domain": "acme.example"})}
        for name in ("ada", "cleo", "twin"):
            ids[name] = create("contacts", {"firstname": name, "email": f"{name}@example.com", "jobtitle": "old"})
        lab.simulator.link("contacts", ids["ada"], "companies", ids["acme"], primary=True)
        sync("company", "contact")
        edit(lab.store_file, "UPDATE crm.contact SET phone = '1' WHERE name = 'ada'")
        lab.simulator.update("contacts", ids["twin"], {"phone": "9"})
        sync()  # one phone is written, and one is taken
        edit(
            lab.store_file,
            "UPDATE crm.contact SET phone = '2', job_title = 'hub' WHERE name = 'ada'; "
            "DELETE FROM crm.contact WHERE name = 'cleo'; "
            "INSERT INTO crm.contact (name, email) VALUES ('Copy', 'twin@example.com'); "
            "INSERT INTO crm.company (_id, name) VALUES ('new', 'Later'); "
            "UPDATE crm.contact SET company_id = 'new' WHERE name = 'twin'",
        )
        lab.clock.advance(3600)
        lab.simulator.update("contacts", ids["ada"], {"firstname": "Augusta", "jobtitle": "crm"})
        ids["dan"] = create("contacts", {"firstname": "Dan", "email": "dan@example.com"})
        lab.run()  # read, and not merged
        yield Told(lab, ids)


def test_each_field_says_which_side_has_changed(told: Told) -> None:
    """Against what both agreed on last, and without waiting for the next sync."""
    (of,) = told.whole("contact", "ADA@example.com ")["connections"]
    fields = {each.pop("field"): each for each in of["fields"]}

    assert {name: each["state"] for name, each in fields.items()} == {
        "name": "CRM changed",
        "email": "agreed",
        "phone": "hub changed",
        "job_title": "conflict",
        "company_id": "agreed",
    }
    assert [fields["job_title"][side] for side in ("hub", "base", "crm")] == ["hub", "old", "crm"]
    assert of["link"]["remote_id"] == told.ids["ada"]


def test_what_moved_a_field_last_is_told(told: Told) -> None:
    """The run, and whether it was a write, a decision, or an edit in the CRM."""
    (of,) = told.whole("contact", "ada@example.com")["connections"]
    moved = {each["field"]: each["moved"] for each in of["fields"]}
    ((run_id,),) = told.lab.rows("SELECT run_id FROM crmsync.intents WHERE state = 'applied'")
    assert (moved["phone"]["what"], moved["phone"]["run_id"]) == ("updated in hubspot", run_id)
    assert moved["email"] is None
    (of,) = told.whole("contact", f"hubspot:{told.ids['twin']}")["connections"]
    moved = {each["field"]: each["moved"] for each in of["fields"]}
    assert (moved["phone"]["what"], moved["phone"]["run_id"]) == ("taken from hubspot", run_id)
    assert moved["name"] is None


def test_a_record_is_found_by_each_of_its_names(told: Told) -> None:
    """Its address, the id of its row, its id in the CRM."""
    row = told.hub_id("ada@example.com")
    for key in ("ada@example.com", row, f"hubspot:{told.ids['ada']}"):
        assert told.whole("contact", key)["hub_id"] == row


def test_a_record_that_the_hub_has_not_is_found_as_well(told: Told) -> None:
    """One that is new in the CRM, and one whose row was deleted."""
    new, gone = told.whole("contact", "dan@example.com"), told.whole("contact", "cleo@example.com")
    (of_new,), (of_gone,) = new["connections"], gone["connections"]

    assert (new["hub_id"], of_new["link"], of_new["record"]["email"]) == (None, None, "dan@example.com")
    assert (gone["hub"], of_gone["ending"], of_gone["link"]["hub_id"]) == (None, "archive", gone["hub_id"])
    assert "not in the hub" in told("contact", "dan@example.com").stdout
    assert "archived with the next sync" in told("contact", "cleo@example.com").stdout


def test_a_reference_waits_for_its_record(told: Told) -> None:
    """A contact whose company the CRM has not got yet."""
    assert told.states("contact", f"hubspot:{told.ids['twin']}")["company_id"] == "waits"


def test_several_candidates_are_listed_and_never_guessed(told: Told) -> None:
    """With the words that name each."""
    done = told("contact", "twin@example.com")
    assert (done.returncode, done.stdout) == (2, "")
    assert "may be one of 2" in done.stderr
    assert f"crmsync explain contact {told.hub_id('twin@example.com')}  twin <twin@example.com>" in done.stderr


def test_what_nobody_knows_is_told(told: Told) -> None:
    """A key, and a kind of record."""
    for words, message in {
        ("contact", "nobody@example.com"): "There is no contact nobody@example.com",
        ("contact", "hubspot:1"): "There is no contact hubspot:1",
        ("contacts", "ada@example.com"): "The store has no contacts. There: company, contact.",
    }.items():
        done = told(*words)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_it_fits_into_a_hundred_columns(told: Told) -> None:
    """As a table; references are told by name."""
    words = ("explain", "contact", "ada@example.com", "--store", str(told.lab.store_file))
    seen = on_terminal(shell(told.lab.folder), *words, columns=100)
    assert all(len(line) <= 100 for line in seen.splitlines())
    assert "job_title   hub " in seen
    assert "Acme <acme.example>" in seen


def test_a_refused_write_is_told(told: Told) -> None:
    """With what the CRM said, where the record is looked at."""
    edit(
        told.lab.store_file,
        "INSERT INTO crmsync.intents (id, connection, stream, hub_id, action, fields, state, attempts, code, message) "
        f"VALUES ('zz', 'hubspot', 'contact', '{told.hub_id('ada@example.com')}', 'update', '{{\"phone\":\"2\"}}', "
        "'rejected', 3, 'BAD', 'no such phone')",
    )
    assert (
        "The last write (update, 3 attempts) was refused: BAD: no such phone"
        in told("contact", "ada@example.com").stdout
    )
