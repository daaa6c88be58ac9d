"""The mapping of a whole spec: every stream of the first connector, with the records of its provider."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest

from crmsync.mapping import compile_read, list_variable, options_variable
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from mapping_engine import Engine


@pytest.fixture(scope="module")
def spec():
    package = find_spec("crmsync_hubspot")
    document = load(Path(package.submodule_search_locations[0]) / "spec.yaml")
    return build(document.tree, objects(), {"timezone": "America/New_York", "currency": "USD"})


def a_page(**properties):
    record = {
        "id": "512",
        "properties": properties,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "archived": False,
        "url": "x",
    }
    return json.dumps(
        {"results": [{**record, "updatedAt": "2026-01-02T03:04:06.789Z"}], "paging": {"next": {"after": "513"}}}
    )


@pytest.mark.parametrize("stream", ["contact", "company", "deal"])
def test_every_column_of_a_stream_can_be_read(spec, stream):
    """An empty record is a row of nulls and no problem."""
    row = Engine().read(spec.streams[stream], a_page(hs_object_id="512"), records="results")[0]

    assert (row["_id"], row["_problems"], row["_rejected"]) == ("512", [], False)


def test_a_contact_is_read(spec):
    """Names are joined, texts kept as they are, ids of merged records told."""
    page = a_page(
        firstname="Ada", lastname="Lovelace", email="Ada@Example.com", phone="", hs_merged_object_ids="512;77"
    )
    row = Engine().read(spec.streams["contact"], page, records="results")[0]

    assert (row["name"], row["email"], row["phone"], row["_merged"]) == (
        "Ada Lovelace",
        "ada@example.com",
        None,
        ["77"],
    )
    assert row["_updated_at"] == datetime(2026, 1, 2, 3, 4, 6, 789000, tzinfo=UTC)


def test_a_company_is_read(spec):
    """A code becomes the label that the provider shows; one without a label is kept."""
    engine, company = Engine(), spec.streams["company"]
    engine.set_lookup(options_variable("company", "industry"), {"BANKING": "Banking"})
    pages = [a_page(industry=code, numberofemployees="500", domain="acme.test") for code in ("BANKING", "NEW_CODE")]
    rows = engine.read(company, *pages, records="results")

    assert [(row["industry"], row["size"], row["domain"]) for row in rows] == [
        ("Banking", 500, "acme.test"),
        ("NEW_CODE", 500, "acme.test"),
    ]


def test_a_deal_is_read(spec):
    """Stage and status come from the list of stages; the day is that of the account's time zone."""
    engine = Engine()
    for column, label in (("value", "Closed Won"), ("status", "won")):
        engine.set_lookup(list_variable("stage", column), {"closedwon": label})
    page = a_page(dealname="Big", amount="500.25", dealstage="closedwon", closedate="2026-01-02T03:04:05.678Z")
    row = engine.read(spec.streams["deal"], page, records="results")[0]

    assert (row["amount"], row["stage"], row["status"], row["currency"]) == (
        Decimal("500.25"),
        "Closed Won",
        "won",
        "USD",
    )
    assert row["close_date"] == date(2026, 1, 1)


def test_own_and_discovered_fields_are_asked_for(spec):
    """The names go into the request: each once, no path of the record itself among them."""
    names = compile_read(spec.streams["contact"], "results").names

    assert len(set(names)) == len(names)
    assert {"firstname", "email", "hs_merged_object_ids"} <= set(names)
    assert not {"id", "updatedAt", "archived"} & set(names)
