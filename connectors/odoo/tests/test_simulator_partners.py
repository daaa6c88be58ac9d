"""Partners: what flows from a company to its people, deletions, merges, and what partners share with leads."""

import pytest

NOW, LATER = "2026-01-15 12:00:00", "2026-01-15 13:00:00"


@pytest.fixture
def acme(each):
    """A company with an address, and Ann and an invoice address below it."""
    odoo = each.odoo
    made = odoo.create(
        "res.partner", {"name": "Acme", "is_company": True, "city": "Cork", "vat": "IE1", "industry_id": 3}
    )
    ann = odoo.create("res.partner", {"name": "Ann", "parent_id": made, "email": "ann@acme.example", "phone": "1"})
    bill = odoo.create("res.partner", {"type": "invoice", "parent_id": made, "city": "Lyon"})
    return made, ann, bill


def times(api, ids):
    return [row["write_date"] for row in api.read("res.partner", list(ids), "write_date")]


def test_a_new_contact_takes_over_its_company_s_address(each, acme):
    """And what is commercial; an invoice address keeps its own, and needs no name."""
    _, ann, bill = acme
    rows = each.read("res.partner", [ann, bill], "city", "vat", "industry_id", "name", "complete_name")
    assert [row["city"] for row in rows] == ["Cork", "Lyon"]
    assert [row["vat"] for row in rows] == ["IE1", "IE1"]
    assert rows[0]["industry_id"] == 3
    assert [row["complete_name"] for row in rows] == ["Acme, Ann", "Acme, Invoice Address"]
    assert rows[1]["name"] is False


@pytest.mark.parametrize("values", [{"name": "Apex"}, {"phone": "2"}, {"website": "apex.test"}, {"city": "Oslo"}])
def test_any_write_to_a_company_moves_its_people(each, acme, clock, values):
    """Though nothing of it may show in them."""
    clock.advance(3600)
    each.rpc("res.partner", "write", [acme[0]], values)
    assert times(each, acme) == [LATER] * 3


def test_archiving_a_company_moves_its_people_until_18_only(each, acme, clock):
    """They stay active in any case."""
    clock.advance(3600)
    each.rpc("res.partner", "action_archive", [acme[0]])
    assert times(each, acme) == [LATER] + [LATER if each.version < 19 else NOW] * 2
    assert [row["active"] for row in each.read("res.partner", list(acme), "active")] == [False, True, True]


def test_a_child_s_change_does_not_move_its_company(each, acme, clock):
    """Nor its siblings; nor does a new child."""
    clock.advance(3600)
    each.rpc("res.partner", "write", [acme[1]], {"function": "CEO"})
    each.odoo.create("res.partner", {"name": "Bo", "parent_id": acme[0]})
    assert times(each, acme) == [NOW, LATER, NOW]


def test_what_is_commercial_and_the_address_are_copied_down(each, acme):
    """A tax number of a child's own is not kept; an industry is, until the company's changes."""
    company, ann, bill = acme
    each.rpc("res.partner", "write", [ann], {"vat": "XX9", "industry_id": 5})
    row = each.read("res.partner", ann, "vat", "industry_id")
    assert (row["vat"], row["industry_id"]) == ("IE1", 5)
    each.rpc("res.partner", "write", [company], {"vat": "IE2", "industry_id": 7, "city": "Oslo"})
    rows = each.read("res.partner", [ann, bill], "vat", "industry_id", "city")
    assert [(row["vat"], row["industry_id"], row["city"]) for row in rows] == [("IE2", 7, "Oslo"), ("IE2", 7, "Lyon")]


def test_made_up_people_move_with_their_company_too(each, clock):
    """Those that nobody touched before."""
    company = each.odoo.ids("res.partner", [["is_company", "=", True], ["id", ">", 100]])[0]
    children = each.read("res.partner", company, "child_ids")["child_ids"]
    assert len(children) >= 4
    each.odoo.write("res.partner", company, {"name": "Renamed"})
    assert set(times(each, children)) == {NOW}
    names = each.read("res.partner", children, "complete_name")
    assert all(row["complete_name"].startswith("Renamed, ") for row in names)


def test_a_partner_cannot_be_above_itself(each, acme):
    """At any distance."""
    company, ann, _ = acme
    for above in (company, ann):
        with pytest.raises(each.Refused, match="You cannot create recursive Partner hierarchies"):
            each.rpc("res.partner", "write", [company], {"parent_id": above})


