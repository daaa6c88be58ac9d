"""The table of the decision record, row by row: what becomes of a group that changed here, there, on both sides."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from crmsync.sync.merge import merge_sql
from merge_engine import NEVER, MergeEngine, Pair, Values, fields_of


@cache
def engine() -> MergeEngine:
    return MergeEngine(
        fields_of(
            name="text",
            company_id="ref",
            amount="integer",
            currency="text",
            pipeline="text",
            stage="text",
            status="text",
        )
    )


B, X, Y = ({"name": value} for value in ("before", "x", "y"))
EURO, MORE, DOLLAR = ({"amount": a, "currency": c} for a, c in ((5, "EUR"), (7, "EUR"), (5, "USD")))


def filled(values: Values) -> dict[str, Any]:
    return {**dict.fromkeys(engine().names), **values}


def whole(values: Values, **pair: Any) -> Pair:
    """A pair that agreed on all fields, on `values` and else on nothing."""
    return Pair(base=filled(values), **pair)


def test_same_and_same_is_nothing() -> None:
    """Nothing changed: nothing is written anywhere, not even the link."""
    assert engine().one(whole(B, hub=B, remote=B)).quiet


def test_changed_in_the_hub_alone_is_written_and_the_link_waits_for_the_answer() -> None:
    """An intent; base and shown move when the CRM confirms."""
    merged = engine().one(whole(B, hub=X, remote=B))
    assert (merged.write, merged.sent, merged.conflicts) == (["name"], X, [])
    assert (merged.changed, merged.moved, merged.base, merged.shown) == (False, False, filled(B), filled(B))


def test_changed_in_the_crm_alone_goes_to_the_hub() -> None:
    """The hub takes the CRM's value; base and shown move."""
    merged = engine().one(whole(B, hub=B, remote=X))
    assert (merged.changed, merged.hub["name"], merged.write, merged.conflicts) == (True, "x", [], [])
    assert (merged.moved, merged.base, merged.shown) == (True, filled(X), filled(X))


def test_changed_on_both_sides_to_the_same_moves_only_the_link() -> None:
    """Two people made the same edit: nobody has to be told."""
    merged = engine().one(whole(B, hub=X, remote=X))
    assert (merged.changed, merged.write, merged.conflicts) == (False, [], [])
    assert (merged.base, merged.shown) == (filled(X), filled(X))


def test_changed_on_both_sides_differently_is_a_conflict_and_nothing_moves() -> None:
    """Without a policy it waits, with all three values, and is found again in each merge."""
    merged = engine().one(whole(B, hub=X, remote=Y))
    assert (merged.changed, merged.moved, merged.write) == (False, False, [])
    assert merged.conflicts == [
        {"fields": ["name"], "base": B, "hub": X, "remote": Y, "policy": "hold", "winner": None}
    ]


def test_a_conflict_holds_only_its_own_group() -> None:
    """The other fields go on, in both directions."""
    pair = whole(B | EURO, hub=X | MORE, remote=Y | EURO | {"status": "won"})
    merged = engine().one(pair)
    assert ([c["fields"] for c in merged.conflicts], merged.write, merged.hub["status"]) == (
        [["name"]],
        ["amount"],
        "won",
    )


def test_never_agreed_and_equal_moves_the_link() -> None:
    """A first match of two that say the same."""
    merged = engine().one(Pair(NEVER, hub=X, remote=X))
    assert (merged.changed, merged.write, merged.conflicts, merged.base, merged.shown) == (
        False,
        [],
        [],
        filled(X),
        filled(X),
    )


def test_never_agreed_and_empty_in_the_hub_is_filled_there() -> None:
    """The hub takes what only the CRM has."""
    merged = engine().one(Pair(NEVER, hub={}, remote=X))
    assert (merged.hub["name"], merged.write, merged.conflicts, merged.base["name"]) == ("x", [], [], "x")


def test_never_agreed_and_empty_in_the_crm_is_written_there() -> None:
    """The CRM is sent what only the hub has; the field is agreed on when it confirms."""
    merged = engine().one(Pair(NEVER, hub=X, remote={"name": ""}))
    assert (merged.changed, merged.write, merged.conflicts, "name" in merged.base) == (False, ["name"], [], False)


def test_never_agreed_and_different_is_a_conflict() -> None:
    """Nobody knows which is newer."""
    merged = engine().one(Pair(NEVER, hub=X, remote=Y))
    assert merged.conflicts == [
        {"fields": ["name"], "base": {}, "hub": X, "remote": Y, "policy": "hold", "winner": None}
    ]
    assert (merged.changed, merged.write, "name" in merged.base) == (False, [], False)


