import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import ConfigError, SpecError
from crmsync.mapping import compile_read
from crmsync.mapping.transforms import TRANSFORMS
from effort import examples
from mapping_engine import Engine, a_stream

ENGINE = Engine()


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("text", " as it is ", " as it is "),
        ("text", {"a": [1]}, '{"a":[1]}'),
        ("ref", 1234567890123456789, "1234567890123456789"),
        ("email", " Ada@Example.com", "ada@example.com"),
        ("email", "ada", "bad: not an email address"),
        ("email", "a b@c", "bad: not an email address"),
        ("integer", "12", 12),
        ("integer", "12.0", 12),
        ("integer", 12.0, 12),
        ("integer", "1e3", 1000),
        ("integer", "-9223372036854775808", -(2**63)),
        ("integer", "9007199254740993", 9007199254740993),
        ("integer", "9223372036854775808", "bad: not a whole number"),
        ("integer", "12.5", "bad: not a whole number"),
        ("integer", "1_000", "bad: not a whole number"),
        ("integer", "0x1F", "bad: not a whole number"),
        ("integer", "true", "bad: not a whole number"),
        ("decimal", "500.25", Decimal("500.25")),
        ("decimal", "123456789012345.6789", Decimal("123456789012345.6789")),
        ("decimal", "1.2345678E7", Decimal(12345678)),
        ("decimal", "0.12345", Decimal("0.1235")),
        ("decimal", "1000000000000000", "bad: not a decimal"),
        ("decimal", "nan", "bad: not a decimal"),
        ("decimal", "1_0", "bad: not a decimal"),
        ("decimal", "1,5", "bad: not a decimal"),
        ({"type": "decimal", "as": {"decimal": 2}}, "1.239", Decimal("1.239")),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("boolean", "no", False),
        ("boolean", "1", True),
        ("boolean", "2", "bad: not true or false"),
        ({"type": "boolean", "as": "not"}, True, False),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("date", "2026-13-40", "bad: not a date"),
        ("date", "2026-02-30", "bad: not a date"),
        ("date", "26-01-02", "bad: not a date"),
        ("date", "epoch", "bad: not a date"),
        ("date", "infinity", "bad: not a date"),
        ("timestamp", "2026-01-02T03:04:05.678Z", utc(2026, 1, 2, 3, 4, 5, 678000)),
        ("timestamp", "2026-01-02T03:04:05Z", utc(2026, 1, 2, 3, 4, 5)),
        ("timestamp", "2026-01-02T03:04:05", utc(2026, 1, 2, 3, 4, 5)),
        ("timestamp", "2026-01-02 03:04:05+05:30", utc(2026, 1, 1, 21, 34, 5)),
        ("timestamp", 1700000000000, utc(2023, 11, 14, 22, 13, 20)),
        ("timestamp", "1700000000", "bad: not a time"),
        ("timestamp", "infinity", "bad: not a time"),
        ("timestamp", "epoch", "bad: not a time"),
        ("timestamp", "0000-01-01T00:00:00Z", "bad: not a time"),
        ("timestamp", "2026-01-31T 1:00:00Z", "bad: not a time"),
        ("timestamp", "2026-01-31T 1:00:00.123Z", "bad: not a time"),
        ("timestamp", "2026-01-31T01:00:0.Z", "bad: not a time"),
        ("timestamp", "2026-01-31T01:00:0.0123Z", "bad: not a time"),
        ("timestamp", "2026-01-31T01:00:00 NZ", "bad: not a time"),
        ("timestamp", "2026-01-02T25:00:00Z", "bad: not a time"),
        ("timestamp", "2026-01-02 (BC)", "bad: not a time"),
        ({"type": "timestamp", "as": "utc"}, "2026-01-02 03:04:05", utc(2026, 1, 2, 3, 4, 5)),
        ({"type": "timestamp", "as": "utc"}, "2026-01-02 03:04:05+01", "bad: not a time"),
        ({"type": "date", "as": {"local_date": "America/New_York"}}, "2026-01-02T03:04:05Z", date(2026, 1, 1)),
        ("domain", "https://www.Acme.test:8080/about?x=1", "acme.test"),
        ("domain", "www.", "bad: not a domain"),
        ({"as": {"map": {"a": "Alpha", "it's": "b"}}}, "it's", "b"),
        ({"as": {"map": {"a": "Alpha"}}}, "c", "bad: unknown value"),
        ({"type": "set", "as": {"set": ";"}}, "b;;a; c", ["b", "a", "c"]),
        ({"type": "set", "as": {"set": "json"}}, ["x", 1, None], ["x", "1"]),
        ({"type": "set", "as": {"set": "json"}}, {"x": 1}, "bad: not a list"),
        ({"type": "set", "at": "v[].n", "as": {"set": "json"}}, [{"n": "x"}, {"n": None}, {"n": 2}], ["x", "2"]),
        ("json", {"b": 1, "a": [None, "x"]}, '{"b":1,"a":[null,"x"]}'),
        ("json", "a text", '"a text"'),
        ({"type": "text", "as": "integer"}, 5.0, "5"),
    ],
)
def test_a_transform_gives_its_value_or_says_what_is_wrong(line, value, expected):
    """The read column of the language's table; what is not accepted is bad, never some other value."""
    assert ENGINE.value(line, value) == expected


