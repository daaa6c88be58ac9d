"""The import: all rows or none, and messages that are odd in the real server's ways."""

import pytest

LATER = "2026-01-15 13:00:00"
GOOD = {"messages": [], "nextrow": 0}


def rows_of(answer):
    return [message.get("record") for message in answer["messages"] if message["type"] == "error"]


def people(api, *names):
    return [row["name"] for row in api.read("res.partner", list(names), "name")]


def test_rows_are_created_and_found_again_by_their_external_id(each, clock):
    """Ids come in the order of rows; the same rows again make no second record, but write each one."""
    rows = [["crmsync.a", "Acme", "1", ""], ["crmsync.b", "Ann", "0", "crmsync.a"], ["c", "Cy", "", ""]]
    columns = ["id", "name", "is_company", "parent_id/id"]
    first = each.load("res.partner", columns, *rows)
    a, b, c = first["ids"]
    assert first == {"ids": [a, a + 1, a + 2], **GOOD}
    assert each.read("res.partner", b, "parent_id", "is_company") == {"id": b, "parent_id": a, "is_company": False}
    names = each.odoo.all("ir.model.data", [["model", "=", "res.partner"], ["res_id", "in", first["ids"]]]).values()
    assert [(row["module"], row["name"]) for row in names] == [("crmsync", "a"), ("crmsync", "b"), ("__import__", "c")]
    clock.advance(3600)
    assert each.load("res.partner", columns, *rows) == first
    assert [row["write_date"] for row in each.read("res.partner", [a, b, c], "write_date")] == [LATER] * 3


def test_an_empty_cell_clears_and_a_missing_column_keeps(each):
    """An empty number is 0."""
    made = each.odoo.create("res.partner", {"name": "Ann", "phone": "1", "function": "CEO", "color": 3})
    each.load("res.partner", [".id", "phone", "color"], [str(made), "", ""])
    row = each.read("res.partner", made, "phone", "function", "color")
    assert row == {"id": made, "phone": False, "function": "CEO", "color": 0}


def test_an_empty_database_id_creates_and_an_unknown_one_is_an_error(each):
    """So is that of an archived record, unless the context shows such; what is no number ends the call."""
    made = each.load("res.partner", [".id", "name"], ["", "Ann"])["ids"]
    assert people(each, *made) == ["Ann"]
    each.odoo.archive("res.partner", made)
    hidden = each.load("res.partner", [".id", "name"], [made[0], "Bo"], active_test=True)
    missing = each.load("res.partner", [".id", "name"], [99_999, "Bo"])
    for answer, number in ((hidden, made[0]), (missing, 99_999)):
        assert answer["ids"] is False
        assert answer["messages"][0]["message"] == f"Unknown database identifier '{number}'"
    assert each.load("res.partner", [".id", "name"], [made[0], "Bo"])["ids"] == made
    assert each.read("res.partner", made[0], "active", "name") == {"id": made[0], "active": False, "name": "Bo"}
    with pytest.raises(each.Refused, match=r"psycopg2\.errors\.InvalidTextRepresentation"):
        each.load("res.partner", [".id", "name"], ["seven", "Bo"])


def test_ids_alone_are_no_lookup(each, clock):
    """They move the time of change."""
    (made,) = each.load("res.partner", ["id", "name"], ["crmsync.a", "Ann"])["ids"]
    clock.advance(3600)
    assert each.load("res.partner", ["id"], ["crmsync.a"])["ids"] == [made]
    assert each.read("res.partner", made, "write_date")["write_date"] == LATER


def test_one_bad_row_stores_nothing(each):
    """Status 200, no ids, and a message that names the row, the field and what was looked for."""
    answer = each.load(
        "res.partner", ["id", "name", "parent_id/id"], ["crmsync.a", "A", ""], ["crmsync.b", "B", "crmsync.x"]
    )
    (message,) = answer["messages"]
    assert (answer["ids"], answer["nextrow"]) == (False, 0)
    assert message["message"] == "No matching record found for external id 'crmsync.x' in field 'Related Company'"
    told = {key: message[key] for key in ("type", "record", "rows", "field", "field_name")}
    assert told == {
        "type": "error", "record": 1, "rows": {"from": 1, "to": 1}, "field": "parent_id",
        "field_name": "Related Company",
    }  # fmt: skip
    assert message["moreinfo"]["res_model"] == "res.partner"
    assert each.search("ir.model.data", [["module", "=", "crmsync"]]) == []


