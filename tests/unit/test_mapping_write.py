"""read(write(x)) = x: what is written is read back as it was, or is not written at all."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import ConfigError, SpecError
from crmsync.mapping import list_variable
from crmsync.mapping.labels import NO_LABEL, keys_variable
from crmsync.mapping.transforms import TRANSFORMS
from crmsync.mapping.write import compile_write
from crmsync.spec.model_stream import Transform
from effort import examples
from mapping_writer import Writer, a_target, an_operation

WRITER = Writer()
WRITER.set_list("stage", [("s1", "New"), ("s2", "Won"), ("s3", 'It\'s "odd"')])
WRITER.set_list("pipeline", [("p1", "Sales"), ("p2", "Service")])
LINES = {
    "text": "text",
    "ref": {"at": "ref", "type": "ref"},
    "email": {"at": "email", "type": "email"},
    "integer": {"at": "deep.integer", "type": "integer"},
    "decimal": {"at": "deep.decimal", "type": "decimal"},
    "rounded": {"at": "rounded", "type": "decimal", "as": {"decimal": 2}},
    "boolean": {"at": "boolean", "type": "boolean"},
    "not": {"at": "not", "type": "boolean", "as": "not"},
    "date": {"at": "date", "type": "date"},
    "timestamp": {"at": "timestamp", "type": "timestamp"},
    "utc": {"at": "utc", "type": "timestamp", "as": "utc"},
    "local_date": {"at": "local_date", "type": "date", "as": {"local_date": "America/Sao_Paulo"}},
    "domain": {"at": "domain", "type": "domain"},
    "name": {"at": ["first", "last"], "as": "person_name"},
    "map": {"at": "map", "as": {"map": {"a": "Alpha", "it's": "Beta"}}},
    "number": {"at": "number", "type": "integer", "as": {"map": {0: 7, 1: 8}}},
    "stage": {"at": "stage", "as": {"list": "stage"}},
    "set": {"at": "set", "type": "set", "as": {"set": ";"}},
    "list": {"at": "list", "type": "set", "as": {"set": "json"}},
    "json": {"at": "json", "type": "json"},
    "put": {"at": "put.id", "to": "put", "put": {"id": "$value", "kind": "a$$b"}},
    "element": {"at": "elements[].x", "put": {"x": "$value"}, "prefer": {"elements[].main": True}},
}
EMPTY = {  # what means null to a provider, and what it takes for null
    "null": ([None], None),
    "an empty text": ([None, ""], ""),
    "false": ([None, False], False),
}

characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.text(characters, max_size=12)
some = st.text(characters, min_size=1, max_size=12)
words = st.text(st.characters(exclude_categories=("Cs", "Z"), exclude_characters="\0"), min_size=1, max_size=6)
digits = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=1 - 10**11, max_value=10**11 - 1)
moments = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
hosts = st.from_regex(r"[a-z0-9-]{1,8}(\.[a-z]{2,5}){1,2}", fullmatch=True).filter(lambda t: not t.startswith("www."))
leaves = st.booleans() | st.integers(-(2**53), 2**53) | texts | st.just(0.5)
documents = st.recursive(leaves, lambda s: st.lists(s, max_size=3) | st.dictionaries(texts, s, max_size=3))
VALUES = {
    "text": texts,
    "ref": some,
    "email": st.from_regex(r"[a-z0-9.+'é-]{1,9}@[a-z]{1,6}\.[a-z]{2}", fullmatch=True),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": digits,
    "rounded": digits.map(lambda d: round(d, 2)),
    "boolean": st.booleans(),
    "not": st.booleans(),
    "date": st.dates(date(1000, 1, 2), date(9999, 12, 30)),
    "timestamp": moments,
    "utc": moments.map(lambda m: m.replace(microsecond=0)),
    "local_date": st.dates(date(1000, 1, 2), date(9999, 12, 30)),
    "domain": hosts,
    "name": st.lists(words, min_size=1, max_size=4).map(" ".join),
    "map": st.sampled_from(["Alpha", "Beta"]),
    "number": st.sampled_from([7, 8]),
    "stage": st.sampled_from(["New", "Won", 'It\'s "odd"']),
    "set": st.lists(words.filter(lambda w: ";" not in w and w[0] != "["), max_size=3),
    "list": st.lists(texts, max_size=3),
    "json": documents.map(json.dumps),
    "put": some,
    "element": some,
}
assert {Transform(k).kind for k in TRANSFORMS} <= {*VALUES, "person_name", "options", "case"}
intents = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in VALUES.items()})


def strict(text):
    """JSON as everybody reads it: no NaN, no doubled keys."""

    def constant(name):
        raise ValueError(name)

    def whole(pairs):
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=constant, object_pairs_hook=whole)


def shown(name, value, nulls):
    """What a value is to a provider that has these nulls."""
    if name == "json" and value is not None:
        value = json.loads(value)
        return None if any(type(value) is type(null) and value == null for null in nulls) else value
    if "" in nulls and (value == "" or (name == "set" and value == [])):
        return None
    return value


def written(stream, intents, clear=None):
    """Of each intent: the row of its item, the item, and the row that is read of it as the provider shows it."""
    rows = WRITER.render(compile_write(stream, an_operation(), creates=False, clear=clear), *intents)
    items = [strict(row["_item"]) if row["_item"] is not None else {} for row in rows]
    records = [{"id": 1, **item, "put": None if item.get("put") == clear else item.get("put")} for item in items]
    return list(zip(rows, items, WRITER.read_records(stream, *records), strict=True))


@pytest.mark.parametrize("empty", EMPTY)
@settings(max_examples=examples(4, 60), deadline=None)
@given(intents=st.lists(intents, min_size=1, max_size=25))
def test_what_is_written_is_read_back(empty, intents):
    """Absent, null, "", false and 0 stay five things, as far as the provider has them: it may have no empty boolean."""
    nulls, clear = EMPTY[empty]
    truths = ("boolean", "not") if clear is False else ()
    intents = [{n: v for n, v in intent.items() if not (n in truths and v is None)} for intent in intents]
    stream = a_target(LINES, nulls=nulls)
    at = {name: {path.split(".")[0].split("[")[0] for path in field.at} for name, field in named(stream).items()}

    for intent, (row, item, back) in zip(intents, written(stream, intents, clear), strict=True):
        assert not intent or (row["_problems"], back["_problems"]) == ([], [])
        assert set(item) == ({"id"}.union(*(at[name] for name in intent)) if intent else set())
        for name, value in intent.items():
            found = json.loads(back[name]) if name == "json" and back[name] is not None else back[name]
            assert found == shown(name, value, nulls), name


def named(stream):
    return {field.name: field for field in stream.fields}


TYPES = {name: field.type for name, field in named(a_target(LINES)).items()}
TEXTS = {name for name, type_ in TYPES.items() if type_ in ("text", "ref", "email", "domain")}
odd = {
    "text": st.text(st.characters(exclude_categories=("Cs",)), max_size=14)
    | st.sampled_from(["\0", " \0", "[", "www.", "."]),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=1 - 10**15, max_value=10**15 - 1),
    "boolean": st.booleans(),
    "date": st.dates() | st.sampled_from(["infinity", "-infinity", "290000-01-01", "0044-03-15 (BC)"]),
    "timestamp": st.datetimes(timezones=st.just(UTC)).filter(lambda m: 1 < m.year < 9999)
    | st.sampled_from(["infinity", "-infinity", "290000-01-01", "0044-03-15 (BC)"]),
    "set": st.lists(st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=5), max_size=3),
    "json": st.sampled_from(
        ["[1,]", "NaN", '{"a": -Infinity}', '"NaN"', '{"a":1,"b":[nan]}', "[" * 900 + "]" * 900, "1e999"]
    ),
}
odd |= dict.fromkeys(("ref", "email", "domain"), odd["text"])
anything = st.fixed_dictionaries({}, optional={name: st.none() | odd[type_] for name, type_ in TYPES.items()})
junk = (
    st.none()
    | st.text(max_size=5).filter(lambda t: t.isascii())
    | documents.map(json.dumps)
    | st.just('{"first": "A", "last": {}}')
)


@settings(max_examples=examples(4, 60), deadline=None)
@given(st.lists(st.tuples(anything, junk), min_size=1, max_size=25), st.sampled_from(list(EMPTY)))
def test_whatever_the_values_are_the_text_is_json_and_the_bad_ones_are_held(intents, empty):
    """The statement never fails, and what it writes is read as a value: none turns into a problem, or into null."""
    nulls, clear = EMPTY[empty]
    intents = [{**intent, "_now": now} for intent, now in intents]

    for intent, (row, item, back) in zip(intents, written(a_target(LINES, nulls=nulls), intents, clear), strict=True):
        assert row["_rejected"] == (not item)
        held = {problem["field"] for problem in row["_problems"]}
        kept = {name: v for name, v in intent.items() if name not in held and name not in ("decimal", "_now")}
        assert {problem["field"] for problem in back["_problems"]} & set(kept) == set()
        for name in kept if item else ():
            assert back[name] is not None or means_null(name, kept[name]), name


def means_null(name, value):
    """Whether there is nothing in a value, as one provider or another has it."""
    empty = (None, False, "null", "false", '""')
    return (
        value in empty
        or (name in TEXTS and not value.strip(" \0"))
        or (name == "set" and not "".join(filter(None, value)).strip(" \0"))
    )


@pytest.mark.parametrize(
    ("line", "value", "sent"),
    [
        ("decimal", Decimal("500.2500"), 500.25),
        ("decimal", Decimal("0"), 0),
        ("decimal", Decimal("-100"), -100),
        ({"type": "decimal", "as": {"decimal": 2}}, Decimal("0.125"), 0.13),
        ({"type": "decimal", "as": {"decimal": 0}}, Decimal("100.4"), 100),
        ({"type": "decimal", "as": {"decimal": 0}}, Decimal("999999999999999.9"), "held: not a decimal"),
        ({"type": "email"}, " Ada@x.example ", "Ada@x.example"),
        ({"type": "email"}, "Ada", "held: not an email address"),
        ({"type": "timestamp"}, datetime(2026, 1, 2, 3, 4, 5, 120000, UTC), "2026-01-02T03:04:05.12Z"),
        ({"type": "timestamp", "as": "utc"}, datetime(2026, 1, 2, 3, 4, 5, 120000, UTC), "2026-01-02 03:04:05"),
        ({"type": "date", "as": {"local_date": "America/New_York"}}, date(2026, 7, 1), "2026-07-01T04:00:00Z"),
        (
            {"type": "date", "as": {"local_date": "Pacific/Apia"}},
            date(2011, 12, 30),
            "held: not a day of that time zone",
        ),
        ({"type": "domain"}, "http://WWW.www.Acme.test:80/x", "https://acme.test"),
        ({"type": "domain"}, "www.", "held: not a domain"),
        ({"as": {"map": {True: "yes", False: "no"}}}, "no", "false"),
        ({"as": {"map": {"a": "b"}}}, "c", "held: the CRM has no such label"),
        ({"type": "set", "as": {"set": ";"}}, [" b", "", None, "a"], "b;a"),
        ({"type": "set", "as": {"set": ";"}}, ["a;b"], "held: an entry has ; in it"),
        ({"type": "json"}, "[1, 2,]", [1, 2]),
        ({"type": "json"}, "NaN", "held: not JSON"),
        ({"as": "integer"}, "12", 12),
        ({"as": "integer"}, "12.5x", "held: not a whole number"),
        ({"put": "/companies($value)"}, "7", "/companies(7)"),
    ],
)
def test_a_transform_gives_its_text_or_says_what_is_wrong(line, value, sent):
    """The write column of the language's table."""
    line = {"at": "v", **line} if isinstance(line, dict) else {"at": "v", "type": line}
    stream = a_target({"x": line, "other": "other"})
    (row,) = WRITER.render(compile_write(stream, an_operation(), creates=False), {"x": value, "other": "o"})
    held = [f"held: {problem['reason']}" for problem in row["_problems"] if problem["hold"]]

    assert (held[0] if held else strict(row["_item"])["v"]) == sent


