"""Values on the wire, both ways."""

import pytest


def test_nothing_is_false_but_for_numbers(each):
    """An amount cannot be empty: it is 0.0. Booleans are real ones, lists are empty."""
    made = each.odoo.create("res.partner", {"name": "Ann"})
    row = each.read(
        "res.partner", made, "phone", "parent_id", "comment", "color", "employee", "category_id", "user_ids"
    )
    assert row == {
        "id": made, "phone": False, "parent_id": False, "comment": False, "color": 0, "employee": False,
        "category_id": [], "user_ids": [],
    }  # fmt: skip
    lead = each.odoo.create("crm.lead", {"name": "deal"})
    row = each.read("crm.lead", lead, "expected_revenue", "date_deadline", "date_closed", "recurring_revenue")
    assert row == {
        "id": lead,
        "expected_revenue": 0.0,
        "date_deadline": False,
        "date_closed": False,
        "recurring_revenue": 0.0,
    }


@pytest.mark.parametrize("load", ["", None, "_classic_write"])
def test_a_many2one_is_a_pair_unless_asked_otherwise(each, load):
    """Id and label, for a partner with that of its company; or the bare id."""
    acme = each.odoo.create("res.partner", {"name": "Acme", "is_company": True})
    ann = each.odoo.create("res.partner", {"name": "Ann", "parent_id": acme})
    lead = each.odoo.create("crm.lead", {"name": "deal", "partner_id": ann})
    assert each.call("crm.lead", "read", [lead], fields=["partner_id"])[0]["partner_id"] == [ann, "Acme, Ann"]
    read = each.call(
        "crm.lead", "search_read", domain=[["id", "=", lead]], fields=["partner_id", "lost_reason_id"], load=load
    )
    assert read == [{"id": lead, "partner_id": ann, "lost_reason_id": False}]


def test_fields_are_described(api):
    """Types, labels, options, what they lead to; only the attributes that are asked for."""
    fields = api.call("crm.lead", "fields_get", attributes=["type", "string", "readonly", "selection", "relation"])
    assert fields["type"] == {
        "type": "selection", "string": "Type", "readonly": False,
        "selection": [["lead", "Lead"], ["opportunity", "Opportunity"]],
    }  # fmt: skip
    assert fields["partner_id"]["relation"] == "res.partner"
    whole = api.call("crm.lead", "fields_get", allfields=["expected_revenue", "name", "won_status"])
    assert whole["expected_revenue"]["currency_field"] == "company_currency"
    assert (whole["name"]["required"], whole["won_status"]["readonly"], len(whole)) == (True, True, 3)


def test_a_field_that_people_made_is_one_like_the_others(api, odoo):
    """Read, written, found, described; and gone when it is dropped."""
    from crmsync_odoo.simulator.orm.fields import char

    odoo.add_field("res.partner", char("x_colour", "Colour"))
    made = odoo.create("res.partner", {"name": "Ann", "x_colour": "red"})
    assert api.search("res.partner", [["x_colour", "=", "red"]]) == [made]
    assert api.read("res.partner", 101, "x_colour", "x_employees")["x_colour"] is False
    assert api.read("res.partner", 101, "x_employees")["x_employees"] > 0
    odoo.drop_field("res.partner", "x_colour")
    with pytest.raises(api.Refused, match="Invalid field 'x_colour'"):
        api.read("res.partner", made, "x_colour")


@pytest.mark.parametrize(
    ("model", "name", "value", "kept"),
    [
        ("res.partner", "name", " Ann\t\r\n🙂 אב é ", " Ann\t\r\n🙂 אב é "),
        ("res.partner", "name", "false", "false"),
        ("res.partner", "name", "", ""),
        ("res.partner", "phone", None, False),
        ("res.partner", "phone", 17, "17"),
        ("res.partner", "comment", "a < b", "<p>a &lt; b</p>"),
        ("res.partner", "comment", "<p>a<script>x</script></p>", "<p>a</p>"),
        ("res.partner", "website", "acme.test", "http://acme.test"),
        ("res.partner", "website", "https://acme.test", "https://acme.test"),
        ("res.partner", "color", "7", 7),
        ("res.partner", "employee", 1, True),
        ("crm.lead", "expected_revenue", 10.129, 10.13),
        ("crm.lead", "expected_revenue", "5", 5.0),
        ("crm.lead", "expected_revenue", False, 0.0),
        ("crm.lead", "expected_revenue", 999_999_999_999.99, 999_999_999_999.99),
        ("crm.lead", "date_deadline", "2026-12-31T10:00:00Z", "2026-12-31"),
        ("crm.lead", "date_open", "2026-12-31 10:00:00", "2026-12-31 10:00:00"),
        ("crm.lead", "date_open", "2026-12-31", "2026-12-31 00:00:00"),
        ("crm.lead", "user_id", False, False),
        ("crm.lead", "priority", "3", "3"),
    ],
)
def test_a_value_is_kept_as_the_server_keeps_it(api, model, name, value, kept):
    """Texts exactly, websites with a scheme, HTML sanitized, amounts rounded, dates cut."""
    made = api.odoo.create(model, {"name": "x"})
    api.call(model, "write", [made], vals={name: value})
    assert api.read(model, made, name)[name] == kept


