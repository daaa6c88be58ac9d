"""Pull against the simulated HubSpot: complete, counted, resumable, whatever the provider does."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.events import Note
from crmsync.sandbox import Fault
from lab import Lab

DAY_S = 86_400.0


def people(lab: Lab, number: int, **more: str) -> list[str]:
    """Create contacts, an hour ago; their ids."""
    made = [
        lab.simulator.create(
            "contacts", {"email": f"p{i}@example.com", "firstname": f"P{i}", "lastname": "Test", **more}
        )
        for i in range(number)
    ]
    lab.clock.advance(3600)
    return made


def assert_equal(lab: Lab, stream: str = "contact", kind: str = "contacts") -> None:
    """The mirror's live rows are the account's live records."""
    truth, mirror = lab.simulator.live(kind), lab.mirror(stream)
    assert sorted(mirror) == sorted(truth)
    for record_id, record in truth.items():
        row, shown = mirror[record_id], record["properties"]
        assert row["_updated_at"].isoformat(timespec="milliseconds")[:23] + "Z" == record["updatedAt"]
        if stream == "contact":
            assert (row["email"], row["first_name"]) == (shown.get("email"), shown.get("firstname"))


def test_a_first_run_brings_every_record_and_a_second_one_nothing(lab: Lab) -> None:
    """The mirror equals the account; counts add up; nothing is read twice without need."""
    people(lab, 250)
    first = lab.run()
    lab.clock.advance(DAY_S / 2)
    second = lab.run()
    assert (first.counts.read, first.counts.applied) == (250, 250)
    assert (second.counts.read, second.counts.applied) == (0, 0)
    assert_equal(lab)


def test_a_second_run_brings_only_what_changed(lab: Lab) -> None:
    """Incremental: created and changed records arrive, the others keep their `_synced_at`."""
    ids = people(lab, 120)
    lab.run()
    before = lab.mirror()
    lab.clock.advance(DAY_S / 2)
    lab.simulator.update("contacts", ids[7], {"firstname": "Ada"})
    lab.simulator.create("contacts", {"email": "new@example.com"})
    lab.clock.advance(60)
    result = lab.run()
    after = lab.mirror()
    assert result.counts.applied == 2
    assert after[ids[7]]["name"] == "Ada Test"
    assert [i for i in before if after[i]["_synced_at"] != before[i]["_synced_at"]] == [ids[7]]
    assert_equal(lab)


@pytest.mark.parametrize("stream", ["contact", "company", "deal"])
def test_the_made_up_account_arrives_whole(tmp_path_factory: pytest.TempPathFactory, stream: str) -> None:
    """All three streams, with the types and labels that the spec promises."""
    from lab import KINDS, laboratory

    with laboratory(tmp_path_factory.mktemp("lab"), records=400) as lab:
        result = lab.run(stream)
        assert result.counts.rejected == result.counts.held == 0
        assert_equal(lab, stream, KINDS[stream])
        if stream == "deal":
            statuses = {row["status"] for row in lab.mirror("deal").values()}
            assert statuses <= {"open", "won", "lost"} and "open" in statuses


def test_thousands_of_equal_times_lose_nothing(lab: Lab) -> None:
    """One millisecond for all: the walk goes by id, not by time."""
    ids = people(lab, 1200)
    lab.run()
    lab.clock.advance(DAY_S / 2)
    lab.simulator.switches.results_max = 400
    for record_id in ids:
        lab.simulator.update("contacts", record_id, {"firstname": "Same"})
    lab.simulator.bulk_touch("contacts", ids)
    lab.clock.advance(60)
    lab.run()
    assert {row["first_name"] for row in lab.mirror().values()} == {"Same"}


def test_an_order_that_cannot_be_trusted_is_read_in_parts(lab: Lab) -> None:
    """Ids compared as texts: the walk notices and reads the window by halves, within the cap."""
    ids = people(lab, 900)
    lab.run()
    lab.clock.advance(DAY_S / 2)
    lab.simulator.switches.ids_as_text = True
    for record_id in ids:
        lab.clock.advance(0.05)
        lab.simulator.update("contacts", record_id, {"firstname": "Moved"})
    lab.clock.advance(60)
    lab.run()
    assert any("cannot be trusted" in e.message for e in lab.events if isinstance(e, Note))
    assert {row["first_name"] for row in lab.mirror().values()} == {"Moved"}


def test_what_the_index_shows_late_arrives_with_the_next_run(lab: Lab) -> None:
    """A lag below the overlap costs time, never a record."""
    ids = people(lab, 30)
    lab.run()
    lab.clock.advance(DAY_S / 2)
    lab.simulator.update("contacts", ids[3], {"firstname": "Late"}, lag=600)
    lab.clock.advance(10)
    assert lab.run().counts.applied == 0
    lab.clock.advance(900)
    assert lab.run().counts.applied == 1
    assert lab.mirror()[ids[3]]["first_name"] == "Late"


def test_what_the_index_never_shows_arrives_with_the_sweep(lab: Lab) -> None:
    """The lag has no bound; a full sweep runs by itself after seven days and repairs it."""
    ids = people(lab, 30)
    lab.run()
    lab.simulator.update("contacts", ids[3], {"firstname": "Lost"}, lag=1e9)
    lab.clock.advance(DAY_S)
    assert lab.run().counts.applied == 0
    lab.clock.advance(7 * DAY_S)
    swept = lab.run()
    assert (swept.counts.read, swept.counts.applied) == (30, 1)
    assert_equal(lab)


def test_an_old_copy_from_the_index_does_not_undo_a_newer_row(lab: Lab) -> None:
    """A stale hit is older than the stored row, so it changes nothing."""
    ids = people(lab, 3)
    lab.run()
    lab.clock.advance(1000)
    lab.simulator.update("contacts", ids[0], {"firstname": "Second"})
    lab.clock.advance(10)
    lab.run()
    lab.simulator.update("contacts", ids[0], {"firstname": "Third"}, lag=10_000)
    lab.clock.advance(10)
    lab.run(backfill=True)
    lab.clock.advance(10)
    result = lab.run()
    assert result.counts.read == result.counts.unchanged
    assert lab.mirror()[ids[0]]["first_name"] == "Third"


def test_records_that_change_while_pages_are_read_are_not_lost(lab: Lab) -> None:
    """Created, changed and archived between two pages: after the next run all is equal."""
    ids = people(lab, 350)
    pages = 0

    def meddle(request: object) -> None:
        nonlocal pages
        pages += 1
        if pages in (3, 4, 5):
            lab.simulator.update("contacts", ids[pages], {"firstname": f"Edited{pages}"})
            lab.simulator.archive("contacts", ids[100 + pages])
            lab.simulator.create("contacts", {"email": f"new{pages}@example.com"})

    lab.simulator.switches.on_request = meddle
    lab.run()
    lab.simulator.switches.on_request = None
    lab.clock.advance(DAY_S + 60)
    lab.run()
    assert_equal(lab)


def test_archived_records_are_marked_from_the_list_of_deleted_ones(lab: Lab) -> None:
    """Once a day; the row keeps its values and gets the provider's time of deletion."""
    ids = people(lab, 5)
    lab.run()
    lab.clock.advance(3600)
    lab.simulator.archive("contacts", ids[1])
    archived_at = lab.clock.now()
    lab.clock.advance(DAY_S)
    result = lab.run()
    assert result.counts.deleted == 1
    ((name, deleted_at),) = lab.rows("SELECT name, _deleted_at FROM hubspot.contact WHERE _id = ?", [ids[1]])
    assert name == "P1 Test"
    assert abs((deleted_at - archived_at).total_seconds()) < 1
    assert_equal(lab)


