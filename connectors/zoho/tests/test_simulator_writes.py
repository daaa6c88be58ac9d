"""Inserts, updates and deletions: one result a row, in order."""

import pytest

DEAL = {"Deal_Name": "Boat", "Stage": "Qualification", "Pipeline": "Standard (Standard)"}


def test_the_status_tells_of_all_rows_together(api):
    """201 when all went well, 400 when none did, else 207; with a switch, 200 for a mixture."""
    good, bad = {"Last_Name": "A"}, {"First_Name": "B"}
    answers = [api.write("Contacts", *rows) for rows in ([good, good], [good, bad, good], [bad])]
    assert [answer.status for answer in answers] == [201, 207, 400]
    assert answers[1].codes == ["SUCCESS", "MANDATORY_NOT_FOUND", "SUCCESS"]
    api.org.switches.partial_status = 200
    assert api.write("Contacts", good, bad).status == 200


def test_a_good_row_tells_the_echo_of_the_write(api, org):
    """Id, times and persons; several rows share a moment."""
    rows = api.write("Contacts", {"Last_Name": "A"}, {"Last_Name": "B"}).json["data"]
    details = rows[0]["details"]
    assert set(details) == {"id", "Created_Time", "Modified_Time", "Created_By", "Modified_By", "$approval_state"}
    assert (rows[0]["message"], rows[0]["status"]) == ("record added", "success")
    assert details["Modified_Time"] == rows[1]["details"]["Modified_Time"] == "2026-01-15T13:00:00+01:00"
    assert set(details["Modified_By"]) == {"name", "id"}
    org.switches.approval_state = False
    assert "$approval_state" not in api.write("Contacts", {"Last_Name": "C"}).details


def test_a_written_record_is_as_written(api, org):
    """Times of any offset, lookups by id, and what follows from them."""
    account, user = org.ids("Accounts")[0], str(org.org.users[5].id)
    org.add_field("Contacts", "Visited", "datetime")
    org.add_field("Contacts", "Colours", "multiselectpicklist", options=["red", "blue"])
    made = api.write("Contacts", {
        "First_Name": "Ada", "Last_Name": "Byron", "Account_Name": {"id": account}, "Owner": {"id": user},
        "Visited": "2026-01-02T00:00:00Z", "Colours": ["red", "blue"], "Date_of_Birth": "1815-12-10", "Phone": "",
    }).ids[0]  # fmt: skip
    read = api.get(f"Contacts/{made}").json["data"][0]
    assert (read["Full_Name"], read["Account_Name"]["id"], read["Owner"]["id"]) == ("Ada Byron", account, user)
    assert (read["Visited"], read["Colours"]) == ("2026-01-02T01:00:00+01:00", ["red", "blue"])
    assert (read["Date_of_Birth"], read["Phone"]) == ("1815-12-10", None)


@pytest.mark.parametrize(
    ("row", "code", "details"),
    [
        ({"First_Name": "x"}, "MANDATORY_NOT_FOUND", {"api_name": "Last_Name", "json_path": "$.data[0].Last_Name"}),
        ({"Last_Name": None}, "MANDATORY_NOT_FOUND", {"api_name": "Last_Name"}),
        ({"Last_Name": "x" * 81}, "INVALID_DATA", {"maximum_length": 80, "api_name": "Last_Name"}),
        ({"Last_Name": 5}, "INVALID_DATA", {"expected_data_type": "text"}),
        ({"Last_Name": "x", "Email": "a b@c"}, "INVALID_DATA", {"expected_data_type": "email", "api_name": "Email"}),
        ({"Last_Name": "x", "Date_of_Birth": "10/12/1815"}, "INVALID_DATA", {"expected_data_type": "date"}),
        ({"Last_Name": "x", "Email_Opt_Out": "yes"}, "INVALID_DATA", {"expected_data_type": "boolean"}),
        ({"Last_Name": "x", "Account_Name": "Acme"}, "INVALID_DATA", {"expected_data_type": "jsonobject"}),
        ({"Last_Name": "x", "Account_Name": {"id": "7"}}, "INVALID_DATA",
         {"api_name": "id", "json_path": "$.data[0].Account_Name.id"}),
        ({"Last_Name": "x", "Reporting_To": {"name": "y"}}, "MANDATORY_NOT_FOUND",
         {"json_path": "$.data[0].Reporting_To.id"}),
        ({"Last_Name": "x", "Owner": {"id": "7"}}, "INVALID_DATA", {"api_name": "Owner"}),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_place(api, row, code, details):
    """Code, field and JSON path."""
    answer = api.write("Contacts", row)
    assert (answer.status, answer.code) == (400, code)
    assert details.items() <= answer.details.items()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"Employees": "12"}, "INVALID_DATA"),
        ({"Employees": 10**9}, "INVALID_DATA"),
        ({"Employees": True}, "INVALID_DATA"),
    ],
)
def test_numbers_are_numbers(api, value, code):
    """No texts, no booleans, and no more digits than the field has."""
    assert api.write("Accounts", {"Account_Name": "A", **value}).code == code


