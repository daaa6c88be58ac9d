"""The laws of a three-way merge over all types, and the statement beside the table in plain Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.config import FirstPolicy, Policy, Rule
from crmsync.sync.merge import MergeField
from effort import examples
from merge_engine import Merged, MergeEngine, Pair
from merge_oracle import merged as expected
from merge_oracle import plain, read, spelled

LAWS = settings(
    max_examples=examples(4, 300),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TYPES = {
    "name": "text",
    "email": "email",
    "domain": "domain",
    "company_id": "ref",
    "size": "integer",
    "amount": "decimal",
    "currency": "text",
    "active": "boolean",
    "close_date": "date",
    "seen_at": "timestamp",
    "tags": "set",
    "extra": "json",
    "pipeline": "text",
    "stage": "text",
    "status": "text",
}
GROUPS = [
    ["name"], ["email"], ["domain"], ["company_id"], ["size"], ["amount", "currency"], ["active"], ["close_date"],
    ["seen_at"], ["tags"], ["extra"], ["pipeline", "stage", "status"],
]  # fmt: skip
POLICIES: dict[str, tuple[Policy, FirstPolicy]] = {
    "email": ("hub", "remote"),
    "domain": ("remote", "hub"),
    "size": ("newest", "hold"),
    "amount": ("newest", "rank"),
    "active": ("rank", "rank"),
    "seen_at": ("hub", "hub"),
    "tags": ("remote", "remote"),
    "stage": ("hub", "hold"),
}
POOLS: dict[str, list[Any]] = {
    "text": [None, "", "a", "b", "\0\x1f\u2028", 'é"\\'],
    "email": [None, "", "a@b.example", "A@b.example ", "c@b.example"],
    "domain": [None, "", "b.example", " B.example", "c.example"],
    "ref": [None, "", "a", "b"],
    "integer": [None, 0, 1, 2**63 - 1],
    "decimal": [None, Decimal(0), Decimal("1.5"), Decimal("-99999999.9999")],
    "boolean": [None, True, False],
    "date": [None, date(2026, 1, 31), date(1, 1, 1)],
    "timestamp": [None, NOON, NOON + timedelta(microseconds=1)],
    "set": [None, [], ["a"], ["a", "b"], ["b", "a", "b"], ["B", "ä", "a"]],
    "json": [None, "null", "{}", '{"a": 1.50, "name": [1, null]}', '"x"', "[[]]"],
}


def histories(pool: list[Any]) -> list[tuple[Any, ...]]:
    """Base, shown, hub's value, CRM's, and whether it was agreed on; often a side still has what it had."""
    return [
        (base, shown, hub, remote, agreed)
        for base, shown_, hub_, remote_ in product(pool, [*pool, *"=" * len(pool)], [*pool, *"==="], [*pool, *"==="])
        for shown in [base if shown_ == "=" else shown_]
        for hub in [base if hub_ == "=" else hub_]
        for remote in [shown if remote_ == "=" else remote_]
        for agreed in (True, True, False)
    ]


HISTORIES = {type_: st.sampled_from(histories(pool)) for type_, pool in POOLS.items()}
FIELDS = st.fixed_dictionaries({name: HISTORIES[type_] for name, type_ in TYPES.items()})
MOMENT = st.sampled_from([None, NOON, NOON + timedelta(seconds=1)])
PENDING = st.sampled_from([None, [], ["company_id"]])


@cache
def engine(*, policies: bool = False) -> MergeEngine:
    rules = {name: Rule(*policies_of(group)) for group in GROUPS for name in group} if policies else {}
    return MergeEngine([MergeField(name, type_, rules.get(name, Rule())) for name, type_ in TYPES.items()])


def policies_of(group: list[str]) -> tuple[Policy, FirstPolicy]:
    return next((POLICIES[name] for name in group if name in POLICIES), ("hold", "hold"))


def a_pair(fields: Mapping[str, tuple[Any, ...]], whole: bool, **about: Any) -> Pair:
    """Two rows that agreed on any values of some fields, or of all."""
    agreed = [name for name, history in fields.items() if whole or history[4]]
    return Pair(
        base={name: fields[name][0] for name in agreed},
        shown={name: fields[name][1] for name in agreed},
        hub={name: history[2] for name, history in fields.items()},
        remote={name: history[3] for name, history in fields.items()},
        **about,
    )


A_PAIR = st.builds(
    a_pair,
    FIELDS,
    st.booleans(),
    hub_at=MOMENT,
    remote_at=MOMENT,
    outranks=st.sampled_from([None, True, False]),
    hub_pending=PENDING,
    remote_pending=PENDING,
)
PAIRS = st.lists(A_PAIR, min_size=20, max_size=40)


def written(values: Any) -> str:
    """The text of a link with these values, in the spelling of another program."""
    return json.dumps({name: spelled(plain(TYPES[name], value)) for name, value in values.items()})


def linked(pair: Pair) -> Pair:
    return replace(pair, base=written(pair.base), shown=written(pair.shown))


def plains(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(TYPES[name], value) for name, value in row.items()}


def values(texts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: read(TYPES[name], value) for name, value in texts.items()}


def agreed_on(row: Mapping[str, Any], **sides: Any) -> Pair:
    return Pair(base=written(row), hub=sides.get("hub", row), remote=sides.get("remote", row))


@given(PAIRS)
@LAWS
def test_the_statement_does_what_the_table_says(pairs: list[Pair]) -> None:
    """Every column of every row, for any values, policies, times, and links that know only some fields."""
    policies = {name: policies_of(group) for group in GROUPS for name in group}
    for pair, row in zip(pairs, engine(policies=True).merge([linked(pair) for pair in pairs]), strict=True):
        want = expected(pair, TYPES, GROUPS, policies)
        assert plains(row.hub) == want.hub
        assert (values(row.base), values(row.shown)) == (want.base, want.shown)
        assert (values(row.sent), row.write) == (want.sent, list(want.sent))
        assert [(c["fields"], c["winner"]) for c in row.conflicts] == want.conflicts
        assert (row.changed, row.ending) == (want.changed, None)
        for conflict in row.conflicts:
            assert values(conflict["hub"]) == {name: plains(pair.hub)[name] for name in conflict["fields"]}
            assert values(conflict["remote"]) == {name: plains(pair.remote)[name] for name in conflict["fields"]}


@given(PAIRS)
@LAWS
def test_an_edit_of_one_side_reaches_the_other_and_equal_edits_are_at_rest(drawn: list[Pair]) -> None:
    """merge(b, x, b) = merge(b, b, x) = merge(b, x, x) = x, in all fields at once."""
    rows = [(pair.hub, pair.remote) for pair in drawn]
    pairs = [p for b, x in rows for p in (agreed_on(b, hub=x), agreed_on(b, remote=x), agreed_on(b, hub=x, remote=x))]
    merged = engine().merge(pairs)
    after = engine().after(pairs, merged)
    for i, (_, x) in enumerate(rows):
        ours, theirs, both = merged[3 * i : 3 * i + 3]
        assert (ours.changed, theirs.write, both.changed, both.write) == (False, [], False, [])
        assert all(not row.conflicts for row in (ours, theirs, both))
        for pair in after[3 * i : 3 * i + 3]:
            assert pair.hub is not None and pair.remote is not None
            assert plains(pair.hub) == plains(pair.remote) == plains(x)
    assert all(row.quiet for row in engine().merge(after))


@given(PAIRS)
@LAWS
def test_hub_and_crm_are_treated_alike(pairs: list[Pair]) -> None:
    """With the sides changed over, what was written is taken, what was taken is written, conflicts stay."""
    there = [replace(linked(pair), hub_pending=None, remote_pending=None) for pair in pairs]
    back = [replace(p, hub=p.remote, remote=p.hub, base=p.shown, shown=p.base) for p in there]
    for pair, one, other in zip(there, engine().merge(there), engine().merge(back), strict=True):
        assert set(one.write) == taken(pair.remote, other)
        assert set(other.write) == taken(pair.hub, one)
        assert [(c["fields"], c["hub"], c["remote"]) for c in one.conflicts] == [
            (c["fields"], c["remote"], c["hub"]) for c in other.conflicts
        ]


def taken(before: Any, row: Merged) -> set[str]:
    return {name for name in TYPES if plains(before)[name] != plains(row.hub)[name]}


@given(PAIRS, st.booleans())
@LAWS
def test_a_merge_that_was_carried_out_has_nothing_left_to_do(pairs: list[Pair], reformats: bool) -> None:
    """Whatever the CRM makes of what it is sent: nothing is written or taken again; only what waits is still told."""

    def reformat(sent: Mapping[str, Any]) -> dict[str, Any]:
        return {name: "Mx. " + v if reformats and name == "name" and v else v for name, v in sent.items()}

    e, start = engine(policies=True), [linked(pair) for pair in pairs]
    once = e.after(start, e.merge(start), reformat=reformat)
    again = e.merge(once)
    for row in again:
        assert (row.changed, row.write) == (False, [])
        assert all(conflict["winner"] is None for conflict in row.conflicts)
    twice = e.after(once, again, reformat=reformat)
    assert [(pair.hub, pair.remote) for pair in twice] == [(pair.hub, pair.remote) for pair in once]
    assert not any(row.changed or row.write or row.moved for row in e.merge(twice))


@given(PAIRS)
@LAWS
def test_no_edit_of_one_side_is_lost(pairs: list[Pair]) -> None:
    """A field that one side alone edited has that value on both sides then, or its group waits and is told of."""
    start = [linked(pair) for pair in pairs]
    merged = engine().merge(start)
    after = engine().after(start, merged)
    for pair, row, end in zip(pairs, merged, after, strict=True):
        waiting = {name for conflict in row.conflicts for name in conflict["fields"]}
        waiting |= {*(pair.hub_pending or ()), *(pair.remote_pending or ())}
        hub, remote, base, shown = map(plains, (pair.hub, pair.remote, pair.base, pair.shown))
        for name in set(base) - waiting:
            ours, theirs = hub[name] != base[name], remote[name] != shown[name]
            if ours != theirs:
                value = hub[name] if ours else remote[name]
                assert (plains(end.hub)[name], plains(end.remote)[name]) == (value, value)
        for name in waiting:
            assert (plains(end.hub)[name], plains(end.remote)[name]) == (hub[name], remote[name])
