"""For any history of the account, any page size, lag and interruption, the mirror ends equal to the account."""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.sync import Job
from lab import Lab, laboratory

OVERLAP_S = 1800
THOROUGH = bool(os.environ.get("CRMSYNC_THOROUGH"))
EDITS = ("create", "update", "touch", "archive", "restore", "purge", "merge")


@dataclass(frozen=True)
class Account:
    """What makes one history: how the provider behaves, and what happens in it. All chance comes from `seed`."""

    seed: int
    page: int
    lag_s: int
    cap: int
    ids_as_text: bool
    keeps_primary: bool
    steps: tuple[str, ...]


accounts = st.builds(
    Account,
    seed=st.integers(0, 2**32),
    page=st.sampled_from([1, 2, 3, 7, 100]),
    lag_s=st.sampled_from([0, 5, 600, OVERLAP_S]),
    cap=st.sampled_from([200, 10_000]),
    ids_as_text=st.booleans(),
    keeps_primary=st.booleans(),
    steps=st.lists(st.sampled_from([*EDITS, *EDITS, "wait", "sync", "broken sync"]), max_size=25).map(tuple),
)


def act(lab: Lab, step: str, dice: random.Random, lag_s: int) -> None:
    """One edit on the account, if it is possible now."""
    simulator, live = lab.simulator, lab.simulator.ids("contacts")
    lag = dice.uniform(0, lag_s)
    lab.clock.advance(dice.choice([0, 0.001, 1, 60]))
    if step == "create":
        for number in range(dice.randint(1, 40)):
            simulator.create("contacts", {"firstname": f"N{number}", "email": dice.choice(["", "bad"])}, lag=lag)
    elif step == "restore" and simulator.archived("contacts"):
        lab.clock.advance(0.001)  # by its times, a record that is archived and restored at one moment is either
        simulator.restore("contacts", dice.choice(simulator.archived("contacts")), lag=lag)
    elif step == "merge" and len(live) > 1:
        simulator.merge("contacts", *dice.sample(live, 2), lag=lag)
    elif step == "touch" and live:
        simulator.bulk_touch("contacts", live, lag=lag)
    elif step == "update" and live:
        simulator.update("contacts", dice.choice(live), {"firstname": str(dice.random())}, lag=lag)
    elif step in ("archive", "purge") and live:
        getattr(simulator, step)("contacts", dice.choice(live), lag=lag)


def job_of(lab: Lab, account: Account, **how: object) -> Job:
    """A job over the connector's spec with smaller pages and the account's cap."""
    job = lab.job("contact", brake=1.0, **how)
    text = job.spec_file.read_text()
    text = text.replace("limit: 100\n", f"limit: {account.page}\n").replace("limit: 200\n", f"limit: {account.page}\n")
    text = text.replace("cap: 10000", f"cap: {account.cap}").replace("batch: 100", f"batch: {account.page}")
    small = lab.folder / "spec.yaml"
    small.write_text(text)
    return replace(job, spec_file=small)


def firstnames(lab: Lab) -> dict[str, object]:
    return {i: row["first_name"] for i, row in lab.mirror().items()}


def truth(lab: Lab) -> dict[str, object]:
    return {i: record["properties"].get("firstname") for i, record in lab.simulator.live("contacts").items()}


def assert_settled_records_are_there(lab: Lab, before_s: float) -> None:
    """Live records whose last change is older than the lag are in the mirror as they are."""
    limit = lab.clock.now().timestamp() - before_s
    mirror = lab.mirror()
    for record_id, record in lab.simulator.live("contacts").items():
        if datetime.fromisoformat(record["updatedAt"]).timestamp() < limit:
            assert mirror[record_id]["first_name"] == record["properties"].get("firstname"), record_id


@settings(max_examples=1000 if THOROUGH else 25, deadline=None, suppress_health_check=list(HealthCheck))
@given(accounts)
def test_any_history_ends_with_the_mirror_equal_to_the_account(account: Account) -> None:
    """Before a sweep what is older than the lag is there; after it everything is, and nothing else."""
    with tempfile.TemporaryDirectory() as folder, laboratory(Path(folder)) as lab:
        dice = random.Random(account.seed)
        switches = lab.simulator.switches
        switches.results_max, switches.ids_as_text = account.cap, account.ids_as_text
        switches.merge_keeps_primary = account.keeps_primary
        for step in account.steps:
            if step == "wait":
                lab.clock.advance(dice.choice([60, 3600, 90_000]))
            elif step == "sync":
                lab.run_job(job_of(lab, account))
            elif step == "broken sync":
                lab.simulator.fail(500, "/crm/objects", skip=dice.randint(0, 8), times=10_000)
                lab.run_job(job_of(lab, account))
                lab.simulator.faults.clear()
            else:
                act(lab, step, dice, account.lag_s)
        lab.clock.advance(account.lag_s + 2)
        (settled,) = lab.run_job(job_of(lab, account))
        assert settled.status == "done", settled.error
        assert_settled_records_are_there(lab, account.lag_s + 2)
        (swept,) = lab.run_job(job_of(lab, account, backfill=True))
        assert swept.counts.read == swept.counts.applied + swept.counts.unchanged + swept.counts.rejected
        assert firstnames(lab) == truth(lab)