def test_several_mistakes_of_a_row_come_together(api):
    """MULTIPLE_OR_MULTI_ERRORS, each with its code."""
    answer = api.write("Contacts", {"Email": "x", "Date_of_Birth": "y"})
    assert answer.code == "MULTIPLE_OR_MULTI_ERRORS"
    assert [(e["code"], e["details"]["api_name"]) for e in answer.details["errors"]] == [
        ("INVALID_DATA", "Email"), ("INVALID_DATA", "Date_of_Birth"), ("MANDATORY_NOT_FOUND", "Last_Name"),
    ]  # fmt: skip


def test_fields_that_cannot_be_written_and_unknown_ones_are_passed_over(api, org):
    """Unless unknown ones are refused."""
    row = {"Last_Name": "A", "Full_Name": "X", "Created_Time": "2000-01-01T00:00:00Z", "Nope": 1}
    made = api.write("Contacts", row).ids[0]
    assert org.get("Contacts", made)["Full_Name"] == "A"
    assert org.get("Contacts", made)["Created_Time"] == "2026-01-15T13:00:00+01:00"
    org.switches.unknown_fields_refused = True
    assert api.write("Contacts", row).details["api_name"] == "Nope"


def test_an_update_changes_what_it_names(api, org, clock):
    """Null clears; the rest stays; the time of change moves, and equal values may or may not move it."""
    contact = org.ids("Contacts")[0]
    before = org.get("Contacts", contact)
    clock.advance(5)
    answer = api.write("Contacts", {"id": contact, "Title": "Pilot", "Phone": None}, method="PUT")
    after = org.get("Contacts", contact)
    assert (answer.status, answer.json["data"][0]["message"]) == (200, "record updated")
    assert (after["Title"], "Phone" in after, after["Email"]) == ("Pilot", False, before["Email"])
    assert after["Modified_Time"] == "2026-01-15T13:00:05+01:00"
    org.switches.equal_writes_touch = False
    clock.advance(5)
    api.write("Contacts", {"id": contact, "Title": "Pilot"}, method="PUT")
    assert org.get("Contacts", contact)["Modified_Time"] == "2026-01-15T13:00:05+01:00"


def test_a_write_may_be_seen_later_than_its_time_of_change(api, org, clock):
    """A window that ended before it was seen has missed it."""
    org.switches.stamps_behind_s = 90
    clock.advance(3600)
    made = api.write("Contacts", {"Last_Name": "A"}).ids[0]
    assert org.get("Contacts", made)["Modified_Time"] == "2026-01-15T13:58:30+01:00"


def test_values_are_appended_on_request(api, org):
    """A choice of several is replaced, unless the row says otherwise."""
    org.add_field("Contacts", "Colours", "multiselectpicklist")
    contact = api.write("Contacts", {"Last_Name": "A", "Colours": ["red"]}).ids[0]
    api.write("Contacts", {"id": contact, "Colours": ["blue"], "$append_values": {"Colours": True}}, method="PUT")
    assert org.get("Contacts", contact)["Colours"] == ["red", "blue"]
    api.write("Contacts", {"id": contact, "Colours": ["green"]}, method="PUT")
    assert org.get("Contacts", contact)["Colours"] == ["green"]


