"""What a CRM says about its fields: which there are, of which type, with which options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acme import Edit, served

MAP = {"do": "GET /fields", "records": "{}", "type": "kind", "label": "title", "types": {"whole": "integer"}}
LIST = {**MAP, "records": "about.fields", "name": "id"}
PAIRS = {"at": "choices", "value": 0, "label": 1}


def edited(discover: dict[str, Any], fields: dict[str, Any], **record: Any) -> Edit:
    def edit(tree: dict[str, Any]) -> None:
        tree["discover"] = discover
        tree["streams"]["contact"]["fields"] |= fields
        tree["streams"]["contact"]["record"] |= record

    return edit


def test_fields_may_be_a_map_by_name_and_options_pairs(tmp_path: Path) -> None:
    """As some CRMs describe themselves: the key is the name, and `0` and `1` are places in a list."""
    fields = {"team": {"at": "team_id", "type": "text", "as": "options"}}
    with served(tmp_path, 3, edited({**MAP, "options": PAIRS}, fields)) as (acme, sync):
        acme.fields["team_id"] |= {"choices": [[1, "North"], ["2", "South"]]}
        sync()
        assert [sync.row(n)["team"] for n in (1, 2)] == ["South", "North"]


OPTIONAL = {
    "firm": {"at": "company.id", "type": "text", "optional": True},
    "mails": {"at": "emails[].address", "type": "set", "optional": True},
    "either": {"at": ["nowhere", "born"], "type": "text", "optional": True},
    "deep": {"at": "nowhere.id", "type": "text", "optional": True},
    "none": {"at": "nowhere", "type": "text", "optional": True},
}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("discover", [MAP, LIST])
def test_an_optional_field_is_there_if_what_its_path_leads_through_is(
    tmp_path: Path, discover: dict[str, Any], wrapped: bool
) -> None:
    """Of a record that is flat, and of one that keeps its fields in an object of their own."""
    values = {"values": "own"} if wrapped else {}
    with served(tmp_path, 2, edited(discover, OPTIONAL, **values)) as (acme, sync):
        if wrapped:
            acme.people = {n: {**person, "own": person} for n, person in acme.people.items()}
        if discover is LIST:
            acme.fields = {"about": {"fields": [{"id": name, **entry} for name, entry in acme.fields.items()]}}
        sync()
        row = sync.row(1)
        assert (row["firm"], row["mails"], row["either"]) == ("9", ["old@acme.example", "A1@x.example"], "1990-02-28")
        assert not {"deep", "none"} & set(row)


def test_an_optional_field_that_is_not_there_leaves_its_default(tmp_path: Path) -> None:
    """It is what all records have, such as the currency of an account that has only one."""
    fields = {"zone": {"at": "nowhere", "type": "text", "optional": True, "default": "$zone"}}
    with served(tmp_path, 2, edited(MAP, fields)) as (_, sync):
        sync()
        assert [row["zone"] for row in sync.query("FROM acme.contact")] == ["Asia/Tokyo", "Asia/Tokyo"]


@pytest.mark.parametrize("answer", [{"about": {}}, {"about": {"fields": {"x": {}}}}, [], None, "no"])
def test_an_answer_that_does_not_tell_the_fields_stops_the_stream(tmp_path: Path, answer: Any) -> None:
    """Read as none, it would take every optional column away."""
    with served(tmp_path, 1, edited(LIST, OPTIONAL)) as (acme, sync):
        acme.fields = answer
        failed = sync.tried()
        assert (failed.status, failed.error and failed.error["code"]) == ("failed", "CS205")
