"""Pull where something is lacking, late or in the way: odd providers, old copies, runs that are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import shell as shell_in
from crmsync.errors import AlreadyRunning
from crmsync.events import Events, PhaseStarted
from crmsync.sandbox import Fault, SimRequest
from crmsync.store import FileStore
from crmsync.sync import Job, Result, run
from lab import KINDS, Lab, laboratory
from store_kit import shell

DAY_S = 86_400.0
Edit = Callable[[dict[str, Any]], None]


def people(lab: Lab, number: int) -> list[str]:
    """Create contacts, an hour ago; their ids."""
    made = [
        lab.simulator.create("contacts", {"email": f"p{i}@example.com", "firstname": f"P{i}"}) for i in range(number)
    ]
    lab.clock.advance(3600)
    return made


def edited(lab: Lab, edit: Edit, **how: Any) -> Job:
    """A job over the connector's spec with something changed in what all streams have in common, or beside it."""
    return lab.edited(edit, **how)


def lacking(*path: str) -> Edit:
    """The spec without one entry of its defaults."""

    def edit(tree: dict[str, Any]) -> None:
        node = tree["defaults"]
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return edit


def done(lab: Lab, job: Job) -> Result:
    (result,) = lab.run_job(job)
    assert result.status == "done", result.error
    assert_counted(result)
    return result


def assert_counted(result: Result) -> None:
    counts = result.counts
    assert counts.read == counts.applied + counts.unchanged + counts.rejected


def assert_equal(lab: Lab, stream: str = "contact") -> None:
    """Ids and first names of the live rows are the account's."""
    truth = {i: r["properties"].get("firstname") for i, r in lab.simulator.live(KINDS[stream]).items()}
    assert {i: row.get("first_name") for i, row in lab.mirror(stream).items()} == truth


def phases(lab: Lab) -> list[str]:
    """The phases of all runs since this was asked last."""
    seen = [event.phase for event in lab.events if isinstance(event, PhaseStarted)]
    lab.events.clear()
    return seen


def contact(record_id: str, firstname: str, updated: Any, **more: Any) -> dict[str, Any]:
    """A record as an answer shows it."""
    moment = updated.isoformat()
    return {"id": record_id, "properties": {"firstname": firstname}, "createdAt": moment, "updatedAt": moment, **more}


def answers(lab: Lab, match: Any, *records: dict[str, Any]) -> None:
    """The next request that matches is answered with these records."""
    import msgspec

    body = msgspec.json.encode({"total": len(records), "results": records})
    lab.simulator.faults.add(Fault(match, times=1, status=200, body=body))


# -- what a provider lacks ---------------------------------------------------------------------------------------


def test_an_empty_account_is_an_empty_mirror(lab: Lab) -> None:
    """Not an error, and the second run is as short as any."""
    for _ in range(2):
        assert lab.run().counts.read == 0
    assert lab.mirror() == {}


def test_without_changes_everything_is_read_when_it_is_due(lab: Lab) -> None:
    """Nothing else happens in between."""
    people(lab, 5)
    job = edited(lab, lacking("read", "changes"))
    assert done(lab, job).counts.read == 5
    assert done(lab, job).counts.read == 0
    lab.clock.advance(7 * DAY_S)
    assert done(lab, job).counts.unchanged == 5


def test_without_by_id_nothing_is_deleted_and_no_brake_stops_the_stream(lab: Lab) -> None:
    """What a sweep did not meet cannot be confirmed, so it is left as it is."""

    def edit(tree: dict[str, Any]) -> None:
        del tree["defaults"]["read"]["by_id"], tree["defaults"]["deletes"]["census"]

    ids = people(lab, 60)
    job = edited(lab, edit)
    done(lab, job)
    for record_id in ids[:40]:
        lab.simulator.purge("contacts", record_id)
    lab.clock.advance(8 * DAY_S)
    assert done(lab, job).counts.deleted == 0
    assert len(lab.mirror()) == 60


def test_without_tombstones_deletions_come_with_the_sweep(lab: Lab) -> None:
    """Later, but all of them."""
    ids = people(lab, 5)
    job = edited(lab, lacking("deletes", "tombstones"))
    done(lab, job)
    lab.simulator.archive("contacts", ids[1])
    lab.clock.advance(2 * DAY_S)
    assert done(lab, job).counts.deleted == 0
    lab.clock.advance(6 * DAY_S)
    assert done(lab, job).counts.deleted == 1
    assert_equal(lab)


