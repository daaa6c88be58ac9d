"""Domains: each operator, how conditions are joined, and what they refuse."""

import pytest

PEOPLE = {
    "a": {"name": "Zoë Alves", "email": "zoe@x.example", "color": 1, "city": "São Paulo"},
    "b": {"name": "Ben Berg", "email": "Ben <BEN@y.example>", "color": 10, "function": "CEO"},
    "c": {"name": "100% Carla_C", "color": 2, "employee": True},
}


def found(api, *conditions, **named):
    """The names of those of PEOPLE that a domain finds."""
    made = {api.odoo.create("res.partner", values): name for name, values in PEOPLE.items()}
    return "".join(made[each] for each in api.search("res.partner", [["id", "in", list(made)], *conditions], **named))


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (["name", "=", "Ben Berg"], "b"),
        (["name", "=", "ben berg"], ""),
        (["name", "!=", "Ben Berg"], "ac"),
        (["city", "!=", "São Paulo"], "bc"),
        (["city", "=", False], "bc"),
        (["city", "!=", False], "a"),
        (["city", "in", ["São Paulo", "Oslo"]], "a"),
        (["city", "in", ["Oslo", False]], "bc"),
        (["city", "not in", ["São Paulo"]], "bc"),
        (["city", "not in", ["Oslo", False]], "a"),
        (["name", "like", "en"], "b"),
        (["name", "like", "BEN"], ""),
        (["name", "ilike", "BEN"], "b"),
        (["name", "ilike", ""], "abc"),
        (["city", "not ilike", "são"], "bc"),
        (["name", "=like", "Ben"], ""),
        (["name", "=like", "Ben%"], "b"),
        (["name", "=ilike", "ben b_rg"], "b"),
        (["color", ">", 1], "bc"),
        (["color", ">=", "2"], "bc"),
        (["color", "<", 10], "ac"),
        (["color", "<=", 1], "a"),
        (["color", "in", [1, 2]], "ac"),
        (["employee", "=", True], "c"),
        (["employee", "!=", True], "ab"),
        (["email_normalized", "in", ["ben@y.example", "zoe@x.example"]], "ab"),
        (["email", "=?", False], "abc"),
        (["create_date", "!=", False], "abc"),
        (["write_date", "=", False], ""),
        (["write_date", ">", False], ""),
        (["employee", ">", False], "c"),
        (["email", "=?", "zoe@x.example"], "a"),
        (["city", ">", "Oslo"], "a"),
        (["parent_id", "any", []], ""),
        (["parent_id", "not any", []], "abc"),
        (["user_id", ">", 1], ""),
    ],
)
def test_each_operator_finds_what_it_should(each, condition, names):
    """Negative conditions include what has no value; nothing and an empty text are the same."""
    assert found(each, condition) == names


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        (["|", ["color", "=", 1], ["color", "=", 10]], "ab"),
        (["|", ["color", "=", 1], "&", ["color", "=", 10], ["city", "=", "Oslo"]], "a"),
        (["!", ["color", "=", 1]], "bc"),
        (["!", "|", ["color", "=", 1], ["color", "=", 10]], "c"),
        (["!", "&", ["color", ">", 1], ["employee", "=", True]], "ab"),
        (["!", "!", ["color", "=", 1]], "a"),
        ([["color", ">", 1], ["color", "<", 10]], "c"),
        ([[1, "=", 1]], "abc"),
        ([[0, "=", 1]], ""),
        (["|", [0, "=", 1], ["color", "=", 2]], "c"),
        (["|", False, ["color", "=", 2]], "c"),
        (["!", ["email", "=?", False]], ""),
        ([], "abc"),
    ],
)
def test_conditions_are_joined_in_prefix_notation(api, domain, names):
    """An operator takes the terms that follow; terms beside each other must all hold."""
    assert found(api, *domain) == names


def family(odoo):
    """A company with two people, one of whom is archived and a user, and somebody without a company."""
    acme = odoo.create("res.partner", {"name": "Acme", "is_company": True, "industry_id": 3})
    ann = odoo.create("res.partner", {"name": "Ann", "parent_id": acme})
    bob = odoo.create("res.partner", {"name": "Bob", "parent_id": acme, "active": False})
    cy = odoo.create("res.partner", {"name": "Cy"})
    return acme, ann, bob, cy


def test_relations_are_found_by_id_by_name_and_by_their_fields(each):
    """Dots lead on; `any` takes a domain of its own; names are exact or like."""
    acme, ann, bob, cy = ids = family(each.odoo)
    scope = ["id", "in", ids]

    def ask(*domain):
        return each.search("res.partner", [scope, *domain])

    assert ask(["parent_id", "=", acme]) == ask(["parent_id", "in", [acme, 7]]) == [ann, bob]
    assert ask(["parent_id", "=", False]) == ask(["parent_id", "in", [False]]) == [acme, cy]
    assert ask(["parent_id", "!=", acme]) == [acme, cy]
    assert ask(["parent_id", "=", "Acme"]) == ask(["parent_id", "ilike", "cm"]) == [ann, bob]
    assert (
        ask(["parent_id.name", "=", "Acme"]) == ask(["parent_id.industry_id.name", "=", "Manufacturing"]) == [ann, bob]
    )
    assert ask(["parent_id", "any", [["industry_id", "=", "Manufacturing"]]]) == [ann, bob]
    assert ask(["parent_id", "not any", [["name", "=", "Acme"]]]) == [acme, cy]
    assert ask(["child_ids.name", "=", "Bob"]) == ask(["child_ids", "in", [bob]]) == [acme]
    assert ask(["child_ids", "=", False]) == [ann, bob, cy]
    assert ask(["id", "child_of", acme]) == ask(["id", "child_of", [acme, ann]]) == [acme, ann, bob]
    assert ask(["id", "parent_of", ann]) == [acme, ann]
    assert ask("!", ["id", "child_of", acme]) == [cy]


