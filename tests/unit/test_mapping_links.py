"""Answers about links -> one id a record: the preferred one, else the first; and what must be told as a fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.mapping import LinkPlan, compile_link
from crmsync.spec.model_stream import Link, Request
from effort import examples
from mapping_engine import Engine, a_stream

ENGINE = Engine()
STREAM = a_stream({"company_id": {"at": "x", "type": "ref"}})
PREFER = {"to[].types[].id": 5}


def the_plan(ref: str = "to[].id", prefer: Any = PREFER) -> LinkPlan:
    return compile_link(
        STREAM, Link("company_id", Request("POST", "/links", records="results"), "from.id", ref, prefer)
    )


def linked(*bodies: str, plan: LinkPlan | None = None) -> list[tuple[Any, ...]]:
    """Record, its link, and the fault, for each entry of `bodies`."""
    ENGINE.con.execute((plan or the_plan()).create_sql("linked"), {"bodies": list(bodies)})
    return ENGINE.con.execute("SELECT _id, ref, fault FROM linked ORDER BY _page, _pos").fetchall()


def page(*entries: Any) -> str:
    return json.dumps({"results": list(entries)})


def to(*ids: Any, of: Any = "1") -> dict[str, Any]:
    """An entry; an id that is a list of two has the types of the second."""
    pairs = [i if isinstance(i, list) else [i, [341]] for i in ids]
    return {"from": {"id": of}, "to": [{"id": i, "types": [{"id": t} for t in types]} for i, types in pairs]}


def test_the_preferred_link_counts_and_else_the_first():
    """Whatever its place in the list, and whatever else it is marked with; ids are texts, even the longest."""
    one = to(7, [29022297485, [341, 5]], [8, [5]], of="501")
    two = to(9, 10, of=503)

    assert linked(page(one, two), page(to(9007199254740993))) == [
        ("501", "29022297485", None),
        ("503", "9", None),
        ("1", "9007199254740993", None),
    ]


def test_without_a_preference_the_first_link_counts():
    """Of a list, or the only one where the path leads to no list."""
    assert linked(page(to(7, [8, [5]])), plan=the_plan(prefer=None)) == [("1", "7", None)]
    single = the_plan("to.id", None)
    assert linked(page({"from": {"id": 1}, "to": {"id": 4}}), plan=single) == [("1", "4", None)]
    assert linked(page({"from": {"id": 1}, "to": None}), plan=single) == [("1", None, None)]


def test_a_record_may_be_linked_to_nothing():
    """An empty list, or no entry at all."""
    assert linked(page(to())) == [("1", None, None)]
    assert linked(page()) == linked() == []


FAULTS = {
    "not JSON": "<html>",
    "no list at results": '{"results": {"from": 1}}',
    "not an object": page(3),
    "no id": page({"to": []}),
    "not an id": page({"from": {"id": [1]}, "to": []}),
    "its path leads elsewhere": page({"from": {"id": 1}, "to": "x"}),
    "no id at to[].id": page({"from": {"id": 1}}),
}


@pytest.mark.parametrize(("fault", "body"), FAULTS.items())
def test_an_entry_that_cannot_be_read_is_a_fault_and_not_nothing(fault, body):
    """Read as "linked to nothing" it would clear the column."""
    assert linked(page(to(7)), body)[1][-1] == fault


@pytest.mark.parametrize(
    "element", [None, {}, {"no": 1}, {"id": None}, {"id": ""}, {"id": {}}, {"id": [1]}, 5, "x", []]
)
def test_a_list_whose_elements_have_no_id_is_a_fault(element):
    """The provider renamed something, or sends what nobody has seen."""
    assert linked(page({"from": {"id": 1}, "to": [element]}))[0][-1]


def filled(*bodies: str, type_: str = "ref") -> list[tuple[Any, ...]]:
    """Records 1 to 3 with the links that `bodies` give them, in a column of that type."""
    link = the_plan().link
    stream = replace(a_stream({"company_id": {"at": "x", "type": type_}}), links=(link,))
    stream = replace(stream, fields=(replace(stream.fields[0], at=()),))
    ENGINE.read(stream, json.dumps([{"id": 1}, {"id": 2}, {"id": 2}, {"id": 3}]))
    plan = compile_link(stream, link)
    linked(*bodies, plan=plan)
    ENGINE.con.execute(plan.fill_sql("batch", "linked"))
    return ENGINE.con.execute("SELECT _id, company_id FROM batch ORDER BY _pos").fetchall()


def test_links_are_put_into_the_rows_of_their_records():
    """Every copy of a record gets them; of several answers the first counts; without one the column is NULL."""
    answers = page(to(of="1"), to(8, of="2"), to(4, of="77")), page(to(7, of="1"), to(9, of="2"))

    assert filled(*answers) == [("1", None), ("2", "8"), ("2", "8"), ("3", None)]
    assert filled() == [("1", None), ("2", None), ("2", None), ("3", None)]


def test_a_column_that_is_stored_with_another_type_takes_what_fits():
    """As a field does whose type changed."""
    assert filled(page(to(8), to("x", of="3")), type_="integer") == [("1", 8), ("2", None), ("2", None), ("3", None)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "x", "5", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "to", "id", "types", "results", "ID"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(100, 600), deadline=None)
@given(JSON, JSON, JSON)
def test_whatever_an_answer_is_its_reading_ends_in_links_or_faults(body, entry, element):
    """Never an exception; a fault, or a text that is no object, no list and not empty."""
    pages = [
        body,
        {"results": [entry, to(7)]},
        {"results": [{"from": {"id": 1}, "to": [element, {"id": 3, "types": body}]}]},
    ]
    for _id, ref, fault in linked(*map(json.dumps, pages)):
        assert fault or (_id and (ref is None or ref[:1] not in ("", "{", "[")))