def test_without_times_of_change_the_values_are_compared(lab: Lab) -> None:
    """Rows that are the same keep their `_synced_at`."""

    def edit(tree: dict[str, Any]) -> None:
        del tree["defaults"]["record"]["updated_at"], tree["defaults"]["read"]["changes"]

    ids = people(lab, 4)
    done(lab, edited(lab, edit))
    before = lab.mirror()
    lab.simulator.update("contacts", ids[2], {"firstname": "New"})
    result = done(lab, edited(lab, edit, backfill=True))
    assert (result.counts.applied, result.counts.unchanged) == (1, 3)
    moved = [i for i, row in lab.mirror().items() if row["_synced_at"] != before[i]["_synced_at"]]
    assert moved == [ids[2]]


def test_a_list_whose_place_is_forgotten_in_a_sweep_deletes_nothing_that_is_there(lab: Lab) -> None:
    """Read again from its start; what the first half met counts as met."""
    people(lab, 350)

    def edit(tree: dict[str, Any]) -> None:
        tree["errors"].insert(0, {"status": 410, "is": "restart"})

    done(lab, edited(lab, edit))
    lab.simulator.fail(410, "GET /crm/objects", skip=2, times=1)
    result = done(lab, edited(lab, edit, backfill=True))
    assert (result.counts.read, result.counts.deleted) == (550, 0)
    assert_equal(lab)


# -- copies that come twice, late or spoilt ------------------------------------------------------------------------


def test_a_record_that_comes_twice_in_a_batch_is_applied_once(lab: Lab) -> None:
    """The newest copy counts, wherever it stands; the other one changed nothing."""
    now = lab.clock.now()
    old = contact("7", "Old", now.replace(year=2025))
    old["properties"]["email"] = "no address"
    answers(lab, "GET /crm/objects", contact("7", "New", now), old)
    result = lab.run()
    assert (result.counts.read, result.counts.applied, result.counts.unchanged) == (2, 1, 1)
    assert lab.mirror()["7"]["first_name"] == "New"
    assert lab.rows("SELECT count(*) FROM crmsync.rejects") == [(0,)]


def test_an_old_copy_that_says_deleted_deletes_nothing(lab: Lab) -> None:
    """An index that still shows what was restored since."""
    ids = people(lab, 3)
    lab.run()
    earlier = lab.clock.now()
    lab.clock.advance(600)
    lab.simulator.update("contacts", ids[0], {"firstname": "Restored"})
    lab.run()
    answers(
        lab, "/search", contact(ids[0], "Old", earlier, archived=True), contact(ids[1], "P1", earlier, archived=True)
    )
    result = lab.run()
    assert_counted(result)
    assert (result.counts.read, result.counts.applied, result.counts.deleted) == (2, 1, 1)
    assert set(lab.mirror()) == {ids[0], ids[2]}


def test_an_index_that_still_shows_a_deleted_record_does_not_revive_it(lab: Lab) -> None:
    """Its last change was before its deletion, so it is no news."""
    ids = people(lab, 2)
    lab.run()
    changed = lab.mirror()[ids[0]]["_updated_at"]
    lab.clock.advance(DAY_S)
    lab.simulator.archive("contacts", ids[0])
    assert lab.run().counts.deleted == 1
    answers(lab, "/search", contact(ids[0], "P0", changed))
    assert lab.run().counts.unchanged == 1
    assert set(lab.mirror()) == {ids[1]}


def test_a_change_within_the_same_moment_is_found_by_its_values(lab: Lab) -> None:
    """Two edits in one millisecond, or a provider that forgets to move the time."""
    ids = people(lab, 2)
    lab.run()
    moments = {i: row["_updated_at"] for i, row in lab.mirror().items()}
    answers(lab, "/search", *(contact(i, "P0", moments[i]) for i in ids))
    result = lab.run()
    assert (result.counts.read, result.counts.applied) == (2, 2)  # the e-mail address is gone from both
    assert [row["first_name"] for row in lab.mirror().values()] == ["P0", "P0"]


def test_an_old_copy_resolves_no_reject(lab: Lab) -> None:
    """It is as good as not read, so it says nothing about the newer one."""
    (one,) = people(lab, 1)
    lab.run()
    earlier = lab.clock.now()
    lab.clock.advance(600)
    lab.simulator.update("contacts", one, {"email": "no address"})
    assert lab.run().counts.held == 1
    answers(lab, "/search", contact(one, "Old", earlier.replace(minute=earlier.minute + 1)))
    lab.run()
    assert lab.rows("SELECT outcome, resolved_at FROM crmsync.rejects") == [("held", None)]