def test_a_restored_record_lives_again(lab: Lab) -> None:
    """Taken out of the bin: the next run of changes clears `_deleted_at`."""
    ids = people(lab, 5)
    lab.run()
    lab.simulator.archive("contacts", ids[1])
    lab.clock.advance(DAY_S + 1)
    lab.run()
    assert ids[1] not in lab.mirror()
    lab.clock.advance(60)
    lab.simulator.restore("contacts", ids[1])
    lab.clock.advance(60)
    lab.run()
    assert_equal(lab)


def test_purged_records_are_found_by_the_sweep(lab: Lab) -> None:
    """In no list of deleted ones: the census asks for what the sweep did not meet."""
    ids = people(lab, 12)
    lab.run()
    lab.simulator.purge("contacts", ids[2])
    lab.clock.advance(8 * DAY_S)
    result = lab.run()
    assert result.counts.deleted == 1
    assert_equal(lab)
    assert lab.rows("SELECT count(*) FROM crmsync.seen") == [(0,)]


@pytest.mark.parametrize("keeps_primary", [False, True])
def test_merged_records_are_marked_when_the_survivor_arrives(lab: Lab, keeps_primary: bool) -> None:
    """The absorbed rows are deleted with the survivor's first read, not a week later."""
    lab.simulator.switches.merge_keeps_primary = keeps_primary
    ids = people(lab, 6)
    lab.run()
    lab.clock.advance(600)
    lab.simulator.merge("contacts", ids[0], ids[1])
    lab.clock.advance(60)
    result = lab.run()
    assert result.counts.deleted == (1 if keeps_primary else 2)
    assert_equal(lab)


