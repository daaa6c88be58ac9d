"""Hub and mirror in step: what a CRM holds is in the hub, and what the hub has besides is owed to the CRM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.store import FileStore, Table
from crmsync.sync.merge.reconcile import Reconcile, Reconciled
from crmsync.sync.merge.side import side_of
from lab import Lab, laboratory
from store_kit import edit


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with laboratory(tmp_path) as made:
        yield made


def reconcile(lab: Lab, stream: str = "contact") -> Reconciled:
    """Bring the hub and the mirror of a stream back in step, by a run of its own."""
    job = lab.job()
    spec = build(load(job.spec_file).tree, objects(), job.connection.values)
    side = side_of(lab.crm.name, spec.streams[stream], Table(lab.crm.name, stream, (), ("_id",)), job.connection.terms)
    assert side is not None
    store = FileStore(lab.store_file)
    try:
        lease = store.acquire("crm", stream, {"run_id": job.run_id, "connection": "crm", "stream": stream})
        done = Reconcile(store, side, lease).run()
        store.release(lease, {"status": "done"})
    finally:
        store.close()
    return done


def hub(lab: Lab, stream: str = "contact") -> list[tuple[Any, ...]]:
    return lab.rows(f"SELECT name, email FROM crm.{stream} ORDER BY ALL")


def owed(lab: Lab) -> list[tuple[Any, ...]]:
    """What the CRM is owed: action, id, values."""
    rows = lab.rows("SELECT action, remote_id, fields FROM crmsync.intents WHERE state = 'planned' ORDER BY ALL")
    return [(action, id_, fields and json.loads(fields)) for action, id_, fields in rows]


def test_records_that_nobody_knew_become_rows_of_the_hub(lab: Lab) -> None:
    """Each once, with a link that says what both agree on; afterwards nothing is apart."""
    lab.crm.create("Ada", email="ada@example.com")
    lab.crm.create("Ben", email="ben@example.com")
    lab.run()

    assert reconcile(lab) == Reconciled(made=2)
    assert [row[1] for row in hub(lab)] == ["ada@example.com", "ben@example.com"]
    assert reconcile(lab) == Reconciled()
    assert lab.rows("SELECT count(*) FROM crm.contact JOIN crmsync.links ON _id = hub_id") == [(2,)]


def test_an_edit_of_the_record_goes_to_the_hub(lab: Lab) -> None:
    """And is owed to nobody."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run()
    reconcile(lab)
    lab.clock.advance(3600)
    lab.crm.update(ada, "Augusta")
    lab.run()

    assert reconcile(lab) == Reconciled(changed=1)
    assert hub(lab)[0][0] == "Augusta"
    assert owed(lab) == []


def test_an_edit_of_the_hub_is_owed_to_the_crm(lab: Lab) -> None:
    """The field alone, once, however often it is looked at; a later edit takes its place."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run()
    reconcile(lab)
    for phone in ("1", "1", "2"):
        edit(lab.store_file, f"UPDATE crm.contact SET phone = '{phone}'")
        assert reconcile(lab) == Reconciled(planned=1)
        assert owed(lab) == [("update", ada, {"phone": phone})]
    edit(lab.store_file, "UPDATE crm.contact SET phone = NULL")
    reconcile(lab)
    assert owed(lab) == []


def test_an_edit_on_both_sides_waits_for_a_person_and_the_rest_goes_on(lab: Lab) -> None:
    """Until a side gives way."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run()
    reconcile(lab)
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Lovelace', phone = '1'")
    lab.clock.advance(3600)
    lab.crm.update(ada, "Augusta")
    lab.run()

    assert reconcile(lab) == Reconciled(planned=1, conflicts=1)
    assert owed(lab) == [("update", ada, {"phone": "1"})]
    conflict = "SELECT fields, hub->>'name', remote->>'name', resolution FROM crmsync.conflicts"
    assert lab.rows(conflict) == [(["name"], "Lovelace", "Augusta", None)]
    edit(lab.store_file, "UPDATE crm.contact SET name = 'Augusta'")
    reconcile(lab)
    assert lab.rows(conflict) == [(["name"], "Lovelace", "Augusta", "agreed")]


