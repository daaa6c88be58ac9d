"""The account's limits: never exceeded, shared, and freed when a holder dies."""

import asyncio
import os
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import BudgetSpent
from crmsync.http.budget import Pools, pool_file
from crmsync.sandbox.clock import VirtualClock
from crmsync.spec.model import Pool

BURST = Pool("burst", rate=5, per_s=10.0, default=True)
SEARCH = Pool("search", rate=2, per_s=1.0)
LINES = Pool("lines", concurrent=2, default=True)
DAILY = Pool("daily", budget=3, resets="midnight", zone="US/Eastern", default=True, remaining="X-Left")


def pools_on(path, *pools, clock=None, warnings=None):
    warn = (warnings if warnings is not None else []).append
    return Pools({pool.name: pool for pool in pools}, path, clock or VirtualClock(), 310.0, warn)


def ask(pools, uses=(), cost=1, headers=None, waits=None):
    """One request that is answered at once."""

    async def once():
        told = waits if waits is not None else {}
        async with pools.permit(uses, cost, told.__setitem__) as permit:
            permit.headers = headers or {}

    asyncio.run(once())


def times_of(pools, clock, count, uses=()):
    """When each of `count` requests in a row was sent."""
    times = []
    for _ in range(count):
        ask(pools, uses)
        times.append(clock.monotonic())
    return times


@settings(deadline=None, max_examples=60)
@given(
    rate=st.integers(1, 5),
    requests=st.lists(st.tuples(*[st.floats(0, 3)] * 3), min_size=1, max_size=40),  # pause, way there, way back
)
def test_no_window_ever_sees_more_requests_than_the_rate(tmp_path_factory, rate, requests):
    """Whatever the network delays, in two processes that share the pool."""
    path, clock, arrivals = tmp_path_factory.mktemp("state") / "x.permits", VirtualClock(), []
    pool = Pool("burst", rate=rate, per_s=2.0, default=True)

    async def send(pools, pause, there, back):
        await clock.sleep(pause)
        async with pools.permit((), 1, lambda *_: None):
            await clock.sleep(there)
            arrivals.append(clock.monotonic())
            await clock.sleep(back)

    async def all_at_once():
        both = [pools_on(path, pool, clock=clock) for _ in range(2)]
        await asyncio.gather(*(send(both[i % 2], *request) for i, request in enumerate(requests)))

    asyncio.run(all_at_once())
    assert len(arrivals) == len(requests)
    assert all(later - first >= 2.0 - 1e-9 for first, later in zip(arrivals, arrivals[rate:], strict=False))


def test_a_rate_lets_a_burst_through_and_then_waits(tmp_path):
    """No slower than the provider allows."""
    clock = VirtualClock()

    assert times_of(pools_on(tmp_path / "p", BURST, clock=clock), clock, 11) == [0.0] * 5 + [10.0] * 5 + [20.0]


def test_a_request_that_reached_nobody_counts_for_nothing(tmp_path):
    """The provider never saw it: a wrong address must not use up the limit."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", BURST, clock=clock)

    async def ten_in_vain():
        for _ in range(10):
            async with pools.permit((), 1, lambda *_: None) as permit:
                permit.unused = True

    asyncio.run(ten_in_vain())
    assert clock.monotonic() == 0.0
    assert times_of(pools, clock, 6) == [0.0] * 5 + [10.0]


def test_a_request_waits_for_all_its_pools(tmp_path):
    """The default ones and those that it names; others do not touch it."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", BURST, SEARCH, clock=clock)

    assert times_of(pools, clock, 3, ["search"]) == [0.0, 0.0, 1.0]
    assert times_of(pools, clock, 3) == [1.0, 1.0, 10.0]


def test_a_wait_is_told_with_its_reason(tmp_path):
    """The pool that takes longest."""
    pools, waits = pools_on(tmp_path / "p", BURST, SEARCH), {}
    for _ in range(6):
        ask(pools, ["search"], waits=waits)

    assert waits == {"limit search": 1.0, "limit burst": 8.0}


def test_a_concurrent_pool_never_has_more_in_flight(tmp_path):
    """Of one process or several; each gets its turn."""
    clock, flying, most = VirtualClock(), set(), []

    async def send(pools, number):
        async with pools.permit((), 1, lambda *_: None):
            flying.add(number)
            most.append(len(flying))
            await clock.sleep(0.3)
            flying.remove(number)

    async def all_at_once():
        both = [pools_on(tmp_path / "p", LINES, clock=clock) for _ in range(2)]
        await asyncio.gather(*(send(both[i % 2], i) for i in range(10)))

    asyncio.run(all_at_once())
    assert (len(most), max(most)) == (10, 2)


def test_a_blocked_pool_stops_all_processes(tmp_path):
    """A throttled answer of one is heard by the others."""
    clock = VirtualClock()
    mine, theirs = (pools_on(tmp_path / "p", BURST, SEARCH, clock=clock) for _ in range(2))

    mine.block("search", [], 7.0)

    assert times_of(theirs, clock, 1) == [0.0]
    assert times_of(theirs, clock, 1, ["search"]) == [7.0]


def test_a_block_without_a_known_pool_stops_what_the_request_used(tmp_path):
    """The defaults included."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", BURST, SEARCH, clock=clock)

    pools.block(None, ["search"], 7.0)

    assert times_of(pools, clock, 1) == [7.0]


def test_a_budget_that_is_spent_says_when_it_resets(tmp_path):
    """At midnight in the account's zone; it counts what each request costs."""
    pools = pools_on(tmp_path / "p", DAILY)
    ask(pools)
    ask(pools, cost=2)

    with pytest.raises(BudgetSpent, match="2026-01-16 00:00 EST"):
        ask(pools)


