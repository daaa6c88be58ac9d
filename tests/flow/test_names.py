"""More fields than one request takes: several requests, joined by id; nobody gets nulls for what was not read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme import Acme, Edit, Sync, served
from effort import examples

OWN = 9  # further columns


def narrow(most: int, *, by_id: bool = True) -> Edit:
    """The example over a CRM that gives at most so many fields a request, and only those that it is asked for."""

    def edit(tree: dict[str, Any]) -> None:
        contact = tree["streams"]["contact"]
        contact["fields"] = {
            "name": {"at": ["first_name", "last_name"], "as": "person_name"},
            **{f"own{i}": {"at": f"own{i}", "type": "text"} for i in range(OWN)},
        }
        contact["deletes"] = {"census": {"every": "7d"}} if by_id else {}
        read = contact["read"]
        read["full"] |= {"limit": 4, "names_max": most}
        read["changes"] |= {"limit": 4, "names_max": most}
        if not by_id:
            read["by_id"] = None

    return edit


class Narrow(Acme):
    """Gives only the fields that it is asked for, and refuses too many; `between` is called ahead of each answer."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self.most, self.between = 99, lambda: None
        for person in self.people.values():
            person |= {f"own{i}": f"{person['id']}.{i}" for i in range(OWN)}

    def _answer(self, path: str, asked: Any) -> Any:
        if "fields" not in asked:
            return super()._answer(path, asked)
        self.between()
        names = asked["fields"].split(",") if isinstance(asked["fields"], str) else asked["fields"]
        assert len(names) <= self.most, names
        answer = super()._answer(path, asked)
        return {**answer, "items": [{"id": p["id"], **{n: p[n] for n in names if n in p}} for p in answer["items"]]}


def wrong(acme: Acme, sync: Sync) -> list[Any]:
    """The live rows that are not as the people are."""
    rows = {int(row["_id"]): row for row in sync.query("FROM acme.contact WHERE _deleted_at IS NULL")}
    people = {n: [f"Ann {p['last_name']}", *(p[f"own{i}"] for i in range(OWN))] for n, p in acme.people.items()}
    shown = {n: [row["name"], *(row[f"own{i}"] for i in range(OWN))] for n, row in rows.items()}
    return [n for n in people.keys() | shown.keys() if people.get(n) != shown.get(n)]


@pytest.mark.parametrize("most", [5, 6, 8, 13, 14])
def test_fields_that_one_request_does_not_take_are_read_by_several(tmp_path: Path, most: int) -> None:
    """In whole, whatever the number: in lists, in windows, and by id."""
    with served(tmp_path, 10, narrow(most), Narrow) as (acme, sync):
        acme.most = most
        assert sync().counts.applied == 10
        assert wrong(acme, sync) == []
        acme.now += timedelta(hours=1)
        for number in (3, 4, 9):
            acme.change(number, own0="a", own4="b", own8="c")
        assert sync().counts.applied == 3
        assert wrong(acme, sync) == []
        acme.now += timedelta(days=8)
        acme.hidden = {5}
        del acme.people[6]
        assert sync().counts.deleted == 1
        assert wrong(acme, sync) == []


def test_a_name_that_comes_in_two_parts_is_never_torn(tmp_path: Path) -> None:
    """What one column is made of is asked for by one request."""
    with pytest.raises(AssertionError, match="needs more names"), served(tmp_path, 1, narrow(2), Narrow) as (_, sync):
        sync()


def after(acme: Narrow, answers: int, what: Callable[[], None]) -> None:
    """Let something happen before that many further answers about people."""
    left = [answers]

    def between() -> None:
        left[0] -= 1
        if left[0] == 0:
            what()

    acme.between = between


@pytest.mark.parametrize("by_id", [True, False])
def test_a_record_that_goes_while_it_is_read_is_left_out_and_told(tmp_path: Path, by_id: bool) -> None:
    """It is no row of nulls; and if it is back, the next full read finds it."""
    with served(tmp_path, 4, narrow(6, by_id=by_id), Narrow) as (acme, sync):
        gone = dict(acme.people[2])
        after(acme, 2, lambda: acme.people.pop(2))
        assert sync().counts.read == 3
        assert wrong(acme, sync) == []
        assert sync.query("FROM crmsync.logs WHERE level = 'warning'")[0]["message"].startswith("Records that went")
        acme.people[2] = gone
        sync(backfill=True)
        assert wrong(acme, sync) == []


def happen(acme: Narrow, what: str, number: int) -> None:
    """One of the people changes or goes, or another one comes."""
    if what == "create":
        new = max(acme.people) + 1
        acme.people[new] = {**acme._person(new), **{f"own{i}": f"{new}.{i}" for i in range(OWN)}}
        acme.change(new)
    elif number in acme.people and what == "delete":
        del acme.people[number]
    elif number in acme.people:
        acme.change(number, own0=f"x{acme.version}", own8=f"y{acme.version}")


EVENTS = st.tuples(st.sampled_from(["change", "delete", "create"]), st.integers(1, 8), st.integers(1, 9))


@settings(max_examples=examples(4, 100), deadline=None)
@given(st.lists(EVENTS, max_size=6))
def test_whatever_happens_between_the_parts_the_next_reading_mends_it(history: list[tuple[str, int, int]]) -> None:
    """Records that change, go and come between the requests for their fields."""
    with TemporaryDirectory() as folder, served(Path(folder), 8, narrow(6), Narrow) as (acme, sync):
        for what, number, answers in history:
            acme.now += timedelta(hours=1)
            after(acme, answers, partial(happen, acme, what, number))
            sync()
        after(acme, 0, lambda: None)
        for wait in (timedelta(hours=1), timedelta(days=8)):
            acme.now += wait
            sync()
        assert wrong(acme, sync) == []
