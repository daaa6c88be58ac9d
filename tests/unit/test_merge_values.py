"""What counts as the same value, and how values stand in the texts of a link."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from crmsync.spec.model_stream import TYPES
from crmsync.sync.merge import MergeField, document
from merge_engine import NEVER, MergeEngine, Pair, fields_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VALUES: dict[str, tuple[Any, Any]] = {
    "text": ('é "x"\n\\', "y"),
    "email": ("ann@mail.example", "bea@mail.example"),
    "domain": ("mail.example", "shop.example"),
    "ref": ("c1", "c2"),
    "integer": (2**63 - 1, -(2**53) - 1),
    "decimal": (Decimal("123456789012345.6789"), Decimal("-0.0001")),
    "boolean": (False, True),
    "date": (date(2026, 1, 31), date(1900, 1, 1)),
    "timestamp": (NOON.replace(microsecond=1), NOON),
    "set": (["a", "b"], ["a"]),
    "json": ('{"a":[1,{"b":null}]}', '{"a":[1]}'),
}
SAME: list[tuple[str, Any, Any]] = [
    ("text", "", None),
    ("ref", "", None),
    ("email", " Ann@Mail.example", "ann@mail.example"),
    ("domain", "Mail.Example ", "mail.example"),
    ("set", [], None),
    ("set", ["b", "a", "b"], ["a", "b"]),
    ("json", "null", None),
    ("json", '{ "a" : 1.50 }', '{"a":1.5}'),
]
OTHER: list[tuple[str, Any, Any]] = [
    ("text", " ", None),
    ("text", "Ann", "ann"),
    ("boolean", False, None),
    ("integer", 0, None),
    ("json", "{}", None),
]


@cache
def engine() -> MergeEngine:
    """A field of each type, called by it with an `x`."""
    return MergeEngine([MergeField(f"x{type_}", type_) for type_ in TYPES])


def row(which: int) -> dict[str, Any]:
    return {f"x{type_}": VALUES[type_][which] for type_ in TYPES}


def both(name: str, hub: Any, remote: Any) -> Pair:
    """A first match of two rows with one field."""
    return Pair(NEVER, hub={name: hub}, remote={name: remote})


def link_of(values: dict[str, Any]) -> str:
    """The text of a link that agrees on a row of these values."""
    return engine().one(Pair(NEVER, hub=values, remote=values)).texts[0]


def test_every_type_goes_to_the_hub_and_to_the_crm_unharmed() -> None:
    """No digit, instant, quote or entry is lost on the way through a link's texts."""
    was = link_of(row(0))
    assert engine().one(Pair(was, hub=row(0), remote=row(0))).quiet
    taken, written = engine().merge([Pair(was, hub=row(0), remote=row(1)), Pair(was, hub=row(1), remote=row(0))])
    assert (taken.hub, taken.write) == (row(1), [])
    assert (taken.texts[0], taken.texts[1]) == (link_of(row(1)), link_of(row(1)))
    assert sorted(written.write) == sorted(row(1))
    assert engine().settle([Pair(was, remote=row(1))], [written.sent])[0] == (link_of(row(1)), link_of(row(1)))


def test_a_value_and_none_are_told_apart_in_every_type() -> None:
    """Cleared in the CRM: cleared in the hub. Cleared in the hub: the field is written."""
    was, cleared = link_of(row(0)), [(f"x{type_}", row(0) | {f"x{type_}": None}) for type_ in TYPES]
    taken = engine().merge([Pair(was, hub=row(0), remote=less) for _, less in cleared])
    written = engine().merge([Pair(was, hub=less, remote=row(0)) for _, less in cleared])
    assert [merged.hub for merged in taken] == [less for _, less in cleared]
    assert [(merged.write, merged.sent) for merged in written] == [([name], {name: None}) for name, _ in cleared]


def test_what_counts_as_equal_has_one_text() -> None:
    """Whichever side it comes from."""
    ones, others = (engine().merge([both(f"x{t[0]}", t[n], t[n]) for t in SAME]) for n in (1, 2))
    assert [merged.texts for merged in ones] == [merged.texts for merged in others]
    assert all(merged.texts[0] == merged.texts[1] for merged in ones)


def test_what_counts_as_equal_is_no_change_and_never_a_conflict() -> None:
    """Also not the step from an empty text to none; the hub keeps the form it has."""
    sides = [(f"x{t}", *pair) for t, one, other in SAME for pair in ((one, other), (other, one))]
    first = [both(name, hub, remote) for name, hub, remote in sides]
    agreed = [replace(pair, base=merged.texts[0]) for pair, merged in zip(first, engine().merge(first), strict=True)]
    for (name, hub, _), matched, merged in zip(sides, engine().merge(first), engine().merge(agreed), strict=True):
        assert (matched.changed, matched.write, matched.conflicts, matched.hub[name]) == (False, [], [], hub)
        assert merged.quiet