@pytest.mark.parametrize("kind", [k for k in TRANSFORMS if k not in ("map", "list", "case", "local_date")])
def test_null_stays_null_and_is_no_problem(kind):
    """A missing value is neither bad nor a value."""
    assert ENGINE.value({"as": kind, "type": "text" if kind != "set" else "set"}, None) is None


LINES = {
    **{
        kind: {"at": "v", "type": kind}
        for kind in ("email", "integer", "decimal", "boolean", "date", "timestamp", "domain")
    },
    "not": {"at": "v", "type": "boolean", "as": "not"},
    "utc": {"at": "v", "type": "timestamp", "as": "utc"},
    "local": {"at": "v", "type": "date", "as": {"local_date": "Asia/Kolkata"}},
    "set": {"at": "v", "type": "set", "as": {"set": ";"}},
    "list": {"at": "v", "type": "set", "as": {"set": "json"}},
    "map": {"at": "v", "as": {"map": {"a": "b"}}},
    "stage": {"at": "v", "as": {"list": "stage"}},
    "name": {"at": ["v", "w"], "as": "person_name"},
    "json": {"at": "v", "type": "json"},
    "deep": {"at": "v.w"},
    "each": {"at": "v[].w"},
    "values": {"at": "v{}"},
}
EVERYTHING = a_stream(LINES)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))  # which no row keeps
)
numerals = st.from_regex(r"[-+ ]?[0-9._e:TZ/-]{0,24}", fullmatch=True)
anything = st.recursive(
    scalars | numerals, lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text("vw", max_size=2), s, max_size=3)
)


@settings(max_examples=examples(50, 300), deadline=None)
@given(anything)
def test_any_value_is_read_or_held(value):
    """No value makes the statement fail, and each that does not fit is named with its text."""
    row = ENGINE.read_records(EVERYTHING, {"id": "1", "v": value})[0]

    assert not row["_rejected"]
    assert all(row[p["field"]] is None and p["value"] is not None and p["hold"] for p in row["_problems"])


@settings(max_examples=examples(50, 300), deadline=None)
@given(
    st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30)),
    st.sampled_from(["Z", "", "+05:30", "-0800"]),
)
def test_a_time_is_the_instant_that_python_reads(moment, zone):
    """ISO 8601 with and without zone; without one it is UTC."""
    text = moment.isoformat() + zone
    expected = datetime.fromisoformat(text)

    assert ENGINE.value("timestamp", text) == (expected if expected.tzinfo else expected.replace(tzinfo=UTC))


ISO = re.compile(r"[1-9]\d{3}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-][01]\d(:?[0-5]\d)?))?)?", re.ASCII)


@settings(max_examples=examples(50, 300), deadline=None)
@given(st.sampled_from(["2026-01-31T01:00:00Z", "2026-01-31T01:00:00.123Z"]), st.data())
def test_a_time_with_other_characters_in_it_is_iso_all_the_same_or_bad(text, data):
    """DuckDB itself would take more; the quick way for the usual forms must not let it."""
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=2)):
        text = text[:place] + data.draw(st.sampled_from(" 01.+:TZ")) + text[place + 1 :]

    assert ENGINE.value("timestamp", text) == "bad: not a time" or ISO.fullmatch(text)


@settings(max_examples=examples(50, 300), deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**15 - 1, min_value=1 - 10**15))
def test_a_decimal_in_a_text_is_exact(number):
    """Nothing passes through a floating-point number."""
    assert ENGINE.value("decimal", f"{number:f}") == number


