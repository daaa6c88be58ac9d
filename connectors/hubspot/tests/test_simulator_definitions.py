"""Properties and pipelines: what they say, and how they change."""

import pytest

PROPERTIES = "/crm/v3/properties/contacts"
LOYALTY = {
    "name": "loyalty", "label": "Loyalty", "type": "enumeration", "fieldType": "select",
    "groupName": "contactinformation", "options": [{"label": "Gold", "value": "gold"}],
}  # fmt: skip


def named(api, kind):
    return {entry["name"]: entry for entry in api.get(f"/crm/v3/properties/{kind}").json["results"]}


@pytest.mark.parametrize(("kind", "count"), [("contacts", 60), ("companies", 40), ("deals", 40)])
def test_a_fresh_portal_has_many_properties(api, kind, count):
    """Of every type that there is, each with the documented keys."""
    entries = named(api, kind).values()
    assert len(entries) >= count
    assert {"string", "number", "datetime", "enumeration", "bool"} <= {entry["type"] for entry in entries}
    for entry in entries:
        assert {"name", "label", "type", "fieldType", "groupName", "options", "modificationMetadata"} <= set(entry)


def test_a_property_has_the_documented_shape(api):
    """One of the companies', in full."""
    industry = api.get("/crm/properties/2026-03/companies/industry").json
    options = industry.pop("options")
    assert options[0] == {
        "label": "Accounting", "value": "ACCOUNTING", "description": "", "displayOrder": 0, "hidden": False,
    }  # fmt: skip
    assert len(options) > 140
    assert industry.pop("displayOrder") > 0
    assert industry == {
        "name": "industry", "label": "Industry", "type": "enumeration", "fieldType": "select", "description": "",
        "groupName": "companyinformation", "calculated": False, "externalOptions": False, "hasUniqueValue": False,
        "hidden": False, "hubspotDefined": True, "formField": True, "dataSensitivity": "non_sensitive",
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": True, "readOnlyValue": False},
        "createdAt": "2020-01-01T00:00:00.000Z", "updatedAt": "2020-01-01T00:00:00.000Z", "archived": False,
    }  # fmt: skip


def test_some_properties_are_special(api):
    """Ids are numbers, times are shown as dates, owners are options from elsewhere, e-mail is unique."""
    contacts = named(api, "contacts")
    assert (contacts["hs_object_id"]["type"], contacts["lastmodifieddate"]["fieldType"]) == ("number", "date")
    assert contacts["associatedcompanyid"]["referencedObjectType"] == "COMPANY"
    owner = contacts["hubspot_owner_id"]
    assert (owner["options"], owner["externalOptions"], owner["referencedObjectType"]) == ([], True, "OWNER")
    assert [name for name, entry in contacts.items() if entry["hasUniqueValue"]] == ["email"]
    assert contacts["lastmodifieddate"]["modificationMetadata"]["readOnlyValue"] is True


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_values_of_made_up_records_fit_their_definitions(api, portal, kind):
    """Each value belongs to a known property, and each option is one of the definition's."""
    entries = named(api, kind)
    allowed = {name: {option["value"] for option in entry["options"]} for name, entry in entries.items()}
    for record in portal.live(kind).values():
        for name, value in record["properties"].items():
            assert name in entries
            assert not allowed[name] or value in allowed[name], (name, value)


def test_a_property_is_made_changed_archived_and_made_again(api, portal):
    """Its records keep their values."""
    assert api.post(PROPERTIES, LOYALTY).status == 201
    contact = portal.create("contacts", {"loyalty": "gold"})
    assert api.send("PATCH", f"{PROPERTIES}/loyalty", {"label": "Faith"}).json["label"] == "Faith"
    assert api.send("DELETE", f"{PROPERTIES}/loyalty").status == 204
    assert api.get(f"{PROPERTIES}/loyalty").status == 404
    assert [entry["name"] for entry in api.get(f"{PROPERTIES}?archived=true").json["results"]] == ["loyalty"]
    assert api.post(PROPERTIES, LOYALTY).status == 201
    read = api.get(f"/crm/v3/objects/contacts/{contact}?properties=loyalty").json
    assert read["properties"]["loyalty"] == "gold"


def test_a_taken_name_is_refused(api):
    """409 with its sub-category."""
    answer = api.post(PROPERTIES, {**LOYALTY, "name": "email"})
    assert answer.status == 409
    assert answer.json["category"] == "OBJECT_ALREADY_EXISTS"
    assert answer.json["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert answer.json["message"] == "A property named 'email' already exists."


@pytest.mark.parametrize(
    "wrong", [{"name": "Loyalty"}, {"name": "1st"}, {"label": ""}, {"type": "number"}, {"type": "json"}]
)
def test_a_wrong_definition_is_refused(api, wrong):
    """Names, missing keys and pairs of types that do not go together."""
    assert api.post(PROPERTIES, {**LOYALTY, **wrong}).status == 400


def test_an_object_has_at_most_ten_unique_properties(api):
    """Of its own; uniqueness is chosen at creation."""
    text = {**LOYALTY, "type": "string", "fieldType": "text", "options": [], "hasUniqueValue": True}
    statuses = [api.post(PROPERTIES, {**text, "name": f"key_{n}"}).status for n in range(11)]
    assert statuses == [201] * 10 + [400]


def test_properties_come_in_batches(api):
    """Read, made and archived."""
    made = api.post(f"{PROPERTIES}/batch/create", {"inputs": [LOYALTY, {**LOYALTY, "name": "email"}]})
    read = api.post(f"{PROPERTIES}/batch/read", {"archived": False, "inputs": [{"name": "loyalty"}, {"name": "x"}]})
    assert (made.status, len(made.json["results"]), made.json["numErrors"]) == (207, 1, 1)
    assert (read.status, read.json["results"][0]["name"]) == (207, "loyalty")
    assert api.post(f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "loyalty"}]}).status == 204
    assert api.get(f"{PROPERTIES}/groups").json["results"][0]["name"] == "contactinformation"


def test_pipelines_have_the_documented_shape(api, portal):
    """Metadata are texts; every stage of a deal is in its pipeline."""
    pipelines = api.get("/crm/v3/pipelines/deals").json["results"]
    stage = api.get("/crm/pipelines/2026-09/deals/default/stages/closedwon").json
    assert stage == {
        "id": "closedwon", "label": "Closed Won", "displayOrder": 5,
        "metadata": {"isClosed": "true", "probability": "1.0"}, "createdAt": "1970-01-01T00:00:00Z",
        "updatedAt": "1970-01-01T00:00:00Z", "archived": False, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }  # fmt: skip
    stages = {pipeline["id"]: {stage["id"] for stage in pipeline["stages"]} for pipeline in pipelines}
    assert len(stages) == 2
    for deal in portal.live("deals").values():
        assert deal["properties"]["dealstage"] in stages[deal["properties"]["pipeline"]]


def test_a_missing_definition_is_told(api):
    """404 with a category, and a type without pipelines has none."""
    for target in ("properties/contacts/x", "pipelines/deals/x", "pipelines/deals/default/stages/x"):
        assert api.get(f"/crm/v3/{target}").json["category"] == "OBJECT_NOT_FOUND"
    assert api.get("/crm/v3/pipelines/contacts").json["results"] == []