def test_a_held_field_that_is_read_again_changes_nothing(lab: Lab) -> None:
    """The row keeps the old value and its `_synced_at`; the reject counts how often it was met."""
    one, other = people(lab, 2)
    lab.run()
    lab.clock.advance(600)
    lab.simulator.update("contacts", one, {"email": "no address"})
    lab.simulator.update("contacts", other, {"email": "new@example.com"})
    lab.clock.advance(60)
    lab.run()
    before = lab.mirror()
    assert [before[i]["email"] for i in (one, other)] == ["p0@example.com", "new@example.com"]
    for how in ({}, {"backfill": True}):
        result = lab.run(**how)
        assert (result.counts.applied, result.counts.held * 2) == (0, result.counts.read)
    assert lab.mirror() == before
    assert lab.rows("SELECT attempts > 2, first_at < last_at FROM crmsync.rejects") == [(True, True)]


def test_a_rejected_record_is_counted_kept_and_known_to_be_there(lab: Lab) -> None:
    """Nothing of it is applied; a sweep met it all the same, so nobody asks whether it is gone."""

    def edit(tree: dict[str, Any]) -> None:
        tree["streams"]["contact"]["fields"]["email"] = {"at": "email", "on_bad": "reject"}

    one, _ = people(lab, 2)
    done(lab, edited(lab, edit))
    lab.simulator.update("contacts", one, {"email": "no address", "firstname": "New"})
    swept = done(lab, edited(lab, edit, backfill=True))
    assert (swept.counts.applied, swept.counts.unchanged, swept.counts.rejected) == (0, 1, 2)
    assert lab.mirror()[one]["first_name"] == "P0"
    assert not [request for request in lab.simulator.requests if request.path.endswith("/batch/read")]


def open_rejects(lab: Lab) -> set[str]:
    """The records that still have one."""
    return {row[0] for row in lab.rows("SELECT record_id FROM crmsync.rejects WHERE resolved_at IS NULL")}


@pytest.mark.parametrize(
    "leave",
    [
        lambda crm, one, _: crm.archive("contacts", one),
        lambda crm, one, _: crm.purge("contacts", one),
        lambda crm, one, other: crm.merge("contacts", other, one),
    ],
    ids=["archived", "purged", "merged"],
)
def test_the_rejects_of_a_record_that_is_gone_are_over(lab: Lab, leave: Callable[..., Any]) -> None:
    """By the list of deleted ones, by the census, by its survivor; those of the others stay."""
    one, other, third = people(lab, 3)
    for record_id in (one, third):
        lab.simulator.update("contacts", record_id, {"email": "no address"})
    lab.run()
    assert open_rejects(lab) == {one, third}
    leave(lab.simulator, one, other)
    lab.clock.advance(8 * DAY_S)
    lab.run()
    assert open_rejects(lab) == {third}
    assert one not in lab.mirror()


def test_an_entry_that_says_deleted_opens_no_reject_and_closes_one(lab: Lab) -> None:
    """Whatever is wrong with its values: they are not applied."""
    (one,) = people(lab, 1)
    lab.simulator.update("contacts", one, {"email": "no address"})
    lab.run()
    assert open_rejects(lab) == {one}
    lab.clock.advance(600)
    gone = contact(one, "P0", lab.clock.now(), archived=True)
    gone["properties"]["email"] = "no address"
    answers(lab, "/search", gone)
    assert lab.run().counts.deleted == 1
    assert open_rejects(lab) == set()


def test_the_reject_of_a_record_that_never_had_a_row_is_over_when_it_is_gone(lab: Lab) -> None:
    """The census asks for it too, but it is no row that the brake counts; one that is there stays rejected."""

    def edit(tree: dict[str, Any]) -> None:
        tree["streams"]["contact"]["fields"]["email"] = {"at": "email", "on_bad": "reject"}

    bad = [lab.simulator.create("contacts", {"email": "no address"}) for _ in range(30)]
    lab.clock.advance(3600)
    done(lab, edited(lab, edit))
    assert (open_rejects(lab), lab.mirror()) == (set(bad), {})
    for record_id in bad[1:]:
        lab.simulator.purge("contacts", record_id)
    assert done(lab, edited(lab, edit, backfill=True)).counts.deleted == 0
    assert open_rejects(lab) == {bad[0]}


