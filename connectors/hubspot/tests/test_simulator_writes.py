"""Writes of single records: what is stored, what is calculated, what is refused."""

import msgspec
import pytest

from crmsync.sandbox import SimRequest

CONTACTS = "/crm/v3/objects/contacts"
DEAL = {"dealname": "Pumps", "pipeline": "default", "dealstage": "qualifiedtobuy"}


def create(api, kind="contacts", **properties):
    answer = api.post(f"/crm/v3/objects/{kind}", {"properties": properties})
    assert answer.status == 201, answer.json
    return answer.json["id"]


def patch(api, record_id, kind="contacts", **properties):
    return api.send("PATCH", f"/crm/v3/objects/{kind}/{record_id}", {"properties": properties})


def test_a_new_record_tells_what_was_calculated(api):
    """The answer to a create has the given values and those that follow from them."""
    answer = api.post(CONTACTS, {"properties": {"email": "Ada@Example.com", "firstname": "Ada", "lastname": "L"}})
    assert answer.status == 201
    assert answer.json["properties"] | {"hs_object_id": ""} == {
        "email": "ada@example.com",
        "firstname": "Ada",
        "lastname": "L",
        "hs_full_name_or_email": "Ada L",
        "hs_email_domain": "example.com",
        "lifecyclestage": "lead",
        "hs_object_source": "INTEGRATION",
        "createdate": "2026-01-15T12:00:00.000Z",
        "lastmodifieddate": "2026-01-15T12:00:00.000Z",
        "hs_object_id": "",
    }


def test_new_ids_are_higher_than_all_others(api, portal):
    """Ids rise, and are not used again."""
    before = portal.ids("contacts")
    first = create(api, email="a@b.cd")
    portal.purge("contacts", first)
    assert int(create(api, email="c@d.ef")) > int(first) > int(before[-1])


def test_values_are_stored_as_texts(api, portal):
    """Numbers, booleans and times come back in the API's own form; an empty text clears."""
    deal = create(api, "deals", **DEAL, amount=1200.5, closedate=1768478400000)
    assert portal.get("deals", deal)["properties"]["amount"] == "1200.5"
    assert portal.get("deals", deal)["properties"]["closedate"] == "2026-01-15T12:00:00.000Z"
    patch(api, deal, "deals", amount="")
    assert "amount" not in portal.get("deals", deal)["properties"]


def test_only_the_given_properties_change(api, portal, clock):
    """A patch leaves the rest alone and moves the time of change."""
    contact = portal.ids("contacts")[0]
    before = portal.get("contacts", contact)
    clock.advance(5)
    patch(api, contact, jobtitle="Glaziers' foreman")
    after = portal.get("contacts", contact)
    assert after["updatedAt"] == after["properties"]["lastmodifieddate"] == "2026-01-15T12:00:05.000Z"
    changed = {name for name, value in after["properties"].items() if before["properties"].get(name) != value}
    assert changed == {"jobtitle", "lastmodifieddate"}


def test_an_equal_write_moves_the_time_unless_switched_off(api, portal, clock):
    """Echo must be told by values, not by times."""
    contact = portal.ids("contacts")[0]
    clock.advance(5)
    patch(api, contact, city="Oslo")
    first = portal.get("contacts", contact)["updatedAt"]
    clock.advance(5)
    patch(api, contact, city="Oslo")
    second = portal.get("contacts", contact)["updatedAt"]
    portal.switches.equal_writes_touch = False
    clock.advance(5)
    patch(api, contact, city="Oslo")
    assert first < second == portal.get("contacts", contact)["updatedAt"]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"nope": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"lifecyclestage": "q"}, "INVALID_OPTION"),
        ({"email": "nobody"}, "INVALID_EMAIL"),
        ({"closedate": "soon"}, "INVALID_LONG"),
        ({"hs_birthday": "1.1.1980"}, "INVALID_DATE"),
        ({"hs_birthday": 1}, "INVALID_DATE"),
        ({"hubspot_owner_id": "1"}, "INVALID_OPTION"),
        ({"hs_email_optout": "perhaps"}, "INVALID_OPTION"),
        ({"associatedcompanyid": "1"}, "INVALID_OPTION"),
    ],
)
def test_a_wrong_value_is_refused_by_name(api, properties, code):
    """The message holds JSON in a text; `errors` has the code."""
    answer = api.post(CONTACTS, {"properties": properties})
    name = next(iter(properties))
    assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")
    assert answer.json["errors"][0]["code"] == code
    assert answer.json["errors"][0]["context"] == {"propertyName": [name]}
    inner = msgspec.json.decode(answer.json["message"].removeprefix("Property values were not valid: "))
    assert (inner[0]["error"], inner[0]["name"], inner[0]["isValid"]) == (code, name, False)