def test_an_update_needs_a_record(api, org):
    """By an id that is there."""
    gone = org.ids("Contacts")[0]
    org.delete("Contacts", gone)
    answer = api.write("Contacts", {"id": gone, "Title": "x"}, {"Title": "x"}, {"id": "abc"}, method="PUT")
    assert answer.codes == ["INVALID_DATA", "MANDATORY_NOT_FOUND", "INVALID_DATA"]
    assert answer.json["data"][0]["details"] == {"api_name": "id", "json_path": "$.data[0].id"}


def test_a_lost_race_is_told(api, org, clock):
    """412 ALREADY_MODIFIED, with the time that won."""
    contact = org.ids("Contacts")[0]
    org.update("Contacts", contact, {"Title": "theirs"})
    row, path = {"data": [{"Title": "mine"}]}, f"Contacts/{contact}"
    lost = api.send("PUT", path, row, {"if-unmodified-since": "2026-01-15T11:59:59+00:00"})
    assert (lost.status, lost.code) == (412, "ALREADY_MODIFIED")
    assert lost.details["Modified_Time"] == "2026-01-15T13:00:00+01:00"
    assert api.send("PUT", path, row, {"if-unmodified-since": "2026-01-15T12:00:00+00:00"}).status == 200
    assert org.get("Contacts", contact)["Title"] == "mine"


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({**DEAL, "Stage": "Nope"}, "INVALID_DATA", "Stage"),
        ({**DEAL, "Pipeline": "Nope"}, "INVALID_DATA", "Pipeline"),
        ({**DEAL, "Stage": "Renewal Due"}, "MAPPING_MISMATCH", "Stage"),
        ({"Deal_Name": "A", "Stage": "Qualification"}, "MANDATORY_NOT_FOUND", "Pipeline"),
    ],
)
def test_a_stage_belongs_to_its_pipeline(api, row, code, field):
    """Values outside of the list and outside of the pipeline are refused."""
    answer = api.write("Deals", row)
    assert (answer.code, answer.details["api_name"]) == (code, field)


def test_a_stage_brings_its_probability(api, org):
    """By its display or its actual text; the expected revenue follows."""
    made = api.write("Deals", {**DEAL, "Stage": "Id. Decision Makers", "Amount": 200.5}).ids[0]
    deal = org.get("Deals", made)
    assert (deal["Stage"], deal["Probability"], deal["Expected_Revenue"]) == ("Identify Decision Makers", 60, 120.3)
    api.write("Deals", {"id": made, "Stage": "Closed Won"}, method="PUT")
    assert org.get("Deals", made)["Expected_Revenue"] == 200.5
    assert api.write("Deals", {"id": made, "Stage": "Renewal Due"}, method="PUT").code == "MAPPING_MISMATCH"


def test_an_org_without_pipelines_takes_any_stage(api, org):
    """And needs no pipeline."""
    org.switches.pipelines = False
    assert api.write("Deals", {"Deal_Name": "A", "Stage": "Anything"}).status == 201


def test_a_layout_may_demand_more(api, org):
    """The fields' metadata do not tell, the layout does."""
    org.switches.mandatory.add(("Deals", "Closing_Date"))
    assert api.write("Deals", DEAL).details["api_name"] == "Closing_Date"
    assert api.write("Deals", {**DEAL, "Closing_Date": "2026-02-01"}).status == 201
    fields = {f["api_name"]: f for f in api.get("settings/fields?module=Deals").json["fields"]}
    layout = api.get("settings/layouts?module=Deals").json["layouts"][0]["sections"][0]["fields"]
    assert fields["Closing_Date"]["system_mandatory"] is False
    assert {f["api_name"]: f["required"] for f in layout}["Closing_Date"] is True


def test_picklists_are_open_unless_switched(api, org):
    """Nobody outside knows; Stage and Pipeline never are."""
    assert api.write("Contacts", {"Last_Name": "A", "Lead_Source": "Carrier pigeon"}).status == 201
    org.switches.open_picklists = False
    answer = api.write("Contacts", {"Last_Name": "A", "Lead_Source": "Carrier pigeon"})
    assert (answer.code, "Cold Call" in answer.details["supported_values"]) == ("INVALID_DATA", True)


