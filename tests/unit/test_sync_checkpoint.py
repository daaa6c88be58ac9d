"""Plan and checkpoint together: every phase comes, each ends, and what is stored is enough to go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.errors import UsageError
from crmsync.spec.model_stream import Census, Field, Reader, Record, Request, Stream, Transform
from crmsync.sync.checkpoint import Changes, Checkpoint, Full, Ids, Tombstones, advance, decode, encode, forgotten
from crmsync.sync.model import Phase, Position, Window
from crmsync.sync.pull.plan import next_window, restarted

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY, OVERLAP = timedelta(days=1), timedelta(minutes=30)
STREAM = Stream(
    name="contact",
    record=Record(Field("_id", "text", ("id",), Transform("text"))),
    fields=(),
    full=Reader("list", Request("GET", "/all"), every_s=7 * 86_400.0),
    changes=Reader("window", Request("POST", "/search"), overlap_s=OVERLAP.total_seconds()),
    by_id=Request("POST", "/get"),
    tombstones=Reader("list", Request("GET", "/gone"), every_s=86_400.0),
    census=Census(),
)
COUNTING = replace(STREAM, census=Census(reader=Reader("list", Request("GET", "/ids"), every_s=6 * 3600.0)))
CURRENT = Checkpoint(
    full=Full(started_at=NOW, as_of=NOW, next_at=NOW + 7 * DAY),
    changes=Changes(upper=NOW),
    tombstones=Tombstones(as_of=NOW, next_at=NOW + DAY),
)

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
times = st.none() | moments
words = st.none() | st.text(max_size=5)
parts = st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3).map(tuple)
positions = st.builds(Position, words, words, st.integers(0, 99), parts, st.booleans(), st.booleans())
tokens = st.none() | st.text(min_size=1, max_size=5)
checkpoints = st.builds(
    Checkpoint,
    account=words,
    fields=words,
    full=st.builds(Full, times, words, words, st.booleans(), times, times),
    ids=st.builds(Ids, times, words, words, times, times),
    census=st.booleans(),
    changes=st.builds(Changes, times, tokens, words, times, times, words, st.integers(0, 99), parts, st.booleans()),
    tombstones=st.builds(Tombstones, times, words, words, times, times),
)
streams = st.builds(
    lambda changes, stones, census: replace(STREAM, changes=changes, tombstones=stones, census=census),
    st.sampled_from([STREAM.changes, None]),
    st.sampled_from([STREAM.tombstones, None]),
    st.sampled_from([STREAM.census, COUNTING.census]),
)


def phases(checkpoint: Checkpoint, stream: Stream = STREAM, now: datetime = NOW) -> tuple[list[Phase], Checkpoint]:
    """The phases of a run in which every window is read in one piece, and the checkpoint behind it."""
    seen: list[Phase] = []
    while (step := next_window(stream, checkpoint, now, set(seen))) is not None:
        checkpoint, window = step
        seen.append(window.phase)
        checkpoint = advance(checkpoint, window, Position(done=True))
    return seen, checkpoint


@given(checkpoints)
def test_a_checkpoint_survives_the_store(checkpoint: Checkpoint) -> None:
    """What is written is what is read, to the microsecond."""
    assert decode(encode(checkpoint)) == checkpoint


@given(checkpoints, st.sampled_from(["full", "ids", "changes", "tombstones"]), positions)
def test_a_window_goes_on_where_its_last_commit_was(checkpoint: Checkpoint, phase: Phase, position: Position) -> None:
    """For any place in any window: plan gives the same window again, from that place on."""
    position = replace(position, done=False)
    opened = msgspec.structs.replace(checkpoint, full=Full(as_of=NOW, next_at=NOW + DAY), changes=Changes())
    if phase in ("full", "ids"):
        begun = {"full": Full(started_at=NOW)} if phase == "full" else {"ids": Ids(started_at=NOW)}
        opened = msgspec.structs.replace(opened, **begun)
        position = Position(page=position.page, after_id=position.after_id)
    elif phase == "tombstones":
        opened = msgspec.structs.replace(opened, tombstones=Tombstones(started_at=NOW, as_of=NOW - DAY))
        position = Position(page=position.page, after_id=position.after_id)
    window = Window(phase, position) if phase in ("full", "ids") else Window(phase, position, NOW - DAY, NOW)
    order: list[Phase] = ["full", "ids", "census", "changes", "tombstones"]
    before = order[: order.index(phase)]
    again = next_window(COUNTING, decode(encode(advance(opened, window, position))), NOW + OVERLAP, before)
    assert again is not None and again[1] == window


@given(streams, checkpoints, moments)
def test_a_run_ends_and_leaves_nothing_open(stream: Stream, checkpoint: Checkpoint, now: datetime) -> None:
    """From any checkpoint, even one made by hand: each phase once at most, and the changes are read up to now."""
    seen, after = phases(checkpoint, stream, now)
    assert len(seen) == len(set(seen)) <= 5
    if stream.changes is not None:
        assert after.changes == Changes(upper=after.changes.upper)
        assert phases(after, stream, now)[0][-1] in ("changes", "tombstones")


def test_a_first_run_reads_everything_then_what_changed_meanwhile_then_deletions() -> None:
    """No census: there is nothing yet that could be gone."""
    seen, after = phases(Checkpoint())
    assert seen == ["full", "changes", "tombstones"]
    assert after == msgspec.structs.replace(CURRENT, full=after.full)
    assert (after.full.as_of, after.full.next_at, after.full.is_open) == (NOW, NOW + 7 * DAY, False)


def test_each_phase_comes_when_it_is_due_and_not_before() -> None:
    """Changes in each run, deletions once a day, everything once a week, with a census behind it."""
    assert phases(CURRENT, now=NOW + DAY - OVERLAP)[0] == ["changes"]
    assert phases(CURRENT, now=NOW + DAY)[0] == ["changes", "tombstones"]
    assert phases(CURRENT, now=NOW + 7 * DAY)[0] == ["full", "census", "changes", "tombstones"]
    assert phases(restarted(CURRENT))[0] == ["full", "census", "changes"]


def test_a_census_with_a_reading_of_its_own_keeps_its_own_time() -> None:
    """Every six hours, and when everything is read again; not at once where the mirror was empty before."""
    seen, after = phases(Checkpoint(), COUNTING)
    assert seen == ["full", "changes", "tombstones"]
    assert phases(after, COUNTING, NOW + DAY / 4)[0] == ["ids", "census", "changes"]
    assert phases(after, COUNTING, NOW + 7 * DAY)[0] == ["full", "ids", "census", "changes", "tombstones"]
    assert phases(restarted(after), COUNTING)[0] == ["full", "ids", "census", "changes"]
    assert phases(forgotten(after), COUNTING)[0] == ["full", "ids", "census", "changes", "tombstones"]


def test_a_census_waits_until_all_ids_are_read() -> None:
    """Nobody is missing from a reading that is not complete, even if an earlier census was left undone."""
    opened = msgspec.structs.replace(CURRENT, census=True)
    step = next_window(COUNTING, opened, NOW)
    assert step is not None and (step[1].phase, step[0].census) == ("ids", False)
    half = advance(step[0], step[1], Position(after_id="5"))
    assert not half.census
    assert advance(half, step[1], Position(done=True)).census


def test_a_census_that_a_person_stopped_is_taken_up_again() -> None:
    """The brake leaves the checkpoint as it is, so the next run begins with the census."""
    assert phases(msgspec.structs.replace(CURRENT, census=True))[0] == ["census", "changes"]


def test_changes_reach_back_by_the_overlap() -> None:
    """From the last upper bound, less the overlap, to the provider's present."""
    step = next_window(STREAM, CURRENT, NOW + DAY / 2)
    assert step is not None
    assert (step[1].lower, step[1].upper) == (NOW - OVERLAP, NOW + DAY / 2)