def test_deleting_a_company_frees_its_people(each, acme, clock):
    """Their label changes, so they move. Its external id goes with it."""
    company, ann, _ = acme
    loaded = each.load("res.partner", ["id", ".id", "name"], ["crmsync.acme", company, "Acme"])
    assert loaded["ids"] == [company]
    clock.advance(3600)
    each.rpc("res.partner", "unlink", [company])
    row = each.read("res.partner", ann, "parent_id", "complete_name", "write_date")
    assert (row["parent_id"], row["complete_name"], row["write_date"]) == (False, "Ann", LATER)
    assert each.search("ir.model.data", [["name", "=", "acme"]]) == []
    assert each.load("res.partner", ["id", "name"], ["crmsync.acme", "Acme"])["ids"] > [company]


def test_deleting_a_partner_clears_its_leads_without_a_trace(each, acme, clock):
    """Unless a lead shows the partner's e-mail address or telephone number: that one moves."""
    _, ann, bill = acme
    copied = each.odoo.create("crm.lead", {"name": "copied", "partner_id": ann})
    plain = each.odoo.create("crm.lead", {"name": "plain", "partner_id": bill})
    assert each.read("crm.lead", copied, "email_from", "phone") == {
        "id": copied,
        "email_from": "ann@acme.example",
        "phone": "1",
    }
    clock.advance(3600)
    each.rpc("res.partner", "unlink", [ann, bill])
    rows = each.read("crm.lead", [copied, plain], "partner_id", "write_date")
    assert [(row["partner_id"], row["write_date"]) for row in rows] == [(False, LATER), (False, NOW)]


@pytest.mark.parametrize(
    ("partner", "error"),
    [
        (3, "RedirectWarning: You cannot delete contacts linked to an active user"),
        (5, "ValidationError: Another model is using"),
        (1, "ValidationError: Another model is using"),
    ],
)
def test_partners_of_users_and_of_the_own_company_stay(each, partner, error):
    """Nothing of the call is done."""
    other = each.odoo.create("res.partner", {"name": "x"})
    with pytest.raises(each.Refused, match=error):
        each.rpc("res.partner", "unlink", [other, partner])
    assert each.search("res.partner", [["id", "in", [partner, other]]]) == [partner, other]


def test_one_missing_id_stops_the_whole_call(each):
    """Of a write as of a deletion."""
    made = each.odoo.create("res.partner", {"name": "x"})
    for method, args in (("write", ({"name": "y"},)), ("unlink", ())):
        with pytest.raises(each.Refused, match="MissingError"):
            each.rpc("res.partner", method, [made, 99_999], *args)
    assert each.read("res.partner", made, "name")["name"] == "x"


def test_merging_deletes_the_loser_and_repoints_what_referred_to_it(each, clock):
    """By the database, so that nothing that is re-pointed moves; both external ids tell of the merge."""
    odoo = each.odoo
    win, lose = each.load("res.partner", ["id", "name"], ["crmsync.a", "Ann"], ["crmsync.b", "Ann B."])["ids"]
    odoo.write("res.partner", lose, {"function": "CEO"})
    child = odoo.create("res.partner", {"name": "Cy", "parent_id": lose})
    lead = odoo.create("crm.lead", {"name": "deal", "partner_id": lose})
    clock.advance(3600)
    odoo.merge("res.partner", win, lose)
    assert each.search("res.partner", [["id", "=", lose]]) == []
    row = each.read("res.partner", win, "name", "function", "write_date")
    assert (row["name"], row["function"], row["write_date"]) == ("Ann", "CEO", LATER)
    assert each.read("res.partner", child, "parent_id")["parent_id"] == win
    assert each.read("crm.lead", lead, "partner_id", "write_date") == {"id": lead, "partner_id": win, "write_date": NOW}
    (told,) = each.rpc("res.partner", "get_metadata", [win])
    assert [entry["xmlid"] for entry in told["xmlids"]] == ["crmsync.a", "crmsync.b"]
    assert each.load("res.partner", ["id", "name"], ["crmsync.b", "Ann C."])["ids"] == [win]


def test_a_person_may_become_a_company(each):
    """It keeps its id, leaves one domain and enters another; the type can be written by either name."""
    made = each.odoo.create("res.partner", {"name": "Sole"})
    each.rpc("res.partner", "write", [made], {"company_type": "company"})
    assert each.search("res.partner", [["id", "=", made], ["is_company", "=", False]]) == []
    assert each.read("res.partner", made, "company_type", "is_company") == {
        "id": made,
        "company_type": "company",
        "is_company": True,
    }
    assert each.search("res.partner", [["id", "=", made]]) == [made]