@pytest.mark.parametrize("zone", ["Asia/Beirut", "Africa/Cairo", "America/Havana", "Asia/Kolkata", "UTC"])
def test_a_day_is_the_same_day_in_its_zone(zone):
    """Also where midnight is skipped when clocks change: every day from 1970 to 2040."""
    stream = a_target({"x": {"at": "v", "type": "date", "as": {"local_date": zone}}})
    plan = compile_write(stream, an_operation(), creates=False)
    WRITER.render(plan)
    WRITER.con.execute(
        "INSERT INTO outgoing SELECT d, d, NULL, ['x'], NULL, d FROM "
        "(SELECT unnest(generate_series(DATE '1970-01-01', DATE '2040-12-31', INTERVAL 1 DAY))::DATE::VARCHAR AS d)"
    )
    ((items, problems),) = WRITER.con.execute(f"SELECT list(_item), max(len(_problems)) FROM ({plan.sql})").fetchall()
    rows = WRITER.read(stream, f"[{','.join(items)}]")

    assert (len(rows), problems) == (25933, 0)
    assert [row["x"].isoformat() for row in rows] == [row["_id"] for row in rows]


NAME = a_target({"name": {"at": ["first", "last"], "as": "person_name"}})


@pytest.mark.parametrize(
    ("name", "first", "last", "parts"),
    [
        ("Ada Lovelace", None, None, ("Ada", "Lovelace")),
        ("Plato", None, None, (None, "Plato")),
        ("Ann van der Berg", "Ann", "Berg", ("Ann", "van der Berg")),
        ("Anna Maria van der Berg", "Ann", "van der Berg", ("Anna Maria", "van der Berg")),
        ("Mary Ann Evans", "Mary Ann", "Smith", ("Mary Ann", "Evans")),
        ("Mary Ann Evans", "Ma", "vans", ("Mary Ann", "Evans")),
        ("Ada", "Ada", "Lovelace", (None, "Ada")),
        (" Ada  Lovelace ", False, {"x": 1}, ("Ada", "Lovelace")),
        (None, "Ada", "Lovelace", (None, None)),
        (" ", "Ada", "Lovelace", (None, None)),
    ],
)
def test_a_name_keeps_the_part_that_it_still_has(name, first, last, parts):
    """Who has two first names keeps them; without a hint, the last word is the last name."""
    item = WRITER.item(NAME, {"name": name, "_now": json.dumps({"first": first, "last": last})})

    assert (item["first"], item["last"]) == parts


