"""The laws of a three-way merge over all types, and the statement beside the table in plain Python."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.sync.merge import FirstPolicy, MergeField, Policy
from merge_engine import Merged, MergeEngine, Pair
from merge_oracle import merged as expected
from merge_oracle import plain, read, spelled

LAWS = settings(
    max_examples=60 if os.environ.get("CRMSYNC_THOROUGH") else 12,
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
FEW = st.sampled_from([None, "", "a", "b"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": FEW | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    "email": st.sampled_from([None, "", "a@b.example", "A@b.example ", "c@b.example"]),
    "domain": st.sampled_from([None, "", "b.example", " B.example", "c.example"]),
    "ref": FEW,
    "integer": st.sampled_from([None, 0, 1, 2**63 - 1]),
    "decimal": st.sampled_from([None, Decimal(0), Decimal("1.5"), Decimal("-99999999.9999")]),
    "boolean": st.sampled_from([None, True, False]),
    "date": st.sampled_from([None, date(2026, 1, 31), date(1, 1, 1)]),
    "timestamp": st.sampled_from([None, NOON, NOON + timedelta(microseconds=1)]),
    "set": st.sampled_from([None, [], ["a"], ["a", "b"], ["b", "a", "b"], ["B", "ä", "a"]]),
    "json": st.sampled_from([None, "null", "{}", '{"a": 1.50, "name": [1, null]}', '"x"', "7", "[[]]"]),
}
ROW = st.fixed_dictionaries({name: VALUES[type_] for name, type_ in TYPES.items()})
MOMENT = st.sampled_from([None, NOON, NOON + timedelta(seconds=1)])
PENDING = st.sampled_from([None, [], ["company_id"]])


@cache
def engine(*, policies: bool = False) -> MergeEngine:
    said = POLICIES if policies else {}
    return MergeEngine([MergeField(name, type_, *said.get(name, (None, None))) for name, type_ in TYPES.items()])


def policies_of(group: list[str]) -> tuple[str, str]:
    return next((POLICIES[name] for name in group if name in POLICIES), ("hold", "hold"))


@st.composite
def a_pair(draw: st.DrawFn) -> Pair:
    """Any two rows that agreed on any values of some fields; half of the rows' values are those agreed on."""
    base, shown, hub, remote = (draw(ROW) for _ in range(4))
    agreed = draw(st.just(list(TYPES)) | st.lists(st.sampled_from(list(TYPES)), unique=True))
    kept = draw(st.sets(st.sampled_from([(side, name) for side in "hrs" for name in TYPES])))
    shown |= {name: base[name] for side, name in kept if side == "s"}
    hub |= {name: base[name] for side, name in kept if side == "h"}
    remote |= {name: shown[name] for side, name in kept if side == "r"}
    return Pair(
        base={name: base[name] for name in TYPES if name in agreed},
        shown={name: shown[name] for name in TYPES if name in agreed},
        hub=hub,
        remote=remote,
        hub_at=draw(MOMENT),
        remote_at=draw(MOMENT),
        outranks=draw(st.sampled_from([None, True, False])),
        hub_pending=draw(PENDING),
        remote_pending=draw(PENDING),
    )


PAIRS = st.lists(a_pair(), min_size=5, max_size=40)


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


@given(st.lists(st.tuples(ROW, ROW), min_size=1, max_size=10))
@LAWS
def test_an_edit_of_one_side_reaches_the_other_and_equal_edits_are_at_rest(rows: list[tuple[Any, Any]]) -> None:
    """merge(b, x, b) = merge(b, b, x) = merge(b, x, x) = x, in all fields at once."""
    pairs = [p for b, x in rows for p in (agreed_on(b, hub=x), agreed_on(b, remote=x), agreed_on(b, hub=x, remote=x))]
    merged, after = engine().merge(pairs), engine().after(pairs)
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

    once = engine(policies=True).after([linked(pair) for pair in pairs], reformat=reformat)
    for row in engine(policies=True).merge(once):
        assert (row.changed, row.write) == (False, [])
        assert all(conflict["winner"] is None for conflict in row.conflicts)
    twice = engine(policies=True).after(once, reformat=reformat)
    assert twice == engine(policies=True).after(twice, reformat=reformat)
    for row in engine(policies=True).merge(twice):
        assert (row.changed, row.write, row.moved) == (False, [], False)


@given(PAIRS)
@LAWS
def test_no_edit_of_one_side_is_lost(pairs: list[Pair]) -> None:
    """A field that one side alone edited has that value on both sides then, or its group waits and is told of."""
    start = [linked(pair) for pair in pairs]
    merged, after = engine().merge(start), engine().after(start)
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
