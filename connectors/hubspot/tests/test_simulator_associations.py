"""Associations: batches, single links, labels, and the primary company."""

import pytest

V4 = "/crm/v4/associations/contacts/companies"
PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}


def linked_contact(portal):
    return next(i for i in portal.ids("contacts") if portal.linked("contacts", i, "companies"))


def lone_contact(portal):
    return next(i for i in portal.ids("contacts") if not portal.linked("contacts", i, "companies"))


def spec(type_id):
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def test_a_batch_read_tells_links_and_lonely_ones(api, portal):
    """207 as soon as one has no link; ids of the other end are numbers."""
    one, none = linked_contact(portal), lone_contact(portal)
    answer = api.post(f"{V4}/batch/read", {"inputs": [{"id": one}, {"id": none}]})
    company = int(portal.linked("contacts", one, "companies")[0])
    assert answer.status == 207
    assert answer.json["results"] == [
        {"from": {"id": one}, "to": [{"toObjectId": company, "associationTypes": [PRIMARY, PLAIN]}]}
    ]
    assert answer.json["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No company is associated with contact {none}.",
            "context": {"fromObjectId": [none], "fromObjectType": ["contact"], "toObjectType": ["company"]},
        }
    ]


@pytest.mark.parametrize(("kind", "target"), [("contacts", "companies"), ("deals", "companies"), ("deals", "contacts")])
def test_made_up_links_agree_from_both_ends(portal, kind, target):
    """What one end shows, the other shows too."""
    there = {(i, other) for i in portal.ids(kind) for other in portal.linked(kind, i, target)}
    back = {(other, i) for i in portal.ids(target) for other in portal.linked(target, i, kind)}
    assert there == back
    assert there


def test_the_property_mirrors_the_primary_company(portal):
    """For every contact of a fresh portal."""
    for contact, record in portal.live("contacts").items():
        company = record["properties"].get("associatedcompanyid")
        assert portal.linked("contacts", contact, "companies") == ([company] if company else [])


def test_a_new_primary_company_replaces_the_former(api, portal, clock):
    """The old one stays as a plain link; the property and the time of change follow."""
    contact = linked_contact(portal)
    old = portal.linked("contacts", contact, "companies")[0]
    new = next(i for i in portal.ids("companies") if i != old)
    clock.advance(5)
    given = {"from": {"id": contact}, "to": {"id": new}, "types": [spec(1)]}
    answer = api.post(f"{V4}/batch/create", {"inputs": [given]})
    read = api.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json["results"]
    assert answer.status == 201
    assert {entry["toObjectId"]: entry["associationTypes"] for entry in read} == {
        int(old): [PLAIN],
        int(new): [PRIMARY, PLAIN],
    }
    assert portal.get("contacts", contact)["properties"]["associatedcompanyid"] == new
    assert portal.get("contacts", contact)["updatedAt"] == "2026-01-15T12:00:05.000Z"


def test_a_link_may_change_without_moving_the_time(api, portal, clock):
    """Links must be read again on a schedule."""
    portal.switches.links_touch = False
    contact, company = lone_contact(portal), portal.ids("companies")[0]
    before = portal.get("contacts", contact)["updatedAt"]
    portal.link("contacts", contact, "companies", company, primary=True)
    assert portal.get("contacts", contact)["properties"]["associatedcompanyid"] == company
    assert portal.get("contacts", contact)["updatedAt"] == before


def test_writing_the_property_sets_the_primary_company(api, portal):
    """And clearing it takes the link away."""
    contact, company = lone_contact(portal), portal.ids("companies")[0]
    target = f"/crm/v3/objects/contacts/{contact}"
    api.send("PATCH", target, {"properties": {"associatedcompanyid": company}})
    assert portal.linked("contacts", contact, "companies") == [company]
    api.send("PATCH", target, {"properties": {"associatedcompanyid": ""}})
    assert portal.linked("contacts", contact, "companies") == []


def test_a_create_names_bad_ids(api, portal):
    """The others are linked; the answer has numbers."""
    contact, company = lone_contact(portal), portal.ids("companies")[0]
    pairs = [(contact, company), (contact, "7")]
    inputs = [{"from": {"id": a}, "to": {"id": b}, "types": [spec(279)]} for a, b in pairs]
    answer = api.post(f"{V4}/batch/create", {"inputs": inputs})
    assert answer.status == 207
    assert answer.json["results"] == [
        {
            "fromObjectTypeId": "0-1",
            "fromObjectId": int(contact),
            "toObjectTypeId": "0-2",
            "toObjectId": int(company),
            "labels": [],
        }
    ]
    assert answer.json["errors"][0]["subCategory"] == "crm.associations.INVALID_IDENTIFIER"