def test_an_account_may_be_written_by_name(api, org):
    """It is made along the way, once; unless switched off."""
    made = api.write(
        "Deals", {**DEAL, "Account_Name": {"name": "New & Co"}}, {**DEAL, "Account_Name": {"name": "new & co"}}
    ).ids
    accounts = {org.get("Deals", deal)["Account_Name"] for deal in made}
    assert [org.get("Accounts", account)["Account_Name"] for account in accounts] == ["New & Co"]
    org.switches.lookups_by_name = False
    assert api.write("Deals", {**DEAL, "Account_Name": {"name": "Other"}}).code == "MANDATORY_NOT_FOUND"


def test_deleting_tells_of_each_row(api, org):
    """What is not there is not deleted; no ids is a mistake of the request."""
    contact = org.ids("Contacts")[0]
    answers = [api.send("DELETE", f"Contacts?ids={contact},7"), api.send("DELETE", f"Contacts?ids={contact}")]
    assert [answer.status for answer in answers] == [207, 400]
    assert answers[0].json["data"][0] == {
        "code": "SUCCESS", "details": {"id": contact}, "message": "record deleted", "status": "success",
    }  # fmt: skip
    assert (answers[1].code, answers[1].json["data"][0]["message"]) == ("INVALID_DATA", "record not deleted")
    assert api.send("DELETE", "Contacts").code == "REQUIRED_PARAM_MISSING"
    assert api.send("DELETE", f"Contacts/{org.ids('Contacts')[0]}").status == 200


def test_batches_have_an_end(api, org):
    """A hundred rows, a hundred ids; and there must be some."""
    answer = api.write("Contacts", *[{"Last_Name": "A"}] * 101)
    assert (answer.status, answer.code) == (400, "LIMIT_EXCEEDED")
    assert answer.details["maximum_length"] == 100
    assert api.send("DELETE", f"Contacts?ids={','.join(['7'] * 101)}").code == "LIMIT_EXCEEDED"
    assert api.post("Contacts", {"data": []}).code == "INVALID_DATA"
    assert api.post("Contacts", {}).code == "MANDATORY_NOT_FOUND"
    assert api.post("Contacts", b"{").code == "INVALID_DATA"
    assert len(org.ids("Contacts")) == 40


def test_triggers_fire_unless_they_are_left_empty(api, org):
    """Without the key everything fires, with an empty list nothing does."""
    api.write("Contacts", {"Last_Name": "A"})
    api.write("Contacts", {"Last_Name": "B"}, trigger=[])
    api.write("Contacts", {"Last_Name": "C"}, trigger=["workflow"])
    assert [len(triggers) for _, _, triggers in org.org.fired] == [5, 1]
    assert api.write("Contacts", {"Last_Name": "D"}, trigger=["horn"]).code == "INVALID_DATA"


def test_a_record_may_be_locked_and_a_row_refused(api, org):
    """Troubles that a test orders."""
    first, second = org.ids("Contacts")[:2]
    org.switches.locked.add(("Contacts", first))
    org.switches.refuse = lambda _operation, _module, record_id: (
        {"code": "NOT_APPROVED", "details": {"id": record_id}} if record_id == second else None
    )
    rows = [{"id": contact, "Title": "x"} for contact in (first, second, org.ids("Contacts")[2])]
    assert api.write("Contacts", *rows, method="PUT").codes == ["RECORD_LOCKED", "NOT_APPROVED", "SUCCESS"]


def test_owners_must_be_active(api, org):
    """A record given to somebody who left is refused."""
    from dataclasses import replace

    org.org.users[3] = replace(org.org.users[3], active=False)
    user = str(org.org.users[3].id)
    assert api.write("Contacts", {"Last_Name": "A", "Owner": {"id": user}}).code == "INVALID_DATA"
    assert user in [u["id"] for u in api.get("users?type=DeactiveUsers").json["users"]]
