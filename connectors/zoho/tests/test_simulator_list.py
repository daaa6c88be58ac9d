"""Lists and single records: parameters, order, pages, tokens, times."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

DAY_S = 86_400
SINCE = "2025-12-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("target", "code", "details"),
    [
        ("Contacts", "REQUIRED_PARAM_MISSING", {"param_name": "fields"}),
        (f"Contacts?fields={','.join('abc' for _ in range(51))}", "LIMIT_EXCEEDED", {"limit": 50}),
        ("Contacts?fields=Email&per_page=201", "INVALID_DATA", {"param_name": "per_page"}),
        ("Contacts?fields=Email&per_page=x", "INVALID_DATA", {"param_name": "per_page"}),
        ("Contacts?fields=Email&page=11", "DISCRETE_PAGINATION_LIMIT_EXCEEDED", {"limit": 2000}),
        ("Contacts?fields=Email&sort_by=Email", "INVALID_DATA", {"param_name": "sort_by"}),
        ("Contacts?fields=Email&sort_order=up", "INVALID_DATA", {"param_name": "sort_order"}),
        ("Contacts?fields=Email&page_token=12ab", "TOKEN_BOUND_DATA_MISMATCH", {"param_name": "page_token"}),
        ("Contacts?fields=Email&page=1&page_token=x", "AMBIGUITY_DURING_PROCESSING", {}),
        ("Contacts?fields=Email&cvid=1&sort_by=id", "AMBIGUITY_DURING_PROCESSING", {}),
        ("Contacts?fields=Email&ids=abc", "INVALID_DATA", {"param_name": "ids"}),
        ("contacts?fields=Email", "INVALID_MODULE", {"resource_path_index": 0}),
        ("Contacts/abc", "INVALID_DATA", {}),
    ],
)
def test_a_wrong_request_is_refused_in_one_shape(api, target, code, details):
    """Code, details, message, status; module names are case-sensitive."""
    answer = api.get(target)
    assert answer.status == 400
    assert set(answer.json) == {"code", "details", "message", "status"}
    assert (answer.code, answer.json["status"]) == (code, "error")
    assert details.items() <= answer.details.items()
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize(("method", "target", "status"), [("GET", "Contacts/x/y/z", 404), ("PATCH", "org", 400)])
def test_an_unknown_path_and_a_wrong_method_have_codes_of_their_own(api, method, target, status):
    """404 INVALID_URL_PATTERN, 400 INVALID_REQUEST_METHOD."""
    answer = api.send(method, target)
    assert (answer.status, answer.code) == (
        status, {404: "INVALID_URL_PATTERN", 400: "INVALID_REQUEST_METHOD"}[status],
    )  # fmt: skip
    assert api.get("/crm/v9/org").code == api.get("/crm/nowhere").code == "INVALID_URL_PATTERN"


def test_the_newest_record_comes_first(api, org):
    """By id, descending, unless it is asked for otherwise."""
    ids = org.ids("Contacts")
    assert api.get("Contacts?fields=Email").ids == ids[::-1]
    assert api.get("Contacts?fields=Email&sort_order=asc").ids == ids
    org.bulk_touch("Contacts", [ids[3]])
    assert api.get("Contacts?fields=Email&sort_by=Modified_Time&per_page=1").ids == [ids[3]]
    assert api.get("Contacts?fields=Email&sort_by=Created_Time&sort_order=asc&per_page=1").ids == [ids[0]]


def test_a_page_tells_where_the_next_one_is(api, org):
    """Full pages have a token, the last one has none."""
    first = api.get("Contacts?fields=Email&per_page=25").json["info"]
    last = api.get(f"Contacts?fields=Email&per_page=25&page_token={first['next_page_token']}").json["info"]
    assert first["page_token_expiry"] == "2026-01-16T13:00:00+01:00"
    assert (first["count"], first["more_records"], first["page"]) == (25, True, 1)
    assert (last["count"], last["more_records"], last["page"], last["next_page_token"]) == (15, False, 2, None)
    assert api.get("Contacts?fields=Email&per_page=25&page=3").status == 204


def test_fields_are_those_that_were_asked_for(api, org):
    """And the id; unknown names are passed over, or refused where that is switched on."""
    record = api.get("Contacts?fields=Email,Nope,Account_Name&per_page=1").json["data"][0]
    assert set(record) == {"id", "Email", "Account_Name"}
    org.switches.unknown_fields_refused = True
    assert api.get("Contacts?fields=Email,Nope").code == "INVALID_DATA"


def test_nothing_has_no_body(api, org):
    """204 for an empty module and for a record that is not there: no body, no content type."""
    for record_id in org.ids("Leads"):
        org.delete("Leads", record_id)
    for target in ("Leads?fields=Email", f"Contacts/{'9' * 19}", "Contacts/deleted"):
        answer = api.get(target)
        assert (answer.status, answer.body, "Content-Type" in answer.headers) == (204, b"", False)


def test_if_modified_since_is_inclusive_to_the_second(api, org):
    """A record changed in that second is there; nothing newer is 304 without a body."""
    contact = org.ids("Contacts")[7]
    org.bulk_touch("Contacts", [contact], at=datetime(2026, 1, 14, 12, 0, 5, tzinfo=UTC))
    target = "Contacts?fields=Email"
    assert api.get(target, {"if-modified-since": "2026-01-14T12:00:05+00:00"}).ids == [contact]
    assert api.get(target, {"if-modified-since": "2026-01-14T17:30:05+05:30"}).ids == [contact]
    late = api.get(target, {"if-modified-since": "2026-01-14T12:00:06+00:00"})
    assert (late.status, late.body) == (304, b"")


def test_http_dates_are_taken_or_passed_over(api, org):
    """Nobody outside knows which; off, such a header changes nothing."""
    header = {"if-modified-since": "Wed, 14 Jan 2026 12:00:00 GMT"}
    assert api.get("Contacts?fields=Email", header).status == 304
    org.switches.http_dates = False
    assert len(api.get("Contacts?fields=Email", header).ids) == 40
    assert api.get("Contacts?fields=Email", {"if-modified-since": "yesterday"}).code == "INVALID_DATA"


def test_z_is_an_offset_unless_switched_off(api, org):
    """`Z` is what some clients send for UTC."""
    header = {"if-modified-since": "2026-01-14T12:00:00Z"}
    assert api.get("Contacts?fields=Email", header).status == 304
    org.switches.zulu = False
    assert api.get("Contacts?fields=Email", header).code == "INVALID_DATA"


@pytest.mark.parametrize("change", ["fields=Email,Phone", "fields=Email&per_page=30", "fields=Email&sort_order=asc"])
def test_a_page_token_is_bound_to_what_was_asked(api, change):
    """Another parameter, and the listing has to start over."""
    token = api.get("Contacts?fields=Email&per_page=20").json["info"]["next_page_token"]
    assert api.get(f"Contacts?{change}&page_token={token}").code == "TOKEN_BOUND_DATA_MISMATCH"
    assert api.get(f"Leads?fields=Email&per_page=20&page_token={token}").code == "TOKEN_BOUND_DATA_MISMATCH"


def test_a_page_token_may_be_bound_to_the_time_too(api, org):
    """Nobody outside knows; by default it is."""
    target = "Contacts?fields=Email&per_page=2"
    token = api.get(target, {"if-modified-since": SINCE}).json["info"]["next_page_token"]
    assert api.get(f"{target}&page_token={token}").code == "TOKEN_BOUND_DATA_MISMATCH"
    org.switches.paging.tokens_bound_to_time = False
    token = api.get(target, {"if-modified-since": SINCE}).json["info"]["next_page_token"]
    assert api.get(f"{target}&page_token={token}").status == 200


def test_a_page_token_ends_after_a_day(api, clock):
    """EXPIRED_VALUE, with the place of the token."""
    token = api.get("Contacts?fields=Email&per_page=20").json["info"]["next_page_token"]
    clock.advance(DAY_S - 1)
    assert api.get(f"Contacts?fields=Email&per_page=20&page_token={token}").status == 200
    clock.advance(1)
    answer = api.get(f"Contacts?fields=Email&per_page=20&page_token={token}")
    assert (answer.code, answer.details["json_path"]) == ("EXPIRED_VALUE", "$.query.page_token")


def test_pages_and_tokens_reach_so_far_and_no_farther(api, org):
    """2,000 records by number, 100,000 by token; smaller here."""
    org.switches.paging.pages_reach, org.switches.paging.tokens_reach = 20, 30
    assert api.get("Contacts?fields=Email&per_page=10&page=2").status == 200
    assert api.get("Contacts?fields=Email&per_page=10&page=3").code == "DISCRETE_PAGINATION_LIMIT_EXCEEDED"
    target, token = "Contacts?fields=Email&per_page=10", ""
    for _ in range(3):
        token = api.get(f"{target}{token}").json["info"]["next_page_token"]
        token = f"&page_token={token}"
    answer = api.get(f"{target}{token}")
    assert (answer.code, answer.details) == ("PAGINATION_LIMIT_EXCEEDED", {"param_name": "page_token"})


@pytest.mark.parametrize(
    ("tokens", "skipped", "twice"), [("offset", True, True), ("keyset", False, False), ("snapshot", False, False)]
)
def test_what_a_page_token_stands_for_is_a_switch(api, org, tokens, skipped, twice):
    """An offset loses a row when one is deleted, and repeats one when one is added; the others do not."""
    org.switches.paging.tokens = tokens
    ids, target = org.ids("Contacts")[::-1], "Contacts?fields=Email&per_page=20"
    first = api.get(target)
    org.delete("Contacts", ids[0])
    second = api.get(f"{target}&page_token={first.json['info']['next_page_token']}")
    assert (ids[20] not in second.ids) is skipped
    org.restore("Contacts", ids[0])
    first = api.get(target)
    org.create("Contacts", {"Last_Name": "New"})
    second = api.get(f"{target}&page_token={first.json['info']['next_page_token']}")
    assert (ids[19] in second.ids) is twice


@given(
    st.lists(st.tuples(st.sampled_from(["touch", "delete", "create", "restore"]), st.integers(0, 29)), max_size=25),
    st.sampled_from(["id", "Created_Time", "Modified_Time"]),
    st.booleans(),
    st.sampled_from(["offset", "keyset", "snapshot"]),
)
@settings(max_examples=40, deadline=None)
def test_all_pages_together_are_the_truth_in_order(fresh, edits, order, descending, tokens):
    """Whatever was done before; every mode of tokens, every order."""
    api = fresh(30)
    org = api.org
    org.switches.paging.tokens = tokens
    ids = org.ids("Contacts")
    for action, place in edits:
        org.clock.advance(1)
        live = set(org.ids("Contacts"))
        if action == "create":
            org.create("Contacts", {"Last_Name": "A"})
        elif action == "touch" and ids[place] in live:
            org.update("Contacts", ids[place], {"Title": "B"})
        elif action == "delete" and ids[place] in live:
            org.delete("Contacts", ids[place])
        elif action == "restore" and ids[place] not in live:
            org.restore("Contacts", ids[place])
    table = org.org.table("Contacts")
    key = {"id": lambda r: r.id, "Created_Time": lambda r: r.created_s, "Modified_Time": lambda r: r.modified_s}[order]
    rows = sorted((table.get(int(i)) for i in org.ids("Contacts")), key=lambda r: (key(r), r.id), reverse=descending)
    target = f"Contacts?fields=Email&per_page=7&sort_by={order}&sort_order={'desc' if descending else 'asc'}"
    assert api.pages(target) == [str(row.id) for row in rows]


def test_records_are_read_by_id(api, org):
    """Those that are there, up to a hundred; the order is that of any list."""
    ids = org.ids("Contacts")
    org.delete("Contacts", ids[2])
    assert api.get(f"Contacts?fields=Email&ids={ids[1]},{ids[2]},{ids[5]},7").ids == [ids[5], ids[1]]
    many = ",".join("1" for _ in range(101))
    assert api.get(f"Contacts?fields=Email&ids={many}").code == "LIMIT_EXCEEDED"


def test_a_single_record_brings_more_than_its_fields(api, org):
    """Keys with a dollar, unless fields were named."""
    contact = org.ids("Contacts")[0]
    whole = api.get(f"Contacts/{contact}").json["data"][0]
    assert set(org.org.shelves["Contacts"].catalogue.fields) < set(whole)
    assert {"$currency_symbol", "$approval_state", "$editable", "$in_merge"} < set(whole)
    assert set(api.get(f"Contacts/{contact}?fields=Email").json["data"][0]) == {"Email", "id"}


def test_lookups_name_the_record_as_it_is_now(api, org):
    """A renamed account shows in its contacts; a deleted one is no longer shown, unless switched on."""
    contact = org.ids("Contacts")[0]
    account = org.get("Contacts", contact)["Account_Name"]
    target = f"Contacts?fields=Account_Name&ids={contact}"
    org.update("Accounts", account, {"Account_Name": 'New "name"'})
    assert api.get(target).json["data"][0]["Account_Name"] == {"name": 'New "name"', "id": account}
    org.delete("Accounts", account)
    assert api.get(target).json["data"][0]["Account_Name"] is None
    org.switches.lookups_of_deleted = True
    assert api.get(target).json["data"][0]["Account_Name"]["id"] == account


def test_converted_leads_are_left_out_of_lists(api, org):
    """Unless they are asked for; COQL has them anyway."""
    lead, *others = org.ids("Leads")
    org.convert(lead)
    assert api.get("Leads?fields=Email&sort_order=asc").ids == others
    assert api.get("Leads?fields=Email&converted=true").ids == [lead]
    assert len(api.get("Leads?fields=Email&converted=both").ids) == 1 + len(others)
    assert len(api.found("select Email from Leads where id is not null")) == 1 + len(others)
    assert [api.get(f"Leads/{key}").json["data"][0]["$converted"] for key in (lead, others[0])] == [True, False]


def test_older_versions_need_no_fields(api):
    """v2 gives all of them."""
    record = api.get("/crm/v2/Contacts?per_page=1").json["data"][0]
    assert {"Email", "Account_Name", "Modified_Time", "Mailing_City"} < set(record)
    assert api.get("/crm/v3/Contacts").code == "REQUIRED_PARAM_MISSING"


@pytest.mark.parametrize(
    ("zone", "shown"), [("Asia/Kolkata", "+05:30"), ("UTC", "+00:00"), ("America/Bogota", "-05:00")]
)
def test_times_are_in_the_zone_of_the_org(fresh, zone, shown):
    """With its offset, whole seconds."""
    api = fresh(3, zone=zone)
    time = api.get("Contacts?fields=Modified_Time&per_page=1").json["data"][0]["Modified_Time"]
    assert time.endswith(shown)
    assert api.get("org").json["org"][0]["time_zone"] == zone