def test_a_field_that_is_new_in_the_link_is_a_first_match_among_agreed_ones() -> None:
    """Only what base lacks is matched anew; the others are merged by what was agreed."""
    merged = engine().one(Pair({"name": "before"}, hub=X | {"stage": "new"}, remote=B | {"status": "open"}))
    assert (merged.write, [c["fields"] for c in merged.conflicts]) == (["name"], [["pipeline", "stage", "status"]])


@pytest.mark.parametrize(
    ("hub", "remote"),
    [(MORE, DOLLAR), (DOLLAR, MORE), (MORE, EURO | {"amount": 9}), (MORE | {"currency": None}, DOLLAR)],
)
def test_an_amount_never_meets_the_currency_of_the_other_side(hub: Values, remote: Values) -> None:
    """Amount here and currency there are one conflict, not two edits."""
    merged = engine().one(whole(EURO, hub=hub, remote=remote))
    assert [c["fields"] for c in merged.conflicts] == [["amount", "currency"]]
    assert (merged.changed, merged.write, merged.base["amount"]) == (False, [], 5)


def test_pipeline_stage_and_status_go_together() -> None:
    """A stage of another pipeline would be refused, or worse."""
    was = {"pipeline": "sales", "stage": "new", "status": "open"}
    merged = engine().one(whole(was, hub=was | {"stage": "late"}, remote=was | {"pipeline": "other"}))
    assert [c["fields"] for c in merged.conflicts] == [["pipeline", "stage", "status"]]


def test_of_a_group_only_what_differs_is_written() -> None:
    """The currency that both have is not sent."""
    assert engine().one(whole(EURO, hub=MORE, remote=EURO)).sent == {"amount": 7}


def test_a_first_match_completes_a_group_that_is_half_empty() -> None:
    """5 beside 5 EUR: one side knows more, and nothing of the other is lost."""
    merged = engine().one(Pair(NEVER, hub={"amount": 5}, remote=EURO))
    assert (merged.hub["currency"], merged.conflicts, merged.write) == ("EUR", [], [])
    crossed = engine().one(Pair(NEVER, hub={"amount": 5}, remote={"currency": "EUR"}))
    assert [c["fields"] for c in crossed.conflicts] == [["amount", "currency"]]


def test_the_hub_that_takes_on_what_the_crm_made_of_a_value_writes_nothing() -> None:
    """The CRM shows it reformatted; a person copies that into the hub: both agree now."""
    pair = whole({"name": "0049 1"}, shown=filled({"name": "+491"}), hub={"name": "+491"}, remote={"name": "+491"})
    merged = engine().one(pair)
    assert (merged.write, merged.conflicts, merged.base["name"], merged.shown["name"]) == ([], [], "+491", "+491")


def test_a_reformatted_value_is_no_change_of_either_side() -> None:
    """The hub keeps its form, and so does the CRM."""
    pair = whole({"name": "0049 1"}, shown=filled({"name": "+491"}), hub={"name": "0049 1"}, remote={"name": "+491"})
    assert engine().one(pair).quiet


@pytest.mark.parametrize("side", ["hub_pending", "remote_pending"])
def test_a_reference_without_counterpart_delays_itself_only(side: str) -> None:
    """It is neither written nor taken nor agreed on, whatever stands there; the name goes on."""
    waits: dict[str, Any] = {side: ["company_id"]}
    pair = whole(B | {"company_id": "c1"}, hub=X | {"company_id": "c2"}, remote=B | {"company_id": None}, **waits)
    merged = engine().one(pair)
    assert (merged.write, merged.hub["company_id"], merged.conflicts) == (["name"], "c2", [])
    first = engine().one(Pair(NEVER, hub=X, remote=X | {"company_id": "c3"}, **waits))
    assert (first.hub["company_id"], "company_id" in first.base, first.base["name"]) == (None, False, "x")


def test_a_pair_without_a_record_in_the_mirror_rests() -> None:
    """Nobody knows what the CRM holds: no row, so nothing happens."""
    engine().merge([whole(B, hub=X, remote=B)])
    engine().con.execute("DELETE FROM remote")
    engine().con.execute("INSERT INTO pairs VALUES ('h9', 'r9', '{}', '{}')")
    engine().con.execute(merge_sql(engine().groups))
    assert engine().con.execute("SELECT count(*) FROM merged").fetchall() == [(0,)]
