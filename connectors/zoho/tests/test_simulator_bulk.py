"""Bulk jobs: exports and imports, step by step, in ZIP files of CSV."""

import csv
import io
from zipfile import ZipFile

import pytest

READ, WRITE = "/crm/bulk/v8/read", "/crm/bulk/v8/write"


def lines(answer):
    """The rows of the one CSV file in a ZIP file."""
    with ZipFile(io.BytesIO(answer.body)) as archive:
        [name] = archive.namelist()
        return list(csv.reader(io.StringIO(archive.read(name).decode())))


def packed(*rows, name="rows.csv"):
    """A ZIP file with one CSV file."""
    text, content = io.StringIO(), io.BytesIO()
    csv.writer(text).writerows(rows)
    with ZipFile(content, "w") as archive:
        archive.writestr(name, text.getvalue())
    return content.getvalue()


def export(api, module="Contacts", **query):
    """The id of a new export."""
    answer = api.post(READ, {"query": {"module": {"api_name": module}, **query}})
    assert answer.status == 201, answer.json
    return answer.json["data"][0]["details"]["id"]


def upload(api, content, **headers):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n' + content + b"\r\n--x--\r\n"
    known = {"feature": "bulk-write", "x-crm-org": api.org.org.zgid, "content-type": "multipart/form-data; boundary=x"}
    return api.post("upload", body, known | headers)


def load(api, operation, rows, *mappings, module="Contacts", **more):
    """The id of a new import."""
    file_id = upload(api, packed(*rows)).json["details"]["file_id"]
    fields = [
        {"api_name": name, "index": place} if isinstance(name, str) else name for place, name in enumerate(mappings)
    ]
    resource = {"type": "data", "module": {"api_name": module}, "file_id": file_id, **more}
    answer = api.post(WRITE, {"operation": operation, "resource": [{**resource, "field_mappings": fields}]})
    assert answer.status == 201, answer.json
    return answer.json["details"]["id"]


@pytest.fixture
def quick(api, org):
    """Jobs are done at once."""
    org.switches.bulk.step_s = 0
    return api


def test_an_export_takes_its_steps(api, clock):
    """By the clock; the result is there at the end, for a day."""
    job, states = export(api), []
    for _ in range(4):
        states.append(api.get(f"{READ}/{job}").json["data"][0]["state"])
        clock.advance(5)
    assert states == ["ADDED", "QUEUED", "IN PROGRESS", "COMPLETED"]
    assert api.get(f"{READ}/{job}/result").headers["Content-Type"] == "application/zip"
    clock.advance(86_400)
    assert api.get(f"{READ}/{job}/result").code == "RESOURCE_NOT_FOUND"
    assert api.get(f"{READ}/7").status == 404


def test_an_export_has_what_was_asked_for(quick, org):
    """Names of fields on top, ids first; lookups as ids, times with offset, joined fields."""
    contact = org.ids("Contacts")[0]
    org.update("Contacts", contact, {"Last_Name": 'A "b", c', "Email_Opt_Out": True})
    job = export(
        quick, fields=["Last_Name", "Account_Name", "Account_Name.Account_Name", "Email_Opt_Out", "Modified_Time"]
    )
    head, first, *rest = lines(quick.get(f"{READ}/{job}/result"))
    truth = org.get("Contacts", contact)
    account = org.get("Accounts", truth["Account_Name"])["Account_Name"]
    assert head == ["Id", "Last_Name", "Account_Name", "Account_Name.Account_Name", "Email_Opt_Out", "Modified_Time"]
    assert first == [contact, 'A "b", c', truth["Account_Name"], account, "true", "2026-01-15T13:00:00+01:00"]
    assert [row[0] for row in rest] == org.ids("Contacts")[1:]


def test_without_fields_everything_is_exported(quick, org):
    """All columns of the module."""
    head, *rows = lines(quick.get(f"{READ}/{export(quick)}/result"))
    assert set(head) == {"Id", *org.org.shelves["Contacts"].catalogue.fields} - {"id"}
    assert len(rows) == 40


def test_criteria_narrow_an_export(quick, org):
    """Nested groups, empty values."""
    stage = {"field": {"api_name": "Stage"}, "comparator": "starts_with", "value": "closed"}
    amount = {"field": {"api_name": "Amount"}, "comparator": "greater_than", "value": 1000}
    empty = {"field": {"api_name": "Next_Step"}, "comparator": "not_equal", "value": "${EMPTY}"}
    inner = {"group_operator": "or", "group": [stage, empty]}
    job = export(quick, "Deals", fields=["Stage"], criteria={"group_operator": "and", "group": [amount, inner]})
    assert [row[0] for row in lines(quick.get(f"{READ}/{job}/result"))[1:]] == [
        key for key, r in org.live("Deals").items()
        if r.get("Amount", 0) > 1000 and (r["Stage"].startswith("Closed") or "Next_Step" in r)
    ]  # fmt: skip


