"""Zoho's own client works against the simulator as against the real thing; it types every answer by its own schema."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap, SDKConfig, bulk_read, bulk_write, coql
from zohocrmsdk.src.com.zoho.crm.api import notifications as watches
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.fields import FieldsOperations, GetFieldsParam
from zohocrmsdk.src.com.zoho.crm.api.layouts import GetLayoutsParam, LayoutsOperations
from zohocrmsdk.src.com.zoho.crm.api.modules import MinifiedModule, ModulesOperations
from zohocrmsdk.src.com.zoho.crm.api.org import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.pipeline import PipelineOperations
from zohocrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    DeleteRecordsParam,
    GetDeletedRecordsParam,
    GetRecordsHeader,
    GetRecordsParam,
    Record,
    RecordOperations,
    SearchRecordsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.users import UsersOperations
from zohocrmsdk.src.com.zoho.crm.api.util import Choice, StreamWrapper

from crmsync.sandbox import Server

SINCE = datetime(2026, 1, 16, tzinfo=UTC)


@pytest.fixture
def server(org, tmp_path: Path):
    """The client, set up for an org that lets it call as often as it likes."""
    org.switches.limits.on = False
    org.switches.bulk.step_s = 0
    with Server(org) as server:
        environment = DataCenter.Environment(server.url, f"{server.url}/oauth/v2/token", server.url)
        (tmp_path / "cache").mkdir()
        Initializer.initialize(
            environment,
            OAuthToken(**{name: value for name, value in org.options.items() if name != "accounts_url"}),
            store=FileStore(str(tmp_path / "tokens.txt")),
            sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
            resource_path=str(tmp_path / "cache"),
            logger=Logger.get_instance(Logger.Levels.INFO, file_path=str(tmp_path / "log.txt")),
        )
        yield server


@pytest.fixture
def contacts(server) -> RecordOperations:
    return RecordOperations("Contacts")


def given(*pairs):
    """Parameters or headers, as the client wants them."""
    made = HeaderMap() if pairs and pairs[0][0] is GetRecordsHeader.if_modified_since else ParameterMap()
    for name, value in pairs:
        made.add(name, value)
    return made


def body(*rows, **more):
    """The body of a write."""
    made, records = BodyWrapper(), []
    for row in rows:
        records.append(Record())
        for name, value in row.items():
            records[-1].add_key_value(name, value)
    made.set_data(records)
    for name, value in more.items():
        getattr(made, f"set_{name}")(value)
    return made


def module(name):
    made = MinifiedModule()
    made.set_api_name(name)
    return made


def test_a_list_is_paged_by_tokens(contacts, org):
    """Every record once; the client's start-up calls were answered."""
    ids, token = [], None
    while token or not ids:
        query = [(GetRecordsParam.fields, "Email,Account_Name,Owner,Modified_Time"), (GetRecordsParam.per_page, 15)]
        answer = contacts.get_records(given(*query, *([(GetRecordsParam.page_token, token)] if token else [])))
        page = answer.get_object()
        ids += [str(record.get_id()) for record in page.get_data()]
        token = page.get_info().get_next_page_token()
    assert ids == org.ids("Contacts")[::-1]
    assert page.get_data()[0].get_modified_time().tzinfo is not None


def test_nothing_new_and_nothing_at_all(contacts, org):
    """304 and 204 come as answers without an object."""
    fields = given((GetRecordsParam.fields, "Email"))
    unchanged = contacts.get_records(fields, given((GetRecordsHeader.if_modified_since, SINCE)))
    for record_id in org.ids("Contacts"):
        org.delete("Contacts", record_id)
    empty = contacts.get_records(fields)
    assert [(a.get_status_code(), a.get_object()) for a in (unchanged, empty)] == [(304, None), (204, None)]


def test_a_record_is_read_with_all_it_has(contacts, org):
    """Lookups are records, owners users, times times."""
    contact = org.ids("Contacts")[0]
    record = contacts.get_record(int(contact)).get_object().get_data()[0]
    truth = org.get("Contacts", contact)
    assert (str(record.get_id()), record.get_key_value("Email")) == (contact, truth["Email"])
    assert str(record.get_key_value("Account_Name").get_id()) == truth["Account_Name"]
    assert str(record.get_key_value("Owner").get_id()) == truth["Owner"]


