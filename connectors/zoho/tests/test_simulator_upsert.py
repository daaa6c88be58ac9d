"""Upserts, unique fields and external ids."""

import pytest

DEAL = {"Deal_Name": "Boat", "Stage": "Qualification", "Pipeline": "Standard (Standard)"}


def upsert(api, module, *rows, **more):
    return api.post(f"{module}/upsert", {"data": list(rows), **more})


def acts(answer):
    return [(row.get("action"), row.get("duplicate_field")) for row in answer.json["data"]]


@pytest.mark.parametrize(
    ("module", "field", "more"),
    [("Contacts", "Email", {"Last_Name": "A"}), ("Accounts", "Account_Name", {}), ("Deals", "Deal_Name", DEAL),
     ("Leads", "Email", {"Last_Name": "A", "Company": "B"})],
)  # fmt: skip
def test_each_module_has_its_field(api, org, module, field, more):
    """A made-up record is found by it, whatever the case; a new value makes a new record."""
    known = next(record_id for record_id, record in org.live(module).items() if field in record)
    value = org.get(module, known)[field]
    answer = upsert(api, module, {**more, field: value.upper()}, {**more, field: f"new{value}"})
    assert (answer.status, acts(answer)) == (200, [("update", field), ("insert", None)])
    first = answer.ids[0]
    assert first == known or (module == "Accounts" and org.get(module, first)["Account_Name"].lower() == value.lower())
    assert answer.ids[1] not in org.ids(module)[:-1]


def test_case_may_matter(api, org):
    """With the switch, only the very same text is the same record."""
    org.switches.match_case = True
    rows = [{"Last_Name": "A", "Email": text} for text in ("n@x.example", "N@x.example", "n@x.example")]
    assert [action for action, _ in acts(upsert(api, "Contacts", *rows))] == ["insert", "insert", "update"]


def test_the_second_row_sees_the_first(api):
    """Two new rows of one address are one record."""
    answer = upsert(api, "Contacts", *[{"Last_Name": "A", "Email": "n@x.example"}] * 2)
    assert acts(answer) == [("insert", None), ("update", "Email")]
    assert len(set(answer.ids)) == 1


def test_an_update_by_upsert_needs_no_mandatory_fields(api, org):
    """A new record does."""
    contact = org.ids("Contacts")[0]
    email = org.get("Contacts", contact)["Email"]
    answer = upsert(api, "Contacts", {"Email": email, "Title": "x"}, {"Email": "new@x.example"})
    assert (answer.status, answer.codes) == (207, ["SUCCESS", "MANDATORY_NOT_FOUND"])


def test_an_id_in_a_row_decides(api, org):
    """An unknown one is an error, not a new record."""
    contact = org.ids("Contacts")[0]
    answer = upsert(api, "Contacts", {"id": contact, "Last_Name": "B"}, {"id": "7", "Last_Name": "C"})
    assert answer.codes == ["SUCCESS", "INVALID_DATA"]
    assert org.get("Contacts", contact)["Last_Name"] == "B"


def test_a_unique_field_keeps_two_deals_of_one_name_apart(api, org):
    """Listing it switches the module's own field off."""
    org.add_field("Deals", "Our_Key", unique=True)
    rows = [{**DEAL, "Our_Key": key} for key in ("k1", "k2", "k1")]
    answer = upsert(api, "Deals", *rows, duplicate_check_fields=["Our_Key"])
    assert acts(answer) == [("insert", None), ("insert", None), ("update", "Our_Key")]
    assert acts(upsert(api, "Deals", {**DEAL, "Our_Key": "k9"})) == [("update", "Deal_Name")]


def test_other_fields_cannot_be_listed(api):
    """Only the module's own and unique ones."""
    answer = upsert(api, "Contacts", {"Last_Name": "A"}, duplicate_check_fields=["Phone"])
    assert (answer.status, answer.code, answer.details["supported_values"]) == (400, "INVALID_DATA", ["Email"])


def test_a_unique_value_is_given_once(api, org):
    """The row names the record that has it; inserts of equal e-mails are fine otherwise."""
    org.add_field("Contacts", "Badge", unique=True)
    first = api.write("Contacts", {"Last_Name": "A", "Badge": "7", "Email": "a@x.example"}).ids[0]
    answer = api.write("Contacts", {"Last_Name": "B", "Badge": "7"})
    assert (answer.status, answer.code, answer.details["id"]) == (400, "DUPLICATE_DATA", first)
    assert (answer.details["api_name"], answer.details["json_path"]) == ("Badge", "$.data[0].Badge")
    assert answer.details["duplicate_record"]["module"]["api_name"] == "Contacts"
    assert api.write("Contacts", {"Last_Name": "C", "Email": "a@x.example"}).status == 201
    assert api.write("Contacts", {"id": first, "Badge": "7"}, method="PUT").status == 200
    org.delete("Contacts", first)
    assert api.write("Contacts", {"Last_Name": "B", "Badge": "7"}).status == 201


def test_a_preference_refuses_duplicates_of_the_own_field(api, org):
    """As a duplicate check in the settings does."""
    org.switches.check_duplicates = True
    email = org.get("Contacts", org.ids("Contacts")[0])["Email"]
    answer = api.write("Contacts", {"Last_Name": "A", "Email": email})
    assert (answer.code, answer.details["id"]) == ("DUPLICATE_DATA", org.ids("Contacts")[0])


def test_a_key_of_ours_stands_for_the_id(api, org):
    """The header X-EXTERNAL names the field."""
    org.add_field("Deals", "Our_Key", unique=True)
    deal, header = api.write("Deals", {**DEAL, "Our_Key": "k1"}).ids[0], {"x-external": "Deals.Our_Key"}
    assert api.get("Deals/k1", header).json["data"][0]["id"] == deal
    rows = {"data": [{"Our_Key": "k1", "Amount": 5}, {"Our_Key": "k2", "Amount": 5}]}
    assert api.send("PUT", "Deals", rows, header).codes == ["SUCCESS", "INVALID_DATA"]
    assert api.send("PUT", "Deals/k1", {"data": [{"Amount": 6}]}, header).ids == [deal]
    assert org.get("Deals", deal)["Amount"] == 6
    assert api.send("DELETE", "Deals/k1", headers=header).ids == [deal]
