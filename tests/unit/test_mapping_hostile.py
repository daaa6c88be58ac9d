import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from mapping_engine import WRAPPED, Engine, a_stream

ENGINE = Engine()
STREAM = a_stream({"name": "name", "size": {"at": "size", "type": "integer"}, "owner": "owner.id"}, WRAPPED)
GOOD = '{"results": [{"id": "1", "properties": {"name": "Ada"}}]}'

UNREADABLE = {
    "truncated": '{"results": [{"id": "1", "prop',
    "html": "<!DOCTYPE html><title>Bad gateway</title>",
    "empty": "",
    "two documents": GOOD + GOOD,
    "half a character": '{"results": [{"id": "1", "properties": {"name": "\\ud83d"}}]}',
    "an unclosed depth": '{"results": ' + "[" * 64,
}
SHAPELESS = {
    "an object for the list": '{"results": {"id": "1"}}',
    "a text for the list": '{"results": "[]"}',
    "null for the list": '{"results": null}',
    "no list": "{}",
    "a list for the page": "[]",
    "null for the page": "null",
    "a number for the page": "1",
}


@pytest.mark.parametrize("body", [*UNREADABLE.values(), *SHAPELESS.values()], ids=[*UNREADABLE, *SHAPELESS])
def test_a_bad_page_is_told_and_the_others_are_read(body):
    """Never zero records in silence: one row of position 0 stands for the page."""
    rows = ENGINE.read(STREAM, GOOD, body, GOOD, records="results")

    assert [(row["_page"], row["_pos"], row["_rejected"]) for row in rows] == [
        (0, 1, False),
        (1, 0, True),
        (2, 1, False),
    ]
    assert rows[1]["_problems"][0]["reason"] == ("not JSON" if body in UNREADABLE.values() else "no list at results")


def test_a_missing_body_is_a_bad_page_too():
    """NULL is not JSON."""
    assert [(row["_pos"], row["_rejected"]) for row in ENGINE.read(STREAM, None, records="results")] == [(0, True)]


def test_an_empty_list_is_no_row_and_no_fault():
    """The last page of many providers."""
    assert ENGINE.read(STREAM, '{"results": []}', records="results") == []


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("1", "not an object"),
        ("null", "not an object"),
        ('"text"', "not an object"),
        ("[1]", "not an object"),
        ("{}", "no object at properties"),
        ('{"id": "1"}', "no object at properties"),
        ('{"id": "1", "properties": null}', "no object at properties"),
        ('{"id": "1", "properties": "text"}', "no object at properties"),
        ('{"id": "1", "properties": [1]}', "no object at properties"),
        ('{"properties": {"name": "x"}}', "no id"),
        ('{"id": "", "properties": {"name": "x"}}', "no id"),
        ('{"id": null, "properties": {}}', "no id"),
        ('{"id": {"x": 1}, "properties": {}}', "not an id"),
        ('{"id": [1], "properties": {"name": "x"}}', "not an id"),
    ],
)
def test_an_element_that_is_no_record_is_rejected(element, reason):
    """Nothing of it may be applied; its neighbours are."""
    body = f'{{"results": [{element}, {{"id": "2", "properties": {{}}}}]}}'
    rejected, good = ENGINE.read(STREAM, body, records="results")

    assert (rejected["_rejected"], [problem["reason"] for problem in rejected["_problems"]]) == (True, [reason])
    assert (good["_id"], good["_rejected"], good["_problems"]) == ("2", False, [])


def test_beyond_the_elements_that_are_looked_at_doubt_is_enough():
    """A page of suspects only is not parsed once for each of them, and none passes for a record."""
    body = json.dumps({"results": [{"id": str(n), "properties": {}} for n in range(1002)]})
    rows = ENGINE.read(STREAM, body, records="results")

    assert [row["_pos"] for row in rows if row["_rejected"]] == [1001, 1002]


def test_nul_is_taken_out_and_nothing_else():
    """PostgreSQL refuses it; a backslash before the letters u0000 is a text of its own."""
    body = r'{"results": [{"id": "1\u0000", "properties": {"name": "a\u0000\u0000b\\u0000\\\u0000\n"}}]}'
    row = ENGINE.read(STREAM, body, records="results")[0]

    assert (row["_id"], row["name"]) == ("1", "ab\\u0000\\\n")


@pytest.mark.parametrize("id_", [9223372036854775807, 123456789012345678901234567890, "00042", "a;b'c\"d", "1e+20x"])
def test_an_id_is_kept_to_the_last_digit(id_):
    """Ids are texts; whole numbers are exact."""
    assert ENGINE.read(STREAM, json.dumps({"results": [{"id": id_, "properties": {}}]}), records="results")[0][
        "_id"
    ] == str(id_)


def test_the_first_of_doubled_keys_counts():
    """Whatever a provider repeats, one value is read."""
    body = '{"results": [{"id": "1", "id": "2", "properties": {"name": "a", "name": "b"}}], "results": []}'

    assert [(row["_id"], row["name"]) for row in ENGINE.read(STREAM, body, records="results")] == [("1", "a")]


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda s: (
        st.lists(s, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "properties", "name", "owner", "size", "results", "gone"]), s, max_size=5
        )
    ),
    max_leaves=20,
)


def is_record(element):
    if not isinstance(element, dict) or not isinstance(element.get("properties"), dict):
        return False
    id_ = element.get("id")
    text = "" if id_ is None or isinstance(id_, list | dict) else str(id_).replace("\0", "")
    return text != "" and not text.startswith(("{", "["))


@settings(max_examples=examples(60, 400), deadline=None)
@given(st.lists(junk | st.fixed_dictionaries({"id": junk, "properties": junk}), max_size=6))
def test_rows_equal_elements_whatever_they_are(elements):
    """One row each, in order; exactly the records are not rejected."""
    rows = ENGINE.read(STREAM, json.dumps({"results": elements}), records="results")

    assert [row["_pos"] for row in rows] == list(range(1, len(elements) + 1))
    assert [row["_rejected"] for row in rows] == [not is_record(element) for element in elements]


@settings(max_examples=examples(60, 400), deadline=None)
@given(junk | texts.map(lambda text: {"results": text}), texts)
def test_every_page_gives_rows_or_a_fault(value, text):
    """No body makes the statement fail, none but an empty list gives nothing."""
    listed = isinstance(value, dict) and isinstance(value.get("results"), list)
    rows = ENGINE.read(STREAM, json.dumps(value), text, records="results")

    assert len([row for row in rows if row["_page"] == 0]) == (len(value["results"]) if listed else 1)
    assert len([row for row in rows if row["_page"] == 1 and row["_pos"] == 0]) == 1
