"""What the org tells about itself: users, modules, fields, layouts, pipelines."""

import pytest


def fields(api, module):
    return {field["api_name"]: field for field in api.get(f"settings/fields?module={module}").json["fields"]}


def test_the_org_tells_who_it_is(api, org):
    """Edition, zone, currency, and the id that uploads need."""
    shown = api.get("org").json["org"][0]
    assert (shown["time_zone"], shown["iso_code"], shown["zgid"]) == ("Europe/Berlin", "EUR", org.org.zgid)
    assert shown["license_details"]["paid_type"] == "enterprise"


def test_users_are_listed_by_kind(api, org):
    """Owners of records are among them."""
    current = api.get("users?type=CurrentUser").json["users"]
    everyone = api.get("users?per_page=10&page=3").json
    assert [user["id"] for user in current] == [str(org.org.users[0].id)]
    assert (len(everyone["users"]), everyone["info"]["more_records"]) == (4, False)
    owner = org.get("Contacts", org.ids("Contacts")[0])["Owner"]
    assert api.get(f"users/{owner}").json["users"][0]["id"] == owner
    assert (api.get("users?type=Nobody").code, api.get("users?type=DeletedUsers").status) == ("INVALID_DATA", 204)


def test_modules_are_listed(api):
    """With the keys that clients look at."""
    shown = {module["api_name"]: module for module in api.get("settings/modules").json["modules"]}
    assert set(shown) == {"Leads", "Accounts", "Contacts", "Deals"}
    assert all(module["api_supported"] and module["generated_type"] == "default" for module in shown.values())
    assert api.get("settings/modules/Deals").json["modules"] == [shown["Deals"]]
    assert api.get("settings/modules/Nope").code == "INVALID_MODULE"


def test_fields_tell_their_types_and_options(api):
    """Lengths, lookups, picklists; stages with their forecast."""
    deals, contacts = fields(api, "Deals"), fields(api, "Contacts")
    assert (contacts["Last_Name"]["length"], contacts["Last_Name"]["system_mandatory"]) == (80, True)
    assert contacts["Full_Name"]["read_only"] is True
    assert contacts["Account_Name"]["lookup"]["module"]["api_name"] == "Accounts"
    assert (deals["Amount"]["data_type"], deals["Amount"]["json_type"]) == ("currency", "double")
    decision = next(o for o in deals["Stage"]["pick_list_values"] if o["actual_value"] == "Id. Decision Makers")
    assert (decision["display_value"], decision["probability"]) == ("Identify Decision Makers", 60)
    assert {o["forecast_type"] for o in deals["Stage"]["pick_list_values"]} == {"Open", "Closed Won", "Closed Lost"}


def test_a_definition_is_read_by_its_id(api):
    """Fields and layouts; an unknown id is 204."""
    email = fields(api, "Contacts")["Email"]
    layout = api.get("settings/layouts?module=Deals").json["layouts"][0]
    assert api.get(f"settings/fields/{email['id']}?module=Contacts").json["fields"] == [email]
    assert api.get(f"settings/layouts/{layout['id']}?module=Deals").json["layouts"] == [layout]
    statuses = [api.get(f"settings/{kind}/7?module=Deals").status for kind in ("fields", "layouts", "pipeline")]
    assert statuses == [204, 204, 204]


def test_every_id_of_a_definition_is_one_of_its_own(api):
    """Fields, options, stages, layouts."""
    found = [
        each["id"]
        for module in ("Contacts", "Deals", "Accounts", "Leads")
        for field in fields(api, module).values()
        for each in (field, *field["pick_list_values"])
    ]
    assert len(set(found)) == len(found)
    assert {len(each) for each in found} == {19}


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("settings/fields", "REQUIRED_PARAM_MISSING"),
        ("settings/fields?module=Nope", "INVALID_MODULE"),
        ("settings/layouts", "REQUIRED_PARAM_MISSING"),
        ("settings/pipeline", "REQUIRED_PARAM_MISSING"),
        ("settings/pipeline?layout_id=7", "INVALID_DATA"),
        ("settings/nothing", "INVALID_URL_PATTERN"),
    ],
)
def test_wrong_questions_are_refused(api, target, code):
    """With the code of each."""
    assert api.get(target).code == code


def test_pipelines_hold_stages(api, org):
    """By the id of the layout; none where they are switched off."""
    layout = api.get("settings/layouts?module=Deals").json["layouts"][0]["id"]
    shown = api.get(f"settings/pipeline?layout_id={layout}").json["pipeline"]
    assert [(p["actual_value"], p["default"]) for p in shown] == [("Standard (Standard)", True), ("Renewals", False)]
    assert [stage["display_value"] for stage in shown[1]["maps"]] == [
        "Renewal Due", "Negotiation/Review", "Closed Won", "Closed Lost",
    ]  # fmt: skip
    assert api.get(f"settings/pipeline/{shown[1]['id']}").json["pipeline"] == shown[1:]
    org.switches.pipelines = False
    assert api.get(f"settings/pipeline?layout_id={layout}").status == 204


def test_custom_fields_come_and_go(api, org):
    """They are described, written, read and queried like any other."""
    org.add_field("Contacts", "Our_Key", unique=True, length=20)
    assert fields(api, "Contacts")["Our_Key"]["unique"] == {"case_sensitive": False}
    made = api.write("Contacts", {"Last_Name": "A", "Our_Key": "k"}).ids[0]
    assert api.found("select Our_Key from Contacts where Our_Key = 'k'") == [{"Our_Key": "k", "id": made}]
    org.drop_field("Contacts", "Our_Key")
    assert "Our_Key" not in fields(api, "Contacts")
    assert api.ask("select Our_Key from Contacts where id > 1").code == "INVALID_QUERY"


def test_a_pipeline_may_be_shown_as_an_object(api, org):
    """Some have seen it so."""
    deal = org.ids("Deals")[0]
    plain = api.get(f"Deals?fields=Pipeline&ids={deal}").json["data"][0]["Pipeline"]
    org.switches.pipeline_as_object = True
    assert api.get(f"Deals?fields=Pipeline&ids={deal}").json["data"][0]["Pipeline"]["name"] == plain