@pytest.mark.parametrize(
    ("model", "name", "value", "error"),
    [
        ("crm.lead", "type", "bogus", "builtins.ValueError: Wrong value for crm.lead.type: 'bogus'"),
        ("crm.lead", "stage_id", [1, "New"], r"ValueError: Expected singleton: crm.stage\(1, 'New'\)"),
        ("crm.lead", "stage_id", "New", r"ValueError: Expected singleton: crm.stage\('N', 'e', 'w'\)"),
        ("crm.lead", "stage_id", "1", "odoo.exceptions.MissingError"),
        ("crm.lead", "stage_id", 99, "ValidationError: Another model is using"),
        ("res.partner", "parent_id", 99_999, "odoo.exceptions.MissingError"),
        ("crm.lead", "date_open", "2026-12-31T10:00:00", "builtins.ValueError"),
        ("crm.lead", "date_open", "2026-12-31 10:00:00.5", "builtins.ValueError: unconverted data remains"),
        ("crm.lead", "date_open", "2026-12-31 10:00:00Z", "builtins.ValueError"),
        ("crm.lead", "date_deadline", "soon", "builtins.ValueError"),
        ("crm.lead", "expected_revenue", "much", "builtins.ValueError: could not convert"),
        ("res.partner", "color", "red", "builtins.ValueError: invalid literal"),
        ("res.partner", "color", 1 << 40, "psycopg2.errors.NumericValueOutOfRange"),
        ("res.partner", "name", "a\0b", "builtins.ValueError: A string literal cannot contain NUL"),
        ("res.partner", "name", False, "ValidationError: The operation cannot be completed: Contacts require a name"),
        ("crm.lead", "name", None, r"Missing required value for the field 'Opportunity' \(name\)"),
        ("res.partner", "category_id", 7, "builtins.ValueError"),
        ("res.partner", "category_id", [[9, 9]], "builtins.ValueError"),
        ("res.partner", "category_id", [[4, 99]], "odoo.exceptions.MissingError"),
    ],
)
def test_a_value_that_cannot_be_is_refused(api, model, name, value, error):
    """The whole call fails and nothing is changed; the pair that a read gives cannot be written."""
    made = api.odoo.create(model, {"name": "x"})
    before = api.odoo.get(model, made)
    with pytest.raises(api.Refused, match=error):
        api.call(model, "write", [made], vals={"function": "changed", name: value})
    with pytest.raises(api.Refused, match=error):
        api.call(model, "create", vals_list=[{"name": "good"}, {"name": "y", name: value}])
    assert api.odoo.get(model, made) == before
    assert api.search(model, [["name", "=", "good"]]) == []


def test_an_unknown_field_is_refused_in_each_version_s_way(fresh):
    """In 19 a write fails with KeyError, a create with ValueError."""
    told = {}
    for version in (18, 19):
        api = fresh(version=version)
        with pytest.raises(api.Refused) as made:
            api.rpc("res.partner", "create", {"name": "x", "nope": 1})
        with pytest.raises(api.Refused) as written:
            api.rpc("res.partner", "write", [1], {"nope": 1})
        told[version] = [(error.value.name[9:], error.value.message) for error in (made, written)]
    assert told[18] == [("ValueError", "Invalid field 'nope' on model 'res.partner'")] * 2
    assert told[19] == [("ValueError", "Invalid field 'nope' in 'res.partner'"), ("KeyError", "'nope'")]


def test_an_amount_is_rounded_by_a_write_and_not_by_a_create(api):
    """On creation the currency is not known yet."""
    made = api.call("crm.lead", "create", vals_list=[{"name": "deal", "expected_revenue": 10.129}])[0]
    assert api.read("crm.lead", made, "expected_revenue")["expected_revenue"] == 10.129
    assert api.call("crm.lead", "read", [made], fields=["company_currency"])[0]["company_currency"] == [1, "EUR"]


@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        ("Ann <Ann@X.test>", "ann@x.test"),
        ("a@x.test, b@y.test", "a@x.test"),
        ("mailto:z@x.test", "z@x.test"),
        ("nobody", False),
        (False, False),
    ],
)
def test_an_email_is_kept_as_typed_and_normalized_beside(api, typed, normalized):
    """The first address in small letters."""
    made = api.call("res.partner", "create", vals_list=[{"name": "Ann", "email": typed}])[0]
    row = api.read("res.partner", made, "email", "email_normalized")
    assert (row["email"], row["email_normalized"]) == (typed, normalized)