def test_a_kept_page_is_closed_and_dropped_by_a_run_that_is_done(lab: Lab) -> None:
    """Not by one that failed elsewhere: it may not have come that far."""
    people(lab, 250)
    lab.simulator.faults.add(Fault("GET /crm/objects", skip=1, times=3, status=200, body=b'{"results": {}}'))
    lab.try_run()
    kept = "SELECT outcome, payload, resolved_at IS NOT NULL FROM crmsync.rejects"
    lab.simulator.fail(500, "/search", times=9999)
    assert lab.try_run()[0].status == "failed"
    assert lab.rows(kept) == [("page", '{"results": {}}', False)]
    lab.simulator.faults.clear()
    lab.run()
    assert lab.rows(kept) == [("page", None, True)]


def test_an_entry_of_the_list_of_deleted_ones_that_has_no_id_is_rejected(lab: Lab) -> None:
    """The others are marked, and each entry is counted once."""
    ids = people(lab, 3)
    lab.run()
    lab.clock.advance(DAY_S)
    lab.simulator.archive("contacts", ids[0])
    gone = {"archived": True, "archivedAt": "2026-01-15T13:00:00Z"}
    answers(lab, _archived, {"id": ids[0], **gone}, {**gone}, {"id": ids[0], **gone}, {"id": "999", **gone})
    result = lab.run()
    assert_counted(result)
    assert (result.counts.read, result.counts.applied, result.counts.rejected, result.counts.deleted) == (4, 1, 1, 1)
    assert set(lab.mirror()) == set(ids[1:])
    assert lab.rows("SELECT outcome, contains(payload, 'archivedAt') FROM crmsync.rejects") == [("rejected", True)]


def test_a_deletion_that_is_listed_again_moves_nothing(lab: Lab) -> None:
    """The provider lists it for months; the row says once when that was."""
    ids = people(lab, 2)
    lab.run()
    lab.simulator.archive("contacts", ids[0])
    deleted = "SELECT _deleted_at, _synced_at FROM hubspot.contact WHERE _deleted_at IS NOT NULL"
    lab.clock.advance(DAY_S)
    assert lab.run().counts.deleted == 1
    before = lab.rows(deleted)
    lab.clock.advance(DAY_S)
    result = lab.run()
    assert (result.counts.read, result.counts.deleted, lab.rows(deleted)) == (1, 0, before)


def test_a_row_that_was_marked_by_mistake_lives_again_with_the_sweep(lab: Lab) -> None:
    """The values are the same, only that it is there is new."""
    ids = people(lab, 2)
    lab.run()
    lab.clock.advance(DAY_S)
    answers(lab, _archived, {"id": ids[0], "archived": True, "archivedAt": lab.clock.now().isoformat()})
    answers(lab, "/batch/read")
    assert lab.run().counts.deleted == 1
    swept = lab.run(backfill=True)
    assert (swept.counts.applied, swept.counts.unchanged) == (1, 1)
    assert_equal(lab)


def test_a_merged_record_that_stands_beside_its_survivor_does_not_live(lab: Lab) -> None:
    """An index may show both for a while; what the survivor says counts."""
    now = lab.clock.now()
    survivor = contact("9", "Both", now)
    survivor["properties"]["hs_merged_object_ids"] = "7;8"
    answers(lab, "GET /crm/objects", contact("7", "One", now.replace(hour=1)), survivor)
    result = lab.run()
    assert (result.counts.applied, result.counts.deleted) == (2, 1)
    assert set(lab.mirror()) == {"9"}


def _archived(request: SimRequest) -> bool:
    return ("archived", "true") in request.query and "/objects/" in request.path


def test_an_answer_that_cannot_be_read_confirms_no_deletion(lab: Lab) -> None:
    """An entry without an id may be any of those that were asked for."""
    ids = people(lab, 3)
    lab.run()
    lab.simulator.purge("contacts", ids[0])
    lab.simulator.purge("contacts", ids[1])
    answers(lab, "POST /crm/objects/2026-03/contacts/batch/read", {"properties": {"firstname": "P0"}})
    result = lab.run(backfill=True)
    assert_counted(result)
    assert (result.counts.rejected, result.counts.deleted, len(lab.mirror())) == (1, 0, 3)
    assert lab.run(backfill=True).counts.deleted == 2