def test_the_brake_stops_a_census_that_would_delete_too_much(lab: Lab) -> None:
    """More than 2 % gone looks like a wrong account or a lost permission: a person decides."""
    ids = people(lab, 100)
    lab.run()
    for record_id in ids[:30]:
        lab.simulator.purge("contacts", record_id)
    lab.clock.advance(8 * DAY_S)
    (stopped,) = lab.try_run()
    assert (stopped.status, stopped.exit_status, stopped.error and stopped.error["code"]) == ("stopped", 4, "CS303")
    assert len(lab.mirror()) == 100
    assert lab.run(brake=1.0).counts.deleted == 30
    assert_equal(lab)


def test_what_changes_while_the_brake_holds_is_read_all_the_same(lab: Lab) -> None:
    """Changes and deleted ones; only the census waits for a person, and what is new counts for nothing there."""
    ids = people(lab, 100)
    lab.run()
    for record_id in ids[:25]:
        lab.simulator.purge("contacts", record_id)
    lab.clock.advance(8 * DAY_S)
    assert lab.try_run()[0].exit_status == 4
    lab.clock.advance(DAY_S)
    lab.simulator.update("contacts", ids[50], {"firstname": "New"})
    lab.simulator.archive("contacts", ids[51])
    new = [lab.simulator.create("contacts", {"email": f"n{i}@example.com"}) for i in range(10)]
    lab.clock.advance(60)
    (held,) = lab.try_run()
    assert (held.status, held.error and held.error["code"]) == ("stopped", "CS303")
    assert (held.counts.applied, held.counts.deleted) == (12, 1)
    assert lab.rows("SELECT checkpoint->>'$.census' FROM crmsync.checkpoints") == [("true",)]
    assert lab.mirror()[ids[50]]["first_name"] == "New" and set(new) < set(lab.mirror())
    assert lab.run(brake=0.25).counts.deleted == 25  # of 109 rows; 35 were not met
    assert_equal(lab)


def test_a_value_that_does_not_fit_is_held_and_the_rest_applied(lab: Lab) -> None:
    """New row: null. Known row: the old value stays. The reason is in crmsync.rejects until a good copy comes."""
    ids = people(lab, 2)
    lab.run()
    lab.clock.advance(600)
    lab.simulator.update("contacts", ids[0], {"email": "not an address", "firstname": "New"})
    lab.clock.advance(60)
    held = lab.run()
    assert (held.counts.held, held.counts.applied, held.counts.rejected) == (1, 1, 0)
    row = lab.mirror()[ids[0]]
    assert (row["email"], row["first_name"]) == ("p0@example.com", "New")
    ((outcome, field, value),) = lab.rows("SELECT outcome, problems[1].field, problems[1].value FROM crmsync.rejects")
    assert (outcome, field, value) == ("held", "email", "not an address")
    lab.simulator.update("contacts", ids[0], {"email": "ada@example.com"})
    lab.clock.advance(60)
    lab.run()
    assert lab.mirror()[ids[0]]["email"] == "ada@example.com"
    assert lab.rows("SELECT count(*) FROM crmsync.rejects WHERE resolved_at IS NULL") == [(0,)]


