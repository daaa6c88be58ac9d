"""`--mode push` and `--mode sync`: what each carries where, in which order, and what is told of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import Shell, shell
from crmsync.events import Events, PhaseStarted
from crmsync.store import Commit, FileStore
from crmsync.sync import run
from lab import Lab, laboratory
from store_kit import edit


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


@pytest.fixture
def parents(tmp_path: Path) -> Iterator[Lab]:
    """A CRM whose records hold their references themselves."""
    with laboratory(tmp_path, provider="odoo") as made:
        yield made


@pytest.fixture
def terminal(lab: Lab) -> Shell:
    """The program, with the lab's CRM and store."""
    made = shell(lab.folder, **lab.crm.options(lab.url))
    return replace(made, environment={**made.environment, "CRMSYNC_STORE": str(lab.store_file)})


def test_a_push_takes_nothing_into_the_hub(lab: Lab) -> None:
    """It brings the hub's rows to the CRM; what the CRM has waits for a sync."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run(mode="sync")
    lab.crm.update(ada, "Augusta")
    lab.crm.create("Grace", email="grace@example.com")
    edit(lab.store_file, "INSERT INTO crm.contact (name, email) VALUES ('Alan', 'alan@example.com')")
    lab.clock.advance(3600)
    lab.run(mode="push")

    assert sorted(row["name"] for row in lab.mirror().values()) == ["Alan", "Augusta", "Grace"]
    assert lab.rows("SELECT name FROM crm.contact ORDER BY 1") == [("Ada",), ("Alan",)]
    lab.clock.advance(3600)
    lab.run(mode="sync")
    assert lab.rows("SELECT name FROM crm.contact ORDER BY 1") == [("Alan",), ("Augusta",), ("Grace",)]


def test_a_push_to_an_account_that_knows_them_makes_no_doubles(lab: Lab) -> None:
    """It reads before it writes, so it matches, too."""
    lab.crm.create("Ada", email="ada@example.com")
    lab.run(mode="sync")
    edit(lab.store_file, "DELETE FROM crmsync.links; INSERT INTO crm.contact (name, email) VALUES ('B', 'b@x.org')")
    lab.crm.create("B", email="b@x.org")
    result = lab.run(mode="push")

    assert len(lab.crm.live()) == 2
    assert result.written and (result.written.linked, result.written.created) == (2, 0)


def test_many_deleted_rows_pull_the_brake(lab: Lab) -> None:
    """Nothing is archived before a person has said so; all else is written."""
    for n in range(30):
        lab.crm.create(f"N{n}", email=f"n{n}@example.com")
    lab.run(mode="sync")
    edit(lab.store_file, "DELETE FROM crm.contact WHERE name <> 'N1'; UPDATE crm.contact SET phone = '1'")
    (held,) = lab.try_run(mode="sync")

    assert held.error and held.error["code"] == "CS303"
    assert held.written and (held.written.updated, held.written.archived) == (1, 0)
    assert len(lab.crm.live()) == 30
    assert lab.run(mode="sync", brake=1.0).written.archived == 29  # type: ignore[union-attr]
    assert len(lab.crm.live()) == 1


def test_parents_are_written_before_their_children(parents: Lab) -> None:
    """So one run is enough for a person and their company, in whatever order they are named."""
    parents.try_run("contact", "company", mode="sync")
    edit(
        parents.store_file,
        "INSERT INTO crm.company (_id, name) VALUES ('c', 'Analytical Engines');"
        "INSERT INTO crm.contact (name, email, company_id) VALUES ('Ada', 'ada@example.com', 'c')",
    )
    results = parents.try_run("contact", "company", mode="sync")

    assert [result.status for result in results] == ["done", "done"]
    assert parents.rows("SELECT p.name, c.name FROM odoo.contact p JOIN odoo.company c ON c._id = p.company_id") == [
        ("Ada", "Analytical Engines")
    ]


class EditedMeanwhile(FileStore):
    """Somebody edits a row of the hub between the moment that it is read and the commit of what was merged."""

    edits = 1

    def commit(self, commit: Commit) -> float:
        if commit.expects and self.edits:
            self.edits -= 1
            self.rest()
            edit(Path(self.path), "UPDATE crm.contact SET phone = '2'")
        return super().commit(commit)


def test_an_edit_during_the_merge_is_not_lost(lab: Lab) -> None:
    """The merge begins again with the row as it is now."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run(mode="sync")
    lab.crm.update(ada, "Augusta")
    lab.clock.advance(3600)
    store = EditedMeanwhile(lab.store_file)
    try:
        (result,) = asyncio.run(run(lab.job(mode="sync"), store, Events(), clock=lab.clock))
    finally:
        store.close()

    assert (result.status, store.edits) == ("done", 0)
    assert lab.rows("SELECT name, phone FROM crm.contact") == [("Augusta", "2")]
    assert lab.rows("SELECT name, phone FROM hubspot.contact") == [("Augusta", "2")]


def test_a_run_says_what_it_wrote(lab: Lab, terminal: Shell) -> None:
    """In --json, in crmsync.runs and in words; a run that only reads says nothing of it."""
    terminal("run", "--connector", "hubspot", "--stream", "contact", "--mode", "sync")
    edit(lab.store_file, "INSERT INTO crm.contact (name, email) VALUES ('Ada', 'ada@example.com')")
    wrote = terminal("run", "--connector", "hubspot", "--stream", "contact", "--mode", "push", "--json")
    again = terminal.inside("run", "--connector", "hubspot", "--stream", "contact", "--mode", "sync")
    read = terminal.inside("run", "--connector", "hubspot", "--stream", "contact", "--json")

    names = ("merged", "linked", "created", "updated", "archived", "refused", "unknown", "conflicts")
    told: dict[str, Any] = json.loads(wrote.stdout)
    assert (told["mode"], told["status"], *(told[n] for n in names)) == ("push", "done", 0, 0, 1, 0, 0, 0, 0, 0)
    assert "nothing to write" in again.stderr
    assert not set(names) & set(json.loads(read.stdout))
    assert lab.rows(f"SELECT mode, {', '.join(names)} FROM crmsync.runs ORDER BY started_at")[1:] == [
        ("push", 0, 0, 1, 0, 0, 0, 0, 0),
        ("sync", 0, 0, 0, 0, 0, 0, 0, 0),
        ("pull", *(None,) * 8),
    ]


def test_conflicts_are_told_at_the_end_of_every_run(lab: Lab, terminal: Shell) -> None:
    """With what to type next; --strict makes them the exit status."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run(mode="sync")
    lab.crm.update(ada, "Augusta")
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Countess of Lovelace'")
    lab.clock.advance(3600)
    lab.run(mode="sync")
    told = terminal.inside("run", "--connector", "hubspot", "--stream", "contact", "--mode", "sync", "--strict")

    assert told.returncode == 3
    assert "1 conflict" in told.stderr
    assert "crmsync conflicts" in told.stderr


def test_streams_are_all_read_before_one_is_written(lab: Lab) -> None:
    """A match needs to know everything that is there."""
    lab.try_run("contact", "company", "deal", mode="sync")
    phases = [event.phase for event in lab.events if isinstance(event, PhaseStarted)]
    assert phases.index("merge") > max(n for n, phase in enumerate(phases) if phase in ("full", "changes"))
