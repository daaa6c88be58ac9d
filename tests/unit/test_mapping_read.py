import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import SpecError
from crmsync.mapping import compile_read, compile_tombstones
from crmsync.mapping.types import duckdb_type
from crmsync.spec.model_stream import TYPES
from effort import examples
from mapping_engine import WRAPPED, Engine, a_stream

ENGINE = Engine()
CONTACT = a_stream({"name": "full_name", "email": {"at": "email", "type": "email"}}, WRAPPED)


def wrapped(id_, changed="2026-01-02T03:04:05Z", gone=False, **properties):
    return {"id": id_, "changed": changed, "gone": gone, "properties": properties}


def page(*records):
    return json.dumps({"results": records})


def test_each_record_becomes_a_typed_row():
    """The fields, then the record's own facts, then its place."""
    row = ENGINE.read(CONTACT, page(wrapped("7", full_name="Ada", email="ADA@x.test")), records="results")[0]

    assert row == {
        "name": "Ada", "email": "ada@x.test", "_id": "7", "_created_at": None,
        "_updated_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "_archived": False,
        "_deleted": False, "_merged": None,
        "_page": 0, "_pos": 1, "_problems": [], "_rejected": False, "_newest": True,
    }  # fmt: skip


def test_the_rows_have_the_columns_that_the_plan_names():
    """Name and type of each column are known before the first page."""
    plan = compile_read(a_stream({f"a_{kind}": {"at": kind, "type": kind} for kind in TYPES}), "$")
    described = ENGINE.con.execute(f"DESCRIBE {plan.sql}", {"bodies": []}).fetchall()
    types = {
        name: type_.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ").replace('"', "") for name, type_, *_ in described
    }

    assert types == {column.name: column.type for column in (*plan.columns, *plan.about)}
    assert all(column.comment for column in (*plan.columns, *plan.about))


def test_the_provider_is_asked_for_each_field_once():
    """Names are keys of the object with the values; what always comes is not asked for."""
    record = {**WRAPPED, "merged": "properties.absorbed"}
    stream = a_stream(
        {"name": {"at": ["first", "last"], "as": "person_name"}, "first": "first", "owner": "owner.id"}, record
    )

    assert compile_read(stream, "results").names == ("first", "last", "owner", "absorbed")
    assert compile_read(a_stream({"name": "title"}, {"id": "id", "updated_at": "changed"}), "$").names == (
        "title",
        "id",
        "changed",
    )


def test_a_bad_value_is_held_and_the_rest_applied():
    """`hold` is the default: null here, named in the problems with its text."""
    row = ENGINE.read(CONTACT, page(wrapped("7", full_name="Ada", email="none")), records="results")[0]

    assert (row["name"], row["email"], row["_rejected"]) == ("Ada", None, False)
    assert row["_problems"] == [{"field": "email", "reason": "not an email address", "value": "none", "hold": True}]


def test_on_bad_keep_keeps_the_text():
    """The problem is told all the same, but nothing is held."""
    row = ENGINE.read_records(
        a_stream({"email": {"at": "e", "type": "email", "on_bad": "keep"}}), {"id": 1, "e": "none"}
    )[0]

    assert (row["email"], row["_problems"][0]["hold"], row["_rejected"]) == ("none", False, False)


def test_on_bad_reject_rejects_the_record():
    """Only where the spec says so."""
    row = ENGINE.read_records(
        a_stream({"email": {"at": "e", "type": "email", "on_bad": "reject"}}), {"id": 1, "e": "none"}
    )[0]

    assert (row["_rejected"], row["_problems"][0]["field"], row["_problems"][0]["hold"]) == (True, "email", False)


def test_a_default_stands_for_null_but_not_for_a_bad_value():
    """A value that cannot be read must not look like one that is not there."""
    stream = a_stream(
        {"size": {"at": "s", "type": "integer", "default": 3}, "currency": {"at": "c", "default": "$unknown"}}
    )
    rows = ENGINE.read_records(stream, {"id": 1}, {"id": 2, "s": "many"}, {"id": 3, "s": 5})

    assert [row["size"] for row in rows] == [3, None, 5]
    assert rows[0]["currency"] is None


