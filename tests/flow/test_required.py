"""A field that a CRM requires and somebody clears in the hub is held, alone, until it has a value again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import shell
from crmsync.events import BatchWritten
from lab import Lab, laboratory
from store_kit import edit

# Of each stream: a row of the hub, and another edit of it
ROWS = {
    "contact": ("name, email", "'Ada', 'ada@example.com'", "phone = '1'"),
    "company": ("name, domain", "'Ada', 'ada.example'", "phone = '1'"),
    "deal": ("name, pipeline, stage", "'Ada', $pipeline", "amount = 1"),
}
PIPELINES = {"zoho": "'Standard (Standard)', 'Negotiation/Review'", "odoo": "NULL, 'New'"}


def sync(lab: Lab, *streams: str) -> int:
    """How many requests wrote."""
    lab.clock.advance(3600)
    before = len(lab.events)
    results = lab.try_run(*(streams or ROWS), mode="sync")
    assert {result.status for result in results} == {"done"}
    return sum(isinstance(event, BatchWritten) for event in lab.events[before:])


def add(lab: Lab) -> None:
    """A row of each stream, whose `_id` is `ada`, and its record."""
    sync(lab)
    for stream, (columns, values, _) in ROWS.items():
        row = f"INSERT INTO crm.{stream} (_id, {columns}) VALUES ('ada', {values})"
        edit(lab.store_file, row.replace("$pipeline", PIPELINES[lab.crm.name]))
    assert sync(lab) == 3


def all_are(lab: Lab, condition: str) -> bool:
    """Whether each row (h), its link (l) and its record (r) are so; `$other`: have the other edit."""
    told = []
    for stream, (_, _, other) in ROWS.items():
        met = condition.replace("$other", f"h.{other} AND r.{other}")
        told += lab.rows(
            f"SELECT {met} FROM crm.{stream} h JOIN crmsync.links l ON l.stream = '{stream}' AND hub_id = h._id "
            f"JOIN {lab.crm.name}.{stream} r ON r._id = remote_id WHERE h._id = 'ada'"
        )
    return told == [(True,)] * 3


def refused(lab: Lab) -> list[tuple[str, ...]]:
    """What `crmsync rejects` tells: streams, fields and reasons."""
    listed = shell(lab.folder).inside("rejects", "--json", "--store", str(lab.store_file)).stdout
    return sorted((each["stream"], *each["fields"], each["message"]) for each in map(json.loads, listed.splitlines()))


@pytest.mark.parametrize("provider", PIPELINES)
def test_a_name_that_is_cleared_is_held_and_nothing_else_is(tmp_path: Path, provider: str) -> None:
    """It is told with its reason, is never sent, and stays what both sides agree on until there is one again."""
    with laboratory(tmp_path, provider=provider) as lab:
        add(lab)
        for stream, (_, _, other) in ROWS.items():
            edit(lab.store_file, f"UPDATE crm.{stream} SET name = NULL, {other} WHERE _id = 'ada'")
        assert [sync(lab), sync(lab)] == [3, 0]
        assert all_are(lab, "$other AND h.name IS NULL AND r.name = 'Ada' AND base->>'name' = 'Ada'")
        assert refused(lab) == [(stream, "name", "name: required") for stream in sorted(ROWS)]

        for stream, name in {"contact": "Ada", "company": "Grace", "deal": "Grace"}.items():
            edit(lab.store_file, f"UPDATE crm.{stream} SET name = '{name}' WHERE _id = 'ada'")
        assert [sync(lab), sync(lab)] == [2, 0]
        assert all_are(lab, "h.name IS NOT NULL AND r.name = h.name AND base->>'name' = h.name")
        assert refused(lab) == []


def test_a_stage_that_must_be_there_keeps_its_pipeline(tmp_path: Path) -> None:
    """In HubSpot the old stage would be wrong in another pipeline."""
    with laboratory(tmp_path) as lab:
        sync(lab, "deal")
        row = "('ada', 'Ada', 'Renewals', 'Offer Sent')"
        edit(lab.store_file, f"INSERT INTO crm.deal (_id, name, pipeline, stage) VALUES {row}")
        sync(lab, "deal")
        edits = "stage = NULL, pipeline = 'Sales Pipeline', amount = 7"
        edit(lab.store_file, f"UPDATE crm.deal SET {edits} WHERE _id = 'ada'")

        assert [sync(lab, "deal"), sync(lab, "deal")] == [1, 0]
        shown = lab.rows("SELECT pipeline, stage, amount FROM hubspot.deal WHERE name = 'Ada'")
        assert shown == [("Renewals", "Offer Sent", 7)]
        told = "pipeline: what belongs to it cannot be written; stage: required"
        assert refused(lab) == [("deal", "pipeline", "stage", told)]