@pytest.mark.parametrize(
    ("good", "named"),
    [("gbg", [0, 1]), ("bgg", [0]), ("ggb", [0, 2]), ("ggbgb", [0, 2, 4]), ("g", []), ("b", [0])],
)
def test_a_constraint_blames_the_first_row_too(each, good, named):
    """Innocent or not; so each row that is named is to be sent alone."""
    rows = [[f"crmsync.r{place}", "Ann" if kind == "g" else ""] for place, kind in enumerate(good)]
    answer = each.load("res.partner", ["id", "name"], *rows)
    assert rows_of(answer) == named
    assert (answer["ids"] is False) is bool(named)
    assert all("field" not in message for message in answer["messages"])


def test_after_ten_errors_it_stops(each):
    """With a warning that names no row."""
    answer = each.load("res.partner", ["id", "name"], *([f"crmsync.r{place}", ""] for place in range(30)))
    assert rows_of(answer) == list(range(10))
    assert (answer["messages"][-1]["type"], "record" in answer["messages"][-1]) == ("warning", False)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("color", "7.0", "'7.0' does not seem to be an integer for field 'Color Index'"),
        ("partner_latitude", "1,5", "'1,5' does not seem to be a number for field 'Geo Latitude'"),
        ("type", "nowhere", "Value 'nowhere' not found in selection field 'Address Type'"),
        ("industry_id", "Magic", "No matching record found for name 'Magic' in field 'Industry'"),
        ("industry_id/.id", "99", "No matching record found for database id '99' in field 'Industry'"),
        ("industry_id/.id", "x", "Invalid database id 'x' for the field 'Industry'"),
        ("category_id", "VIP,Nope", "No matching record found for name 'Nope' in field 'Tags'"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(each, column, cell, told):
    """Field by field, whatever else is wrong."""
    answer = each.load("res.partner", ["name", column], ["Ann", cell])
    assert [(m["message"], m["record"], m["field"]) for m in answer["messages"]] == [
        (told, 0, column.partition("/")[0])
    ]


@pytest.mark.parametrize(
    ("model", "column", "cell", "kept"),
    [
        ("res.partner", "partner_latitude", "1e3", 1000.0),
        ("res.partner", "color", 7, 7),
        ("res.partner", "type", "Invoice Address", "invoice"),
        ("res.partner", "type", "invoice", "invoice"),
        ("res.partner", "active", "0", False),
        ("res.partner", "active", "yes", True),
        ("res.partner", "active", None, False),
        ("res.partner", "industry_id", "Manufacturing", 3),
        ("res.partner", "industry_id/.id", "3", 3),
        ("res.partner", "industry_id/.id", 3, 3),
        ("res.partner", "category_id", "VIP,Vendor", [6, 7]),
        ("res.partner", "phone", None, False),
        ("res.partner", "phone", "false", "false"),
        ("crm.lead", "stage_id", "Won", 4),
        ("crm.lead", "stage_id/id", "crm.stage_lead2", 2),
        ("crm.lead", "date_deadline", "2026-12-31", "2026-12-31"),
        ("crm.lead", "date_open", "2026-12-31 10:00:00", "2026-12-31 10:00:00"),
        ("crm.lead", "expected_revenue", 10.5, 10.5),
    ],
)
def test_a_cell_is_a_text_a_number_or_nothing(each, model, column, cell, kept):
    """Selections by key or label, relations by name or id."""
    (made,) = each.load(model, ["name", column], ["x", cell])["ids"]
    name = column.partition("/")[0]
    value = each.read(model, made, name)[name]
    assert sorted(value) == kept if isinstance(kept, list) else value == kept


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [("date_deadline", "soon", "valid date for"), ("date_open", "2026-12-31T10:00:00", "valid datetime for")],
)
def test_a_day_and_a_time_must_be_written_in_the_server_s_way(each, column, cell, told):
    """The message says how."""
    (message,) = each.load("crm.lead", ["name", column], ["x", cell])["messages"]
    assert told in message["message"]
    assert message["moreinfo"].startswith("Use the format")


def test_warnings_store_all_the_same(each):
    """Of a flag that nobody understands, and of a name that several bear."""
    odd = each.load("res.partner", ["name", "active"], ["Ann", "perhaps"])
    assert (odd["messages"][0]["type"], bool(odd["ids"])) == ("warning", True)
    twins = [each.odoo.create("res.partner", {"name": "Twin"}) for _ in range(2)]
    answer = each.load("res.partner", ["name", "parent_id"], ["Ann", "Twin"])
    assert "Found multiple matches" in answer["messages"][0]["message"]
    assert each.read("res.partner", answer["ids"][0], "parent_id")["parent_id"] == twins[0]


def test_a_json_true_crashes_it(each):
    """And an unknown column ends the call."""
    with pytest.raises(each.Refused, match="AttributeError: 'bool' object has no attribute 'lower'"):
        each.load("res.partner", ["name", "active"], ["Ann", True])
    with pytest.raises(each.Refused, match="ValueError"):
        each.load("res.partner", ["name", "nope"], ["Ann", "1"])
    assert each.search("res.partner", [["name", "=", "Ann"]]) == []


