import pytest

from crmsync.mapping import list_variable, options_variable, set_lookup_sql
from mapping_engine import Engine, a_stream

STAGE = a_stream(
    {"stage": {"at": "s", "as": {"list": "stage"}}, "status": {"at": "s", "as": {"list": "stage", "take": "status"}}}
)


def test_a_key_is_replaced_by_its_label():
    """`take` names another column of the same list."""
    engine = Engine()
    engine.set_lookup(list_variable("stage"), {"4": "It's won"})
    engine.set_lookup(list_variable("stage", "status"), {"4": "won"})

    row = engine.read_records(STAGE, {"id": 1, "s": 4})[0]

    assert (row["stage"], row["status"]) == ("It's won", "won")


def test_an_unknown_key_is_held():
    """A new stage that the list lacks must not clear the field."""
    engine = Engine()
    engine.set_lookup(list_variable("stage"), {"4": "Won"})

    row = engine.read_records(STAGE, {"id": 1, "s": 5})[0]

    assert [(p["field"], p["reason"], p["value"]) for p in row["_problems"]] == [
        ("stage", "unknown value", "5"),
        ("status", "unknown value", "5"),
    ]


OWNER = a_stream(
    {
        "held": {"at": "o", "as": {"list": "owner"}},
        "kept": {"at": "o", "as": {"list": "owner"}, "on_bad": "keep"},
        "cleared": {"at": "o", "as": {"list": "owner"}, "on_bad": "clear"},
        "mail": {"at": "o", "type": "email", "as": {"list": "owner", "take": "mail"}, "on_bad": "clear"},
        "else": {"at": "o", "as": {"list": "owner"}, "default": "nobody"},
    }
)


@pytest.mark.parametrize(
    ("key", "row", "bad"),
    [
        ("1", ["Ann", "Ann", "Ann", "a@x.example", "Ann"], []),
        ("2", [None, None, None, "b@x.example", "nobody"], []),
        ("9", [None, "9", None, None, None], ["held", "kept", "else"]),
        (None, [None, None, None, None, "nobody"], []),
    ],
)
def test_a_key_without_a_label_is_null_and_an_unknown_one_is_as_the_line_says(key, row, bad):
    """Held, kept as the key, or cleared without a word: a column beside the key must not show another one's label."""
    engine = Engine()
    engine.con.execute(set_lookup_sql(list_variable("owner")), {"keys": ["1", "2"], "labels": ["Ann", None]})
    engine.set_lookup(list_variable("owner", "mail"), {"1": "a@x.example", "2": "b@x.example"})

    (found,) = engine.read_records(OWNER, {"id": 1, "o": key})

    assert [found[name] for name in ("held", "kept", "cleared", "mail", "else")] == row
    assert [p["field"] for p in found["_problems"]] == bad
    assert [p["hold"] for p in found["_problems"]] == [name != "kept" for name in bad]


def test_a_list_that_is_not_set_is_an_empty_one():
    """Nothing is lost if a list could not be read: the fields are held."""
    rows = Engine().read_records(STAGE, {"id": 1, "s": 4}, {"id": 2, "s": None})

    assert [len(row["_problems"]) for row in rows] == [2, 0]
    assert not any(row["_rejected"] for row in rows)


def test_options_belong_to_a_field_of_a_stream():
    """The labels that the provider shows, by stored value."""
    engine = Engine()
    engine.set_lookup(options_variable("contact", "industry"), {"BANK": "Banking"})

    assert (
        engine.read_records(a_stream({"industry": {"at": "i", "as": "options"}}), {"id": 1, "i": "BANK"})[0]["industry"]
        == "Banking"
    )


def test_doubled_and_missing_keys_do_not_break_a_list():
    """The first of equal keys counts; an entry without a key is left out."""
    engine = Engine()
    engine.con.execute(set_lookup_sql("list.x.value"), {"keys": ["a", "a", None, "b"], "labels": ["1", "2", "3", None]})
    assert engine.con.execute("SELECT getvariable('list.x.value')").fetchone() == ({"a": "1", "b": ""},)
    engine.con.execute(set_lookup_sql("list.x.value"), {"keys": [], "labels": []})
    assert engine.con.execute("SELECT getvariable('list.x.value')").fetchone() == ({},)
