"""Items and batches: what a request is given to send."""

import json

import pytest

from crmsync.errors import SpecError
from crmsync.mapping.write import compile_write
from crmsync.spec.model_stream import Request
from crmsync.spec.model_write import Operation, Outcome
from mapping_writer import Writer, a_target, an_operation

WRITER = Writer()
CONTACT = a_target(
    {
        "name": {"at": ["first", "last"], "as": "person_name", "required": True, "stand_in": "email"},
        "email": {"at": "mail", "type": "email"},
        "city": "address.city",
        "zip": "address.zip",
        "phone": {"at": "phone", "dir": "read"},
    }
)


def test_only_named_fields_are_written_and_lines_share_objects():
    """The rest of the row does not leave the house; an object is there if something of it is."""
    row = {"name": "Ada L", "email": "a@x.example", "city": "Rome", "zip": "1", "_write": ["city", "phone"]}

    assert WRITER.item(CONTACT, row) == {"id": "1", "address": {"city": "Rome"}}
    assert WRITER.item(CONTACT, {**row, "_write": ["city", "zip", "email"], "zip": None}) == {
        "id": "1",
        "mail": "a@x.example",
        "address": {"city": "Rome", "zip": None},
    }


def test_a_create_sends_what_is_required():
    """Also unnamed; a missing name is stood in for by the local part of the address."""
    new = an_operation(item={"+": "$fields"})

    assert WRITER.item(CONTACT, {"_id": None, "name": "Ada L", "_write": []}, new, creates=True) == {
        "first": "Ada", "last": "L",
    }  # fmt: skip
    stood_in = {"_id": None, "name": " ", "email": "ada@x.example", "_write": ["email"]}
    assert WRITER.item(CONTACT, stood_in, new, creates=True) == {"first": None, "last": "ada", "mail": "ada@x.example"}


def test_what_could_be_stood_in_for_is_written_as_it_is():
    """Blanks at its ends are part of a name that is there."""
    stream = a_target({"name": {"at": "n", "required": True, "stand_in": "site"}, "site": "s"})
    rows = [{"name": name, "site": "a.example", "_write": ["name"]} for name in ("A ", " ", None)]

    assert [WRITER.item(stream, row, creates=True)["n"] for row in rows] == ["A ", "a.example", "a.example"]


def test_nothing_stands_in_for_what_is_cleared():
    """A record that is there keeps the name that it has, though its address is written beside."""
    row = {"name": None, "email": "ada@x.example"}

    assert WRITER.item(CONTACT, row) == {"id": "1", "mail": "ada@x.example"}


def test_an_item_without_what_is_required_is_rejected():
    """Where it is created. An update may leave it alone, and what is to be cleared keeps nothing else back."""
    new = an_operation(item={"+": "$fields"})

    assert WRITER.item(CONTACT, {"_id": None, "city": "Rome"}, new, creates=True) == [("name", "required")]
    assert WRITER.item(CONTACT, {"name": None}) == [("", "nothing to write"), ("name", "required")]
    assert WRITER.item(CONTACT, {"name": None, "city": "Rome"}) == {"id": "1", "address": {"city": "Rome"}}
    assert WRITER.item(CONTACT, {"city": "Rome"}) == {"id": "1", "address": {"city": "Rome"}}


def test_what_is_required_and_cleared_keeps_back_what_belongs_to_it():
    """A record is not left with another pipeline and its old stage."""
    scope = {"at": "p", "as": {"list": "pipeline"}}
    stage = {"at": "s", "as": {"list": "stage"}, "within": "pipeline", "required": True}
    deal = a_target({"pipeline": scope, "stage": stage, "name": "n"})
    WRITER.set_list("pipeline", [("p1", "Sales")])
    WRITER.set_list("stage", [("s1", "New", "p1")])

    assert WRITER.item(deal, {"pipeline": "Sales", "stage": "New"}) == {"id": "1", "p": "p1", "s": "s1"}
    assert WRITER.item(deal, {"pipeline": "Sales", "stage": None, "name": "Big"}) == {"id": "1", "n": "Big"}


def test_what_is_required_stays_in_its_list_when_it_is_cleared():
    """As a field of its own would; what is not required leaves its element."""
    line = {"at": "mails[].at", "type": "email", "put": {"at": "$value"}}
    row = {"mail": None, "city": "Rome", "_now": json.dumps({"mails": [{"at": "a@x.example", "main": True}]})}

    assert WRITER.item(a_target({"mail": line, "city": "c"}), row) == {
        "id": "1", "c": "Rome", "mails": [{"at": None, "main": True}],
    }  # fmt: skip
    assert WRITER.item(a_target({"mail": {**line, "required": True}, "city": "c"}), row) == {"id": "1", "c": "Rome"}