def test_what_means_something_else_is_a_change() -> None:
    """A blank, a capital, false and 0 are values."""
    first = [both(f"x{type_}", other, other) for type_, _, other in OTHER]
    edited = [
        replace(pair, base=merged.texts[0], hub={f"x{type_}": one})
        for (type_, one, _), pair, merged in zip(OTHER, first, engine().merge(first), strict=True)
    ]
    assert [merged.write for merged in engine().merge(edited)] == [[f"x{type_}"] for type_, _, _ in OTHER]


def test_texts_that_another_duckdb_wrote_change_nothing() -> None:
    """Other blanks, other order, other spellings of numbers and times: only the texts themselves are written anew."""
    values = row(0) | {"xinteger": 100, "xdecimal": Decimal("1.5"), "xtimestamp": NOON}
    spelled = json.loads(link_of(values)) | {"xtimestamp": "2026-03-02T13:00:00+01:00", "xinteger": 100.0}
    other = json.dumps(dict(reversed(spelled.items())), indent=2).replace("1.5,", "1.500000e0,")
    assert "1.500000e0" in other
    merged = engine().one(Pair(other, hub=values, remote=values))
    assert (merged.changed, merged.write, merged.conflicts, merged.texts) == (False, [], [], (link_of(values),) * 2)


def test_a_link_whose_text_is_broken_is_matched_anew_and_fails_nothing() -> None:
    """A person may have edited it; what both sides have is agreed on again, and other pairs do not notice."""
    broken = ["", "{", "[]", "null", '"x"', '{"xtext": ["x"], "xdate": 7}', "[" * 5000]
    fine = Pair(link_of(row(0)), hub=row(0), remote=row(1))
    *rows, beside = engine().merge([*(Pair(text, hub=row(0), remote=row(0)) for text in broken), fine])
    assert [(r.changed, r.write, r.conflicts, r.texts) for r in rows] == [(False, [], [], (fine.base,) * 2)] * len(rows)
    assert beside.hub == row(1)


def test_a_field_that_somebody_takes_out_of_base_is_matched_anew() -> None:
    """Whatever shown still says: that is how a person makes both sides agree again."""
    was = json.loads(link_of(row(0)))
    less = json.dumps({name: value for name, value in was.items() if name != "xtext"})
    pair = Pair(less, shown=json.dumps(was), hub=row(0) | {"xtext": "mine"}, remote=row(0))
    assert [conflict["fields"] for conflict in engine().one(pair).conflicts] == [["xtext"]]
    cleared = replace(pair, remote=row(0) | {"xtext": None})
    assert (engine().one(cleared).conflicts, engine().one(cleared).write) == ([], ["xtext"])


def test_a_field_that_is_no_longer_mapped_leaves_the_links_texts() -> None:
    """Else the texts would differ from the rows' for ever."""
    was = json.dumps({**json.loads(link_of(row(0))), "gone": 1})
    assert engine().one(Pair(was, hub=row(0), remote=row(0))).texts == (link_of(row(0)),) * 2


def test_the_text_of_a_row_is_the_text_of_its_link() -> None:
    """Rows that changed are found by comparing these texts; two texts of one value would be found for ever."""
    e = engine()
    e.merge([Pair(NEVER, hub=row(0), remote=row(0)), Pair(NEVER, hub={}, remote={})])
    rows = e.con.execute(f"SELECT {document(e.fields, 'h')} FROM hub h ORDER BY _id").fetchall()
    assert [text for (text,) in rows] == [link_of(row(0)), link_of({})]


def test_names_of_columns_inside_the_statement_are_nobody_elses() -> None:
    """A field may be called as the statement's own columns, as SQL's words, or as those of the link."""
    names = ["v0", "h1", "x0", "t0", "g0", "m0", "nb0", "base", "shown", "link", "pending", "ending", "hub_id", "sides"]
    names += ["select", "hub_gone", "agreed", "winner", "a", "z", "hub", "remote", "verdict", "sending", "sent"]
    e = MergeEngine(fields_of(**dict.fromkeys(names, "text")))
    before, mine, theirs = ({name: f"{name}{v}" for name in names} for v in "bht")
    pairs = [
        Pair(before, hub=before, remote=theirs),
        Pair(before, hub=mine, remote=before),
        Pair(before, hub=mine, remote=theirs),
    ]
    taken, written, held = e.merge(pairs)
    assert (taken.hub, written.sent, len(held.conflicts)) == (theirs, mine, len(names))
    assert e.settle([Pair(before, remote=theirs)], [mine])[0] == tuple(
        json.dumps(v, separators=(",", ":")) for v in (mine, theirs)
    )
