"""The account's limits are kept, and what the provider says about them is obeyed. All waits are virtual."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmsync.events import RequestAnswered
from lab import Lab, laboratory


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Lab]:
    """An account with 3,000 contacts that counts requests."""
    with laboratory(tmp_path, records=3000) as lab:
        lab.simulator.switches.limits.on = True
        yield lab


def statuses(lab: Lab) -> list[int]:
    return [event.status for event in lab.events if isinstance(event, RequestAnswered)]


def test_a_backfill_inside_the_limit_is_never_refused(busy: Lab) -> None:
    """190 requests in any 10 s, kept without a single 429."""
    busy.simulator.switches.limits.burst = 20
    result = busy.run("contact", options={"burst": "20"})
    assert 429 not in statuses(busy)
    assert result.counts.read == 3000
    assert result.waited_seconds > 0


def test_searches_keep_their_own_limit_too(busy: Lab) -> None:
    """Five a second for all apps of the account; we keep below."""
    ids = busy.simulator.ids("contacts")
    busy.run("contact")
    for record_id in ids:
        busy.simulator.update("contacts", record_id, {"firstname": "All"})
    busy.clock.advance(60)
    assert busy.run("contact").counts.applied == 3000
    assert 429 not in statuses(busy)


def test_a_limit_that_is_lower_than_configured_is_obeyed(busy: Lab) -> None:
    """429s are waited out; nothing is lost."""
    busy.simulator.switches.limits.burst = 10
    result = busy.run("contact")
    assert 429 in statuses(busy)
    assert (result.counts.read, len(busy.mirror())) == (3000, 3000)


def test_a_spent_daily_quota_ends_the_run_and_the_next_day_completes_it(busy: Lab) -> None:
    """Exit 4, resumable: the same command goes on from the last committed page."""
    busy.simulator.switches.limits.daily = 15
    (stopped,) = busy.try_run("contact")
    assert (stopped.status, stopped.exit_status, stopped.error and stopped.error["code"]) == ("stopped", 4, "CS302")
    busy.clock.advance(86_400)
    busy.simulator.switches.limits.daily = 250_000
    rest = busy.run("contact")
    assert stopped.counts.read + rest.counts.read == 3000
    assert len(busy.mirror()) == 3000


@pytest.mark.parametrize("status", [423, 477, 500, 502, 503, 504, 521])
def test_a_passing_failure_costs_time_and_nothing_else(busy: Lab, status: int) -> None:
    """Locked, moving, or broken for a moment: waited for, with Retry-After where it is given."""
    busy.simulator.fail(status, "GET /crm/objects", skip=2, times=3, retry_after_s=7 if status == 477 else None)
    result = busy.run("contact")
    assert (result.counts.read, result.retries) == (3000, 3)
    assert len(busy.mirror()) == 3000


def test_connections_that_break_are_asked_again(busy: Lab) -> None:
    """A reset and a body that ends too soon are the network's faults, not the page's."""
    from crmsync.sandbox import Fault

    busy.simulator.faults.add(Fault("GET /crm/objects", skip=1, times=1, drop=True))
    busy.simulator.faults.add(Fault("GET /crm/objects", skip=3, times=1, truncate=50))
    assert busy.run("contact").counts.read == 3000
    assert len(busy.mirror()) == 3000