def test_all_wrong_values_are_told_at_once(api):
    """One answer for the whole record."""
    answer = api.post(CONTACTS, {"properties": {"nope": "1", "closedate": "soon"}})
    assert [error["code"] for error in answer.json["errors"]] == ["PROPERTY_DOESNT_EXIST", "INVALID_LONG"]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("companies", {"city": "Oslo"}),
        ("deals", {"dealname": "x", "pipeline": "default"}),
        ("deals", {"dealname": "x", "dealstage": "qualifiedtobuy"}),
        ("deals", {**DEAL, "dealstage": "141058321"}),
        ("deals", {**DEAL, "deal_currency_code": "XTS"}),
    ],
)
def test_what_a_new_record_needs(api, kind, properties):
    """Names and stages are required; a stage belongs to its pipeline."""
    assert api.post(f"/crm/v3/objects/{kind}", {"properties": properties}).status == 400


def test_an_email_belongs_to_one_contact(api, portal):
    """409 with the id of the other, also for a made-up record and in capitals."""
    contact, record = next((i, r) for i, r in portal.live("contacts").items() if "email" in r["properties"])
    answer = api.post(CONTACTS, {"properties": {"email": record["properties"]["email"].upper()}})
    assert (answer.status, answer.json["category"]) == (409, "CONFLICT")
    assert answer.json["message"] == f"Contact already exists. Existing ID: {contact}"
    assert patch(api, portal.ids("contacts")[-1], email=record["properties"]["email"]).status == 409


def test_a_given_up_email_is_free(api, portal):
    """Uniqueness is about what stands there now."""
    contact, record = next((i, r) for i, r in portal.live("contacts").items() if "email" in r["properties"])
    portal.update("contacts", contact, {"email": "other@example.com"})
    create(api, email=record["properties"]["email"])


def test_companies_are_never_told_apart(api):
    """The same domain twice gives two companies."""
    assert create(api, "companies", domain="a.example") != create(api, "companies", domain="a.example")


def test_a_custom_unique_property_finds_and_guards(api, portal):
    """Read, change and refuse by it."""
    portal.add_property("companies", "our_key", unique=True)
    company = create(api, "companies", name="Tern", our_key="K-1")
    read = api.get("/crm/v3/objects/companies/k-1?idProperty=our_key&properties=our_key")
    assert (read.json["id"], read.json["properties"]["our_key"]) == (company, "K-1")
    refused = api.post("/crm/v3/objects/companies", {"properties": {"name": "Gull", "our_key": "K-1"}})
    assert (refused.status, refused.json["category"]) == (400, "VALIDATION_ERROR")
    assert api.get("/crm/v3/objects/companies/a?idProperty=name").status == 400


def test_the_lifecycle_goes_forward_only(api, portal):
    """A step back is ignored until the stage is cleared."""
    contact = create(api, email="a@b.cd", lifecyclestage="customer")
    patch(api, contact, lifecyclestage="lead")
    assert portal.get("contacts", contact)["properties"]["lifecyclestage"] == "customer"
    patch(api, contact, lifecyclestage="")
    patch(api, contact, lifecyclestage="lead")
    assert portal.get("contacts", contact)["properties"]["lifecyclestage"] == "lead"


def test_a_semicolon_adds_to_a_multiple_choice(api, portal):
    """`;x` appends, without doubling."""
    contact = create(api, email="a@b.cd", hs_buying_role="CHAMPION")
    patch(api, contact, hs_buying_role=";BLOCKER;CHAMPION")
    assert portal.get("contacts", contact)["properties"]["hs_buying_role"] == "CHAMPION;BLOCKER"


def test_closing_a_deal_sets_what_follows(api, portal):
    """Close date and flags come by themselves."""
    deal = create(api, "deals", **DEAL)
    patch(api, deal, "deals", dealstage="closedwon")
    properties = portal.get("deals", deal)["properties"]
    assert properties["closedate"] == "2026-01-15T12:00:00.000Z"
    assert (properties["hs_is_closed"], properties["hs_is_closed_won"]) == ("true", "true")
    assert properties["hs_deal_stage_probability"] == "1.0"


def test_archiving_what_is_not_there_succeeds(api, portal):
    """204 for an unknown id and for one that is archived already."""
    contact = portal.ids("contacts")[0]
    statuses = [api.send("DELETE", f"{CONTACTS}/{record_id}").status for record_id in (contact, contact, "7")]
    assert statuses == [204, 204, 204]


def test_erasing_a_contact_leaves_nothing(api, portal):
    """By id and by e-mail; an unknown address is fine."""
    first, record = next((i, r) for i, r in portal.live("contacts").items() if "email" in r["properties"])
    email = record["properties"]["email"]
    for body in ({"objectId": email, "idProperty": "email"}, {"objectId": "x@y.zz", "idProperty": "email"}):
        assert api.post(f"{CONTACTS}/gdpr-delete", body).status == 204
    assert first not in portal.ids("contacts") + portal.archived("contacts")
    assert api.post("/crm/v3/objects/deals/gdpr-delete", {"objectId": "1"}).status == 404


