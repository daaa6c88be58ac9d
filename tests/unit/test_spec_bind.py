"""Placeholders: what `expand`, `bind` and `fill` promise of every template and every value."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmsync.spec import bind

NAMES = ["a", "b", "c", "d"]
SCALARS = st.one_of(st.integers(), st.booleans(), st.text("x$ab{}\\ é", max_size=6))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
TEXTS = st.lists(st.sampled_from(["$a", "$b", "$c", "$$", "x", "/", "é"]), max_size=4).map("".join)
TEMPLATES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["k", "l", "m$$", "+"]), inner, max_size=3),
        st.just([{"+": "$d"}, "x"]),
    ),
    max_leaves=8,
)


@given(
    TEMPLATES, st.dictionaries(st.sampled_from(NAMES[:2]), VALUES), st.dictionaries(st.sampled_from(NAMES[2:]), VALUES)
)
@example(["$c$a"], {"a": 0}, {"c": []})
@example({"l": "$a", "+": {"l": None}}, {}, {})
def test_binding_in_two_steps_equals_one(template, early, late):
    """What is known early and what comes late may be put in apart: dollars in values never become placeholders."""
    assert bind.fill(bind.bind(template, early), late) == bind.fill(template, {**early, **late})


@given(TEMPLATES, st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_binding_the_same_again_changes_nothing(template, values):
    """What was put in holds no placeholder, whatever the value looks like."""
    once = bind.bind(template, values)

    assert bind.bind(once, values) == once


@given(SCALARS)
def test_a_placeholder_alone_keeps_its_type(value):
    """Numbers stay numbers, and lists lists."""
    assert bind.fill("$a", {"a": value}) == value
    assert bind.fill({"k": "$a"}, {"a": [value]}) == {"k": [value]}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$$", "$"),
        ("$$a", "$a"),
        ("$$$a", "$1"),
        ("a$$b$$", "a$b$"),
        ("US$ 5", "US$ 5"),
        ("$a$b", "1true"),
        ("$Upper", "$Upper"),
    ],
)
def test_two_dollars_are_one(template, filled):
    """Only a lower-case name behind one dollar is a placeholder; values in texts are written as in JSON."""
    assert bind.fill(template, {"a": 1, "b": True}) == filled


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({"k": "$a", "l": 1}, {"l": 1}),
        ({"k": "x$a"}, {}),
        ({"k$a": 1}, {}),
        (["$a", "x"], ["x"]),
        ({"k": {"l": "$a"}}, {"k": {}}),
        ("$a", None),
        ([{"+": "$a"}, 1], [1]),
        ({"+": "$a", "k": 1}, {"k": 1}),
    ],
)
def test_an_entry_without_a_value_is_dropped(template, filled):
    """Absent and None are the same: the first page has no `after`."""
    assert bind.fill(template, {}) == filled
    assert bind.fill(template, {"a": None}) == filled


def test_merging_lets_written_keys_win_and_splicing_keeps_order():
    """`+` puts a map into a map and a list into a list."""
    values = {"m": {"k": 1, "l": 2}, "s": [2, 3]}

    assert bind.fill({"k": 0, "+": "$m"}, values) == {"k": 0, "l": 2}
    assert bind.fill([1, {"+": "$s"}, 4], values) == [1, 2, 3, 4]


def test_a_pick_takes_its_option_s_branch_or_else():
    """A name that is known to have no value takes `else`; an unknown one waits."""
    pick = {"by": "region", "us": "https://us", "else": "https://$other"}

    assert bind.bind(pick, {"region": "us"}) == "https://us"
    assert bind.bind(pick, {"region": "eu"}) == "https://$other"
    assert bind.bind(pick, {"region": None}) == "https://$other"
    assert bind.bind(pick, {}) == pick
    assert bind.fill({"k": {"by": "region", "us": 1}}, {"region": "eu"}) == {}


@pytest.mark.parametrize("node", [{"by": ["region"]}, {"by": {"region": 1}}, {"by": None}, {"by": "body"}])
def test_a_map_that_only_looks_like_a_pick_stays(node):
    """`by` picks by the name of a single value, nothing else."""
    assert bind.bind(node, {"region": "us", "body": [1]}) == node


def test_constants_bring_their_own_placeholders():
    """`expand` puts templates into templates: what they name is still open."""
    template = bind.expand({"do": "GET $objects/$type"}, {"objects": "/crm/$d/$$"})

    assert template == {"do": "GET /crm/$d/$$/$type"}
    assert bind.fill(template, {"d": "1", "type": "x"}) == {"do": "GET /crm/1/$/x"}


@given(st.text("ab$", max_size=8))
def test_what_is_bound_and_not_filled_is_made_plain(value):
    """A value that went through `bind` comes back from `plain` as it was."""
    assert bind.plain(bind.bind("$a", {"a": value})) == value


def test_a_text_is_written_as_the_caller_says():
    """Query languages quote inside texts; a placeholder alone is not inside a text."""
    assert bind.fill({"q": "name = $a", "v": "$a"}, {"a": "x"}, repr) == {"q": "name = 'x'", "v": "x"}


def test_names_are_those_of_keys_and_values():
    """Nothing that `fill` would look up is missed."""
    assert set(bind.names({"$k": ["$v", {"l": "x$w$$n"}], "n": 5})) == {"k", "v", "w"}