def test_a_required_value_that_cannot_be_written_rejects_a_create_only():
    """A record must not be made in some other stage; an update keeps the one it has."""
    deal = a_target({"stage": {"at": "s", "as": {"list": "none"}, "required": True}, "name": "n"})
    intent = {"stage": "New", "name": "Big"}

    assert WRITER.item(deal, intent) == {"id": "1", "n": "Big"}
    assert WRITER.item(deal, intent, creates=True) == [("stage", "the CRM has no such label")]
    strict = a_target({"stage": {"at": "s", "as": {"list": "none"}, "on_bad": "reject"}, "name": "n"})
    assert WRITER.item(strict, intent) == [("stage", "the CRM has no such label")]


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ({"_id": None, "city": "R"}, "no id"),
        ({"_id": "", "city": "R"}, "no id"),
        ({"_key": None, "city": "R"}, "no key"),
        ({"_value": "", "city": "R"}, "no value to match by"),
        ({"_write": []}, "nothing to write"),
        ({"_write": None, "city": "R"}, "nothing to write"),
        ({"phone": "1"}, "nothing to write"),
    ],
)
def test_an_item_that_lacks_something_is_rejected(intent, reason):
    """An empty key would make a record, or match another one."""
    operation = an_operation(item={"id": "$id", "match": "$value", "+": "$fields"})
    intent = {"_value": "v", **intent}
    plan = compile_write(CONTACT, operation, creates=False)
    (row,) = WRITER.render(plan, {k: v for k, v in intent.items() if k != "phone"})

    assert (row["_item"], row["_rejected"]) == (None, True)
    assert [(p["field"], p["reason"], p["hold"]) for p in row["_problems"]] == [("", reason, False)]


def test_templates_are_filled():
    """Written keys win over merged ones; a placeholder keeps its type, and is text in a text; `$$` is a dollar."""
    item = {
        "+": "$fields",
        "mail": "$value",
        "all": "$fields",
        "k": ["crm.$connection-$stream-$key", "$$key", 1, None, True],
    }
    row = {"email": "a@x.example", "_value": 'v"', "_key": "k\\1"}

    assert WRITER.item(CONTACT, row, an_operation(item), known={"connection": "a$b"}) == {
        "mail": 'v"', "all": {"mail": "a@x.example"}, "k": ["crm.a$b-contact-k\\1", "$key", 1, None, True],
    }  # fmt: skip
    for wrong in ({"+": "$id"}, {"$other": 1}, "$other"):
        with pytest.raises(SpecError):
            compile_write(CONTACT, an_operation(wrong), creates=False)


def test_without_a_template_an_item_is_what_its_request_asks_for():
    """All fields for a request of one record, the id where there is a place for ids only."""
    one = Operation(Request("PATCH", "/c/$id", body={"data": "$fields"}), Outcome("whole"))
    several = Operation(Request("DELETE", "/c", query={"ids": "$ids"}, batch=9), Outcome("whole"))

    assert WRITER.item(CONTACT, {"city": "Rome"}, one) == {"address": {"city": "Rome"}}
    assert WRITER.item(CONTACT, {"_id": None, "city": "Rome"}, one) == [("", "no id")]
    assert WRITER.item(CONTACT, {"_write": []}, several) == "1"


TABLE = a_target(
    {
        "name": "name",
        "vip": {"at": "vip", "type": "boolean"},
        "size": {"at": "size", "type": "integer"},
        "contact": {"at": "partner", "type": "ref", "to": "partner/.id"},
        "company": {"at": "partner", "type": "ref", "to": "partner/.id"},
        "status": {
            "at": "stage",
            "as": {"case": [{"when": {"active": False}, "is": "lost"}], "else": "open"},
            "sets": {"lost": {"active": False, "chance": 0}, "open": {"active": True, "closed": None}},
        },
    },
    {"id": {"at": "id", "as": "integer"}},
)
UPDATE = an_operation(layout="table", keys={".id": "$id"})


def row_of(intent, operation=UPDATE, **how):
    return WRITER.item(TABLE, intent, operation, clear="", **how)


def test_a_row_of_a_table_has_its_keys_first_and_texts_for_cells():
    """True and false are 1 and 0 there; constants are in every row, whatever is written."""
    made = an_operation(layout="table", keys={"id": "crm.$key"}, constants={"kind": "x", "own": False})

    assert list(row_of({"vip": True, "size": 7, "name": "A"}).items()) == [
        (".id", "1"), ("name", "A"), ("vip", "1"), ("size", "7"),
    ]  # fmt: skip
    assert row_of({"vip": False, "size": None, "name": ""}) == {".id": "1", "vip": "0", "size": "", "name": ""}
    assert row_of({"_write": []}, made) == {"id": "crm.k0", "kind": "x", "own": "0"}
    assert row_of({"_write": []}) == [("", "nothing to write")]


def test_of_two_fields_with_one_place_the_first_that_has_a_value_is_written():
    """Whichever of them has changed."""
    both = {"contact": "5", "company": "6"}
    assert row_of({**both, "_write": ["company"]}) == {".id": "1", "partner/.id": "5"}
    assert row_of({"contact": None, "company": "6"}) == {".id": "1", "partner/.id": "6"}
    assert row_of({"contact": None, "company": None, "_write": ["contact"]}) == {".id": "1", "partner/.id": ""}