def test_a_name_of_another_model_and_a_name_with_spaces_are_refused(each):
    """Dots within the name are not; the last row of a name wins."""
    for name in ("crm.stage_lead1", "crmsync.a b"):
        assert rows_of(each.load("res.partner", ["id", "name"], [name, "Ann"])) == [0]
    answer = each.load("res.partner", ["id", "name"], ["crmsync.a.b", "Ann"], ["crmsync.a.b", "Bo"])
    assert len(set(answer["ids"])) == 1
    assert people(each, *set(answer["ids"])) == ["Bo"]


def test_a_name_is_there_once(each):
    """The list of names refuses a second one."""
    row = {"module": "crmsync", "name": "a", "model": "res.partner", "res_id": 101}
    each.rpc("ir.model.data", "create", row)
    with pytest.raises(each.Refused, match="ValidationError: The operation cannot be completed"):
        each.rpc("ir.model.data", "create", row)
    assert each.load("res.partner", ["id", "name"], ["crmsync.a", "Ann"])["ids"] == [101]


def test_too_many_rows_are_taken_in_parts(each):
    """`nextrow` says where to go on."""
    rows = [[f"crmsync.r{place}", f"n{place}"] for place in range(5)]
    first = each.load("res.partner", ["id", "name"], *rows, _import_limit=2)
    assert (len(first["ids"]), first["nextrow"]) == (2, 2)
    each.odoo.switches.import_limit = 4
    last = each.load("res.partner", ["id", "name"], *rows[2:])
    assert (len(last["ids"]), last["nextrow"]) == (3, 0)


def test_two_thousand_rows_are_one_transaction(api):
    """Some of which refer to others of the same call."""
    rows = [[f"crmsync.c{place}", f"Company {place}", "1", ""] for place in range(100)]
    rows += [[f"crmsync.p{place}", f"Person {place}", "0", f"crmsync.c{place % 100}"] for place in range(1900)]
    answer = api.load("res.partner", ["id", "name", "is_company", "parent_id/id"], *rows)
    assert len(set(answer["ids"])) == 2000
    assert len({api.odoo.changed_us("res.partner", each) for each in answer["ids"]}) == 1
    assert len(api.search("res.partner", [["parent_id", "=", answer["ids"][7]]])) == 19


def test_a_failed_import_leaves_all_as_it_was(each, clock):
    """Values, times of change, external ids, and what is found by them."""
    odoo = each.odoo
    made = odoo.create("res.partner", {"name": "Ann", "email": "ann@x.test"})
    before, ids = odoo.get("res.partner", made), odoo.ids("res.partner")
    clock.advance(60)
    rows = [["crmsync.a", made, "Bo", "bo@x.test"], ["crmsync.b", 101, "Cy", "cy@x.test"], ["crmsync.c", "", "", ""]]
    assert each.load("res.partner", ["id", ".id", "name", "email"], *rows)["ids"] is False
    assert (odoo.get("res.partner", made), odoo.ids("res.partner")) == (before, ids)
    assert each.search("res.partner", [["email_normalized", "in", ["ann@x.test", "bo@x.test", "cy@x.test"]]]) == [made]
    assert each.search("res.partner", [["write_date", ">=", "2026-01-15 12:01:00"]]) == []
    assert each.search("ir.model.data", [["module", "=", "crmsync"]]) == []
    with pytest.raises(each.Refused):
        each.rpc("res.partner", "write", [made], {"category_id": [[2, 1], [4, 99]]})
    assert each.search("res.partner.category", [["id", "=", 1]]) == [1]


def test_an_error_that_is_no_complaint_is_shown_with_its_kind(each):
    """And blames no other row."""
    company = each.odoo.create("res.partner", {"name": "Acme", "is_company": True})
    rows = [["Ann", str(company)], ["Bo", str(1 << 40)]]
    answer = each.load("res.partner", ["name", "color"], *rows)
    assert rows_of(answer) == [1]
    assert answer["messages"][0]["message"].startswith(
        "Unknown error during import: psycopg2.errors.NumericValueOutOfRange"
    )


def test_a_relation_may_be_named_by_its_label(each):
    """With the company before the person."""
    acme = each.odoo.create("res.partner", {"name": "Acme", "is_company": True})
    ann = each.odoo.create("res.partner", {"name": "Ann", "parent_id": acme})
    (made,) = each.load("crm.lead", ["name", "partner_id"], ["deal", "Acme, Ann"])["ids"]
    assert each.read("crm.lead", made, "partner_id")["partner_id"] == ann
