"""The worked example of docs/spec-language.md, run against the CRM that it describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acme import START, Acme, Edit, Sync, served


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[tuple[Acme, Sync]]:
    """250 people: three pages."""
    with served(tmp_path, 250) as made:
        yield made


def test_the_example_reads_everybody_and_every_column(acme: tuple[Acme, Sync]) -> None:
    """Nothing in the runtime knows this CRM; the page of the language is enough."""
    _, sync = acme
    assert sync().counts.applied == 250
    row = sync.row(3)
    assert [row[name] for name in ("name", "email", "company_id", "team")] == ["Ann Nr 3", "a3@x.example", "9", "South"]
    assert [str(row["birthday"]), str(row["joined_on"]), row["tags"]] == ["1990-02-28", "2026-01-01", ["a", "b"]]


def test_the_example_reads_changes_and_deletions(acme: tuple[Acme, Sync]) -> None:
    """Changed records by their time, deleted ones by their list, others that vanished by the census."""
    there, sync = acme
    sync()
    there.now = START.replace(hour=18)
    there.change(5, tags="c")
    there.change(6, state="gone")
    del there.people[8]
    result = sync()
    assert (result.counts.applied, result.counts.deleted) == (2, 1)
    assert (sync.row(5)["tags"], sync.row(6)["_deleted_at"] is None, sync.row(8)["_deleted_at"]) == (["c"], False, None)
    there.now, there.gone = START.replace(day=17), {7: "2026-01-16T00:00:00Z"}
    assert sync().counts.deleted == 0  # who is there is not deleted
    there.now = START.replace(day=19)
    del there.people[7]
    assert sync().counts.deleted == 1
    assert str(sync.row(7)["_deleted_at"]) == "2026-01-16 00:00:00+00:00"
    there.now = START.replace(day=28)
    assert sync().counts.deleted == 1
    assert sync.row(8)["_deleted_at"] is not None


def test_a_list_at_the_end_of_a_case_is_read_too(tmp_path: Path) -> None:
    """However deep it stands; else every value that no branch takes would be unknown, and held."""

    def edit(tree: dict[str, Any]) -> None:
        nobody = {"case": [{"when": {"last_name": "Nr 2"}, "is": "none"}], "else": {"list": "team"}}
        case = {"case": [{"when": {"last_name": "Nr 1"}, "is": "boss"}], "else": nobody}
        tree["streams"]["contact"]["fields"]["team"]["as"] = case

    with served(tmp_path, 4, edit) as (_, sync):
        assert sync().counts.held == 0
        assert [sync.row(number)["team"] for number in (1, 2, 3, 4)] == ["boss", "none", "South", "North"]


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        ({"open": True}, [1]),
        ({"open": None}, [2]),
        ({"share": 0}, [1]),
        ({"open": "true", "id": 1}, [1]),
        ({"id": 3}, []),
    ],
)
def test_a_column_of_a_list_is_chosen_as_a_field_is(tmp_path: Path, when: dict[str, Any], taken: list[int]) -> None:
    """True and false, null, and numbers however they are written."""

    def edit(tree: dict[str, Any]) -> None:
        tree["lists"]["team"]["also"] = {"kind": {"case": [{"when": when, "is": True}], "else": None}}
        tree["streams"]["contact"]["fields"]["team"]["as"] = {"list": "team", "take": "kind"}

    with served(tmp_path, 2, edit) as (acme, sync):
        sync()
        assert [p["team_id"] for n, p in acme.people.items() if sync.row(n)["team"] == "true"] == taken


def test_lists_that_differ_in_their_body_only_are_two_lists(tmp_path: Path) -> None:
    """One address for all of a CRM's lists."""

    def edit(tree: dict[str, Any]) -> None:
        request = {"do": "POST /lists", "records": "entries", "key": "key", "value": "label"}
        tree["lists"] |= {of: {**request, "body": {"of": of}} for of in ("area", "rank")}
        fields = tree["streams"]["contact"]["fields"]
        fields |= {of: {"at": "team_id", "type": "text", "as": {"list": of}} for of in ("area", "rank")}

    with served(tmp_path, 1, edit) as (_, sync):
        sync()
        assert (sync.row(1)["area"], sync.row(1)["rank"]) == ("area 2", "rank 2")