def test_a_case_sets_the_cells_that_make_it_so():
    """A value that the spec does not name is held; there is nothing that clears it."""
    assert row_of({"status": "lost"}) == {".id": "1", "active": "0", "chance": "0"}
    assert row_of({"status": "open"}) == {".id": "1", "active": "1", "closed": ""}
    rows = WRITER.render(
        compile_write(TABLE, UPDATE, creates=False, clear=""),
        {"status": "odd", "name": "A"},
        {"status": None, "name": "A"},
    )
    assert [json.loads(row["_columns"]) for row in rows] == [[".id", "name"]] * 2
    assert [row["_problems"][0]["reason"] for row in rows] == ["a value that the spec cannot set", "cannot be cleared"]


def test_an_element_of_a_list_is_changed_and_the_others_stay():
    """The one that is read: preferred, else the first; its other keys stay as well."""
    mail = {"at": "a.mails[].at", "prefer": {"a.mails[].main": True}, "put": {"at": "$value", "n": {"x": "$value"}}}
    stream = a_target({"mail": mail}, {"id": "id", "values": "p"})

    def mails(value, *now):
        item = WRITER.item(stream, {"mail": value, "_now": json.dumps({"p": {"a": {"mails": now}}})})
        return item["a"]["mails"]

    new = {"at": "x", "n": {"x": "x"}}
    second = {"at": "b", "main": True, 'k"': [1, None]}
    assert mails("x", {"at": "a"}, second, 5) == [{"at": "a"}, {**second, **new}, 5]
    assert mails("x", {"at": "a", "z": 1}) == [{**new, "z": 1}]
    assert mails("x") == mails("x", 5) == mails("x", None) == [new]
    assert mails(None, {"at": "a", "z": 1}, {"at": "b"}) == [{"at": None, "n": {"x": None}, "z": 1}, {"at": "b"}]


def test_a_list_that_is_put_is_written_as_it_is():
    """It stands for all that was there."""
    stream = a_target({"mail": {"at": "mails[].at", "to": "mails", "put": [{"at": "$value"}]}})

    assert WRITER.item(stream, {"mail": "x", "_now": '{"mails": [{"at": "y"}]}'}) == {"id": "1", "mails": [{"at": "x"}]}


def test_parts_of_a_name_can_be_put_into_one_object():
    """A part that is missing is cleared."""
    line = {"at": ["n.f", "n.l"], "as": "person_name", "to": "n", "put": {"f": "$first", "l": "$last", "w": "-$value-"}}
    stream = a_target({"name": line})

    assert WRITER.item(stream, {"name": "Ada B L"}) == {"id": "1", "n": {"f": "Ada B", "l": "L", "w": "-Ada B L-"}}
    assert WRITER.item(stream, {"name": "Plato"})["n"] == {"f": None, "l": "Plato", "w": "-Plato-"}
    assert WRITER.item(stream, {"name": None}) == {"id": "1", "n": None}


def test_items_are_gathered_into_batches_in_order():
    """No batch is larger than the request takes; rejected items are in none."""
    plan = compile_write(CONTACT, an_operation(batch=2), creates=False)
    WRITER.render(plan, *({"_key": key, "city": key} for key in "cab"), {"_key": "d"}, {"_key": "e", "city": "e"})
    rows = WRITER.rows(plan.batches_sql("rendered"))

    assert [(row["_batch"], row["_keys"], row["_ids"], row["_columns"]) for row in rows] == [
        (0, ["a", "b"], ["2", "3"], None), (1, ["c", "e"], ["1", "5"], None),
    ]  # fmt: skip
    assert [item["address"]["city"] for row in rows for item in json.loads(row["_items"])] == ["a", "b", "c", "e"]


def test_rows_of_one_batch_have_the_same_columns():
    """A cell that is not named must not be cleared."""
    plan = compile_write(TABLE, an_operation(batch=2, layout="table", keys={".id": "$id"}), creates=False)
    WRITER.render(plan, {"name": "A"}, {"size": 1}, {"name": "B"}, {"name": "C"})
    rows = WRITER.rows(plan.batches_sql("rendered"))

    assert [(json.loads(row["_columns"])[1], json.loads(row["_items"])) for row in rows] == [
        ("name", [["1", "A"], ["3", "B"]]), ("size", [["2", "1"]]), ("name", [["4", "C"]]),
    ]  # fmt: skip


def test_names_that_are_hostile_stay_inside_their_quotes():
    """Of fields, of cells and of values of the spec."""
    stream = a_target({'it\'s "x"': 'a"\\\\b', "reason": "v", "value": {"at": "w", "put": "'$value\""}})
    row = {'it\'s "x"': "1", "reason": "2", "value": "3"}

    assert WRITER.item(stream, row) == {"id": "1", 'a"\\b': "1", "v": "2", "w": "'3\""}
