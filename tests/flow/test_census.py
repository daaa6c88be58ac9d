"""A census with a request of its own: ids only, against the mirror; and records that become another stream's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from acme import Acme, Sync, served
from effort import examples

CENSUS = {
    "every": "6h",
    "do": "POST /people/ids",
    "body": {"above": "$after_id", "size": "$limit"},
    "page": "keyset",
    "limit": 7,
    "records": "items",
}
CONFIRM = {"do": "POST /people/exist", "body": {"ids": "$ids"}, "batch": 3, "records": "items"}


def counting(tree: dict[str, Any]) -> None:
    """The example with a census of ids that knows who exists at all, and no list of deleted ones."""
    contact = tree["streams"]["contact"]
    contact["deletes"] = {"census": CENSUS, "confirm": CONFIRM}
    contact["read"]["by_id"]["batch"] = 4


def state(sync: Sync) -> tuple[set[str], set[str], set[str]]:
    """Who lives, who left, who is dead, in the mirror."""
    rows = sync.query("FROM acme.contact")
    dead = {row["_id"] for row in rows if row["_deleted_at"] is not None}
    left = {row["_id"] for row in rows if row["_left_at"] is not None} - dead
    return {row["_id"] for row in rows} - dead - left, left, dead


def truth(acme: Acme, ever: int) -> tuple[set[str], set[str], set[str]]:
    there = set(acme.people)
    people, dead = there - acme.firms, set(range(1, ever + 1)) - there
    return {str(n) for n in people}, {str(n) for n in there & acme.firms}, {str(n) for n in dead}


def test_a_census_of_ids_finds_who_is_gone_and_who_is_not_known(tmp_path: Path) -> None:
    """By its own clock, without reading everything; nobody is asked for who is where the mirror says."""
    with served(tmp_path, 30, counting) as (acme, sync):
        sync()
        assert "/people/ids" not in acme.paths  # the mirror was empty: everything has just been read
        del acme.people[8], acme.people[9]
        acme.people[31] = {**acme.people[1], "id": 31}  # with an old time of change: no window shows it
        acme.now += timedelta(hours=5)
        assert sync().counts.deleted == 0
        acme.now += timedelta(hours=2)
        acme.paths.clear()
        counts = sync().counts
        assert (counts.read, counts.applied, counts.deleted) == (1, 1, 2)
        assert acme.paths.count("/people/ids") == 5 + 1 and acme.paths.count("/people/get") == 2
        assert state(sync) == truth(acme, 31)


def test_a_record_that_became_another_kind_has_left_and_may_come_back(tmp_path: Path) -> None:
    """It is not deleted: the row keeps its values, and says so; back again, or deleted, it says that."""
    with served(tmp_path, 9, counting) as (acme, sync):
        sync()
        for number in (3, 4, 5):
            acme.turn(number, firm=True)
        acme.now += timedelta(hours=7)
        assert sync().counts.deleted == 0
        assert state(sync) == truth(acme, 9) and state(sync)[1] == {"3", "4", "5"}
        assert sync.row(3)["name"] == "Ann Nr 3"
        assert sync.query("FROM crmsync.status")[0]["rows"] == 6
        acme.now += timedelta(hours=1)
        acme.turn(4, firm=False)
        sync()
        assert sync.row(4)["_left_at"] is None
        del acme.people[5]
        acme.now += timedelta(hours=7)
        assert sync().counts.deleted == 1
        assert state(sync) == truth(acme, 9)


def test_the_brake_holds_and_everything_else_goes_on(tmp_path: Path) -> None:
    """Too many are missing: nobody is marked; who came and what changed is read; a person decides."""
    with served(tmp_path, 60, counting) as (acme, sync):
        sync()
        for number in range(1, 31):
            del acme.people[number]
        acme.people[61] = {**acme.people[60], "id": 61}
        acme.change(60, tags="late")
        acme.now += timedelta(hours=7)
        stopped = sync.tried()
        assert (stopped.status, stopped.error and stopped.error["code"]) == ("stopped", "CS303")
        assert (len(state(sync)[0]), sync.row(60)["tags"]) == (61, ["late"])
        assert sync(brake=1.0).counts.deleted == 30
        assert state(sync) == truth(acme, 61)


def test_who_left_already_does_not_pull_the_brake(tmp_path: Path) -> None:
    """They are missing in every census from then on."""
    with served(tmp_path, 60, counting) as (acme, sync):
        sync()
        for number in range(1, 31):
            acme.turn(number, firm=True)
        acme.now += timedelta(hours=7)
        sync(brake=1.0)
        acme.now += timedelta(hours=7)
        del acme.people[40]
        assert sync().counts.deleted == 1
        assert state(sync) == truth(acme, 60)


steps = st.lists(
    st.tuples(st.sampled_from(["delete", "leave", "return", "arrive"]), st.integers(1, 12))
    | st.tuples(st.just("sync"), st.integers(1, 12)),
    max_size=10,
)


def act(acme: Acme, sync: Sync, what: str, number: int) -> None:
    """One of the people goes, leaves, returns or comes; or a run that gets so many answers and no more."""
    acme.now += timedelta(hours=3)
    if what == "sync":
        acme.broken = number
        sync.tried()
        acme.broken = 10**9
    elif what == "arrive":
        new = max([12, *acme.people]) + 1
        acme.people[new] = {**acme._person(1), "id": new}
    elif number in acme.people and what == "delete":
        del acme.people[number]
    elif number in acme.people:
        acme.turn(number, firm=what == "leave")


@settings(max_examples=examples(4, 100), deadline=None)
@given(steps)
def test_a_census_that_is_broken_off_anywhere_ends_in_the_truth(history: list[tuple[str, int]]) -> None:
    """Whatever happens between and within: in the end the mirror tells who lives, has left, and is dead."""
    with TemporaryDirectory() as folder, served(Path(folder), 12, counting) as (acme, sync):
        sync()
        for what, number in history:
            act(acme, sync, what, number)
        for _ in range(2):  # a reading that was left open tells of the time when it began: another one follows
            acme.now += timedelta(hours=7)
            sync()
        lives, left, dead = truth(acme, 100)
        mirror = state(sync)
        assert mirror[0] == lives
        assert mirror[1] <= left and mirror[2] <= dead