def one_by_one(**more: Any) -> Edit:
    """The example, with a CRM that gives records by id singly."""

    def edit(tree: dict[str, Any]) -> None:
        tree["streams"]["contact"]["read"]["by_id"] = {
            "do": "GET /people/one/$id",
            "query": {"fields": "$names"},
            **more,
        }
        tree["errors"].insert(0, {"status": 404, "is": "gone"})

    return edit


WRAPPED = one_by_one(query={"wrapped": "yes"}, records="person")


@pytest.mark.parametrize("edit", [one_by_one(), WRAPPED])
def test_records_that_are_asked_for_one_by_one_are_confirmed_and_missed(tmp_path: Path, edit: Edit) -> None:
    """The body is the record, or something in it; what is not found is deleted, what is there after all is read."""
    with served(tmp_path, 30, edit) as (acme, sync):
        sync()
        acme.now = START.replace(day=28)
        acme.hidden, acme.people[4]["tags"] = {4}, "late"
        del acme.people[8], acme.people[9]
        counts = sync().counts
        assert (counts.read, counts.applied, counts.deleted) == (28, 1, 2)
        assert (sync.row(4)["tags"], sync.row(4)["_deleted_at"]) == (["late"], None)
        assert [row["_id"] for row in sync.query("FROM acme.contact WHERE _deleted_at IS NOT NULL")] == ["8", "9"]


def test_more_fields_than_a_url_holds_are_read_one_by_one(tmp_path: Path) -> None:
    """Ids by list, each record by its own request."""

    def edit(tree: dict[str, Any]) -> None:
        WRAPPED(tree)
        own = {f"own{i}": {"at": f"a_field_of_{i:04}_and_a_long_name", "type": "text"} for i in range(200)}
        tree["streams"]["contact"]["fields"] |= own

    with served(tmp_path, 5, edit) as (acme, sync):
        for number, person in acme.people.items():
            person["a_field_of_0199_and_a_long_name"] = f"x{number}"
        assert sync().counts.applied == 5
        assert [sync.row(number)["own199"] for number in (1, 5)] == ["x1", "x5"]


@pytest.mark.parametrize("answer", [{"person": None}, {"person": []}, {"people": {}}, []])
def test_an_answer_without_the_record_confirms_no_deletion(tmp_path: Path, answer: Any) -> None:
    """Only the status says that there is none; anything else stops the stream, and nothing is marked."""
    with served(tmp_path, 30, WRAPPED) as (acme, sync):
        sync()
        acme.now, acme.hidden = START.replace(day=28), {4}
        acme.answers["/people/one/4"] = answer
        failed = sync.tried()
        assert (failed.status, failed.error and failed.error["code"]) == ("failed", "CS203")
        assert sync.query("FROM acme.contact WHERE _deleted_at IS NOT NULL") == []
        acme.answers.clear()
        assert sync().counts.deleted == 0


def test_ids_that_are_numbers_go_out_as_numbers(tmp_path: Path) -> None:
    """To a CRM that finds nothing by a text: its changes are read, and who is there is not taken for deleted."""

    def edit(tree: dict[str, Any]) -> None:
        tree["streams"]["contact"]["record"]["id"] = {"at": "id", "as": "integer"}
        tree["streams"]["contact"]["fields"]["company_id"] = {"at": "company.id"}

    with served(tmp_path, 30, edit) as (acme, sync):
        sync()
        acme.numbers = True
        acme.now = START.replace(hour=18)
        acme.change(5, tags="c")
        assert sync().counts.applied == 1
        acme.now, acme.hidden = START.replace(day=28), {4}
        assert sync().counts.deleted == 0
        assert (sync.row(4)["_id"], sync.row(4)["company_id"], sync.row(5)["tags"]) == ("4", "9", ["c"])
