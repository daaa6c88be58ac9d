"""Streams and fields that a team declares in crmsync.yaml, in the language of the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmsync.config import load_settings, resolve
from crmsync.errors import SpecError
from crmsync.plugins import connector
from crmsync.spec.build import options
from crmsync.spec.load import load
from lab import Lab, laboratory

TICKETS = {
    "vars": {"type": "tickets", "cursor": "hs_lastmodifieddate"},
    "fields": {"subject": {"at": "subject", "type": "text"}, "urgency": {"at": "hs_ticket_priority", "type": "text"}},
}


@pytest.fixture
def there(tmp_path: Path):
    """A portal with three contacts, of whom a team reads one field more, and with its tickets."""
    zone = {"fields": {"zone": {"at": "hs_timezone", "type": "text"}}}
    with laboratory(tmp_path, records=3) as made:
        made.config = {"streams": {"ticket": TICKETS, "contact": zone}}
        yield made


def test_a_declared_stream_is_read_like_those_of_the_connector(there: Lab) -> None:
    """Backfill, changes and deletions, with a mirror and a checkpoint of its own."""
    first = there.simulator.create("tickets", {"subject": "Lost parcel", "hs_ticket_priority": "HIGH"})
    there.run("ticket")
    there.clock.advance(3600)
    second = there.simulator.create("tickets", {"subject": "Thanks"})
    there.simulator.archive("tickets", first)
    there.clock.advance(2 * 86400)
    there.run("ticket")

    rows = there.rows("SELECT _id, subject, urgency, _deleted_at IS NULL FROM hubspot.ticket ORDER BY subject")
    assert rows == [(first, "Lost parcel", "HIGH", False), (second, "Thanks", None, True)]
    assert there.rows("SELECT count(*) FROM crmsync.checkpoints WHERE stream = 'ticket'") == [(1,)]


LEAD = {"vars": {"module": "Leads"}, "fields": {"name": {"at": "Last_Name", "type": "text"}}}
TAG = {
    "vars": {"model": "res.partner.category", "filter": []},
    "fields": {"name": {"at": "name", "type": "text"}, "parent_id": {"at": "parent_id", "type": "ref"}},
}


@pytest.mark.parametrize(
    ("provider", "kind", "key", "declared"),
    [("zoho", "Leads", "Last_Name", LEAD), ("odoo", "res.partner.category", "name", TAG)],
    ids=["zoho", "odoo"],
)
def test_other_modules_and_models_are_streams_like_the_others(
    tmp_path: Path, provider: str, kind: str, key: str, declared: Any
) -> None:
    """What is new, changed and deleted arrives, by what they inherit."""
    with laboratory(tmp_path, provider=provider) as lab:
        lab.config = {"streams": {"own": declared}}
        first, second = (str(lab.simulator.create(kind, {key: name})) for name in ("First", "Second"))
        lab.clock.advance(3600)
        lab.run("own")
        lab.clock.advance(3600)
        id_ = int if provider == "odoo" else str
        (lab.simulator.write if provider == "odoo" else lab.simulator.update)(kind, id_(second), {key: "Changed"})
        (lab.simulator.unlink if provider == "odoo" else lab.simulator.delete)(kind, id_(first))
        third = str(lab.simulator.create(kind, {key: "Third"}))
        lab.clock.advance(7 * 3600)
        lab.run("own")
        rows = {i: row["name"] for i, row in lab.mirror("own").items()}
        assert {i: rows[i] for i in (second, third)} == {second: "Changed", third: "Third"}
        assert lab.rows(f"SELECT _deleted_at IS NULL FROM {provider}.own WHERE _id = ?", [first]) == [(False,)]


def test_a_stream_of_the_connector_gets_further_fields(there: Lab) -> None:
    """Beside its own ones."""
    there.run("contact")
    assert there.rows("SELECT count(name), count(zone) FROM hubspot.contact") == [(3, 3)]


TEXT = """connections:
  hubspot:
    options: {token: {env: T}}
    streams:
      ticket:
        vars: {type: tickets, cursor: hs_lastmodifieddate}
        fields:
          subject: {at: subject, type: text}
      deal:
        fields:
          title: {at: dealname, type: text}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{at: subject, type: text}", "{at: subject, type: tixt}", "crmsync.yaml:8:34: `type` must be one of text,"),
        ("{type: tickets", "{kind: tickets", "`$type` has no value in `full` of stream `ticket`"),
        ("title: {at", "name: {at", "crmsync.yaml:11:11: `deal` of hubspot has a field `name` already"),
        (
            "      deal:\n",
            "      deal:\n        read: {}\n",
            "crmsync.yaml:10:9: `deal` is a stream of hubspot: it can be",
        ),
    ],
)
def test_mistakes_are_told_where_they_stand(tmp_path: Path, old: str, new: str, message: str) -> None:
    """In crmsync.yaml, or in the spec where a stream lacks what it inherits needs."""
    assert old in TEXT
    file = tmp_path / "crmsync.yaml"
    file.write_text(TEXT.replace(old, new), encoding="utf-8")
    spec_file = connector("hubspot").spec_file
    assert spec_file is not None
    connection = resolve(load_settings(file), "hubspot", None, options(load(spec_file).tree), {"T": "secret"})
    with pytest.raises(SpecError) as raised:
        load(spec_file, connection.own)
    assert message in str(raised.value)