parts = st.lists(words, max_size=3).map(" ".join)


@settings(max_examples=examples(4, 60), deadline=None)
@given(st.lists(st.tuples(VALUES["name"], parts, parts), min_size=1, max_size=25))
def test_a_name_is_the_same_whatever_parts_it_had(names):
    """However it is split, it is read as it was."""
    intents = [{"name": name, "_now": json.dumps({"first": f, "last": last})} for name, f, last in names]

    assert [back["name"] for _, _, back in written(NAME, intents)] == [name for name, _, _ in names]


def test_what_has_no_inverse_is_refused():
    """Such a line must say that it is only read."""
    for as_, match in [
        ({"list": "stage", "take": "status"}, "`take` has no inverse"),
        ({"map": {"a": "x", "b": "x"}}, "has x twice"),
        ({"local_date": "Mars/Base"}, "Mars/Base"),
    ]:
        with pytest.raises((SpecError, ConfigError), match=match):
            compile_write(a_target({"x": {"at": "v", "as": as_}}), an_operation(), creates=False)
        compile_write(a_target({"x": {"at": "v", "as": as_, "dir": "read"}}), an_operation(), creates=False)
    for line in ({"at": "v[].x"}, {"at": "v{}"}, {"at": "$"}):
        with pytest.raises(SpecError, match="nothing can be written at"):
            compile_write(a_target({"x": line}), an_operation(), creates=False)
    with pytest.raises(SpecError, match="a part of"):
        compile_write(a_target({"x": "a.b", "y": "a"}), an_operation(), creates=False)


