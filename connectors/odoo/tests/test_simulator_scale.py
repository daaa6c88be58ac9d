"""Size and sameness: millions of records cost nothing until they are touched, and a seed fixes all of them."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from crmsync.sandbox.clock import START

MANY = 2_000_000
CONTACTS = [["is_company", "=", False], ["type", "=", "contact"], ["id", ">", 100]]
OWN = [["user_ids", "not any", [["share", "=", False]]], "|", ["user_ids", "=", False], ["active", "=", True]]


def test_a_database_of_millions_is_at_hand_at_once(fresh):
    """Pages at both ends and a window of an hour in the middle keep nothing and look at little."""
    api = fresh(MANY)
    last = api.search("res.partner", [], order="id desc", limit=1)[0]
    assert last > MANY
    tail = api.search("res.partner", [*CONTACTS, *OWN, ["id", ">", last - 24]], limit=2000)
    assert len(tail) == 20
    window = [["write_date", ">=", "2025-07-01 00:00:00"], ["write_date", "<", "2025-07-01 01:00:00"]]
    assert 100 < len(api.search("res.partner", [*CONTACTS, *OWN, *window], limit=2000)) < 2000
    tables = (model.table for name, model in api.odoo.database.models.items() if name in ("res.partner", "crm.lead"))
    assert sum(len([each for each in table.touched if each > 100]) for table in tables) == 0


@pytest.mark.parametrize("records", [1, 7, 40, 123])
def test_the_other_kinds_grow_with_the_contacts(fresh, records):
    """A fifth as many companies, a quarter as many opportunities, one at least."""
    api = fresh(records)
    companies = api.search("res.partner", [["is_company", "=", True], ["id", "!=", 1]])
    deals = api.search("crm.lead", [["type", "=", "opportunity"]])
    counts = len(api.search("res.partner", CONTACTS)), len(companies), len(deals)
    assert counts == (records, max(1, records // 5), max(1, records // 4))


def test_an_empty_database_has_staff_and_lists_only(fresh):
    """No records asked for, none there."""
    api = fresh(0)
    assert api.search("crm.lead") == []
    assert api.search("res.partner") == list(range(1, 16))
    assert len(api.search("res.partner.industry")) == 21


def test_a_seed_fixes_everything(fresh):
    """Same seed, same records; another seed, others."""
    first, again, other = (fresh(50, seed=seed).odoo.all("res.partner", CONTACTS) for seed in (7, 7, 8))
    assert first == again != other


def test_an_edit_leaves_the_others_untouched(fresh):
    """Only the touched record is kept, and is read like its neighbours."""
    api = fresh(MANY)
    contact = api.odoo.database.registry.partners.id_of_contact(1_234_567)
    before = api.read("res.partner", [contact - 1, contact, contact + 1], "name", "email", "city", "write_date")
    api.call("res.partner", "write", [contact], vals={"city": "Oslo"})
    after = api.read("res.partner", [contact - 1, contact, contact + 1], "name", "email", "city", "write_date")
    assert [row["city"] for row in after] == [before[0]["city"], "Oslo", before[2]["city"]]
    assert after[1]["write_date"] == START.strftime("%Y-%m-%d %H:%M:%S")
    assert [row["email"] for row in after] == [row["email"] for row in before]
    assert [each for each in api.odoo.database.models["res.partner"].table.touched if each > 100] == [contact]


def test_contacts_companies_and_deals_belong_together(fresh):
    """Each link leads to a record of the right kind, and can be followed back."""
    odoo = fresh(200).odoo
    people, companies = odoo.all("res.partner", CONTACTS), odoo.all("res.partner", [["is_company", "=", True]])
    employed = {each: row["parent_id"] for each, row in people.items() if row["parent_id"]}
    assert len(employed) == 175
    assert set(employed.values()) <= set(companies)
    assert all(row["parent_id"] in companies for row in odoo.all("res.partner", [["type", "!=", "contact"]]).values())
    assert all(people[each]["industry_id"] == companies[above]["industry_id"] for each, above in employed.items())
    assert any(row["company_name"] and not row["parent_id"] for row in people.values())
    deals = odoo.all("crm.lead", [["type", "=", "opportunity"]])
    about = {each: row["partner_id"] for each, row in deals.items()}
    assert len([each for each in about.values() if each in people]) > 40
    assert len([each for each in about.values() if each in companies]) == 3
    for deal, partner in about.items():
        assert not partner or deal in odoo.get("res.partner", partner)["opportunity_ids"]
    for company, row in companies.items():
        assert {each for each in row["child_ids"] if each in people} == {e for e, c in employed.items() if c == company}


def test_times_of_change_hold_the_traps_of_real_ones(fresh):
    """Spread over a year; imports that share an instant; ids that fall within a second; fractions of seconds."""
    odoo = fresh(2000).odoo
    ids = odoo.ids("res.partner", [["id", ">", 100]])
    times = [odoo.changed_us("res.partner", each) for each in ids]
    assert max(Counter(times).values()) >= 25
    falling = [(a, b) for a, b in pairwise(times) if b < a and a // 1_000_000 == b // 1_000_000]
    assert falling
    assert sum(1 for moment in times if moment % 1_000_000) > len(times) * 0.8
    shown = sorted(row["write_date"] for row in odoo.all("res.partner", [["id", ">", 100]]).values())
    assert shown[0] >= "2025-01-15"
    assert shown[-1] < "2026-01-15 09"


def test_thousands_of_records_stem_from_one_import(fresh):
    """As many equal times as no page holds."""
    odoo = fresh(200_000).odoo
    first = odoo.database.registry.partners.baseline.first_id + 3 * 256 * 25
    moment = odoo.get("res.partner", first)["write_date"]
    same = odoo.ids("res.partner", [["write_date", "=", moment]])
    assert len(same) == 256 * 25 > 5000
    assert len({odoo.changed_us("res.partner", each) for each in same[::100]}) == 1


def test_people_are_varied(fresh):
    """Many names, cities and titles; unique addresses; some values missing; some addresses typed carelessly."""
    people = list(fresh(2000).odoo.all("res.partner", CONTACTS).values())
    emails = [person["email_normalized"] for person in people if person["email_normalized"]]
    assert len(set(emails)) == len(emails) > 1900
    assert sum(1 for person in people if person["email"] and person["email"] != person["email_normalized"]) > 50
    assert any(re.fullmatch(r".+ <.+@.+>", person["email"] or "") for person in people)
    for name, values in {"name": 1000, "city": 40, "function": 55, "country_id": 30, "user_id": 8}.items():
        assert len(Counter(person[name] for person in people)) >= values
    for name in ("phone", "function", "email", "parent_id"):
        assert any(person[name] is False for person in people)
    assert {person["active"] for person in people} == {True, False}


@pytest.mark.parametrize("model", ["res.partner", "crm.lead"])
def test_a_touched_record_shows_the_same_as_before(fresh, model):
    """The kept record and the made-up one are read by different ways."""
    odoo = fresh(200).odoo
    before = odoo.all(model)
    odoo.touch(model, [each for each in before if each > 100 or model == "crm.lead"])
    after = odoo.all(model)
    changed = {name for each in before for name in before[each] if before[each][name] != after[each][name]}
    assert changed == {"write_date", "write_uid"}