def test_commands_change_many2many_and_one2many(each):
    """Replace, link, unlink, clear, create, update, delete."""
    odoo, write = each.odoo, lambda value: each.rpc("res.partner", "write", [made], value)
    made = odoo.create("res.partner", {"name": "Acme", "is_company": True, "category_id": [[6, 0, [1, 2]]]})
    write({"category_id": [[4, 3], [3, 1]]})
    assert each.read("res.partner", made, "category_id")["category_id"] == [2, 3]
    write({"category_id": [[5], [0, 0, {"name": "Fresh"}]]})
    (fresh,) = each.read("res.partner", made, "category_id")["category_id"]
    write(
        {"category_id": [[1, fresh, {"name": "Stale"}]], "child_ids": [[0, 0, {"name": "Ann"}], [0, 0, {"name": "Bo"}]]}
    )
    assert odoo.get("res.partner.category", fresh)["name"] == "Stale"
    ann, bo = each.read("res.partner", made, "child_ids")["child_ids"]
    write({"category_id": [[2, fresh]], "child_ids": [[1, ann, {"name": "Anna"}], [3, bo]]})
    assert each.search("res.partner.category", [["id", "=", fresh]]) == []
    assert [row["name"] for row in each.read("res.partner", [ann, bo], "name")] == ["Anna", "Bo"]
    assert each.read("res.partner", made, "child_ids", "category_id") == {
        "id": made,
        "child_ids": [ann],
        "category_id": [],
    }
    write({"child_ids": [[4, bo], [2, ann]]})
    assert each.read("res.partner", made, "child_ids")["child_ids"] == [bo]


def test_commands_may_replace_all_lines(each):
    """Those that go are freed; on creation too."""
    ann, bo = (each.odoo.create("res.partner", {"name": name}) for name in ("Ann", "Bo"))
    row = {"name": "Acme", "is_company": True, "child_ids": [[4, ann], [0, 0, {"name": "Cy"}]]}
    made = each.rpc("res.partner", "create", row)
    assert len(each.read("res.partner", made, "child_ids")["child_ids"]) == 2
    each.rpc("res.partner", "write", [made], {"child_ids": [[6, 0, [bo]]]})
    assert each.read("res.partner", made, "child_ids")["child_ids"] == [bo]
    each.rpc("res.partner", "write", [made], {"child_ids": False})
    assert each.read("res.partner", bo, "parent_id")["parent_id"] is False
    with pytest.raises(each.Refused, match="ValueError"):
        each.rpc("res.partner", "write", [made], {"child_ids": [[9, 9]]})
    with pytest.raises(each.Refused, match="AttributeError"):
        each.rpc("res.partner", "write", [made], "name")


def test_a_bare_list_replaces_from_19_on(fresh):
    """Until 18 it is an error."""
    new, old = fresh(version=19), fresh(version=18)
    assert new.call("res.partner", "write", [3], vals={"category_id": [3]}) is True
    assert new.read("res.partner", 3, "category_id")["category_id"] == [3]
    with pytest.raises(old.Refused, match="TypeError"):
        old.rpc("res.partner", "write", [3], {"category_id": [3]})


def test_what_is_read_only_can_be_written_all_the_same(api):
    """Over the API nothing protects it."""
    lead = api.odoo.create("crm.lead", {"name": "deal"})
    api.call("crm.lead", "write", [lead], vals={"won_status": "lost"})
    assert api.read("crm.lead", lead, "won_status")["won_status"] == "lost"
    api.call("crm.lead", "write", [lead], vals={"probability": 50})
    assert api.read("crm.lead", lead, "won_status")["won_status"] == "pending"


def test_the_language_of_the_context_translates_lists(api, odoo):
    """A language that is not installed is refused from 19 on."""
    odoo.install_language("de_DE", {("crm.stage", "name", 4): "Gewonnen"})
    german = {"lang": "de_DE", "active_test": False}
    stages = api.call("crm.stage", "search_read", domain=[], fields=["name"], order="id", context=german)
    assert [row["name"] for row in stages] == ["New", "Qualified", "Proposition", "Gewonnen"]
    assert api.call("crm.stage", "read", [4], fields=["name"])[0]["name"] == "Won"
    with pytest.raises(api.Refused, match="UserError: Invalid language code: xx_XX"):
        api.call("crm.stage", "search", domain=[], context={"lang": "xx_XX"})
    with pytest.raises(api.Refused, match="AccessError"):
        api.call("crm.stage", "search", domain=[], context={"allowed_company_ids": [7]})