def test_a_label_that_two_keys_have_is_held_and_a_scope_tells_them_apart():
    """Nothing is guessed: a stage of another pipeline is another stage."""
    stream = a_target(
        {
            "pipeline": {"at": "p", "as": {"list": "pipeline"}},
            "stage": {"at": "s", "as": {"list": "scoped"}, "within": "pipeline"},
            "other": "o",
        }
    )
    WRITER.set_list("scoped", [("1", "New", "p1"), ("2", "New", "p2"), ("3", "Lost", "p2"), ("3", "New"), (None, "x")])

    def stage(pipeline, label, names=("stage", "other")):
        return WRITER.item(stream, {"pipeline": pipeline, "stage": label, "_write": list(names), "other": "o"}).get("s")

    assert [stage("Sales", "New"), stage("Service", "New"), stage("Sales", "Lost")] == ["1", "2", None]
    assert [stage(None, "Lost"), stage(None, "New"), stage("Nowhere", "Lost")] == ["3", None, None]


def test_what_scopes_a_label_that_cannot_be_written_is_held_with_it():
    """The CRM would refuse a pipeline that does not have the stage, and the whole record for it."""
    stream = a_target(
        {
            "pipeline": "p",
            "stage": {"at": "s", "as": {"list": "never"}, "within": "pipeline"},
            "other": "o",
        }
    )
    (row,) = WRITER.render(
        compile_write(stream, an_operation(), creates=False), {"pipeline": "Sales", "stage": "Lunch", "other": "o"}
    )

    assert strict(row["_item"]) == {"id": "1", "o": "o"}
    assert [(p["field"], p["hold"]) for p in row["_problems"]] == [("pipeline", True), ("stage", True)]
    assert WRITER.item(stream, {"pipeline": "Sales", "stage": None}) == {"id": "1", "p": "Sales", "s": None}