def test_a_budget_begins_anew_after_its_reset(tmp_path):
    """12:00 UTC is 7:00 in New York: 17 hours before midnight."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", DAILY, clock=clock)
    ask(pools, cost=3)
    clock.advance(17 * 3600 - 1)
    with pytest.raises(BudgetSpent):
        ask(pools)
    clock.advance(1)

    ask(pools, cost=3)


def test_the_providers_count_corrects_ours(tmp_path):
    """It knows of other programs: both ways."""
    pools = pools_on(tmp_path / "p", DAILY)
    ask(pools, cost=3, headers={"x-left": "1"})
    ask(pools, headers={"x-left": "nonsense"})
    with pytest.raises(BudgetSpent):
        ask(pools)


def test_an_answer_from_before_the_reset_does_not_count_after_it(tmp_path):
    """Yesterday's nothing left is not today's."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", DAILY, clock=clock)

    async def across_midnight():
        async with pools.permit((), 1, lambda *_: None) as old:
            clock.advance(17 * 3600)
            async with pools.permit((), 1, lambda *_: None):
                pass
            old.headers = {"x-left": "0"}

    asyncio.run(across_midnight())
    ask(pools, cost=2)
    with pytest.raises(BudgetSpent):
        ask(pools)


def test_a_budget_that_the_provider_calls_used_up_is_used_up_for_all(tmp_path):
    """Until its reset."""
    clock = VirtualClock()
    mine, theirs = (pools_on(tmp_path / "p", DAILY, clock=clock) for _ in range(2))

    assert "EST" in mine.spend("daily", [], "acme").message
    with pytest.raises(BudgetSpent):
        ask(theirs)


def test_a_quota_without_a_pool_is_an_error_too(tmp_path):
    """The spec names none."""
    assert "acme" in pools_on(tmp_path / "p").spend(None, [], "acme").message


@pytest.mark.parametrize("zone", ["$timezone", "Nowhere/Land", "", "../../etc/passwd"])
def test_an_unknown_zone_counts_as_utc(tmp_path, zone):
    """As before the account's zone is known."""
    pools = pools_on(tmp_path / "p", Pool("daily", budget=0 + 1, resets="midnight", zone=zone, default=True))
    ask(pools)

    with pytest.raises(BudgetSpent, match="2026-01-16 00:00 UTC"):
        ask(pools)


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 5000, bytes(5000), b"crmsync1" + b"\xff" * 5000])
def test_a_damaged_file_is_begun_anew(tmp_path, content):
    """It only ever costs a short wait."""
    (tmp_path / "p").write_bytes(content)
    clock = VirtualClock()

    assert times_of(pools_on(tmp_path / "p", BURST, clock=clock), clock, 6) == [0.0] * 5 + [10.0]


def test_permits_of_impossible_times_are_free(tmp_path):
    """Garbage behind a good header: times in the far future, NaN, processes that never were."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", BURST, clock=clock)
    ask(pools)
    header = (tmp_path / "p").read_bytes()[:24]
    for slot in (b"\xff" * 24, struct.pack("<dqq", 1e300, 0, 0), struct.pack("<dqq", 5.0, 2**62, 1)):
        (tmp_path / "p").write_bytes(header + bytes(24) + slot * 5)

        assert times_of(pools, clock, 1)[0] <= clock.monotonic() + 11.0 <= 40.0


def test_a_folder_that_cannot_be_written_costs_the_sharing_only(tmp_path):
    """And a warning says so; root could write anywhere, so that a file stands in the way here."""
    (tmp_path / "file").write_text("")
    warnings, clock = [], VirtualClock()

    pools = pools_on(tmp_path / "file" / "p", BURST, clock=clock, warnings=warnings)

    assert times_of(pools, clock, 6)[-1] == 10.0
    assert "not shared" in warnings[0]


def test_a_cancelled_request_gives_its_permit_back(tmp_path):
    """After the window, as the provider may have seen it."""
    clock = VirtualClock()
    pools = pools_on(tmp_path / "p", Pool("burst", rate=1, per_s=10.0, default=True), clock=clock)

    async def cancelled():
        async with pools.permit((), 1, lambda *_: None):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())

    assert times_of(pools, clock, 1) == [10.0]


def test_other_accounts_hosts_and_limits_have_other_files(tmp_path):
    """The same ones share."""
    pools = {"burst": BURST}

    def file(host="a", identity="x", limits=pools):
        return pool_file(tmp_path, host, identity, limits)

    assert file() == file()
    assert len({file(), file("b"), file("a", "y"), file("a", "x", {"search": SEARCH})}) == 4


def test_the_file_of_permits_is_private(tmp_path):
    """And so is its folder."""
    pools_on(tmp_path / "state" / "p", BURST)

    assert os.stat(tmp_path / "state" / "p").st_mode & 0o777 == 0o600  # noqa: PTH116
    assert os.stat(tmp_path / "state").st_mode & 0o777 == 0o700  # noqa: PTH116


def test_a_clock_that_was_set_back_does_not_block_the_budget(tmp_path):
    """A period that begins in the future is none."""
    ask(pools_on(tmp_path / "p", DAILY, clock=VirtualClock(datetime(2027, 1, 1, tzinfo=UTC))), cost=3)

    ask(pools_on(tmp_path / "p", DAILY))
