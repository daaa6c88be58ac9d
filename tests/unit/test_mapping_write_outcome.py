"""What became of each item: one outcome for each, whatever an answer says."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import SpecError
from crmsync.mapping.outcome import compile_outcome
from crmsync.spec.model import ErrorPaths, ErrorRule
from crmsync.spec.model_write import Outcome
from effort import examples
from mapping_writer import Writer

WRITER = Writer()
ERROR = ErrorPaths(code=("code", "status"), message="message")
RULES = (
    ErrorRule("throttled", status=("429",), code=("SLOW",)),
    ErrorRule("config", status=("400",)),  # about whole answers: no item has a status
    ErrorRule("gone", code=("BAD",), when={"details.field": "id"}),
    ErrorRule("conflict", code=("DOUBLE",)),
    ErrorRule("transient", code=("oops.*",)),
    ErrorRule("invalid", code=("BAD",)),
)
ORDER = Outcome(
    "order", results="data", ok={"code": "OK"}, id="details.id", existing="details.other",
)  # fmt: skip
KEY = Outcome(
    "key", results="results", key="ref", id="id", errors="errors", error_keys="context.ref",
    error_ids="context.ids", existing="context.existing",
)  # fmt: skip
ALL = Outcome("all", ids="ids", errors="messages", only={"type": "error"}, index="record", message="message")
WHOLE = Outcome("whole", id="id")
SURE = Outcome("whole", errors="errors")
KINDS = {"order": ORDER, "key": KEY, "all": ALL, "whole": WHOLE, "sure": SURE}
OUTCOMES = {"applied", "rejected", "conflict", "gone", "unknown", "resend"}


def told(outcome, *answers, sent=None):
    """The rows of the items `sent` (batch, key, id): those of one batch, a to c, unless they are given."""
    WRITER.con.execute("CREATE OR REPLACE TEMP TABLE sent (_batch BIGINT, _pos BIGINT, _key VARCHAR, _id VARCHAR)")
    batches, keys, ids = zip(*(sent or [(0, "a", "1"), (0, "b", "2"), (0, "c", None)]), strict=True)
    WRITER.con.execute(
        "INSERT INTO sent SELECT b, row_number() OVER (PARTITION BY b ORDER BY k), k, i "
        "FROM (SELECT unnest(?::BIGINT[]) AS b, unnest(?::VARCHAR[]) AS k, unnest(?::VARCHAR[]) AS i)",
        [batches, keys, ids],
    )
    bodies = [answer if isinstance(answer, str | None) else json.dumps(answer) for answer in answers]
    heard(bodies, range(len(bodies)))
    result = WRITER.con.execute(compile_outcome(outcome, RULES, ERROR).sql)
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return sorted(rows, key=lambda row: (row["_batch"], row["_pos"]))


def heard(bodies, batches):
    """Let these be the answers."""
    WRITER.con.execute(
        "CREATE OR REPLACE TEMP TABLE answers AS SELECT unnest($batches::BIGINT[]) AS _batch, "
        "unnest($bodies::VARCHAR[]) AS body",
        {"batches": list(batches), "bodies": bodies},
    )


def short(rows):
    return [(row["outcome"], row["_id"]) for row in rows]


def test_entries_in_order_are_about_the_items_in_order():
    """Ids, and why something failed, are taken from each."""
    ok = {"code": "OK", "details": {"id": "9"}}
    rows = told(ORDER, {"data": [ok, {"code": "BAD", "message": "no"}, ok]})

    assert short(rows) == [("applied", "9"), ("rejected", "2"), ("applied", "9")]
    assert [(row["code"], row["message"]) for row in rows] == [(None, None), ("BAD", "no"), (None, None)]


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ({"code": "BAD"}, "rejected"),
        ({"code": "BAD", "details": {"field": "id"}}, "gone"),
        ({"code": "DOUBLE", "details": {"other": "77"}}, "conflict"),
        ({"code": "NEW", "details": {"other": 77}}, "conflict"),
        ({"code": "NEW"}, "rejected"),
        ({"status": "NEW"}, "rejected"),
        ({"code": "SLOW"}, "resend"),
        ({"code": "oops.deadlock"}, "unknown"),
        ({"code": "oops"}, "rejected"),
        ({"message": "?"}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        ("OK", "unknown"),
        ([{"code": "OK"}], "unknown"),
        ({"code": ["OK"]}, "rejected"),
    ],
)
def test_what_failed_is_classified_by_the_rules(entry, outcome):
    """A rule of statuses alone is about whole answers; a failure without a word is none."""
    row = told(ORDER, {"data": [entry]}, sent=[(0, "a", "1")])[0]

    assert (row["outcome"], row["_id"]) == (outcome, "1")
    assert row["existing"] == ("77" if outcome == "conflict" else None)


def test_what_an_answer_is_silent_about_is_unknown():
    """Fewer entries than items, an item made without its id, no answer, two answers."""
    ok = {"code": "OK"}
    assert short(told(ORDER, {"data": [ok]})) == [("applied", "1"), ("unknown", "2"), ("unknown", None)]
    assert short(told(ORDER, {"data": [ok, ok, ok]}))[2] == ("unknown", None)
    assert {row["outcome"] for row in told(ORDER, None)} == {"unknown"}
    assert {row["outcome"] for row in told(ORDER)} == {"unknown"}


def test_entries_with_keys_are_about_the_items_of_these_keys():
    """In any order; an error may name several, by key or by id; who is named twice in two ways is in doubt."""
    results = [{"ref": "c", "id": "30"}, {"ref": "c", "id": "31"}, {"ref": "x", "id": "1"}]
    conflict = {"code": "NEW", "message": "there", "context": {"ref": ["a"], "existing": ["171", "172"]}}
    rows = told(KEY, {"results": results, "errors": [conflict, {"code": "BAD", "context": {"ids": ["2", "1"]}}]})

    assert short(rows) == [("conflict", "1"), ("rejected", "2"), ("applied", "30")]
    assert [row["existing"] for row in rows] == ["171", None, None]
    assert rows[0]["message"] == "there"
    doubt = {"results": [{"ref": "a", "id": "1"}], "errors": [{"code": "BAD", "context": {"ref": "a"}}]}
    assert short(told(KEY, doubt)) == [("unknown", "1"), ("unknown", "2"), ("unknown", None)]


def test_of_all_or_nothing_all_are_applied():
    """Ids come in the order of the items; where they end, nothing is told."""
    assert short(told(ALL, {"ids": [1, 2, 3], "messages": []})) == [
        ("applied", "1"),
        ("applied", "2"),
        ("applied", "3"),
    ]
    assert short(told(ALL, {"ids": [1, False]})) == [("applied", "1"), ("unknown", "2"), ("unknown", None)]
    warned = {"ids": [1, 2, 3], "messages": [{"type": "warning", "record": 0}]}
    assert {row["outcome"] for row in told(ALL, warned)} == {"applied"}


def test_of_all_or_nothing_who_is_named_goes_again_alone():
    """The named may be innocent, so nobody is rejected but who stood alone."""
    failure = {"ids": False, "messages": [{"type": "error", "record": 1, "message": "no"}]}
    rows = told(ALL, failure)

    assert [(row["outcome"], row["alone"], row["message"]) for row in rows] == [
        ("resend", False, None), ("resend", True, "no"), ("resend", False, None),
    ]  # fmt: skip
    row = told(ALL, failure, sent=[(0, "a", "1")])[0]
    assert [row[name] for name in ("outcome", "alone", "message")] == ["rejected", False, "no"]
    unnamed = told(ALL, {"ids": False, "messages": [{"type": "error", "message": "no"}]})
    assert {(row["outcome"], row["alone"]) for row in unnamed} == {("resend", False)}


@pytest.mark.parametrize(
    "answer", [{}, {"ids": False}, {"ids": [1, 2, 3], "messages": [{"type": "error"}]}, {"messages": 1}]
)
def test_of_all_or_nothing_an_answer_that_says_neither_or_both_tells_nothing(answer):
    """Nothing is sent twice because an answer was odd."""
    assert {row["outcome"] for row in told(ALL, answer)} == {"unknown"}


def test_a_status_is_that_of_all():
    """An empty body is one; a body tells the id of an item that stood alone."""
    assert short(told(WHOLE, "")) == [("applied", "1"), ("applied", "2"), ("unknown", None)]
    assert short(told(WHOLE, {"id": 7})) == [("applied", "1"), ("applied", "2"), ("unknown", None)]
    assert short(told(WHOLE, {"id": 7}, sent=[(0, "a", None)])) == [("applied", "7")]


@pytest.mark.parametrize("word", ["Inf", "-infinity", "nan"])
def test_a_word_that_duckdb_takes_for_a_number_is_no_answer(word):
    """Nobody knows then what was done."""
    assert {row["outcome"] for row in told(WHOLE, word)} == {"unknown"}


def test_answers_belong_to_their_batches():
    """Of two answers for one batch none can be trusted."""
    sent = [(0, "a", "1"), (1, "b", "2"), (2, "c", "3")]
    ok = {"data": [{"code": "OK"}]}
    assert short(told(ORDER, ok, {"data": [{"code": "BAD"}]}, sent=sent)) == [
        ("applied", "1"), ("rejected", "2"), ("unknown", "3"),
    ]  # fmt: skip
    heard([json.dumps(ok)] * 2, [0, 0])
    found = WRITER.con.execute(f"SELECT _key, outcome FROM ({compile_outcome(ORDER, RULES, ERROR).sql}) ORDER BY _key")
    assert found.fetchall() == [("a", "unknown"), ("b", "unknown"), ("c", "unknown")]


BROKEN = [
    "",
    "<html>",
    "{",
    '{"data": [',
    "null",
    "1",
    '"x"',
    "[]",
    "[" * 5000,
    "[" * 900 + "]" * 900,
    "NaN",
    '{"ids": [NaN]}',
]
paths = "data results errors messages ids code details id other ref context existing type record message"
names = st.sampled_from(paths.split())
scalars = (
    st.none() | st.booleans() | st.integers(-1, 4) | st.integers() | st.floats(allow_nan=False)
    | st.sampled_from(["a", "b", "c", "1", "2", "OK", "BAD", "DOUBLE", "error", "", "\0", "a\0"]) | st.text(max_size=4)
)  # fmt: skip
junk = st.recursive(scalars, lambda s: st.lists(s, max_size=4) | st.dictionaries(names, s, max_size=6), max_leaves=30)
bodies = st.none() | st.sampled_from(BROKEN) | st.text(max_size=6) | junk.map(json.dumps)
items = st.lists(st.sampled_from([None, "1", "2", "3", ""]), max_size=4)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(12, 200), deadline=None)
@given(st.lists(bodies, max_size=12), st.lists(items, max_size=12))
def test_every_item_has_one_outcome_whatever_the_answers_are(kind, answers, batches):
    """No body makes the statement fail, and none is told that has no answer of JSON."""
    answers = [body.encode("utf-8", "replace").decode() if body else body for body in answers]
    sent = [(batch, f"{'abcd'[n]}{batch or ''}", id_) for batch, ids in enumerate(batches) for n, id_ in enumerate(ids)]
    rows = told(KINDS[kind], *answers, sent=sent or [(0, "a", None)])

    assert [(row["_batch"], row["_key"]) for row in rows] == [(b, key) for b, key, _ in sent or [(0, "a", None)]]
    for row in rows:
        body = answers[row["_batch"]] if row["_batch"] < len(answers) else None
        assert row["outcome"] in OUTCOMES
        assert row["outcome"] != "applied" or row["_id"]
        assert row["outcome"] == "unknown" or (is_json(body) or (kind in ("whole", "sure") and body == ""))
        assert not row["alone"] or row["outcome"] == "resend"


def is_json(body):
    try:
        json.loads(body or "")
    except (ValueError, RecursionError):
        return False
    return True


def test_what_cannot_be_told_is_refused():
    """The compiler stops, not the run."""
    for wrong in (Outcome("luck"), Outcome("key"), Outcome("all"), Outcome("order", id="x[].id")):
        with pytest.raises(SpecError):
            compile_outcome(wrong, RULES, ERROR)


def test_errors_in_an_answer_to_all_send_the_items_again_until_each_is_known():
    """Nobody says whose they are: where one item is left, they are its own."""
    answer = {"done": [], "errors": [{"code": "BAD", "message": "no"}]}
    two = [(0, "a", "1"), (0, "b", "2")]
    assert {row["outcome"] for row in told(SURE, {**answer, "errors": []}, sent=two)} == {"applied"}
    assert {row["outcome"] for row in told(SURE, answer, sent=two)} == {"resend"}
    (row,) = told(SURE, answer, sent=[(0, "a", "1")])
    assert (row["outcome"], row["code"], row["message"]) == ("rejected", "BAD", "no")