def test_every_record_read_ends_as_exactly_one_outcome(lab: Lab) -> None:
    """What was sent is what was counted: read = applied + unchanged + rejected, in the run and in the store."""
    lab.simulator.create("contacts", {"email": "nobody at nowhere"})
    people(lab, 230)
    for _ in range(2):
        counts = lab.run(backfill=True).counts
        assert counts.read == 231 == counts.applied + counts.unchanged + counts.rejected
        assert counts.held == 1
    stored = lab.rows("SELECT read, applied + unchanged + rejected FROM crmsync.runs")
    assert stored == [(231, 231), (231, 231)]


@pytest.mark.parametrize("how", [{"truncate": 900}, {"status": 200, "body": b'{"results": ['}, {"status": 200}])
def test_a_page_cut_short_is_asked_for_again(lab: Lab, how: dict[str, Any]) -> None:
    """A body that is no JSON is never read as an empty page, wherever the rest of it went."""
    people(lab, 250)
    lab.simulator.faults.add(Fault("GET /crm/objects", skip=1, times=2, **how))
    assert lab.run().counts.read == 250
    assert_equal(lab)


def test_a_page_that_stays_unreadable_fails_the_stream_and_is_kept(lab: Lab) -> None:
    """Resumable: when the provider is sane again, the same command completes."""
    people(lab, 250)
    lab.simulator.faults.add(Fault("GET /crm/objects", skip=1, times=99, status=200, body=b'{"results": {"a": 1}}'))
    (failed,) = lab.try_run()
    assert (failed.status, failed.exit_status, failed.error and failed.error["code"]) == ("failed", 1, "CS203")
    assert lab.rows("SELECT outcome, payload FROM crmsync.rejects") == [("page", '{"results": {"a": 1}}')]
    assert failed.counts.read == 100
    lab.simulator.faults.clear()
    assert lab.run().counts.read == 150
    assert_equal(lab)


@pytest.mark.parametrize(
    ("sent", "stored"), [(rb"A\u0000d\ud800a", "Ad\ufffda"), (rb"A\ud800a", "A\ufffda"), (b"A\xffa", "A\ufffda")]
)
def test_characters_that_no_reader_can_hold_are_mended(lab: Lab, sent: bytes, stored: str) -> None:
    """NULs go, lone surrogates become U+FFFD, and the record is there."""
    (record_id,) = people(lab, 1)
    page = (
        b'{"results":[{"id":"%s","properties":{"firstname":"%s","email":"a@b.example"},'
        b'"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","archived":false}]}'
    ) % (record_id.encode(), sent)
    lab.simulator.faults.add(Fault("GET /crm/objects", times=1, status=200, body=page))
    lab.run()
    assert lab.mirror()[record_id]["first_name"] == stored


def test_a_run_that_failed_goes_on_from_the_last_committed_page(lab: Lab) -> None:
    """A backfill does not start over."""
    people(lab, 1000)
    lab.simulator.fail(500, "GET /crm/objects", skip=6, times=9999)
    (failed,) = lab.try_run()
    assert failed.status == "failed" and failed.counts.read == 600
    lab.simulator.faults.clear()
    assert lab.run().counts.read == 400
    assert_equal(lab)


def test_the_same_backfill_command_goes_on_instead_of_starting_over(lab: Lab) -> None:
    """`--backfill` after a failure of `--backfill` resumes it."""
    people(lab, 1000)
    lab.run()
    lab.simulator.fail(500, "GET /crm/objects", skip=6, times=9999)
    (failed,) = lab.try_run(backfill=True)
    assert failed.counts.read == 600
    lab.simulator.faults.clear()
    assert lab.run(backfill=True).counts.read == 400