def test_what_the_mirror_shows_of_a_name_is_what_its_parts_are_told_by():
    """From the columns that have the parts as they are; without them, nothing is known."""
    columns = {"first": {"at": "f", "dir": "read"}, "other": {"at": "f", "as": "json", "type": "json", "dir": "read"}}
    name = {"name": {"at": ["f", "l"], "as": "person_name"}}
    plan = compile_write(a_target({**name, **columns}), an_operation(), creates=False)
    (now,) = WRITER.con.execute(f"SELECT {plan.now_sql('m')} FROM (SELECT 'Ann' AS first) m").fetchone()

    assert json.loads(now) == {"f": "Ann"}
    assert compile_write(a_target(name), an_operation(), creates=False).now_sql("m") == "NULL::VARCHAR"


def test_a_list_that_is_not_set_holds_its_field():
    """Nothing is cleared because a list could not be read."""
    stream = a_target({"x": {"at": "v", "as": {"list": "never"}}, "y": {"at": "w", "as": "options"}, "z": "z"})
    (row,) = WRITER.render(compile_write(stream, an_operation(), creates=False), {"x": "A", "y": "B", "z": "C"})

    assert strict(row["_item"]) == {"id": "1", "z": "C"}
    assert [(p["field"], p["reason"], p["hold"]) for p in row["_problems"]] == [
        ("x", NO_LABEL, True),
        ("y", NO_LABEL, True),
    ]
    assert keys_variable(list_variable("a")) == "keys.list.a.value"


def test_numbers_for_ids_are_written_as_numbers():
    """Where a provider counts its records, a reference that is no number is none."""
    stream = a_target({"company": {"at": "c", "type": "ref"}, "name": "n"}, {"id": {"at": "id", "as": "integer"}})
    plan = compile_write(stream, an_operation(), creates=False)
    rows = WRITER.render(
        plan, {"company": "12345678901234567890123"}, {"company": "x", "name": "A"}, {"_id": "07", "name": "A"}
    )

    assert rows[0]["_item"] == '{"c":12345678901234567890123,"id":1}'
    assert (strict(rows[1]["_item"]), rows[1]["_problems"][0]["reason"]) == ({"n": "A", "id": 2}, "not an id")
    assert (rows[2]["_rejected"], rows[2]["_problems"][0]["reason"]) == (True, "not an id")


def test_the_columns_that_a_plan_names_are_those_it_reads():
    """Name and type of each, with the sentence that explains it."""
    plan = compile_write(a_target(LINES), an_operation(), creates=False)

    assert [column.name for column in plan.inputs[:5]] == ["_key", "_id", "_value", "_write", "_now"]
    assert {column.name: column.type for column in plan.inputs[5:]}["integer"] == "BIGINT"
    assert tuple(field.name for field in plan.fields) == tuple(LINES)