def test_exports_go_on_by_page_or_token(quick, org):
    """200,000 records a page, fewer here; a token belongs to its query."""
    org.switches.paging.bulk_page = 15
    found, query = [], {"fields": ["Email"]}
    while query:
        result = quick.get(f"{READ}/{export(quick, **query)}").json["data"][0]["result"]
        found += [row[0] for row in lines(quick.get(result["download_url"]))[1:]]
        query = {"fields": ["Email"], "page_token": result["next_page_token"]} if result["more_records"] else None
    assert found == org.ids("Contacts")
    assert [row[0] for row in lines(quick.get(f"{READ}/{export(quick, page=3)}/result"))[1:]] == found[30:]
    token = quick.get(f"{READ}/{export(quick)}").json["data"][0]["result"]["next_page_token"]
    body = {"query": {"module": {"api_name": "Leads"}, "page_token": token}}
    assert quick.post(READ, body).code == "TOKEN_BOUND_DATA_MISMATCH"


def test_an_export_may_fail(quick, org):
    """With a message, and no result."""
    org.switches.bulk.error = "out of luck"
    job = export(quick)
    shown = quick.get(f"{READ}/{job}").json["data"][0]
    assert (shown["state"], shown["result"]["error_message"]["message"]) == ("FAILURE", "out of luck")
    assert quick.get(f"{READ}/{job}/result").status == 204


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "QUERY_NOT_SUPPORTED"),
        ({"query": {"module": {"api_name": "Nope"}}}, "MODULE_NOT_AVAILABLE"),
        ({"query": {"module": {"api_name": "Contacts"}, "fields": ["Nope"]}}, "FIELD_NOT_AVAILABLE"),
        ({"query": {"module": {"api_name": "Contacts"}, "page": 501}}, "PAGE_RANGE_EXCEEDED"),
        (
            {
                "query": {
                    "module": {"api_name": "Contacts"},
                    "criteria": {"field": {"api_name": "Nope"}, "comparator": "equal", "value": 1},
                }
            },
            "INVALID_CRITERIA",
        ),
        (
            {"query": {"module": {"api_name": "Contacts"}}, "callback": {"url": "x", "method": "post"}},
            "INVALID_CALLBACK_URL",
        ),
        (
            {"query": {"module": {"api_name": "Contacts"}}, "callback": {"url": "https://x.example", "method": "get"}},
            "INVALID_CALLBACK_METHOD",
        ),
        ({"query": {"module": {"api_name": "Contacts"}}, "file_type": "ics"}, "INVALID_DATA"),
    ],
)
def test_a_wrong_export_is_refused(api, body, code):
    """At once, with the code of its mistake."""
    answer = api.post(READ, body)
    assert (answer.status, answer.code) == (400, code)


def test_a_finished_job_calls_back_once(api, org, clock):
    """With the body that asking for it gives."""
    body = {"query": {"module": {"api_name": "Contacts"}}, "callback": {"url": "https://x.example/y", "method": "post"}}
    job = api.post(READ, body).json["data"][0]["details"]["id"]
    assert org.callbacks() == []
    clock.advance(15)
    [callback] = org.callbacks()
    assert (callback.url, callback.body) == ("https://x.example/y", api.get(f"{READ}/{job}").json["data"][0])
    assert org.callbacks() == []


def test_results_are_downloaded_ten_times_a_minute(quick, org, clock):
    """Then 429."""
    org.switches.limits.on = True
    job = export(quick)
    assert [quick.get(f"{READ}/{job}/result").status for _ in range(11)] == [200] * 10 + [429]
    clock.advance(60)
    assert quick.get(f"{READ}/{job}/result").status == 200


def test_an_import_takes_its_steps_and_tells_of_each_row(api, org, clock):
    """Nothing is written before it is done; the result has three more columns."""
    rows = [["name", "mail"], ["Ada", "ada@x.example"], ["", "b@x.example"], ["Cy", "no mail"]]
    job, states = load(api, "insert", rows, "Last_Name", "Email"), []
    for _ in range(3):
        states.append(api.get(f"{WRITE}/{job}").json["status"])
        states.append(len(org.ids("Contacts")))
        clock.advance(5)
    assert states == ["ADDED", 40, "INPROGRESS", 40, "COMPLETED", 41]
    shown = api.get(f"{WRITE}/{job}").json
    counts = shown["resource"][0]["file"]
    assert [counts[f"{name}_count"] for name in ("added", "skipped", "updated", "total")] == [1, 2, 0, 3]
    head, *results = lines(api.get(shown["result"]["download_url"].removeprefix("https://www.zohoapis.com")))
    assert head == ["name", "mail", "RECORD_ID", "STATUS", "ERRORS"]
    assert [row[3:] for row in results] == [
        ["ADDED", ""], ["SKIPPED", "MANDATORY_NOT_FOUND: Last_Name"], ["SKIPPED", "INVALID_DATA: Email"],
    ]  # fmt: skip
    assert results[0][2] == org.ids("Contacts")[-1]