@pytest.mark.parametrize("types", [[], [spec(341)]])
def test_a_link_needs_types_of_its_pair(api, portal, types):
    """None, or those of another pair, are refused."""
    given = {"from": {"id": lone_contact(portal)}, "to": {"id": portal.ids("companies")[0]}, "types": types}
    assert api.post(f"{V4}/batch/create", {"inputs": [given]}).status == 400


@pytest.mark.parametrize(("base", "status"), [("/crm/v4/associations", 204), ("/crm/associations/2026-03", 200)])
def test_links_are_archived_in_a_batch(api, portal, base, status):
    """204 in v4, a body in the dated versions."""
    contact = linked_contact(portal)
    company = portal.linked("contacts", contact, "companies")[0]
    inputs = [{"from": {"id": contact}, "to": [{"id": company}]}]
    answer = api.post(f"{base}/contact/company/batch/archive", {"inputs": inputs})
    assert answer.status == status
    assert portal.linked("contacts", contact, "companies") == []
    assert portal.linked("companies", company, "contacts").count(contact) == 0


def test_single_labels_can_be_taken_away(api, portal):
    """The plain link stays."""
    contact = linked_contact(portal)
    company = portal.linked("contacts", contact, "companies")[0]
    inputs = [{"from": {"id": contact}, "to": {"id": company}, "types": [spec(1)]}]
    assert api.post(f"{V4}/batch/labels/archive", {"inputs": inputs}).status == 204
    assert "associatedcompanyid" not in portal.get("contacts", contact)["properties"]
    assert portal.linked("contacts", contact, "companies") == [company]


@pytest.mark.parametrize("base", ["/crm/v4/objects", "/crm/objects/2026-09"])
def test_one_link_is_made_twice_and_removed(api, portal, base):
    """Making is idempotent."""
    contact, deal = portal.ids("contacts")[1], portal.ids("deals")[3]
    target = f"{base}/deals/{deal}/associations"
    for _ in range(2):
        assert api.send("PUT", f"{target}/default/contacts/{contact}").status == 200
        assert api.send("PUT", f"{target}/contacts/{contact}", [spec(3)]).status == 201
    assert contact in portal.linked("deals", deal, "contacts")
    assert api.send("DELETE", f"{target}/contacts/{contact}").status == 204
    assert contact not in portal.linked("deals", deal, "contacts")
    assert api.send("PUT", f"{target}/default/contacts/7").status == 404


def test_a_default_batch_links_plainly(api, portal):
    """Without types."""
    contact, company = lone_contact(portal), portal.ids("companies")[0]
    answer = api.post(f"{V4}/batch/associate/default", {"inputs": [{"from": {"id": contact}, "to": {"id": company}}]})
    assert answer.status == 200
    assert answer.json["results"][0]["associationSpec"]["associationTypeId"] == 279
    assert "associatedcompanyid" not in portal.get("contacts", contact)["properties"]


@pytest.mark.parametrize("base", ["/crm/v4/associations", "/crm/associations/v4", "/crm/associations/2026-03"])
def test_labels_are_listed(api, base):
    """Both routes of v4, and the dated one."""
    labels = api.get(f"{base}/contacts/companies/labels").json["results"]
    assert labels == [PRIMARY, PLAIN]


def test_long_lists_of_links_are_cut(api, portal):
    """A page of links has a cursor of its own."""
    company = portal.ids("companies")[0]
    for number in range(12):
        portal.link("contacts", portal.create("contacts", {"city": str(number)}), "companies", company)
    read, after = [], "0"
    while after:
        page = api.get(f"/crm/v4/objects/companies/{company}/associations/contacts?limit=5&after={after}").json
        read += [str(entry["toObjectId"]) for entry in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after")
    assert read == portal.linked("companies", company, "contacts")
    assert len(read) > 12


def test_links_to_dead_records_are_not_shown(api, portal):
    """An archived company has no employees, until it is restored."""
    contact = linked_contact(portal)
    company = portal.linked("contacts", contact, "companies")[0]
    portal.archive("companies", company)
    assert portal.linked("contacts", contact, "companies") == []
    portal.restore("companies", company)
    assert portal.linked("contacts", contact, "companies") == [company]


def test_batches_of_links_have_their_limits(api):
    """1,000 to read, 100 to archive."""
    many = [{"id": str(n)} for n in range(1001)]
    assert api.post(f"{V4}/batch/read", {"inputs": many}).status == 400
    pairs = [{"from": {"id": str(n)}, "to": [{"id": "1"}]} for n in range(101)]
    assert api.post(f"{V4}/batch/archive", {"inputs": pairs}).status == 400
