"""kill -9, then the same command again: the store equals the provider, nothing lost, nothing doubled.

The process is really killed, at named points and at random moments. `CRMSYNC_THOROUGH=1` runs the long matrix.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm import Crm, served
from crmsync.faults import POINTS
from effort import THOROUGH
from providers import DRIVERS, Driver

RECORDS, PAGE = 700, 100
STREAM = ("--stream", "contact", "--brake", "100")
PLACES = [  # what differs between CRMs are their requests
    (provider, point)
    for provider in DRIVERS
    for point in POINTS
    if THOROUGH or provider == "hubspot" or point == "commit.before"
]
SWEPT = [("hubspot", point) for point in ("fetch.answered", "land.mapped", "commit.before")]  # in the quick form


@pytest.fixture
def crm(tmp_path: Path, provider: str) -> Iterator[Crm]:
    with served(tmp_path, RECORDS, provider, PAGE) as made:
        made.shell.environment["CRMSYNC_BATCH_ROWS"] = str(PAGE)  # several commits in a short run
        yield made


def edit(driver: Driver, dice: random.Random) -> None:
    """A bit of everything that happens to an account."""
    for record_id in dice.sample(sorted(driver.live()), 150):
        driver.update(record_id, f"F{dice.random()}")
    for verb in ("delete", "purge", "leave", "put_away"):
        for record_id in dice.sample(sorted(driver.live()), 5 if verb in driver.verbs else 0):
            getattr(driver, verb)(record_id)
    driver.merge(*dice.sample(sorted(driver.live()), 2))
    for number in range(20):  # about as many as go, so that there is something to edit however often
        driver.create(f"New {number}")


def assert_equal(crm: Crm) -> None:
    column = crm.driver.column
    rows = crm.shell.query("FROM small.contact WHERE _deleted_at IS NULL")
    rows = [row for row in rows if row.get("_left_at") is None]  # who became another kind lives there
    assert len(rows) == len({row["_id"] for row in rows}), "an id stands twice"
    assert {row["_id"]: row[column] for row in rows} == crm.driver.live()


def complete(crm: Crm, *words: str) -> None:
    done = crm.sync(*STREAM, *words)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("provider", "point"), PLACES)
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8] if THOROUGH else [2])
def test_a_kill_at_a_named_point_loses_and_doubles_nothing(crm: Crm, point: str, nth: int) -> None:
    """First in a backfill, then in a sweep with edits, deletions and merges: the same command again completes it."""
    nth = 1 if point in ("lease.taken", "stream.done") else nth
    kills = 0
    whole = THOROUGH or (crm.driver.name, point) in SWEPT
    for words in ((), ("--backfill",))[: 2 if whole else 1]:
        killed = crm.sync(*STREAM, *words, CRMSYNC_KILL_AT=f"{point}:{nth}")
        ended_first = nth > 2 and killed.returncode == 0  # how many batches a run has depends on its speed
        assert ended_first or killed.returncode == -signal.SIGKILL, killed.stderr
        kills += not ended_first
        complete(crm, *words)
        assert_equal(crm)  # at once: another sweep would repair what was lost
        edit(crm.driver, random.Random(point))
    ends = crm.shell.query("SELECT status, count(*) AS n FROM crmsync.runs GROUP BY status")
    lost = sum(end["n"] for end in ends if end["status"] == "lost")
    assert {end["status"] for end in ends} <= {"done", "lost"}
    # the first time a file is let go may be before a run is open, and after the last commit it is closed
    assert lost == kills or point in ("stream.done", "file.let_go")


@pytest.mark.parametrize("provider", DRIVERS)
def test_kills_at_random_moments_lose_and_double_nothing(crm: Crm) -> None:
    """Killed again and again while the account changes, then left alone once."""
    dice = random.Random(11)
    for _ in range(60 if THOROUGH else 3 if crm.driver.name == "hubspot" else 2):
        process = crm.shell.start("run", "--connector", "small", *STREAM, "--backfill")
        time.sleep(dice.uniform(0.3, 1.2))  # the moment of the kill, not a wait for anything
        process.kill()
        process.communicate()
        edit(crm.driver, dice)
    complete(crm, "--backfill")
    complete(crm, "--backfill")
    assert_equal(crm)