def test_a_name_is_joined_from_its_parts():
    """Missing and blank parts leave no blanks behind; no part at all is null."""
    stream = a_stream({"name": {"at": ["first", "last"], "as": "person_name"}})
    rows = ENGINE.read_records(
        stream,
        {"id": "1", "first": " Ada ", "last": "Lovelace"},
        {"id": "2", "last": "Plato"},
        {"id": "3", "first": " "},
    )

    assert [row["name"] for row in rows] == ["Ada Lovelace", "Plato", None]


FALSE_IS_NULL = a_stream(
    {
        "text": {"at": ["a", "b"]},
        "json": {"at": ["a", "b"], "type": "json"},
        "truth": {"at": ["a", "b"], "type": "boolean"},
        "untruth": {"at": ["a", "b"], "type": "boolean", "as": "not"},
        "size": {"at": ["a", "b"], "type": "integer", "nulls": [0]},
    },
    nulls=[False, None],
)


@settings(max_examples=examples(50, 300), deadline=None)
@given(*[st.sampled_from([False, True, None, "false", "true", "", "x", 0, 0.0, 7, "0"]) | st.integers()] * 2)
def test_where_false_means_null_the_text_false_and_the_truth_false_are_values(a, b):
    """Of several paths the first that is not null counts; a boolean false is null for all but booleans."""
    row = ENGINE.read_records(FALSE_IS_NULL, {"id": 1, "a": a, "b": b})[0]
    first = next((v for v in (a, b) if v is not None and v is not False), None)
    truth = next((v for v in (a, b) if v is not None), None)
    if isinstance(first, str | bool | int | None):
        assert row["text"] == (str(first).lower() if isinstance(first, bool) else None if first is None else str(first))
    assert row["json"] is None if first is None else json.loads(row["json"]) == first
    if isinstance(truth, bool | None):
        assert (row["truth"], row["untruth"]) == (truth, None if truth is None else not truth)
    sizes = [v for v in (a, b) if v not in (None, False) and str(v) not in ("0", "0.0", "-0.0")]
    if isinstance(next(iter(sizes), 5), int) and not isinstance(next(iter(sizes), 5), bool):
        assert row["size"] == next(iter(sizes), None) or abs(sizes[0]) >= 2**63


def test_a_default_stands_for_null_and_not_for_what_is_bad():
    """A deal without a stage is open; one in a stage that the list lacks is held."""
    case = {"case": [{"when": {"active": False}, "is": "lost"}], "else": {"list": "kinds", "take": "status"}}
    stream = a_stream({"status": {"at": "stage", "as": case, "default": "open"}}, nulls=[False, None])
    ENGINE.set_lookup("list.kinds.status", {"4": "won"})
    rows = ENGINE.read_records(
        stream, *({"id": i, "active": i != 2, "stage": stage} for i, stage in enumerate([False, 4, False, 9]))
    )

    assert [row["status"] for row in rows] == ["open", "won", "lost", None]
    assert [len(row["_problems"]) for row in rows] == [0, 0, 0, 1]


def test_a_case_takes_the_first_branch_that_holds():
    """Numbers are compared as numbers; `else` may look up the field's own text, which may be bad."""
    case = {
        "case": [{"when": {"active": False, "probability": 0}, "is": "lost"}],
        "else": {"list": "kinds", "take": "status"},
    }
    stream = a_stream({"status": {"at": "stage", "as": case}}, nulls=[False, None])
    ENGINE.set_lookup("list.kinds.status", {"4": "won"})
    lost = {"id": 1, "active": False, "probability": 0.0, "stage": 4}
    rows = ENGINE.read_records(stream, lost, {**lost, "probability": 20}, {**lost, "active": True, "stage": 9})

    assert [row["status"] for row in rows] == ["lost", "won", None]
    assert rows[2]["_problems"] == [{"field": "status", "reason": "unknown value", "value": "9", "hold": True}]


def test_what_the_language_lacks_is_refused():
    """An unknown transform or time zone stops the compiler, not the run."""
    with pytest.raises(SpecError, match="unknown transform: eval"):
        compile_read(a_stream({"x": {"at": "v", "as": "eval"}}), "$")
    with pytest.raises(ConfigError, match="unknown time zone: Mars/Base"):
        compile_read(a_stream({"x": {"at": "v", "as": {"local_date": "Mars/Base"}}}), "$")
