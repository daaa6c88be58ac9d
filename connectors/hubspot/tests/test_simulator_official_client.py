"""HubSpot's own client works against the simulator as against the real thing."""

import pytest
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException


def test_get_all_gives_every_contact_once(client, portal):
    """The client's own paging ends, and reads what is there."""
    contacts = client.crm.contacts.get_all(properties=["email", "phone"])
    assert [contact.id for contact in contacts] == portal.ids("contacts")
    assert {contact.properties["email"] for contact in contacts[:3]} == {
        portal.get("contacts", contact.id)["properties"]["email"] for contact in contacts[:3]
    }


def test_a_search_pages_by_offset(client, portal):
    """Total and paging read as the client's models want them."""
    request = PublicObjectSearchRequest(limit=30, sorts=["hs_object_id"], properties=["email"])
    first = client.crm.contacts.search_api.do_search(request)
    request.after = first.paging.next.after
    second = client.crm.contacts.search_api.do_search(request)
    assert first.total == 40
    assert [contact.id for contact in first.results + second.results] == portal.ids("contacts")
    assert second.paging is None


def test_a_record_is_created_changed_read_and_archived(client, portal):
    """The life of one record."""
    api = client.crm.contacts.basic_api
    made = api.create(SimplePublicObjectInputForCreate(properties={"email": "Ada@Example.com", "firstname": "Ada"}))
    api.update(made.id, SimplePublicObjectInput(properties={"firstname": "Augusta"}))
    read = api.get_by_id(made.id, properties=["firstname", "email", "phone"])
    api.archive(made.id)
    assert read.properties["firstname"] == "Augusta"
    assert read.properties["email"] == "ada@example.com"
    assert read.properties["phone"] is None
    assert portal.archived("contacts") == [made.id]


def test_a_record_is_read_by_its_email(client, portal):
    """`idProperty` finds a record by a unique value."""
    portal.create("contacts", {"email": "ada+x@example.com"})
    read = client.crm.contacts.basic_api.get_by_id("ada+x@example.com", id_property="email", properties=["email"])
    assert read.properties["email"] == "ada+x@example.com"


def test_a_batch_with_missing_records_is_understood(client, portal):
    """207 is read as the model with errors."""
    known = portal.ids("contacts")[:2]
    inputs = [{"id": record_id} for record_id in [*known, "7"]]
    answer = client.crm.contacts.batch_api.read(
        BatchReadInputSimplePublicObjectId(inputs=inputs, properties=["email"], properties_with_history=[])
    )
    assert type(answer).__name__ == "BatchResponseSimplePublicObjectWithErrors"
    assert {result.id for result in answer.results} == set(known)
    assert answer.errors[0].category == "OBJECT_NOT_FOUND"
    assert answer.errors[0].context == {"ids": ["7"]}


def test_batches_create_update_and_upsert(client, portal):
    """The three batch writes."""
    api = client.crm.contacts.batch_api
    made = api.create(
        BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[{"properties": {"email": f"b{n}@example.com"}, "associations": []} for n in range(3)]
        )
    )
    ids = [result.id for result in made.results]
    api.update(BatchInputSimplePublicObjectBatchInput(inputs=[{"id": i, "properties": {"city": "Lomé"}} for i in ids]))
    keys = ["b0@example.com", "new@example.com"]
    upserted = api.upsert(
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[{"id": key, "idProperty": "email", "properties": {"city": "Cádiz"}} for key in keys]
        )
    )
    cities = [portal.get("contacts", i)["properties"]["city"] for i in ids]
    assert sorted(cities) == ["Cádiz", "Lomé", "Lomé"]
    assert sorted(result.new for result in upserted.results) == [False, True]


def test_merging_gives_a_record_with_a_new_id(client, portal):
    """The old ids answer with the survivor."""
    first, second = portal.ids("contacts")[:2]
    merged = client.crm.contacts.basic_api.merge(PublicMergeInput(primary_object_id=first, object_id_to_merge=second))
    assert merged.id not in (first, second)
    assert client.crm.contacts.basic_api.get_by_id(second).id == merged.id


def test_associations_are_read_in_a_batch(client, portal):
    """The v4 client reads links, and sees who has none."""
    contacts = portal.ids("contacts")[:8]
    answer = client.crm.associations.v4.batch_api.get_page(
        "contacts",
        "companies",
        BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": contact} for contact in contacts]),
    )
    linked = {result._from.id: [str(to.to_object_id) for to in result.to] for result in answer.results}
    assert linked == {
        c: portal.linked("contacts", c, "companies") for c in contacts if portal.linked("contacts", c, "companies")
    }
    assert answer.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_definitions_are_read(client, portal):
    """Properties, pipelines and owners fit the client's models."""
    properties = client.crm.properties.core_api.get_all("contacts").results
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals").results
    owners = client.crm.owners.get_all()
    assert {"email", "lifecyclestage", "hs_object_id"} <= {entry.name for entry in properties}
    assert [pipeline.id for pipeline in pipelines] == ["default", "74625110"]
    assert len(owners) == len(portal.portal.owners)


@pytest.mark.parametrize(
    ("status", "category", "call"),
    [
        (404, "OBJECT_NOT_FOUND", lambda api: api.get_by_id("7")),
        (409, "CONFLICT", lambda api: api.create(SimplePublicObjectInputForCreate(properties={"email": "a@b.cd"}))),
        (400, "VALIDATION_ERROR", lambda api: api.create(SimplePublicObjectInputForCreate(properties={"nope": "1"}))),
    ],
)
def test_errors_are_the_clients_own(client, portal, status, category, call):
    """Status and category come through."""
    portal.create("contacts", {"email": "a@b.cd"})
    with pytest.raises(ApiException) as raised:
        call(client.crm.contacts.basic_api)
    assert raised.value.status == status
    assert f'"category":"{category}"' in raised.value.body


def test_tokens_are_refreshed(client, portal):
    """The client's OAuth calls give tokens that work."""
    code, app = portal.authorize("oauth", "crm.objects.contacts.read"), portal.app
    secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
    first = client.oauth.tokens_api.create(
        grant_type="authorization_code", code=code, redirect_uri=app.redirect_uri, **secrets
    )
    second = client.oauth.tokens_api.create(grant_type="refresh_token", refresh_token=first.refresh_token, **secrets)
    info = client.oauth.access_tokens_api.get(second.access_token)
    assert second.expires_in == 1800
    assert info.hub_id == portal.portal.id
    client.access_token = second.access_token
    assert client.crm.contacts.basic_api.get_page(limit=1).results