def test_the_first_path_that_is_not_null_counts():
    """Values that mean null are passed over as well."""
    rows = ENGINE.read_records(
        a_stream({"email": ["a", "b"]}), {"id": 1, "a": "", "b": "x"}, {"id": 2, "a": "y", "b": "x"}
    )

    assert [row["email"] for row in rows] == ["x", "y"]


def test_false_that_means_null_is_not_the_text_false():
    """A provider may say `false` for null; a boolean field still has it as a value."""
    stream = a_stream(
        {"phone": "phone", "size": {"at": "n", "type": "integer", "nulls": [0]}, "on": {"at": "on", "type": "boolean"}},
        nulls=[False, None],
    )
    rows = ENGINE.read_records(
        stream, {"id": 1, "phone": False, "n": 0.0, "on": False}, {"id": 2, "phone": "false", "n": 2, "on": True}
    )

    assert [(row["phone"], row["size"], row["on"]) for row in rows] == [(None, None, False), ("false", 2, True)]
    assert ENGINE.read_records(stream, {"id": False, "phone": "x"})[0]["_rejected"]


@pytest.mark.parametrize("text", [r'"false"', r'"fals\u0065"', r'"\u0066alse"', r'"fa\u006Cse"', r'"fal\u0073e"'])
def test_the_text_false_is_told_however_it_is_written(text):
    """Each page for itself: one that has no such text is read in a cheaper way."""
    pages = [["false", '"5"'], ["false", text, "null", r'"\"false\""', "5"], ["false"]]
    said = [None, "5", None, "false", None, '"false"', "5", None]

    for record, wrap in (None, "%s"), (WRAPPED, '"properties": {%s}'):
        stream = a_stream({"phone": "phone"}, record, nulls=[False, None])
        entries = [['{"id": 1, ' + wrap % f'"phone": {phone}' + "}" for phone in phones] for phones in pages]
        bodies = [f"[{', '.join(page)}]" for page in entries]
        assert [row["phone"] for row in ENGINE.read(stream, *bodies)] == said


def test_nested_paths_lists_and_maps_are_read():
    """One element is wanted: the preferred one, else the first."""
    prefer = {"mails[].main": True}
    stream = a_stream(
        {"company": "owner.company.id", "mail": {"at": "mails[].at", "prefer": prefer}, "tag": "tags{}", "dot": r"a\.b"}
    )
    record = {
        "id": 1,
        "owner": {"company": {"id": 5}},
        "mails": [{"at": "x"}, {"at": "y", "main": True}],
        "tags": {"k": "t"},
        "a.b": "d",
    }
    rows = ENGINE.read_records(
        stream, record, {**record, "id": 2, "mails": [{"at": "x"}]}, {"id": 3, "owner": None, "mails": []}
    )

    assert [(r["company"], r["mail"], r["tag"], r["dot"], r["_problems"]) for r in rows] == [
        ("5", "y", "t", "d", []), ("5", "x", "t", "d", []), (None, None, None, None, []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", "text"),
        ("a.b", [1]),
        ("a.b.c", {"b": "text"}),
        ("a[].b", {"b": 1}),
        ("a[].b", ["x"]),
        ("a[].b.c", [{"b": "x"}]),
        ("a{}", [1]),
    ],
)
def test_a_path_through_something_else_is_a_problem_and_not_null(path, value):
    """A text where an object should be must never clear the field."""
    row = ENGINE.read_records(a_stream({"x": path}), {"id": 1, "a": value})[0]

    assert row["_problems"] == [
        {"field": "x", "reason": "its path leads elsewhere", "value": row["_problems"][0]["value"], "hold": True}
    ]