def test_a_create_with_a_bad_row_is_understood(contacts, org):
    """207: one success, one exception, in order."""
    rows = [{"Last_Name": "A", "Email": "a@b.example"}, {"Last_Name": "B", "Email": "bad"}]
    answer = contacts.create_records(body(*rows, trigger=[]))
    good, bad = answer.get_object().get_data()
    assert answer.get_status_code() == 207
    assert (good.get_code().get_value(), good.get_details()["id"]) == ("SUCCESS", org.ids("Contacts")[-1])
    assert (bad.get_code().get_value(), bad.get_details()["json_path"]) == ("INVALID_DATA", "$.data[1].Email")


def test_a_record_is_changed_upserted_and_deleted(contacts, org):
    """The rest of a record's life; the list of the deleted ends it."""
    contact = org.create("Contacts", {"Last_Name": "A", "Email": "a@b.example"})
    assert contacts.update_record(int(contact), body({"Title": "Pilot"})).get_status_code() == 200
    row = {"Last_Name": "A", "Email": "a@b.example", "Department": "Air"}
    upserted = contacts.upsert_records(body(row, duplicate_check_fields=["Email"])).get_object().get_data()[0]
    assert (upserted.get_action().get_value(), upserted.get_duplicate_field()) == ("update", "Email")
    assert (org.get("Contacts", contact)["Title"], org.get("Contacts", contact)["Department"]) == ("Pilot", "Air")
    query = given((DeleteRecordsParam.ids, contact), (DeleteRecordsParam.wf_trigger, False))
    assert contacts.delete_records(query).get_object().get_data()[0].get_status().get_value() == "success"
    gone = contacts.get_deleted_records(given((GetDeletedRecordsParam.type, "all"))).get_object().get_data()
    assert [(str(stone.get_id()), stone.get_type()) for stone in gone] == [(contact, "recycle")]


def test_records_are_searched_and_counted(contacts, org):
    """By word; all of them."""
    org.create("Contacts", {"Last_Name": "Zyx"})
    found = contacts.search_records(given((SearchRecordsParam.word, "zyx"))).get_object().get_data()
    assert [str(record.get_id()) for record in found] == org.ids("Contacts")[-1:]
    assert contacts.record_count().get_object().get_count() == 41


def test_a_query_is_answered_or_refused(server, org):
    """COQL, with the place of a mistake."""
    query = coql.BodyWrapper()
    query.set_select_query("select Last_Name, Account_Name from Contacts where id is not null limit 3")
    found = coql.CoqlOperations().get_records(query).get_object()
    assert [str(record.get_id()) for record in found.get_data()] == org.ids("Contacts")[:3]
    assert found.get_info().get_more_records() is True
    query.set_select_query("select Last_Name from Contacts")
    refused = coql.CoqlOperations().get_records(query).get_object()
    assert (refused.get_code().get_value(), refused.get_details()) == ("SYNTAX_ERROR", {"clause": "where"})


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "INVALID_DATA"), (404, "INVALID_URL_PATTERN"), (429, "TOO_MANY_REQUESTS"), (500, "INTERNAL_ERROR")],
)
def test_errors_are_the_clients_own(contacts, org, status, code):
    """Status and code come through."""
    org.fail(status, "GET /crm/v8/Contacts")
    answer = contacts.get_records(given((GetRecordsParam.fields, "Email")))
    assert (answer.get_status_code(), type(answer.get_object()).__name__) == (status, "APIException")
    assert answer.get_object().get_code().get_value() == code


def test_the_client_gets_a_token_before_anything_else(contacts, org):
    """By its refresh token, from the token endpoint; then it uses it."""
    contacts.get_records(given((GetRecordsParam.fields, "Email")))
    assert [(r.method, r.path) for r in org.requests][:3] == [
        ("POST", "/oauth/v2/token"), ("GET", "/crm/v8/users"), ("GET", "/crm/v8/org"),
    ]  # fmt: skip
    token = org.requests[-1].headers["authorization"].removeprefix("Zoho-oauthtoken ")
    assert org.access.tokens[token].refresh_token == org.options["refresh_token"]