def test_what_the_census_confirms_is_deleted_by_the_providers_clock(lab: Lab) -> None:
    """Ours may be wrong, and a record that comes back is compared with that time."""
    ids = people(lab, 2)
    lab.run()
    lab.simulator.purge("contacts", ids[0])
    lab.run(backfill=True)
    ((deleted_at,),) = lab.rows("SELECT _deleted_at FROM hubspot.contact WHERE _id = ?", [ids[0]])
    assert abs((deleted_at - lab.clock.now()).total_seconds()) < 5


def test_a_record_may_be_deleted_and_restored_and_merged_and_purged(lab: Lab) -> None:
    """After each step the mirror is the account."""
    ids = people(lab, 5)
    lab.run()
    for step in (
        lambda: lab.simulator.archive("contacts", ids[0]),
        lambda: lab.simulator.restore("contacts", ids[0]),
        lambda: lab.simulator.merge("contacts", ids[0], ids[1]),
        lambda: lab.simulator.archive("contacts", lab.simulator.ids("contacts")[-1]),
        lambda: lab.simulator.restore("contacts", lab.simulator.archived("contacts")[0]),
        lambda: lab.simulator.merge("contacts", *reversed(lab.simulator.ids("contacts")[-2:])),
        lambda: lab.simulator.purge("contacts", lab.simulator.ids("contacts")[-1]),
    ):
        lab.clock.advance(DAY_S + 60)
        step()
        lab.clock.advance(60)
        lab.run(backfill=True, brake=1.0)
        assert_equal(lab)


# -- runs that end early, and runs side by side --------------------------------------------------------------------


def test_a_run_that_takes_up_an_old_window_reads_up_to_the_present(lab: Lab) -> None:
    """The window that was left open ends in the past; what changed since comes in the same run."""
    ids = people(lab, 900)
    lab.run()
    for record_id in ids:
        lab.simulator.update("contacts", record_id, {"firstname": "Old"})
    lab.clock.advance(60)
    lab.simulator.fail(500, "/search", skip=3, times=9999)
    (failed,) = lab.try_run()
    lab.simulator.faults.clear()
    lab.clock.advance(DAY_S / 2)
    lab.simulator.update("contacts", ids[0], {"firstname": "New"})
    lab.clock.advance(60)
    phases(lab)
    rest = lab.run()
    assert (failed.counts.applied, rest.counts.applied) == (600, 301)
    assert phases(lab) == ["changes", "changes"]
    assert_equal(lab)


def test_what_changes_during_a_long_full_read_comes_in_the_same_run(lab: Lab) -> None:
    """The provider's clock goes on with each answer, so the changes behind the full read reach up to its end."""
    ids = people(lab, 350)
    pages = 0

    def linger(request: SimRequest) -> None:
        nonlocal pages
        pages += request.path.endswith("/contacts")
        if pages == 3:
            lab.clock.advance(7200)
            lab.simulator.update("contacts", ids[0], {"firstname": "Meanwhile"})
            lab.clock.advance(60)

    lab.simulator.switches.on_request = linger
    lab.run()
    assert_equal(lab)


def test_a_mapping_that_changes_while_everything_is_read_starts_the_read_anew(lab: Lab) -> None:
    """Rows that were read by the old mapping get the new fields, too."""
    people(lab, 350)
    lab.simulator.fail(500, "GET /crm/objects", skip=2, times=9999)
    (failed,) = lab.try_run()
    assert failed.counts.read == 200
    lab.simulator.faults.clear()
    lab.config = {"fields": {"contact": ["hs_object_source"]}}
    assert lab.run().counts.read >= 350
    assert {row["hs_object_source"] for row in lab.mirror().values()} == {"INTEGRATION"}


def test_a_sweep_that_is_given_up_leaves_nothing_behind_that_hides_a_deletion(lab: Lab) -> None:
    """The next one begins with no ids met."""
    ids = people(lab, 250)
    lab.run()
    lab.simulator.fail(500, "GET /crm/objects", skip=2, times=9999)
    lab.try_run(backfill=True)
    lab.simulator.faults.clear()
    lab.simulator.purge("contacts", ids[0])
    lab.config = {"fields": {"contact": ["hs_object_source"]}}
    assert lab.run().counts.deleted == 1
    assert_equal(lab)