def test_a_partner_s_email_moves_its_leads_and_the_other_way_round(each, acme, clock):
    """They are two-way; an empty one goes neither way."""
    _, ann, _ = acme
    first, second = (each.odoo.create("crm.lead", {"name": name, "partner_id": ann}) for name in "ab")
    clock.advance(3600)
    each.rpc("res.partner", "write", [ann], {"email": "new@acme.example"})
    rows = each.read("crm.lead", [first, second], "email_from", "write_date")
    assert [(row["email_from"], row["write_date"]) for row in rows] == [("new@acme.example", LATER)] * 2
    each.rpc("crm.lead", "write", [first], {"email_from": "lead@acme.example", "phone": "2"})
    row = each.read("res.partner", ann, "email", "email_normalized", "phone")
    assert (row["email"], row["email_normalized"], row["phone"]) == ("lead@acme.example", "lead@acme.example", "2")
    assert each.read("crm.lead", second, "email_from")["email_from"] == "lead@acme.example"
    each.rpc("crm.lead", "write", [first], {"email_from": False})
    assert each.read("res.partner", ann, "email")["email"] == "lead@acme.example"


def test_a_name_may_carry_an_email(each):
    """And copies say that they are copies."""
    made, label = each.rpc("res.partner", "name_create", "Joe <joe@x.test>")
    assert (label, each.read("res.partner", made, "email")["email"]) == ("Joe", "joe@x.test")
    (copied,) = each.rpc("res.partner", "copy", [made], {"function": "CEO"})
    row = each.read("res.partner", copied, "name", "email", "function")
    assert (row["name"], row["email"], row["function"]) == ("Joe (copy)", "joe@x.test", "CEO")


def test_defaults_and_external_ids_can_be_asked_for(each):
    """By any user."""
    assert each.rpc("res.partner", "default_get", ["type", "active", "name"]) == {"type": "contact", "active": True}
    wanted = {"type": "opportunity", "user_id": 5, "date_open": "2026-01-15 12:00:00"}
    assert each.rpc("crm.lead", "default_get", list(wanted)) == wanted
    (made,) = each.load("res.partner", ["id", "name"], ["crmsync.x", "x"])["ids"]
    assert each.rpc("res.partner", "get_external_id", [made, 101]) == {str(made): "crmsync.x", "101": ""}
    (told,) = each.rpc("res.partner", "get_metadata", [101])
    assert (told["xmlid"], told["xmlids"], told["create_date"][:4]) == (False, [], "2024")
    assert each.rpc("ir.model.data", "check_object_reference", "base", "main_partner") == ["res.partner", 1]
    with pytest.raises(each.Refused, match="External ID not found"):
        each.rpc("ir.model.data", "check_object_reference", "base", "nope")
    context = {"default_function": "CEO"}
    made = each.rpc("res.partner", "create", {"name": "x"}, context=context)
    assert each.read("res.partner", made, "function")["function"] == "CEO"


def test_some_methods_went_with_19(fresh):
    """`exists` became private, `toggle_active` is gone."""
    old, new = fresh(version=18), fresh(version=19)
    assert old.rpc("res.partner", "exists", [1, 99_999]) == [1]
    old.rpc("res.partner", "toggle_active", [101])
    assert old.read("res.partner", 101, "active")["active"] is False
    old.rpc("res.partner", "action_unarchive", [101])
    assert old.read("res.partner", 101, "active")["active"] is True
    for method in ("exists", "toggle_active"):
        with pytest.raises(new.Refused):
            new.rpc("res.partner", method, [1])


def test_a_label_goes_up_to_the_company(each):
    """Over a person in between; an own company below another one has its own label."""
    acme = each.odoo.create("res.partner", {"name": "Acme", "is_company": True})
    boss = each.odoo.create("res.partner", {"name": "Boss", "parent_id": acme})
    aide = each.odoo.create("res.partner", {"name": "Aide", "parent_id": boss})
    branch = each.odoo.create("res.partner", {"name": "Branch", "parent_id": acme, "is_company": True})
    rows = each.read(
        "res.partner", [boss, aide, branch], "commercial_partner_id", "commercial_company_name", "complete_name"
    )
    assert [row["commercial_partner_id"] for row in rows] == [acme, acme, branch]
    assert [row["commercial_company_name"] for row in rows] == ["Acme", "Acme", "Branch"]
    assert [row["complete_name"] for row in rows] == ["Acme, Boss", "Acme, Aide", "Branch"]
