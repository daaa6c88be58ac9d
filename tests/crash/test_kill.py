"""kill -9, then the same command again: the store equals the provider, nothing lost, nothing doubled.

The process is really killed, at named points and at random moments. `CRMSYNC_THOROUGH=1` runs the long matrix.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import Shell, shell
from crmsync.faults import POINTS
from crmsync.sandbox import Server
from crmsync_hubspot.simulator import HubSpotSimulator

THOROUGH = bool(os.environ.get("CRMSYNC_THOROUGH"))
RECORDS = 700
COMMAND = ("run", "--connector", "hubspot", "--stream", "contact", "--brake", "100")


@pytest.fixture
def simulator() -> Iterator[tuple[HubSpotSimulator, str]]:
    made = HubSpotSimulator(RECORDS, 3)
    made.switches.limits.on = False
    with Server(made) as server:
        yield made, server.url


def shell_for(folder: Path, simulator: HubSpotSimulator, url: str) -> Shell:
    made = shell(folder, url, **{**simulator.options, "burst": "100000", "search": "1000"})
    made.environment["CRMSYNC_BATCH_ROWS"] = "100"  # several commits in a short run
    return made


def edit(simulator: HubSpotSimulator, dice: random.Random) -> None:
    """A bit of everything that happens to an account."""
    ids = simulator.ids("contacts")
    for record_id in dice.sample(ids, 150):
        simulator.update("contacts", record_id, {"firstname": f"F{dice.random()}"})
    for record_id in dice.sample(simulator.ids("contacts"), 5):
        simulator.archive("contacts", record_id)
    for record_id in dice.sample(simulator.ids("contacts"), 5):
        simulator.purge("contacts", record_id)
    simulator.merge("contacts", *dice.sample(simulator.ids("contacts"), 2))
    simulator.create("contacts", {"firstname": "New"})


def assert_equal(run: Shell, simulator: HubSpotSimulator) -> None:
    truth = {i: r["properties"].get("firstname") for i, r in simulator.live("contacts").items()}
    rows = run.query("SELECT _id, first_name FROM hubspot.contact WHERE _deleted_at IS NULL")
    assert len(rows) == len({row["_id"] for row in rows}), "an id stands twice"
    assert {row["_id"]: row["first_name"] for row in rows} == truth


def complete(run: Shell, *words: str) -> None:
    done = run(*COMMAND, *words)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8] if THOROUGH else [2])
def test_a_kill_at_a_named_point_loses_and_doubles_nothing(
    tmp_path: Path, simulator: tuple[HubSpotSimulator, str], point: str, nth: int
) -> None:
    """First in a backfill, then in a sweep with edits, deletions and merges: the same command again completes it."""
    account, url = simulator
    run = shell_for(tmp_path, account, url)
    nth = 1 if point in ("lease.taken", "stream.done") else nth
    for words in ((), ("--backfill",)):
        killed = run(*COMMAND, *words, CRMSYNC_KILL_AT=f"{point}:{nth}")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        complete(run, *words)
        assert_equal(run, account)  # at once: another sweep would repair what was lost
        edit(account, random.Random(point))
    lost = run.query("SELECT count(*) AS n FROM crmsync.runs WHERE status = 'lost'")
    assert lost == [{"n": 0 if point == "stream.done" else 2}]


def test_kills_at_random_moments_lose_and_double_nothing(
    tmp_path: Path, simulator: tuple[HubSpotSimulator, str]
) -> None:
    """Killed again and again while the account changes, then left alone once."""
    account, url = simulator
    run, dice = shell_for(tmp_path, account, url), random.Random(11)
    for _ in range(60 if THOROUGH else 8):
        process = run.start(*COMMAND, "--backfill")
        time.sleep(dice.uniform(0.3, 1.2))  # the moment of the kill, not a wait for anything
        process.kill()
        process.communicate()
        edit(account, dice)
    complete(run, "--backfill")
    complete(run, "--backfill")
    assert_equal(run, account)
