"""Size and sameness: millions of records cost nothing until they are touched, and a seed fixes all of them."""

import re
from collections import Counter

import pytest

MANY = 2_000_000
MODULES = ("Leads", "Accounts", "Contacts", "Deals")


def test_an_org_of_millions_is_at_hand_at_once(fresh):
    """Reading anywhere in it, by id, by time or by address, keeps nothing."""
    api = fresh(MANY)
    table = api.org.org.table("Contacts")
    middle = table.baseline.id_of(MANY // 2)
    assert [int(row["id"]) for row in api.found(f"select Email from Contacts where id > {middle} limit 3")] == [
        table.baseline.id_of(MANY // 2 + n) for n in (1, 2, 3)
    ]
    email = api.found(f"select Email from Contacts where id >= {middle} and Email is not null limit 1")[0]["Email"]
    assert len(api.found(f"select id from Contacts where Email = '{email}'")) == 1
    assert api.searched("Contacts", email=email) == [str(row["id"]) for row in api.found(
        f"select id from Contacts where Email = '{email}'"
    )]  # fmt: skip
    assert api.get("Contacts/actions/count").json == {"count": MANY}
    assert table.touched.rows == {}


def test_the_other_modules_grow_with_the_contacts(fresh):
    """A fifth as many accounts, a quarter as many deals, a tenth as many leads, one at least."""
    counts = [[len(fresh(n).org.ids(module)) for module in MODULES] for n in (1, 100)]
    assert counts == [[1, 1, 1, 1], [10, 20, 100, 25]]


def test_a_seed_fixes_everything(fresh):
    """Same seed, same bytes; another seed, other records with other ids."""
    query = "select Full_Name, Email, Phone, Title, Account_Name, Owner, Modified_Time from Contacts where id > 0"
    first, again, other = (fresh(50, seed).ask(query).body for seed in (7, 7, 8))
    assert first == again != other
    assert fresh(1, 7).org.ids("Contacts")[0][:7] != fresh(1, 8).org.ids("Contacts")[0][:7]


def test_an_edit_leaves_the_others_untouched(fresh):
    """Only the touched record is kept."""
    api = fresh(MANY)
    contact = str(api.org.org.table("Contacts").baseline.id_of(1_234_567))
    api.write("Contacts", {"id": contact, "Title": "Pilot"}, method="PUT")
    assert list(api.org.org.table("Contacts").touched.rows) == [int(contact)]
    assert api.found(f"select Title from Contacts where id = {contact}")[0]["Title"] == "Pilot"


@pytest.mark.parametrize("module", MODULES)
def test_times_rise_with_ids_and_lie_in_the_past(fresh, module):
    """Spread over a year, to the second, in the org's zone with its offset; ids have 19 digits."""
    org = fresh(2000).org
    ids, records = org.ids(module), list(org.live(module).values())
    updated = [record["Modified_Time"] for record in records]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", time) for time in updated)
    assert {time[-6:] for time in updated} == {"+01:00", "+02:00"}
    assert updated[0][:10] == "2025-01-15"
    assert updated[-1] < "2026-01-15T09"
    assert all(record["Created_Time"] < record["Modified_Time"] for record in records)
    assert ids == sorted(ids)
    assert {len(record_id) for record_id in ids} == {19}


def test_ids_of_all_modules_differ_and_new_ones_are_higher(fresh):
    """An id of the wrong module finds nothing."""
    api = fresh(500)
    ids = [record_id for module in MODULES for record_id in api.org.ids(module)]
    made = api.write("Contacts", {"Last_Name": "A"}).ids + api.write("Accounts", {"Account_Name": "B"}).ids
    assert len(set(ids)) == len(ids)
    assert max(ids) < made[0] < made[1]
    assert api.get(f"Contacts/{api.org.ids('Deals')[0]}").status == 204


def test_people_are_varied(fresh):
    """Many names, cities and titles; unique addresses; some values missing."""
    people = list(fresh(2000).org.live("Contacts").values())
    emails = [person["Email"] for person in people if "Email" in person]
    assert len(set(emails)) == len(emails) > 1900
    assert all(email.isascii() and email == email.lower() for email in emails)
    assert len({person["Full_Name"] for person in people}) > 1000
    for name, values in {"Mailing_City": 40, "Title": 55, "Lead_Source": 14, "Owner": 24}.items():
        assert len(Counter(person.get(name) for person in people)) >= values
    for name in ("Phone", "Mobile", "Title", "Email", "Account_Name", "First_Name"):
        assert any(name not in person for person in people)


def test_contacts_accounts_and_deals_belong_together(fresh):
    """A deal's account is its contact's, and every lookup means a record that is there."""
    org = fresh(200).org
    contacts, accounts, deals = (org.live(module) for module in ("Contacts", "Accounts", "Deals"))
    linked = [deal for deal in deals.values() if "Contact_Name" in deal]
    assert 0 < len(linked) < len(deals)
    assert all(deal.get("Account_Name") == contacts[deal["Contact_Name"]].get("Account_Name") for deal in linked)
    assert {person["Account_Name"] for person in contacts.values() if "Account_Name" in person} == set(accounts)


@pytest.mark.parametrize("module", MODULES)
def test_a_page_says_the_same_as_a_single_record(fresh, module):
    """The fast way of writing records agrees with the plain one, and with the truth."""
    api = fresh(100)
    names = list(api.org.org.shelves[module].catalogue.fields)
    for part in (names[:50], names[50:]):
        fields = ",".join(part or ["id"])
        for record in api.get(f"{module}?per_page=100&fields={fields}").json["data"][::7]:
            assert api.get(f"{module}/{record['id']}?fields={fields}").json["data"] == [record]
            truth = api.org.get(module, record["id"])
            shown = {name: value for name, value in record.items() if value is not None and name != "Tag"}
            assert {n: v["id"] if isinstance(v, dict) else v for n, v in shown.items()} == {
                name: value for name, value in truth.items() if name in shown
            }