def test_keys_that_differ_in_case_only_are_told_apart():
    """A DuckDB structure cannot hold both; the reading must."""
    flat = a_stream({"upper": "Mail", "lower": "mail", "deep": "MAIL.x"})
    row = ENGINE.read_records(flat, {"id": 1, "Mail": "U", "mail": "l"})[0]
    inner = ENGINE.read(
        a_stream({"a": "K", "b": "k"}, WRAPPED), page({"id": 2, "properties": {"K": 1, "k": 2}}), records="results"
    )[0]

    assert (row["upper"], row["lower"], inner["a"], inner["b"], inner["_rejected"]) == ("U", "l", "1", "2", False)


@pytest.mark.parametrize(
    "name", ["x", "r", "v", "p", "body", "entries", "reason", "value", "element", "id", "select", "_records"]
)
def test_no_field_name_disturbs_the_statement(name):
    """Names inside the statement cannot be those of fields."""
    stream = a_stream(
        {name: {"at": "f", "type": "set", "as": {"set": ";"}}, "mail": {"at": "m", "type": "email"}},
        {**WRAPPED, "merged": "properties.m"},
    )
    row = ENGINE.read(stream, page(wrapped("7", f="a;b", m="no")), records="results")[0]

    assert (row[name], row["_problems"][0]["field"], row["_merged"]) == (["a", "b"], "mail", ["no"])


@pytest.mark.parametrize("name", ["_id", "_PAGE", "Name"])
def test_two_columns_of_one_name_are_refused(name):
    """Also where they differ in case only."""
    with pytest.raises(SpecError, match=f"two columns named {name.lower()}"):
        compile_read(a_stream({"name": "a", name: "b"}), "$")


def test_archived_deleted_and_merged_are_facts_of_the_record():
    """Ids may come as one text or as a list; the record's own id is not among those it absorbed."""
    record = {"id": "id", "archived": {"at": "active", "as": "not"}, "deleted": {"bin": True}, "merged": "absorbed"}
    stream = a_stream({"name": "name"}, record)
    rows = ENGINE.read_records(
        stream,
        {"id": "1", "active": False, "absorbed": "2;1;3;"},
        {"id": "4", "bin": True, "absorbed": [5, "4"]},
        {"id": "6", "active": "?"},
    )

    assert [(r["_archived"], r["_deleted"], r["_merged"]) for r in rows] == [
        (True, False, ["2", "3"]),
        (False, True, ["5"]),
        (False, False, None),
    ]
    assert rows[2]["_problems"][0]["field"] == "_archived"


def test_of_copies_of_a_record_the_newest_counts():
    """By its time of change, then its place; a copy without a time is the oldest."""
    first = page(wrapped("1", "2026-01-02T00:00:00Z"), wrapped("2", "2026-01-01T00:00:00Z"), wrapped("3", None))
    second = page(
        wrapped("1", "2026-01-01T00:00:00Z"), wrapped("2", "2026-01-01T00:00:00Z"), wrapped("3", "2020-01-01T00:00:00Z")
    )
    rows = ENGINE.read(CONTACT, first, second, records="results")

    assert [(row["_page"], row["_id"]) for row in rows if row["_newest"]] == [(0, "1"), (1, "2"), (1, "3")]


def test_a_rejected_newest_copy_leaves_no_older_one_to_apply():
    """An older state must not pass for the present one."""
    stream = a_stream({"email": {"at": "e", "type": "email", "on_bad": "reject"}}, {"id": "id", "updated_at": "u"})
    rows = ENGINE.read_records(
        stream, {"id": 1, "u": "2026-01-02T00:00:00Z", "e": "bad"}, {"id": 1, "u": "2026-01-01T00:00:00Z", "e": "a@b"}
    )

    assert [(row["_rejected"], row["_newest"]) for row in rows] == [(True, True), (False, False)]


def test_one_record_may_stand_where_others_have_a_list():
    """A request of a single record gives an object; anything else there is told."""
    rows = ENGINE.read(
        a_stream({"name": "name"}),
        '{"data": {"id": 1, "name": "Ada"}}',
        '{"data": [1]}',
        "{}",
        records="data",
        one=True,
    )

    assert [(row["_id"], row["name"], row["_rejected"], row["_pos"]) for row in rows] == [
        ("1", "Ada", False, 1), (None, None, True, 1), (None, None, True, 0),
    ]  # fmt: skip


