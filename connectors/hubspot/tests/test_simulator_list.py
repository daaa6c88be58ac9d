"""Lists: order, paging, what a page holds."""

from urllib.parse import quote, urlsplit

import pytest

from crmsync.sandbox import SimRequest

LIST = "/crm/v3/objects/contacts"
BASES = ["/crm/v3/objects", "/crm/objects/v3", "/crm/objects/2026-03", "/crm/objects/2026-09"]


def pages(api, target):
    """All pages of a list, by following its links."""
    while target:
        page = api.get(target).json
        yield page
        link = page.get("paging", {}).get("next", {}).get("link")
        target = link and f"{urlsplit(link).path}?{urlsplit(link).query}"


def ids(results):
    return [record["id"] for record in results]


def test_pages_follow_each_other_by_their_links(api, portal):
    """A link leads to the next page with the same question; the last page has none."""
    read = list(pages(api, f"{LIST}?limit=15&properties=email"))
    assert [len(page["results"]) for page in read] == [15, 15, 10]
    assert [record for page in read for record in ids(page["results"])] == portal.ids("contacts")
    assert "paging" not in read[-1]
    assert all("email" in record["properties"] for page in read for record in page["results"])


def test_ids_rise_as_numbers_and_not_as_texts(api, portal):
    """A client that compares ids as texts goes wrong on the first page."""
    read = ids(api.get(f"{LIST}?limit=40").json["results"])
    assert read == sorted(read, key=int) != sorted(read)


def test_a_link_stays_on_the_host_that_was_asked(portal):
    """Host and query of the link are those of the request."""
    headers = {"authorization": f"Bearer {portal.options['token']}", "host": "127.0.0.1:4711"}
    answer = portal.handle(SimRequest("GET", LIST, [("limit", "5"), ("properties", "a,b")], headers))
    assert b'"link":"http://127.0.0.1:4711/crm/v3/objects/contacts?limit=5&properties=a%2Cb&after=301"' in answer.body


def test_names_may_be_repeated_or_joined(api):
    """Both ways to ask for properties give the same, and an unknown name is left out silently."""
    repeated = api.get(f"{LIST}?properties=email&properties=phone&properties=nope").json
    joined = api.get(f"{LIST}?properties=email%2Cphone,nope").json
    assert repeated == joined | {"paging": repeated["paging"]}
    assert "nope" not in joined["results"][0]["properties"]


def test_a_record_has_the_documented_shape(api, portal):
    """Texts or null everywhere; unset values that were asked for are null; the times agree."""
    contact = portal.create("contacts", {"email": "a@b.cd"})
    record = api.get(f"{LIST}/{contact}?properties=phone,email").json
    assert set(record) == {"id", "properties", "createdAt", "updatedAt", "archived", "url"}
    assert record["properties"] == {
        "email": "a@b.cd",
        "phone": None,
        "hs_object_id": contact,
        "createdate": record["createdAt"],
        "lastmodifieddate": record["updatedAt"],
    }
    assert record["createdAt"] == "2026-01-15T12:00:00.000Z"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("contacts", "createdate email firstname hs_object_id lastmodifieddate lastname"),
        ("companies", "createdate domain hs_lastmodifieddate hs_object_id name"),
        ("deals", "amount closedate createdate dealname dealstage hs_lastmodifieddate hs_object_id pipeline"),
    ],
)
def test_a_read_without_names_gives_the_usual_ones(api, kind, names):
    """Each kind has its own defaults."""
    record = api.get(f"/crm/v3/objects/{kind}?limit=1").json["results"][0]
    assert sorted(record["properties"]) == names.split()


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", ["deals", "deal", "0-3"])
def test_all_versions_and_names_lead_to_the_same_records(api, portal, base, name):
    """One implementation behind v3 and the dated paths."""
    assert ids(api.get(f"{base}/{name}?limit=100").json["results"]) == portal.ids("deals")


@pytest.mark.parametrize(
    "query", ["limit=101", "limit=0", "limit=x", "limit=51&propertiesWithHistory=email", "after=x"]
)
def test_a_page_has_its_limits(api, query):
    """100 records, 50 with history."""
    answer = api.get(f"{LIST}?{query}")
    assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")


def test_records_made_while_paging_come_at_the_end(api, portal):
    """There is no snapshot: new ones are seen, dead ones drop out, changed ones are as they are when read."""
    first, *rest = [api.get(f"{LIST}?limit=15&properties=city").json]
    made = portal.create("contacts", {"email": "late@example.com"})
    gone, changed = portal.ids("contacts")[20:22]
    portal.archive("contacts", gone)
    portal.update("contacts", changed, {"city": "Ouagadougou"})
    rest = list(pages(api, f"{LIST}?limit=15&properties=city&after={first['paging']['next']['after']}"))
    later = {record["id"]: record for page in rest for record in page["results"]}
    assert made in later
    assert gone not in later
    assert later[changed]["properties"]["city"] == "Ouagadougou"