def test_another_account_is_refused(lab: Lab) -> None:
    """The account is pinned: two accounts' records never mix in one mirror."""
    people(lab, 3)
    lab.run()
    lab.simulator.portal.id = 99
    (refused,) = lab.try_run()
    assert (refused.exit_status, refused.error and refused.error["code"]) == (2, "CS112")
    assert len(lab.mirror()) == 3


def test_one_stream_that_fails_does_not_stop_the_others(lab: Lab) -> None:
    """Each stream has its own result."""
    people(lab, 3)
    lab.simulator.create("companies", {"name": "Acme"})
    lab.simulator.fail(403, "GET /crm/objects/2026-03/companies", times=99)
    results = {r.stream: r for r in lab.try_run("contact", "company")}
    assert results["contact"].status == "done"
    assert (results["company"].status, results["company"].exit_status) == ("failed", 2)
    assert_equal(lab)


def test_custom_fields_are_discovered_typed_and_added(lab: Lab) -> None:
    """A connection asks for more: columns come with their type; a taken name gets `_raw`; a full read fills them."""
    people(lab, 3)
    lab.run()
    lab.simulator.add_property("contacts", "score", "number", "number")
    lab.simulator.add_property("contacts", "name", "string", "text")
    lab.simulator.create("contacts", {"email": "x@example.com", "score": "12.5", "name": "clash"})
    lab.config = {"fields": {"contact": ["score", "name", "no_such_field"]}}
    lab.clock.advance(60)
    result = lab.run()
    assert result.counts.read >= 4
    row = next(r for r in lab.mirror().values() if r["email"] == "x@example.com")
    assert (str(row["score"]), row["name_raw"]) == ("12.5000", "clash")
    assert any("no_such_field" in e.message for e in lab.events if isinstance(e, Note))


def test_more_fields_than_a_url_can_hold_are_read_by_id(lab: Lab) -> None:
    """All fields of a rich account: ids by list, values by id, nothing lost."""
    for number in range(400):
        lab.simulator.add_property("contacts", f"a_rather_long_custom_property_{number:03}", "string", "text")
    lab.simulator.switches.url_bytes_max = 8000
    lab.simulator.create("contacts", {"email": "x@example.com", "a_rather_long_custom_property_399": "here"})
    people(lab, 230)
    lab.config = {"fields": {"contact": "all"}}
    lab.run()
    assert len(lab.mirror()) == 231
    assert lab.rows("SELECT count(*) FROM hubspot.contact WHERE a_rather_long_custom_property_399 = 'here'") == [(1,)]


def test_a_field_that_changed_its_type_is_held_and_not_the_stream(lab: Lab) -> None:
    """The column keeps its type and its values; what fits still comes, the rest is said."""
    lab.config = {"fields": {"contact": ["score"]}}
    lab.simulator.add_property("contacts", "score", "number", "number")
    one = lab.simulator.create("contacts", {"email": "a@example.com", "score": "12.5"})
    two = lab.simulator.create("contacts", {"email": "b@example.com", "score": "7"})
    lab.clock.advance(3600)
    lab.run()
    lab.simulator.drop_property("contacts", "score")
    lab.simulator.add_property("contacts", "score", "string", "text")
    lab.simulator.update("contacts", one, {"score": "very high"})
    lab.simulator.update("contacts", two, {"score": "8"})
    lab.clock.advance(60)
    assert lab.run().counts.held >= 1
    assert [str(lab.mirror()[i]["score"]) for i in (one, two)] == ["12.5000", "8.0000"]
    assert any("score" in e.message for e in lab.events if isinstance(e, Note))


def test_a_list_that_may_not_be_read_fails_only_its_own_stream(lab: Lab) -> None:
    """A token without access to deals' pipelines still brings the contacts."""
    people(lab, 3)
    lab.simulator.fail(403, "GET /crm/pipelines", times=99)
    results = {r.stream: r for r in lab.try_run("contact", "deal")}
    assert results["contact"].status == "done"
    assert (results["deal"].status, results["deal"].exit_status) == ("failed", 2)
    assert_equal(lab)