def test_a_rejected_element_can_be_taken_from_its_page():
    """For the list of rejects: the JSON of one element, as it came."""
    plan = compile_read(CONTACT, "results")
    found = ENGINE.con.execute(
        plan.element_sql, {"body": page(wrapped("1"), {"id": None, "extra": [1]}), "pos": 2}
    ).fetchone()

    assert json.loads(found[0]) == {"id": None, "extra": [1]}


def test_the_whole_record_can_be_a_column():
    """`$` is the record, or the object with the values."""
    stream = a_stream({"all": {"at": "$", "type": "json"}, "name": "n"}, {"id": "id", "values": "p"})
    row = ENGINE.read_records(stream, {"id": 1, "p": {"n": "Ada", "m": [1]}})[0]

    assert (json.loads(row["all"]), row["name"], row["_id"]) == ({"n": "Ada", "m": [1]}, "Ada", "1")


def test_deleted_records_are_read_from_their_list():
    """Paths of their own; what is no entry is rejected as anywhere else."""
    plain = a_stream({"name": "name"}, WRAPPED)
    request = replace(plain.full.request, records="bin")
    stream = replace(plain, tombstones=replace(plain.full, request=request, id="record.id", deleted_at="at"))
    body = json.dumps({"bin": [{"record": {"id": 7}, "at": "2026-01-02T03:04:05Z"}, {"at": "soon"}]})
    plan = compile_tombstones(stream)
    rows = ENGINE.con.execute(f"SELECT _id, _deleted_at, _rejected FROM ({plan.sql})", {"bodies": [body]}).fetchall()

    assert rows == [("7", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), False), (None, None, True)]
    with pytest.raises(SpecError, match="no tombstones"):
        compile_tombstones(plain)


@pytest.mark.parametrize("records", ["results[]", "^x", "a{}"])
def test_records_stand_at_a_plain_path(records):
    """What the compiler cannot read it refuses."""
    with pytest.raises(SpecError):
        compile_read(CONTACT, records)


def test_an_unknown_type_is_refused():
    """The types are those of the language."""
    with pytest.raises(SpecError, match="unknown type: money"):
        duckdb_type("money")


lines = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True), min_size=1, max_size=8)


@settings(max_examples=examples(30, 200), deadline=None)
@given(lines, st.integers(4, 9), st.sampled_from(["", "properties"]), st.sets(st.integers(0, 7)))
def test_fields_are_split_into_parts_that_requests_take_and_read_alike(paths, most, values, nulls):
    """Each field in one part, none with more names than are allowed; joined by id, the parts say what one would."""
    record = {"id": "id", "updated_at": "at"} | ({"values": values} if values else {})
    whole = a_stream({f"x{i}": {"at": at} for i, at in enumerate(paths)}, record)
    narrow = replace(whole, full=replace(whole.full, request=replace(whole.full.request, names_max=most)))
    inner = {name: None if i in nulls else f"v{name}" for i, name in enumerate("abcdefgh")}
    text = json.dumps([{"id": "1", "at": "2026-01-01", **({values: inner} if values else inner)}])
    plan, asked = compile_read(narrow, "$"), compile_read(whole, "$")
    parts = [plan, *plan.parts]

    assert plan.columns == asked.columns and plan.fields == asked.fields
    assert all(len(part.names) <= most for part in parts)
    assert {name for part in parts for name in part.names} == set(asked.names)
    rows = [rows_of(part, text) for part in parts]
    assert {k: v for row in reversed(rows) for k, v in row.items()} == rows_of(asked, text)


def rows_of(plan, page):
    """The only row that a plan makes of a page."""
    result = ENGINE.con.execute(plan.sql, {"bodies": [page]})
    return dict(zip([column[0] for column in result.description], result.fetchone(), strict=True))