def test_definitions_are_read(server, org):
    """Modules, fields, layouts, pipelines, users and the org fit the client's models."""
    modules = ModulesOperations().get_modules(ParameterMap(), HeaderMap()).get_object().get_modules()
    fields = FieldsOperations().get_fields(given((GetFieldsParam.module, "Deals"))).get_object().get_fields()
    layout = LayoutsOperations().get_layouts(given((GetLayoutsParam.module, "Deals"))).get_object().get_layouts()[0]
    pipelines = PipelineOperations(layout.get_id()).get_pipelines().get_object().get_pipeline()
    assert [each.get_api_name() for each in modules] == ["Leads", "Accounts", "Contacts", "Deals"]
    assert {"Deal_Name", "Stage", "Amount", "Contact_Name"} <= {field.get_api_name() for field in fields}
    assert [each.get_display_value() for each in pipelines] == ["Standard", "Renewals"]
    assert OrgOperations().get_organization().get_object().get_org()[0].get_zgid() == org.org.zgid
    assert len(UsersOperations().get_users(ParameterMap(), HeaderMap()).get_object().get_users()) == 24


def test_an_export_is_made_and_downloaded(server, org):
    """Created, asked for, downloaded."""
    jobs, query, wanted = bulk_read.BulkReadOperations(), bulk_read.Query(), bulk_read.BodyWrapper()
    query.set_module(module("Contacts"))
    query.set_fields(["Last_Name"])
    wanted.set_query(query)
    job = int(jobs.create_bulk_read_job(wanted).get_object().get_data()[0].get_details()["id"])
    state = jobs.get_bulk_read_job_details(job).get_object().get_data()[0]
    file = jobs.download_result(job).get_object().get_file()
    assert (state.get_state().get_value(), state.get_result().get_count()) == ("COMPLETED", 40)
    assert file.get_name() == f"{job}.zip"
    assert file.get_stream().content[:2] == b"PK"


def test_an_import_is_uploaded_and_carried_out(server, org):
    """Uploaded, started, counted."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("c.csv", "Last_Name\nZed\n")
    jobs, upload, headers = bulk_write.BulkWriteOperations(), bulk_write.FileBodyWrapper(), HeaderMap()
    upload.set_file(StreamWrapper("c.zip", io.BytesIO(content.getvalue())))
    headers.add(bulk_write.UploadFileHeader.feature, "bulk-write")
    headers.add(bulk_write.UploadFileHeader.x_crm_org, org.org.zgid)
    file_id = str(jobs.upload_file(upload, headers).get_object().get_details()["file_id"])
    wanted, resource, mapping = bulk_write.RequestWrapper(), bulk_write.Resource(), bulk_write.FieldMapping()
    mapping.set_api_name("Last_Name")
    mapping.set_index(0)
    resource.set_type(Choice("data"))
    resource.set_module(module("Contacts"))
    resource.set_file_id(file_id)
    resource.set_field_mappings([mapping])
    wanted.set_operation(Choice("insert"))
    wanted.set_resource([resource])
    job = jobs.create_bulk_write_job(wanted).get_object().get_details()["id"]
    state = jobs.get_bulk_write_job_details(str(job)).get_object()
    assert (state.get_status(), state.get_resource()[0].get_file().get_added_count()) == ("COMPLETED", 1)
    assert org.get("Contacts", org.ids("Contacts")[-1])["Last_Name"] == "Zed"


def test_a_channel_is_subscribed_and_listed(server, org):
    """With its expiry."""
    wanted, channel = watches.BodyWrapper(), watches.Notification()
    channel.set_channel_id("10001")
    channel.set_events(["Contacts.all"])
    channel.set_notify_url("https://hooks.example/zoho")
    wanted.set_watch([channel])
    answer = watches.NotificationsOperations().enable_notifications(wanted)
    [listed] = watches.NotificationsOperations().get_notifications(ParameterMap()).get_object().get_watch()
    assert answer.get_status_code() == 201
    assert (listed.get_channel_id(), listed.get_events()) == ("10001", ["Contacts.all"])
    assert listed.get_channel_expiry() == datetime(2026, 1, 15, 13, tzinfo=UTC)
