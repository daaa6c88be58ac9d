"""A field that a CRM requires and somebody clears in the hub is held, alone, until it has a value again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import shell
from crmsync.events import BatchWritten
from lab import Lab, laboratory
from store_kit import edit

# Of each CRM, by stream: a record, and another edit of it
RECORDS: dict[str, dict[str, tuple[str, dict[str, Any], str]]] = {
    "zoho": {
        "contact": ("Contacts", {"Last_Name": "Ada", "Email": "ada@example.com"}, "phone = '777'"),
        "deal": ("Deals", {"Deal_Name": "Ada", "Stage": "Qualification"}, "amount = 777"),
    },
    "odoo": {
        "contact": ("res.partner", {"name": "Ada", "email": "ada@example.com"}, "phone = '777'"),
        "company": ("res.partner", {"name": "Ada", "is_company": True}, "phone = '777'"),
    },
}


def sync(lab: Lab) -> int:
    """How many requests wrote."""
    lab.clock.advance(3600)
    before = len(lab.events)
    results = lab.try_run(*RECORDS[lab.crm.name], mode="sync")
    assert {result.status for result in results} == {"done"}
    return sum(isinstance(event, BatchWritten) for event in lab.events[before:])


def names(lab: Lab, schema: str) -> list[str | None]:
    """Those of the records, or rows of the hub, that have the other edit."""
    edited = {stream: other for stream, (_, _, other) in RECORDS[lab.crm.name].items()}
    return [row[0] for s, other in edited.items() for row in lab.rows(f"SELECT name FROM {schema}.{s} WHERE {other}")]


def refused(lab: Lab) -> list[tuple[str, ...]]:
    """What `crmsync rejects` tells: fields and reasons."""
    listed = shell(lab.folder).inside("rejects", "--json", "--store", str(lab.store_file)).stdout
    return [(*write["fields"], write["message"]) for write in map(json.loads, listed.splitlines())]


@pytest.mark.parametrize("provider", RECORDS)
def test_a_name_that_is_cleared_is_held_and_nothing_else_is(tmp_path: Path, provider: str) -> None:
    """It is told with its reason, is never sent, and stays what both sides agree on until there is one again."""
    with laboratory(tmp_path, provider=provider) as lab:
        for kind, record, _ in RECORDS[provider].values():
            lab.simulator.create(kind, record)
        sync(lab)
        for stream, (_, _, other) in RECORDS[provider].items():
            edit(lab.store_file, f"UPDATE crm.{stream} SET name = NULL, {other} WHERE name = 'Ada'")

        assert [sync(lab), sync(lab)] == [2, 0]
        assert (names(lab, "crm"), names(lab, provider)) == ([None, None], ["Ada", "Ada"])
        assert lab.rows("SELECT count(*) FROM crmsync.links WHERE base->>'name' = 'Ada'") == [(2,)]
        assert refused(lab) == [("name", "name: required")] * 2

        edit(lab.store_file, "UPDATE crm.contact SET name = 'Ada' WHERE name IS NULL")
        other = next(stream for stream in RECORDS[provider] if stream != "contact")
        edit(lab.store_file, f"UPDATE crm.{other} SET name = 'Grace' WHERE name IS NULL")
        assert [sync(lab), sync(lab)] == [1, 0]
        assert names(lab, "crm") == names(lab, provider) == ["Ada", "Grace"]
        assert refused(lab) == []