def test_a_locked_record_is_answered_with_423(api, portal):
    """Until it is unlocked."""
    contact = portal.ids("contacts")[0]
    portal.switches.locked.add(("contacts", contact))
    assert patch(api, contact, city="Oslo").status == 423
    portal.switches.locked.clear()
    assert patch(api, contact, city="Oslo").status == 200


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(api, portal, body):
    """Any bytes may come."""
    headers = {"authorization": f"Bearer {api.token}", "content-type": "application/json"}
    assert portal.handle(SimRequest("POST", CONTACTS, (), headers, body)).status == 400
    assert (
        portal.handle(SimRequest("POST", CONTACTS, (), {**headers, "content-type": "text/plain"}, body)).status == 415
    )


def test_a_merge_makes_a_new_record(api, portal):
    """The primary's values win, gaps are filled, both old ids lead to the survivor."""
    first = portal.create("contacts", {"email": "a@b.cd", "city": "Oslo"})
    second = portal.create("contacts", {"email": "c@d.ef", "city": "Bergen", "jobtitle": "Cook"})
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).json["id"]
    properties = portal.get("contacts", merged)["properties"]
    assert merged not in (first, second)
    assert (properties["email"], properties["city"], properties["jobtitle"]) == ("a@b.cd", "Oslo", "Cook")
    assert properties["hs_merged_object_ids"] == f"{first};{second}"
    assert properties["hs_additional_emails"] == "c@d.ef"
    again = portal.merge("contacts", merged, portal.create("contacts", {"email": "e@f.gh"}))
    assert portal.get("contacts", again)["properties"]["hs_additional_emails"] == "c@d.ef;e@f.gh"
    assert [part.split(":")[0] for part in properties["hs_calculated_merged_vids"].split(";")] == [first, second]
    assert {api.get(f"{CONTACTS}/{old}").json["id"] for old in (first, second, merged)} == {again}


def test_an_email_that_fills_a_gap_is_no_further_address(portal):
    """The survivor has it once."""
    first = portal.create("contacts", {"city": "Oslo"})
    merged = portal.merge("contacts", first, portal.create("contacts", {"email": "c@d.ef"}))
    properties = portal.get("contacts", merged)["properties"]
    assert (properties["email"], properties.get("hs_additional_emails")) == ("c@d.ef", None)


def test_merged_away_ids_are_nowhere(api, portal):
    """Neither listed, nor in the bin, nor found; their links moved."""
    first, second = portal.ids("contacts")[4], portal.ids("contacts")[6]
    companies = portal.linked("contacts", first, "companies") + portal.linked("contacts", second, "companies")
    merged = portal.merge("contacts", first, second)
    listed = [record["id"] for record in api.get(f"{CONTACTS}?limit=100").json["results"]]
    assert merged in listed
    assert not {first, second} & {*listed, *portal.archived("contacts"), *api.found("contacts")}
    assert portal.linked("contacts", merged, "companies") == sorted(set(companies), key=int)
    assert portal.get("contacts", merged)["properties"]["associatedcompanyid"] == companies[0]
    old = api.get(f"/crm/v4/objects/contacts/{first}/associations/companies")
    assert old.json == {"results": []}


def test_a_merge_may_keep_the_primary_id(api, portal):
    """As old accounts do, and a public beta."""
    portal.switches.merge_keeps_primary = True
    first, second, third = portal.ids("companies")[:3]
    assert portal.merge("companies", first, second) == first
    assert portal.merge("companies", third, first) == third
    assert portal.get("companies", third)["properties"]["hs_merged_object_ids"].split(";") == [second, first]
    assert api.get(f"/crm/v3/objects/companies/{second}").json["id"] == third


def test_an_absorbed_email_is_taken(api, portal):
    """Further addresses count for uniqueness and for finding."""
    first = portal.create("contacts", {"email": "a@b.cd"})
    second = portal.create("contacts", {"email": "c@d.ef"})
    merged = portal.merge("contacts", first, second)
    answer = api.post(CONTACTS, {"properties": {"email": "c@d.ef"}})
    assert answer.json["message"].endswith(f"Existing ID: {merged}")
    assert api.get(f"{CONTACTS}/c@d.ef?idProperty=email").json["id"] == merged


def test_a_restored_record_is_back_as_it_was(api, portal):
    """In lists, with its links."""
    company = portal.ids("companies")[0]
    employees = portal.linked("companies", company, "contacts")
    portal.archive("companies", company)
    assert "associatedcompanyid" not in portal.get("contacts", employees[0])["properties"]
    portal.restore("companies", company)
    assert portal.linked("companies", company, "contacts") == employees
    assert portal.get("contacts", employees[0])["properties"]["associatedcompanyid"] == company