def test_a_sweep_of_many_batches_remembers_all_ids_that_it_met(lab: Lab) -> None:
    """So it asks by id for nothing that is there."""
    people(lab, 330)
    options = {**lab.simulator.options, "burst": "100000"}
    command = shell_in(lab.folder, lab.url, **options)
    for words in ((), ("--backfill",)):
        (result,) = command.results("--stream", "contact", *words, CRMSYNC_BATCH_ROWS="100")
        assert (result["status"], result["read"]) == ("done", 330)
    assert not [request for request in lab.simulator.requests if request.path.endswith("/batch/read")]


@pytest.mark.parametrize("request_", [5, 6, 7, 9])
def test_a_run_that_is_told_to_stop_loses_nothing(lab: Lab, request_: int) -> None:
    """Whatever it waits for: what it counted is what it stored, and the same command completes."""
    people(lab, 350)
    stopped = asyncio.run(_run_until(lab, request_))
    assert (stopped.status, stopped.exit_status) == ("stopped", 4)
    assert stopped.counts.applied == len(lab.mirror())
    assert lab.rows("SELECT status, read FROM crmsync.runs") == [("stopped", stopped.counts.read)]
    assert stopped.counts.read + lab.run().counts.read == 350
    assert_equal(lab)


async def _run_until(lab: Lab, number: int) -> Result:
    """Run, and tell it to stop when it makes its request of that number."""
    stop, loop, made = asyncio.Event(), asyncio.get_running_loop(), 0

    def count(request: SimRequest) -> None:
        nonlocal made
        made += 1
        if made == number:
            loop.call_soon_threadsafe(stop.set)

    lab.simulator.switches.on_request = count
    store = FileStore(lab.store_file)
    try:
        (result,) = await run(lab.job(), store, Events(), clock=lab.clock, stop=stop)
        return result
    finally:
        store.close()
        lab.simulator.switches.on_request = None


def test_a_run_that_is_told_to_stop_while_it_begins_leaves_no_lease(lab: Lab) -> None:
    """Somebody has the file open as the lease is taken: in the end it is taken, and given back."""
    people(lab, 3)
    lab.run()

    async def begin(held: Any) -> Result:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def waits(_holder: str, _seconds: float) -> None:
            loop.call_soon_threadsafe(stop.set)
            held.stdin.close()

        store = FileStore(lab.store_file, on_wait=waits)
        try:
            (result,) = await run(lab.job(), store, Events(), clock=lab.clock, stop=stop)
            return result
        finally:
            store.close()

    with shell(lab.store_file) as held:
        assert asyncio.run(begin(held)).status == "stopped"
    assert lab.rows("SELECT run_id FROM crmsync.leases") == [(None,)]
    assert lab.rows("SELECT count(*) FROM crmsync.runs WHERE status = 'running'") == [(0,)]


def test_who_waits_for_another_run_can_be_told_to_stop(lab: Lab) -> None:
    """The wait for a lease has no end of its own."""
    people(lab, 3)
    lab.run()
    store = FileStore(lab.store_file)
    try:
        store.acquire("hubspot", "contact", {"run_id": "other", "connection": "hubspot", "stream": "contact"})
        with pytest.raises(AlreadyRunning):
            store.acquire("hubspot", "contact", {"run_id": "third", "connection": "hubspot", "stream": "contact"})
        result = asyncio.run(_stopped_by_a_note(lab, store))
    finally:
        store.close()
    assert (result.status, result.counts.read) == ("stopped", 0)


async def _stopped_by_a_note(lab: Lab, store: FileStore) -> Result:
    stop, events = asyncio.Event(), Events()
    events.subscribe(lambda event: stop.set() if "Waiting for it" in getattr(event, "message", "") else None)
    (result,) = await run(lab.job(wait=True), store, events, clock=lab.clock, stop=stop)
    return result


def test_streams_that_land_side_by_side_do_not_mix(tmp_path: Path) -> None:
    """They share the engine and its tables, one batch after the other."""
    with laboratory(tmp_path, records=600) as lab:
        lab.simulator.switches.results_max = 200
        for how in ({}, {"backfill": True}):
            results = lab.try_run(*KINDS, **how)
            for result in results:
                assert (result.status, result.counts.read) == ("done", result.counts.applied + result.counts.unchanged)
        for stream, kind in KINDS.items():
            assert sorted(lab.mirror(stream)) == sorted(lab.simulator.live(kind))
