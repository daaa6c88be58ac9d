"""Size and sameness: millions of records cost nothing until they are touched, and a seed fixes all of them."""

from collections import Counter

import pytest

MANY = 2_000_000
LIST = "/crm/v3/objects/contacts"


def test_a_portal_of_millions_is_at_hand_at_once(fresh):
    """Reading and searching anywhere in it keeps nothing."""
    api = fresh(MANY)
    table = api.portal.portal.table("contacts")
    last = table.baseline.id_of(MANY - 1)
    assert api.get(f"{LIST}?limit=100&after={last - 50}&properties=email").json["results"][-1]["id"] == str(last)
    found = api.search("contacts", filters=[{"propertyName": "hs_object_id", "operator": "GT", "value": last - 50}])
    assert (found["total"], table.count(), table.rows) == (1, MANY, {})
    assert api.search("contacts")["total"] == MANY


def test_the_other_kinds_grow_with_the_contacts(fresh):
    """A fifth as many companies, a quarter as many deals, one at least."""
    counts = [[fresh(n).search(kind)["total"] for kind in ("contacts", "companies", "deals")] for n in (1, 100)]
    assert counts == [[1, 1, 1], [100, 20, 25]]


def test_a_seed_fixes_everything(fresh):
    """Same seed, same bytes; another seed, other records."""
    target = f"{LIST}?limit=50&properties=email,phone,jobtitle,city,lifecyclestage,company"
    first, again, other = (fresh(50, seed).get(target).body for seed in (7, 7, 8))
    assert first == again != other


def test_an_edit_leaves_the_others_untouched(fresh):
    """Only the touched record is kept."""
    api = fresh(MANY)
    contact = str(api.portal.portal.table("contacts").baseline.id_of(1_234_567))
    api.send("PATCH", f"{LIST}/{contact}", {"properties": {"city": "Oslo"}})
    assert list(api.portal.portal.table("contacts").rows) == [int(contact)]
    assert api.get(f"{LIST}/{contact}?properties=city").json["properties"]["city"] == "Oslo"


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_times_rise_with_ids_and_lie_in_the_past(fresh, kind):
    """Spread over a year; the newest is some hours old."""
    records = list(fresh(500).portal.live(kind).values())
    updated = [record["updatedAt"] for record in records]
    assert updated == sorted(set(updated))
    assert len({time[14:] for time in updated}) == len(updated)  # no even steps
    assert updated[0][:10] == "2025-01-15"
    assert updated[-1] < "2026-01-15T09"
    assert all(record["createdAt"] < record["updatedAt"] for record in records)


def test_people_are_varied(fresh):
    """Many names, cities and titles; unique addresses; some values missing."""
    people = [record["properties"] for record in fresh(2000).portal.live("contacts").values()]
    emails = [person["email"] for person in people if "email" in person]
    assert len(set(emails)) == len(emails) > 1900
    assert all(email.isascii() and email == email.lower() for email in emails)
    assert len({(person["firstname"], person["lastname"]) for person in people}) > 1000
    for name, values in {
        "city": 40,
        "jobtitle": 55,
        "lifecyclestage": 8,
        "country": 30,
        "hubspot_owner_id": 20,
    }.items():
        assert len(Counter(person.get(name) for person in people)) >= values
    for name in ("phone", "mobilephone", "jobtitle", "email", "company"):
        assert any(name not in person for person in people)


def test_a_page_says_the_same_as_a_single_record(fresh):
    """The fast way of writing records agrees with the plain one."""
    api = fresh(200)
    for kind in ("contacts", "companies", "deals"):
        names = ",".join(api.portal.portal.shelves[kind].catalogue.properties)
        page = api.get(f"/crm/v3/objects/{kind}?limit=100&properties={names}").json["results"]
        for record in page[::9]:
            assert api.get(f"/crm/v3/objects/{kind}/{record['id']}?properties={names}").json == record
            truth = api.portal.get(kind, record["id"])["properties"]
            assert {name: value for name, value in record["properties"].items() if value is not None} == truth
