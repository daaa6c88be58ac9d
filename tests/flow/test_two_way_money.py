"""An amount is never written where it would count in another currency than the hub says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import shell
from lab import Lab, laboratory
from store_kit import edit


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Odoo, which counts all deals in the currency of its company: euros."""
    with laboratory(tmp_path, provider="odoo") as made:
        made.run("deal", mode="sync")
        yield made


def sync(lab: Lab, hub: str, **how: str) -> None:
    edit(lab.store_file, hub)
    lab.clock.advance(3600)
    lab.run("deal", **{"mode": "sync", **how})


def amounts(lab: Lab) -> list[float]:
    return [lab.simulator.get("crm.lead", int(id_))["expected_revenue"] for id_ in lab.mirror("deal")]


def conflicts(lab: Lab) -> list[tuple[str, str]]:
    return lab.rows("SELECT hub->>'currency', remote->>'currency' FROM crmsync.conflicts WHERE resolved_at IS NULL")


@pytest.mark.parametrize("mode", ["sync", "push"])
def test_an_amount_in_the_crm_s_currency_arrives_with_its_deal(lab: Lab, mode: str) -> None:
    """In the same run, though nobody knew the currency before."""
    sync(lab, "INSERT INTO crm.deal (name, amount, currency) VALUES ('A', 100, 'EUR')", mode=mode)
    assert (amounts(lab), conflicts(lab)) == ([100.0], [])
    sync(lab, "UPDATE crm.deal SET amount = 200", mode=mode)
    assert (amounts(lab), conflicts(lab)) == ([200.0], [])


def test_an_amount_in_another_currency_waits_for_a_person(lab: Lab) -> None:
    """The deal is made without it; once the hub says it in the CRM's currency, it goes out."""
    sync(lab, "INSERT INTO crm.deal (name, amount, currency) VALUES ('A', 100, 'USD')")
    assert (amounts(lab), conflicts(lab)) == ([0.0], [("USD", "EUR")])
    sync(lab, "UPDATE crm.deal SET amount = 300")
    assert (amounts(lab), conflicts(lab)) == ([0.0], [("USD", "EUR")])
    sync(lab, "UPDATE crm.deal SET amount = 90, currency = 'EUR'")
    assert (amounts(lab), conflicts(lab)) == ([90.0], [])


def test_a_currency_alone_is_not_agreed_on_in_silence(lab: Lab) -> None:
    """What was 100 euros on both sides is not 100 dollars on one of them unseen."""
    sync(lab, "INSERT INTO crm.deal (name, amount, currency) VALUES ('A', 100, 'EUR')")
    sync(lab, "UPDATE crm.deal SET currency = 'USD'")
    assert (amounts(lab), conflicts(lab)) == ([100.0], [("USD", "EUR")])


def test_the_crm_s_amount_is_taken_with_its_currency(lab: Lab) -> None:
    """They are one value."""
    sync(lab, "INSERT INTO crm.deal (name, amount, currency) VALUES ('A', 100, 'EUR')")
    (deal,) = lab.mirror("deal")
    lab.simulator.write("crm.lead", int(deal), {"expected_revenue": 7})
    sync(lab, "SELECT 1")
    assert lab.rows("SELECT amount, currency FROM crm.deal") == [(7, "EUR")]


def test_nobody_can_decide_that_the_crm_counts_in_another_currency(lab: Lab) -> None:
    """It would stay a conflict for ever; what helps is said. To take the CRM's amount is possible."""
    sync(lab, "INSERT INTO crm.deal (name, amount, currency) VALUES ('A', 100, 'USD')")
    ((conflict,),) = lab.rows("SELECT id FROM crmsync.conflicts WHERE resolved_at IS NULL")
    decide = ("conflicts", "resolve", conflict, "--store", str(lab.store_file), "--take")
    told = shell(lab.folder).inside(*decide, "hub")
    assert (told.returncode, "Write amount and currency into crm.deal in EUR" in told.stderr) == (2, True)
    assert shell(lab.folder).inside(*decide, "remote").returncode == 0
    assert conflicts(lab) == []