def test_a_full_read_vouches_only_for_what_was_before_it_began() -> None:
    """However long it takes, changes are read from its start on; an older window that was open is covered by it."""
    opened = Changes(upper=NOW, open_lower=NOW - OVERLAP, open_upper=NOW + DAY, after_id="7", read=9)
    begun = Checkpoint(full=Full(started_at=NOW + 2 * DAY, sweep=True), changes=opened)
    after = advance(begun, Window("full", Position()), Position(page="x", done=True))
    assert (after.changes, after.census) == (Changes(upper=NOW + 2 * DAY), True)


def test_a_clock_that_goes_back_a_little_makes_the_window_wider() -> None:
    """Servers of one provider differ by seconds: nothing is skipped, and nothing read again in full."""
    step = next_window(STREAM, CURRENT, NOW - timedelta(seconds=50))
    assert step is not None
    assert (step[1].phase, step[1].lower) == ("changes", NOW - timedelta(seconds=50) - OVERLAP)


def test_a_clock_that_goes_back_far_was_wrong_before_so_everything_is_read_again() -> None:
    """An upper bound in the future would hide all changes until then, and put off the next sweep."""
    future = NOW + 10_000 * DAY
    _, misled = phases(Checkpoint(), now=future)
    seen, after = phases(misled)
    assert seen == ["full", "census", "changes", "tombstones"]
    assert (after.changes.upper, after.full.next_at, after.tombstones.next_at) == (NOW, NOW + 7 * DAY, NOW + DAY)
    assert phases(after)[0] == ["changes"]


def test_what_a_window_could_not_list_makes_a_sweep_due_at_once() -> None:
    """A full read with a census, in the same run."""
    window = Window("changes", Position(), NOW - DAY, NOW)
    after = advance(CURRENT, window, Position(missed=True, done=True))
    assert phases(after, now=NOW)[0][:2] == ["full", "census"]


@pytest.mark.parametrize("text", ["{", '{"fulll": {}}', '{"full": {"as_of": "2026-01-01T00:00:00"}}'])
def test_a_checkpoint_made_by_hand_is_refused_with_a_reason(text: str) -> None:
    """No JSON, an unknown key, a time without a zone: said before anything is read."""
    with pytest.raises(UsageError, match="Not a checkpoint"):
        decode(text)
