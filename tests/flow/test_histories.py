"""For any history of the account, any page size, lag and interruption, the mirror ends equal to the account."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.sync import Result
from effort import examples
from lab import Lab, laboratory
from providers import DRIVERS, Driver


@dataclass(frozen=True)
class History:
    """How the provider behaves, and what happens in it. All chance comes from `seed`."""

    seed: int
    page: int
    lag_s: int
    oddities: Mapping[str, Any]
    steps: tuple[str, ...]


def histories(driver: type[Driver]) -> st.SearchStrategy[History]:
    steps = st.sampled_from([*driver.verbs, "wait", "sync", "sync", "broken sync"])
    return st.builds(
        History,
        seed=st.integers(0, 2**32),
        page=st.sampled_from([1, 2, 3, 7, 100]),
        lag_s=st.sampled_from(driver.lags),
        oddities=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in driver.oddities.items()}),
        steps=st.lists(steps, min_size=6, max_size=25).map(tuple),
    )


def act(crm: Driver, step: str, dice: random.Random) -> None:
    """One edit on the account, if it is possible now."""
    live = list(crm.live())
    if step == "create":
        for number in range(dice.randint(1, 40)):
            crm.create(f"N{number}", email=dice.choice(["", "bad"]))
    elif step == "restore":
        if gone := crm.gone():
            crm.restore(dice.choice(gone))
    elif step == "merge":
        if len(live) > 1:
            crm.merge(*dice.sample(live, 2))
    elif step == "touch" and live:
        crm.touch(live)
    elif step == "update" and live:
        crm.update(dice.choice(live), str(dice.random()))
    elif live:
        getattr(crm, step)(dice.choice(live))


def values(lab: Lab) -> dict[str, Any]:
    return {i: row[lab.crm.column] for i, row in lab.mirror().items()}


def assert_settled_records_are_there(lab: Lab, began: float, lag_s: float) -> None:
    """Live records whose last change was older than the lag when the run began are in the mirror as they are."""
    limit = began - lag_s - 2  # times of change may be whole seconds
    shown, truth = values(lab), lab.crm.live()
    changes = {i: lab.crm.changed(i) for i in truth}
    settled = {i for i, changed in changes.items() if changed is not None and changed.timestamp() < limit}
    assert {i: shown.get(i, "missing") for i in settled} == {i: truth[i] for i in settled}


def check(driver: type[Driver], history: History) -> None:
    """After each run what is older than the lag is there; after a sweep everything is, and nothing else."""
    with (
        tempfile.TemporaryDirectory() as folder,
        laboratory(Path(folder), provider=driver.name, **history.oddities) as lab,
    ):
        dice = random.Random(history.seed)
        lab.crm.dice, lab.crm.lag_s = dice, history.lag_s
        small = lab.edited(lambda tree: lab.crm.shrink(tree, history.page)).spec_file

        def sync(**how: Any) -> Result:
            (result,) = lab.run_job(replace(lab.job(brake=1.0, **how), spec_file=small))
            return result

        for step in (*history.steps, "sync"):
            if step == "wait":
                lab.clock.advance(dice.choice([60, 3600, 90_000]))
            elif step == "sync":
                began = lab.clock.now().timestamp()
                result = sync()
                assert result.status == "done", result.error
                assert_settled_records_are_there(lab, began, history.lag_s)
            elif step == "broken sync":
                lab.crm.fail(skip=dice.randint(0, 8))
                sync()
                lab.crm.repair()
            else:
                # by its times, a record that is deleted and restored at one moment is either
                lab.clock.advance(dice.choice([1.001, 60] if step == "restore" else [0, 0.001, 1, 60]))
                act(lab.crm, step, dice)
        lab.clock.advance(history.lag_s + 2)
        swept = sync(backfill=True)
        assert swept.status == "done", swept.error
        assert swept.counts.read == swept.counts.applied + swept.counts.unchanged + swept.counts.rejected
        assert values(lab) == lab.crm.live()


@pytest.mark.parametrize("provider", DRIVERS)
def test_any_history_ends_with_the_mirror_equal_to_the_account(provider: str) -> None:
    """Of any CRM: with its lag, its ways to delete, and its oddities."""
    driver = DRIVERS[provider]

    @settings(max_examples=examples(5, 1000), deadline=None, suppress_health_check=list(HealthCheck))
    @given(histories(driver))
    def property_(history: History) -> None:
        check(driver, history)

    property_()
