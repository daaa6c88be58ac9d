"""What a CRM says about its fields: which there are, of which type, with which options."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from acme import Acme, Edit, served

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


GONE = {**MAP, "types": {"whole": "integer"}}
NOTES = "SELECT message FROM crmsync.logs WHERE level = 'warning'"


def vanish(acme: Acme, *names: str) -> None:
    """Take fields away, as a person does in the CRM: no answer has them any more."""
    acme.strict = True
    for name in names:
        acme.fields.pop(name, None)
        for person in acme.people.values():
            person.pop(name, None)


def test_a_field_that_vanishes_is_held_and_not_the_stream(tmp_path: Path) -> None:
    """Rows keep what they had, whatever else of them changes; it is said, and asked for no more."""
    with served(tmp_path, 5, edited(GONE, {})) as (acme, sync):
        sync()
        vanish(acme, "born")
        acme.now += timedelta(hours=1)
        acme.change(2, tags="c")
        acme.change(3, state="gone")
        sync()
        acme.now += timedelta(hours=1)
        acme.change(2, tags="d")
        sync()
        assert [str(sync.row(n)["birthday"]) for n in (1, 2, 3)] == ["1990-02-28"] * 3
        assert (sync.row(2)["tags"], sync.row(3)["_deleted_at"] is None) == (["d"], False)
        assert any("no field 'born': birthday is left out" in row["message"] for row in sync.query(NOTES))


def test_a_field_that_is_back_is_read_again(tmp_path: Path) -> None:
    """Of everybody: a full read follows, as after any change of the fields."""
    with served(tmp_path, 3, edited(GONE, {})) as (acme, sync):
        sync()
        vanish(acme, "born")
        sync()
        acme.fields["born"] = {"kind": "string"}
        for person in acme.people.values():
            person["born"] = "2001-01-01"
        sync()
        assert [str(sync.row(n)["birthday"]) for n in (1, 2, 3)] == ["2001-01-01"] * 3


def test_of_several_paths_those_that_are_there_are_read(tmp_path: Path) -> None:
    """One name that the CRM does not know would make it refuse the whole request."""
    fields = {
        "nick": {"at": ["nickname", "last_name"], "type": "text"},
        "currency": {"at": "currency", "type": "text", "default": "EUR"},
        "either": {"at": "nowhere", "type": "text", "optional": True, "default": "none"},
    }
    with served(tmp_path, 1, edited(GONE, fields)) as (acme, sync):
        vanish(acme, "first_name", "nickname", "currency")
        sync()
        row = sync.row(1)
        assert [row[n] for n in ("name", "nick", "currency", "either")] == ["Nr 1", "Nr 1", "EUR", "none"]


def test_a_new_record_has_nothing_in_a_column_that_is_filled_no_longer(tmp_path: Path) -> None:
    """It never had it."""
    with served(tmp_path, 2, edited(GONE, {})) as (acme, sync):
        sync()
        vanish(acme, "born", "joined")
        acme.now += timedelta(hours=1)
        acme.people[3] = {**acme.people[2], "id": 3}
        acme.change(3)
        sync()
        assert (sync.row(3)["birthday"], sync.row(3)["joined_on"]) == (None, None)


def test_an_account_that_describes_no_field_keeps_those_of_the_spec(tmp_path: Path) -> None:
    """It may describe only what its people made themselves."""
    with served(tmp_path, 1, edited(GONE, {})) as (acme, sync):
        acme.fields = {}
        sync()
        assert str(sync.row(1)["birthday"]) == "1990-02-28"


def test_credentials_that_may_not_ask_for_fields_read_all_the_same(tmp_path: Path) -> None:
    """Where nothing needs the answer; else the stream says what is missing."""
    with served(tmp_path, 1, edited({**GONE, "do": "GET /secret"}, {})) as (_, sync):
        sync()
        assert sync.row(1)["email"] == "a1@x.example"
        assert "may not ask which fields" in sync.query(NOTES)[0]["message"]
    with served(tmp_path, 1, edited({**GONE, "do": "GET /secret"}, OPTIONAL)) as (_, sync):
        failed = sync.tried()
        assert (failed.status, failed.error and failed.error["code"]) == ("failed", "CS111")