def test_cells_are_read_by_the_type_of_their_field(quick, org):
    """Numbers, dates in the usual or in a named form, lookups by a key, values for empty cells."""
    account = org.create("Accounts", {"Account_Name": "Acme"})
    rows = [["a", "b", "c", "d", "e"], ["Boat", "12.5", "02/28/2026", "Acme", ""]]
    load(
        quick, "insert", rows, "Deal_Name", "Amount",
        {"api_name": "Closing_Date", "index": 2}, {"api_name": "Account_Name", "index": 3, "find_by": "Account_Name"},
        {"api_name": "Stage", "index": 4, "default_value": {"value": "Closed Won"}},
        {"api_name": "Pipeline", "default_value": {"value": "Standard (Standard)"}},
        module="Deals",
    )  # fmt: skip
    quick.get("org")
    deal = org.get("Deals", org.ids("Deals")[-1])
    assert (deal["Deal_Name"], deal["Amount"], deal["Closing_Date"], deal["Account_Name"], deal["Stage"]) == (
        "Boat", 12.5, "2026-02-28", account, "Closed Won",
    )  # fmt: skip
    form = {"api_name": "Closing_Date", "index": 1, "format": "yyyy-MM-dd"}
    rows = [["id", "d"], [org.ids("Deals")[-1], "2026-03-01"]]
    load(quick, "update", rows, "id", form, module="Deals", find_by="id")
    quick.get("org")
    assert org.get("Deals", org.ids("Deals")[-1])["Closing_Date"] == "2026-03-01"


@pytest.mark.parametrize(
    ("text", "form", "kept"),
    [
        ("07/01/2026 09:30:00", None, "2026-07-01T09:30:00+02:00"),
        ("2026-07-01T09:30:00+00:00", None, "2026-07-01T11:30:00+02:00"),
        ("01.07.2026 09:30", "dd.MM.yyyy HH:mm", "2026-07-01T09:30:00+02:00"),
        ("July", None, None),
    ],
)
def test_times_of_a_file_are_those_of_the_org(quick, org, text, form, kept):
    """In its zone, in the usual form or in a named one; an offset decides by itself."""
    org.add_field("Contacts", "Visited", "datetime")
    mapping = {"api_name": "Visited", "index": 1, "format": form}
    job = load(quick, "insert", [["n", "v"], ["A", text]], "Last_Name", mapping)
    assert quick.get(f"{WRITE}/{job}").json["resource"][0]["file"]["added_count"] == (kept is not None)
    assert org.get("Contacts", org.ids("Contacts")[-1]).get("Visited") == kept


@pytest.mark.parametrize(("ignore", "phone"), [(True, "+1"), (False, None)])
def test_an_import_updates_what_it_finds(quick, org, ignore, phone):
    """By a key; empty cells are passed over or clear."""
    contact = org.create("Contacts", {"Last_Name": "A", "Email": "a@x.example", "Phone": "+1"})
    rows = [["m", "l", "p"], ["a@x.example", "B", ""], ["new@x.example", "C", ""]]
    job = load(quick, "upsert", rows, "Email", "Last_Name", "Phone", find_by="Email", ignore_empty=ignore)
    counts = quick.get(f"{WRITE}/{job}").json["resource"][0]["file"]
    assert (counts["added_count"], counts["updated_count"]) == (1, 1)
    assert (org.get("Contacts", contact)["Last_Name"], org.get("Contacts", contact).get("Phone")) == ("B", phone)


@pytest.mark.parametrize(
    ("headers", "content", "code"),
    [
        ({"feature": "photos"}, packed(["a"]), "NOT_SUPPORTED_FEATURE"),
        ({"x-crm-org": "7"}, packed(["a"]), "INVALID_DATA"),
        ({}, b"no zip", "INVALID_FILE_FORMAT"),
        ({"content-type": "text/plain"}, packed(["a"]), "MANDATORY_NOT_FOUND"),
    ],
)
def test_a_wrong_upload_is_refused(api, headers, content, code):
    """By purpose, org and format."""
    assert upload(api, content, **headers).code == code


def test_a_wrong_import_is_refused(api, org):
    """Without a file, a key, a module."""
    resource = {"type": "data", "module": {"api_name": "Contacts"}, "file_id": "7"}
    assert api.post(WRITE, {"operation": "insert", "resource": [resource]}).code == "FILE_NOT_FOUND"
    resource["file_id"] = upload(api, packed(["a"])).json["details"]["file_id"]
    assert api.post(WRITE, {"operation": "upsert", "resource": [resource]}).code == "MANDATORY_NOT_FOUND"
    assert api.post(WRITE, {"operation": "erase", "resource": [resource]}).code == "INVALID_DATA"
    assert api.get(f"{WRITE}/7").status == 404


def test_too_many_rows_fail_as_a_whole(quick, org):
    """25,000 a file, fewer here."""
    org.switches.bulk.rows_max = 1
    job = load(quick, "insert", [["n"], ["A"], ["B"]], "Last_Name")
    shown = quick.get(f"{WRITE}/{job}").json
    assert (shown["status"], shown["resource"][0]["status"]) == ("FAILED", "SKIPPED")
    assert len(org.ids("Contacts")) == 40
