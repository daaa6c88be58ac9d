"""The list of deleted records: asked for since the last time, and believed only as far as it is true."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from acme import Acme, Sync, served
from effort import examples

SINCE = {
    "do": "GET /people/deleted",
    "query": {"cursor": "$page", "size": "$limit"},
    "headers": {"If-Modified-Since": "$since"},
    "records": "items",
    "next": "next",
    "limit": 2,
    "id": "id",
    "deleted_at": "at",
    "bounds": "iso",
    "overlap": "2m",
    "every": "15m",
}


def since(tree: dict[str, Any]) -> None:
    tree["empty"] = [204, 304]
    tree["streams"]["contact"]["deletes"]["tombstones"] = SINCE


def cannot_ask(tree: dict[str, Any]) -> None:
    since(tree)
    del tree["streams"]["contact"]["read"]["by_id"], tree["streams"]["contact"]["deletes"]["census"]


def delete(acme: Acme, *numbers: int) -> None:
    for number in numbers:
        acme.people.pop(number, None)
        acme.gone[number] = f"{acme.now:%Y-%m-%dT%H:%M:%SZ}"


def dead(sync: Sync) -> set[str]:
    return {row["_id"] for row in sync.query("FROM acme.contact WHERE _deleted_at IS NOT NULL")}


def test_deletions_are_listed_since_the_last_time_they_were(tmp_path: Path) -> None:
    """All of them first; then from the last beginning, less the overlap; an answer 304 is an empty list."""
    with served(tmp_path, 9, since) as (acme, sync):
        sync()
        acme.now += timedelta(hours=1)
        delete(acme, 1, 2, 3, 4, 5)
        acme.now += timedelta(minutes=5)
        assert sync().counts.deleted == 5
        acme.now += timedelta(hours=1)
        assert sync().counts.read == 0  # 304
        acme.now += timedelta(hours=1)
        delete(acme, 6)
        assert sync().counts.deleted == 1
        whole, first, last = None, "2026-01-15T11:58:00+00:00", "2026-01-15T14:03:00+00:00"
        assert acme.sinces == [whole, first, first, first, last]  # five on three pages, then one
        assert dead(sync) == {"1", "2", "3", "4", "5", "6"}


def test_a_reading_of_deletions_that_failed_is_repeated_since_the_same_time(tmp_path: Path) -> None:
    """What cannot be confirmed is not marked, and is not passed over either."""
    with served(tmp_path, 9, since) as (acme, sync):
        sync()
        acme.now += timedelta(hours=1)
        delete(acme, 1, 2, 3)
        acme.answers["/people/get"] = "no"
        assert sync.tried().status == "failed"
        acme.answers.clear()
        acme.now += timedelta(hours=1)
        sync()
        assert {moment for moment in acme.sinces if moment} == {"2026-01-15T11:58:00+00:00"}
        assert dead(sync) == {"1", "2", "3"}


EVENTS = ["delete", "restore", "restore quietly", "told again", "sync"]


@settings(max_examples=examples(4, 100), deadline=None)
@given(st.lists(st.sampled_from([*EVENTS, "delete", "sync"]), min_size=3, max_size=8))
def test_whatever_the_order_of_tombstones_and_restores_nobody_who_lives_is_marked(events: list[str]) -> None:
    """Who was deleted, is told again, and is back all the same stays alive; a quiet return is found by the sweep."""
    with TemporaryDirectory() as folder, served(Path(folder), 5, since) as (acme, sync):
        sync()
        person, before = dict(acme.people[3]), set[str]()
        for event in events:
            acme.now += timedelta(hours=1)
            if event == "delete":
                delete(acme, 3)
            elif event == "told again":
                acme.gone[3] = f"{acme.now:%Y-%m-%dT%H:%M:%SZ}"
            elif event == "sync":
                sync()
                lives, marked = 3 in acme.people, dead(sync)
                assert marked == (before & marked if lives else {"3"})
                before = marked
            elif 3 not in acme.people:
                acme.people[3] = dict(person)
                if event == "restore":
                    acme.change(3)
        acme.now += timedelta(days=8)
        sync()
        assert dead(sync) == (set() if 3 in acme.people else {"3"})


def test_where_nobody_can_be_asked_a_row_that_changed_since_is_not_deleted(tmp_path: Path) -> None:
    """Times decide then: of the deletion, and of the last change that was read."""
    with served(tmp_path, 5, cannot_ask) as (acme, sync):
        sync()
        acme.now += timedelta(hours=1)
        delete(acme, 1)
        acme.gone[2] = f"{acme.now:%Y-%m-%dT%H:%M:%SZ}"  # and restored with a change, a minute later
        acme.now += timedelta(minutes=1)
        acme.change(2, tags="back")
        acme.now += timedelta(hours=1)
        assert sync().counts.deleted == 1
        assert dead(sync) == {"1"}


def test_a_tombstone_of_a_record_that_was_rejected_closes_its_reject(tmp_path: Path) -> None:
    """It has no row; who is said to be deleted and is there all the same stays open."""

    def edit(tree: dict[str, Any]) -> None:
        since(tree)
        tree["streams"]["contact"]["fields"]["email"]["on_bad"] = "reject"

    with served(tmp_path, 3, edit) as (acme, sync):
        for number in (1, 2):
            acme.people[number]["emails"] = [{"address": "no address", "main": True}]
        assert sync().counts.rejected == 2
        acme.now += timedelta(hours=1)
        delete(acme, 1)
        acme.gone[2] = f"{acme.now:%Y-%m-%dT%H:%M:%SZ}"
        sync()
        still = "SELECT record_id FROM crmsync.rejects WHERE resolved_at IS NULL"
        assert [row["record_id"] for row in sync.query(still)] == ["2"]


def test_of_several_tombstones_the_last_decides_where_nobody_can_be_asked(tmp_path: Path) -> None:
    """Deleted, restored with a change, and deleted for good."""
    with served(tmp_path, 2, cannot_ask) as (acme, sync):
        sync()
        acme.now += timedelta(hours=1)
        acme.change(1, tags="back")
        sync()
        acme.now += timedelta(hours=1)
        before, after = "2026-01-15T12:30:00Z", "2026-01-15T13:30:00Z"
        acme.answers["/people/deleted"] = {"items": [{"id": 1, "at": before}, {"id": 1, "at": after}], "next": None}
        acme.gone[1] = after
        assert sync().counts.deleted == 1