def test_archived_records_are_hidden_unless_asked_for(api):
    """By the context, or by a condition on `active` anywhere in the domain; a read shows them anyway."""
    *_, bob, cy = family(api.odoo)
    scope = ["id", "in", [bob, cy]]
    assert api.call("res.partner", "search", domain=[scope]) == [cy]
    assert api.call("res.partner", "search_count", domain=[scope]) == 1
    assert api.call("res.partner", "search", domain=[scope, ["active", "in", [True, False]]], order="id") == [bob, cy]
    assert api.call("res.partner", "search", domain=["|", ["active", "=", False], scope], order="id")[-2:] == [bob, cy]
    assert api.search("res.partner", [scope]) == [bob, cy]
    assert [row["id"] for row in api.call("res.partner", "read", [bob], fields=["name"])] == [bob]


def test_staff_are_told_from_customers_with_access(api):
    """No users at all would leave customers out who have, or had, access; the longer domain keeps them."""
    partners = api.odoo.database.registry.partners
    granted, revoked = [partners.id_of_contact(contact) for contact in (3, 8)], partners.id_of_contact(12)
    own = [["user_ids", "not any", [["share", "=", False]]], "|", ["user_ids", "=", False], ["active", "=", True]]
    people = [["is_company", "=", False], ["type", "=", "contact"]]
    plain, kept = (
        api.search("res.partner", [*people, ["user_ids", "=", False]]),
        api.search("res.partner", people + own),
    )
    assert set(kept) - set(plain) == {*granted, revoked}
    assert min(kept) > 100


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ([["nope", "=", 1]], "builtins.ValueError"),
        ([["parent_id.nope", "=", 1]], "builtins.ValueError"),
        ([["name.x", "=", 1]], "builtins.ValueError"),
        ([["name", "~", 1]], "builtins.ValueError"),
        ([["name", "="]], "builtins.ValueError"),
        (["|", ["name", "=", "a"]], "builtins.ValueError"),
        (["xor"], "builtins.ValueError"),
        ("name", "builtins.ValueError"),
        ([["name", "any", []]], "builtins.ValueError"),
        ([["industry_id", "child_of", 1]], "builtins.ValueError"),
        ([["parent_id", "any", [["parent_id", "any", "x"]]]], "builtins.ValueError"),
        ([["partner_latitude", "=", "north"]], "psycopg2.errors.InvalidTextRepresentation"),
        (["!"] * 500 + [["id", "=", 1]], "builtins.RecursionError"),
        ([["id", "=", "seven"]], "psycopg2.errors.InvalidTextRepresentation"),
        ([["id", ">", "99999999999"]], "psycopg2.errors.NumericValueOutOfRange"),
        ([["write_date", ">", "yesterday"]], "builtins.ValueError"),
        ([["write_date", ">", "2026-13-01 00:00:00"]], "builtins.ValueError"),
    ],
)
def test_a_domain_that_makes_no_sense_is_refused(api, domain, name):
    """As an error of the server's own, with status 500."""
    with pytest.raises(api.Refused) as raised:
        api.search("res.partner", domain)
    assert (raised.value.name, raised.value.status) == (name, 500)


def test_numbers_may_come_as_texts(api):
    """The database reads them."""
    assert api.search("res.partner", [["id", "=", "1"]]) == [1]
    assert api.search("res.partner", [["id", "in", ["1", 2]]], limit="5") == [1, 2]


def test_ids_are_cut_at_both_ends(api):
    """Whatever the bounds include."""
    for operators, wanted in ((">=", "<="), [3, 4, 5]), ((">", "<"), [4]), ((">=", "<"), [3, 4]):
        domain = [["id", operator, bound] for operator, bound in zip(operators, (3, 5), strict=True)]
        assert api.search("res.partner", domain) == wanted
        assert api.search("res.partner", domain, order="id desc") == wanted[::-1]


def test_days_compare_as_days(each):
    """A time behind the day is cut; what is no day is refused."""
    made = each.odoo.create("crm.lead", {"name": "deal", "date_deadline": "2026-12-31"})
    for operator, value, there in (
        (">=", "2026-12-31 10:00:00", True),
        (">", "2026-12-31", False),
        ("<", "2027-01-01", True),
    ):
        assert (each.search("crm.lead", [["id", "=", made], ["date_deadline", operator, value]]) == [made]) is there
    with pytest.raises(each.Refused, match="ValueError"):
        each.search("crm.lead", [["date_deadline", "<", "soon"]])
    error = "InvalidDatetimeFormat" if each.version < 19 else "ValueError"
    with pytest.raises(each.Refused, match=error):
        each.search("crm.lead", [["write_date", "<", "soon"]])


def test_archived_lines_count_as_lines_from_19_on_only_if_the_context_shows_them(fresh):
    """`= False` on a one2many; until 18 they count in any case."""
    for version, seen in ((18, True), (19, False)):
        api = fresh(version=version)
        *_, bob, cy = family(api.odoo)
        api.odoo.write("res.partner", bob, {"parent_id": cy})
        domain = [["id", "=", cy], ["child_ids", "=", False]]
        assert (api.call("res.partner", "search", domain=domain) == []) is seen
        assert api.search("res.partner", domain) == []