def test_a_row_of_the_hub_is_found_again_by_its_address(lab: Lab) -> None:
    """However people write it; what is empty on a side is filled from the other."""
    ada = lab.crm.create("Ada", email="ada@example.com")
    lab.run()
    reconcile(lab)
    edit(lab.store_file, "DELETE FROM crmsync.links; UPDATE crm.contact SET email = ' Ada@Example.com', phone = '1'")

    done = reconcile(lab)
    assert (done.linked, done.made, done.planned) == (1, 0, 1)
    assert owed(lab) == [("update", ada, {"phone": "1"})]


def test_several_candidates_are_never_guessed(lab: Lab) -> None:
    """Nothing is made, nothing is linked."""
    lab.crm.create("Ada", email="ada@example.com")
    lab.run()
    reconcile(lab)
    edit(
        lab.store_file,
        "DELETE FROM crmsync.links; INSERT INTO crm.contact (name, email) VALUES ('Countess', 'ada@example.com')",
    )

    assert reconcile(lab) == Reconciled(unclear=1)
    assert lab.rows("SELECT count(*) FROM crm.contact") == [(2,)]
    assert owed(lab) == []


def test_a_new_row_of_the_hub_is_owed_as_a_new_record(lab: Lab) -> None:
    """With what it holds."""
    lab.run()
    reconcile(lab)
    edit(lab.store_file, "INSERT INTO crm.contact (name, email) VALUES ('Ada', 'ada@example.com')")

    assert reconcile(lab) == Reconciled(planned=1)
    (action, remote_id, values) = owed(lab)[0]
    assert (action, remote_id, values["name"], values["email"]) == ("create", None, "Ada", "ada@example.com")


def test_a_row_that_is_deleted_asks_for_archiving_its_record(lab: Lab) -> None:
    """If nobody has changed that meanwhile: else a person decides."""
    ada, ben = lab.crm.create("Ada", email="a@example.com"), lab.crm.create("Ben", email="b@example.com")
    lab.run()
    reconcile(lab)
    edit(lab.store_file, "DELETE FROM crm.contact")
    lab.clock.advance(3600)
    lab.crm.update(ben, "Benedict")
    lab.run()

    assert reconcile(lab) == Reconciled(planned=1, conflicts=1)
    assert owed(lab) == [("archive", ada, None)]


def test_references_wait_for_their_counterparts(lab: Lab) -> None:
    """A deal whose company is not in the hub yet has it afterwards, and nothing else waits."""
    company, deal = (
        lab.simulator.create("companies", {"name": "Acme"}),
        lab.simulator.create("deals", {"dealname": "Big"}),
    )
    lab.simulator.link("deals", deal, "companies", company, primary=True)
    lab.try_run("company", "deal")
    reconcile(lab, "deal")
    assert lab.rows("SELECT company_id FROM crm.deal WHERE name = 'Big'") == [(None,)]

    reconcile(lab, "company")
    assert reconcile(lab, "deal").planned == 0
    linked = "SELECT c.name FROM crm.deal d JOIN crm.company c ON c._id = d.company_id WHERE d.name = 'Big'"
    assert lab.rows(linked) == [("Acme",)]
    assert reconcile(lab, "deal") == Reconciled()


def test_a_record_whose_company_nobody_syncs_is_not_looked_at_in_each_sync(tmp_path: Path) -> None:
    """Its reference is agreed to be empty until the company is known: then the hub gets it."""
    with laboratory(tmp_path, provider="odoo") as lab:
        company = lab.simulator.create("res.partner", {"name": "Engines", "is_company": True})
        lab.simulator.create("res.partner", {"name": "Ada", "email": "ada@example.com", "parent_id": company})
        lab.run("contact", mode="sync")
        agreed = lab.rows("SELECT base::VARCHAR = shown::VARCHAR, base->'company_id' FROM crmsync.links")
        assert set(agreed) == {(True, "null")}  # as a comparison of both sides gives it, so the pair is in step
        lab.try_run("contact", "company", mode="sync")
        lab.try_run("contact", "company", mode="sync")
        assert lab.rows("SELECT p.name, c.name FROM crm.contact p JOIN crm.company c ON c._id = p.company_id") == [
            ("Ada", "Engines")
        ]
