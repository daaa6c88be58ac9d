"""Who gives way where both sides changed a field: each policy, and what is kept of the loser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from crmsync.config import FirstPolicy, Policy, Rule
from crmsync.sync.merge import MergeField, groups
from merge_engine import NEVER, Merged, MergeEngine, Pair

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(microseconds=1)
BASE, HUB, REMOTE = ({"amount": a, "currency": c} for a, c in ((5, "EUR"), (7, "EUR"), (9, "USD")))
BOTH = Pair(BASE, hub=HUB, remote=REMOTE)


@cache
def engine(policy: Policy, first: FirstPolicy, *, writable: bool) -> MergeEngine:
    rule = Rule(policy, first)
    amount, currency = (MergeField(n, t, rule, writable) for n, t in (("amount", "integer"), ("currency", "text")))
    return MergeEngine([amount, currency])


def merged(pair: Pair, policy: Policy = "hold", first: FirstPolicy = "hold", *, writable: bool = True) -> Merged:
    return engine(policy, first, writable=writable).one(pair)


def winner(row: Merged) -> Any:
    """Who won; the values of both sides are kept in any case."""
    (conflict,) = row.conflicts
    assert (conflict["fields"], conflict["hub"], conflict["remote"]) == (["amount", "currency"], HUB, REMOTE)
    return conflict["winner"]


def hub_wins(row: Merged) -> bool:
    """All that the CRM has otherwise is sent; the link waits for its answer."""
    done = (row.sent, row.changed, row.moved) == (HUB, False, False)
    return winner(row) == "hub" and done


def remote_wins(row: Merged) -> bool:
    """The hub has all that the CRM has, and the link says so."""
    done = (row.hub, row.changed, row.base, row.shown, row.write) == (REMOTE, True, REMOTE, REMOTE, [])
    return winner(row) == "remote" and done


def held(row: Merged) -> bool:
    return winner(row) is None and (row.changed, row.moved, row.write) == (False, False, [])


def test_hold_is_the_default() -> None:
    """Without a word of anybody, a person decides."""
    assert held(merged(BOTH))
    assert groups([MergeField("name", "text")])[0].rule == Rule("hold", "hold")


def test_the_policy_hub_writes_the_hubs_values() -> None:
    """Also the currency that only the CRM changed: the group is one value."""
    assert hub_wins(merged(BOTH, "hub"))


def test_the_policy_remote_takes_the_crms_values() -> None:
    """The whole group goes to the hub."""
    assert remote_wins(merged(BOTH, "remote"))


@pytest.mark.parametrize(("outranks", "what"), [(True, remote_wins), (False, hub_wins), (None, held)])
def test_a_ranking_decides_by_who_stands_above(outranks: bool | None, what: Any) -> None:
    """Where nobody knows where the hub's value comes from, nobody wins."""
    assert what(merged(replace(BOTH, outranks=outranks), "rank"))
    assert what(merged(replace(BOTH, base=NEVER, outranks=outranks), "hold", "rank"))


@pytest.mark.parametrize(
    ("hub_at", "remote_at", "what"),
    [(NOON, LATER, remote_wins), (LATER, NOON, hub_wins), (NOON, NOON, held), (None, NOON, held), (NOON, None, held)],
)
def test_the_newest_wins_only_where_both_times_are_known_and_differ(
    hub_at: datetime | None, remote_at: datetime | None, what: Any
) -> None:
    """A missing time is no old one."""
    assert what(merged(replace(BOTH, hub_at=hub_at, remote_at=remote_at), "newest"))


def test_newest_never_decides_a_first_match() -> None:
    """Two values that never met are no edits, whatever their rows' times."""
    first = replace(BOTH, base=NEVER, hub_at=NOON, remote_at=LATER)
    assert held(merged(first, "newest"))


@pytest.mark.parametrize(("first", "what"), [("hub", hub_wins), ("remote", remote_wins), ("hold", held)])
def test_first_matches_have_a_policy_of_their_own(first: FirstPolicy, what: Any) -> None:
    """The policy for edits says nothing about them, and the other way round."""
    assert what(merged(replace(BOTH, base=NEVER), "remote" if first == "hub" else "hub", first))


def test_an_overruled_edit_is_not_forgotten_before_the_crm_confirms() -> None:
    """The hub won, but before anything was sent, somebody puts the old value back: now the CRM's edit counts."""
    e = engine("hub", "hold", writable=True)
    row = e.one(BOTH)
    again = e.one(replace(BOTH, base=row.texts[0], shown=row.texts[1], hub=BASE))
    assert (again.hub, again.conflicts) == (REMOTE, [])


def test_what_the_crm_lets_nobody_write_stays_in_the_hub_until_the_crm_changes_it() -> None:
    """The hub's own value is agreed to differ: neither written nor told again, and then replaced."""
    e = engine("hold", "hold", writable=False)
    row = e.one(Pair(BASE, hub=HUB, remote=BASE))
    assert (row.write, row.changed, row.base, row.shown) == ([], False, HUB, BASE)
    kept = Pair(row.texts[0], hub=HUB, remote=BASE, shown=row.texts[1])
    assert e.one(kept).quiet
    assert e.one(replace(kept, remote=REMOTE)).hub == REMOTE


def test_an_edit_that_cannot_be_written_is_settled_with_its_group() -> None:
    """The stage that is written says another status than the hub: that is no edit of the CRM's, and no conflict."""
    e = MergeEngine([MergeField("stage", "text"), MergeField("status", "text", writable=False)])
    was = {"stage": "new", "status": "open"}
    pair = Pair(was, hub={"stage": "late", "status": "lost"}, remote=was)
    row = e.one(pair)
    assert (row.write, row.sent) == (["stage"], pair.hub)
    (after,) = e.after([pair], [row])
    assert e.one(after).quiet
    unedited = e.one(replace(pair, hub={"stage": "late", "status": "open"}))
    assert unedited.sent == {"stage": "late"}


def test_the_hub_wins_over_what_it_cannot_write_only_at_home() -> None:
    """The hub keeps its value, the CRM its own; the conflict is told once."""
    row = merged(BOTH, "hub", writable=False)
    assert (winner(row), row.write, row.changed, row.base, row.shown) == ("hub", [], False, HUB, REMOTE)