def test_a_cursor_outlives_its_record(api, portal):
    """A list goes on behind a record that was removed."""
    first = api.get(f"{LIST}?limit=15").json
    portal.purge("contacts", first["paging"]["next"]["after"])
    second = api.get(f"{LIST}?limit=15&after={first['paging']['next']['after']}").json
    assert ids(first["results"] + second["results"]) == portal.ids("contacts")[:30]


def test_archived_records_are_listed_apart(api, portal, clock):
    """They leave the list, are listed with the time, and after 90 days are gone."""
    contact = portal.ids("contacts")[3]
    portal.archive("contacts", contact)
    listed = api.get(f"{LIST}?archived=true").json["results"]
    assert ids(listed) == [contact]
    assert listed[0]["archived"] is True
    assert listed[0]["archivedAt"] == "2026-01-15T12:00:00.000Z"
    assert api.get(f"{LIST}/{contact}").status == 404
    assert api.get(f"{LIST}/{contact}?archived=true").status == 200
    clock.advance(91 * 86_400)
    assert api.get(f"{LIST}?archived=true").json["results"] == []
    assert api.get(f"{LIST}/{contact}?archived=true").status == 404


def test_a_purged_record_leaves_no_trace(api, portal):
    """Neither list, bin nor search tell of it."""
    contact = portal.ids("contacts")[3]
    portal.purge("contacts", contact)
    assert api.get(f"{LIST}/{contact}").status == 404
    assert api.get(f"{LIST}/{contact}?archived=true").status == 404
    assert api.get(f"{LIST}?archived=true").json["results"] == []
    assert contact not in ids(api.get(f"{LIST}?limit=100").json["results"])


def test_associations_come_with_a_list(api, portal):
    """One entry for each type of link, so the same id repeats."""
    record = api.get(f"{LIST}?limit=1&associations=companies,deals").json["results"][0]
    company = portal.linked("contacts", record["id"], "companies")[0]
    assert record["associations"]["companies"]["results"] == [
        {"id": company, "type": "contact_to_company"},
        {"id": company, "type": "contact_to_company_unlabeled"},
    ]


def test_history_is_newest_first(api, portal, clock):
    """Former values with their times."""
    contact = portal.create("contacts", {"email": "a@b.cd", "city": "Bamako"})
    clock.advance(60)
    portal.update("contacts", contact, {"city": "Mopti"})
    history = api.get(f"{LIST}/{contact}?propertiesWithHistory=city").json["propertiesWithHistory"]["city"]
    assert [entry["value"] for entry in history] == ["Mopti", "Bamako"]
    assert history[0]["timestamp"] == "2026-01-15T12:01:00.000Z"


def test_a_long_url_is_refused(api):
    """Property names of many kilobytes do not fit into a URL."""
    answer = api.get(f"{LIST}?properties={quote(','.join(f'custom_{n}' for n in range(2000)))}")
    assert (answer.status, answer.headers["Content-Type"]) == (414, "text/html;charset=utf-8")


def test_an_unset_property_may_be_left_out(api, portal):
    """A switch for portals that leave null out."""
    portal.switches.null_properties = False
    contact = portal.create("contacts", {"email": "a@b.cd"})
    assert "phone" not in api.get(f"{LIST}/{contact}?properties=phone").json["properties"]
    portal.bulk_touch("contacts", portal.ids("contacts")[:5])
    assert all(None not in r["properties"].values() for r in api.get(f"{LIST}?properties=phone,fax").json["results"])


def test_a_property_that_appears_is_there_from_then_on(api, portal):
    """Definitions may change while a run reads."""
    target = f"{LIST}/{portal.ids('contacts')[0]}?properties=loyalty"
    before = api.get(target).json["properties"]
    portal.add_property("contacts", "loyalty", "enumeration", "select", options=["gold", "silver"])
    assert "loyalty" not in before
    assert api.get(target).json["properties"]["loyalty"] is None


def test_a_property_that_is_dropped_is_gone(api, portal):
    """It is silently left out, as if there had never been one."""
    target = f"{LIST}?limit=1&properties=jobtitle"
    assert "jobtitle" in api.get(target).json["results"][0]["properties"]
    portal.drop_property("contacts", "jobtitle")
    assert "jobtitle" not in api.get(target).json["results"][0]["properties"]


@pytest.mark.parametrize("name", ["2-101", "cars", "tickets", "0-5"])
def test_other_kinds_of_records_have_the_same_endpoints(api, portal, name):
    """Tickets, and custom objects by type id or name."""
    portal.add_object_type("2-101", "cars", "car")
    kind = portal.portal.shelf(name).kind.plural
    if kind == "cars":
        portal.add_property("cars", "plate")
    made = portal.create(kind, {"plate": "ZH 1"} if kind == "cars" else {"subject": "No heat"})
    assert ids(api.get(f"/crm/v3/objects/{name}").json["results"]) == [made]
    assert api.found(name) == [made]


def test_something_can_happen_between_two_pages(api, portal):
    """The hook runs before each request is handled."""
    portal.switches.on_request = lambda _: portal.create("contacts", {"email": f"x{len(portal.requests)}@example.com"})
    counts = [len(api.get(f"{LIST}?limit=100").json["results"]) for _ in range(2)]
    assert counts == [41, 42]
