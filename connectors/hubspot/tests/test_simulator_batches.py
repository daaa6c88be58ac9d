"""Batches: whole, in part, and not aligned with their inputs."""

import pytest

BATCH = "/crm/v3/objects/contacts/batch"


def batch(api, what, *inputs, **more):
    return api.post(f"{BATCH}/{what}", {"inputs": list(inputs), **more})


def person(email, trace=None, **properties):
    traced = {} if trace is None else {"objectWriteTraceId": trace}
    return {"properties": {"email": email, **properties}, **traced}


def test_a_read_names_all_missing_records_together(api, portal):
    """207, one error, the ids in its context."""
    known = portal.ids("contacts")[:2]
    answer = batch(api, "read", *[{"id": i} for i in (*known, "7", "8", known[0])], properties=["email"])
    body = answer.json
    assert answer.status == 207
    assert {record["id"] for record in body["results"]} == set(known)
    assert len(body["results"]) == 2
    assert body["numErrors"] == 1
    assert body["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some CONTACT objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            "context": {"ids": ["7", "8"]},
        }
    ]


def test_full_success_has_no_error_keys(api, portal):
    """200 with results and times only."""
    answer = batch(api, "read", {"id": portal.ids("contacts")[0]}, properties=["email"])
    assert answer.status == 200
    assert set(answer.json) == {"status", "results", "startedAt", "completedAt"}


def test_results_come_in_another_order(api, portal):
    """A client that aligns them with its inputs goes wrong."""
    asked = portal.ids("contacts")[:4]
    read = [record["id"] for record in batch(api, "read", *[{"id": i} for i in asked]).json["results"]]
    assert sorted(read, key=int) == asked != read


def test_a_read_by_a_unique_property(api, portal):
    """Not through the search index: a new record is found at once."""
    portal.switches.lag = 3600
    made = portal.create("contacts", {"email": "a@b.cd"})
    answer = batch(api, "read", {"id": "A@b.cd"}, {"id": "x@y.zz"}, idProperty="email")
    assert [record["id"] for record in answer.json["results"]] == [made]
    assert answer.json["errors"][0]["context"] == {"ids": ["x@y.zz"]}


def test_archived_records_are_read_apart(api, portal):
    """With `archived=true`."""
    contact = portal.ids("contacts")[0]
    portal.archive("contacts", contact)
    read = api.post(f"{BATCH}/read?archived=true", {"inputs": [{"id": contact}]})
    assert read.json["results"][0]["archived"] is True
    assert batch(api, "read", {"id": contact}).status == 207


def test_a_merged_away_id_is_read_as_its_survivor_or_not_at_all(api, portal):
    """Both are configurable, since neither is documented."""
    first, second = portal.ids("contacts")[:2]
    merged = portal.merge("contacts", first, second)
    assert [record["id"] for record in batch(api, "read", {"id": first}).json["results"]] == [merged]
    portal.switches.read_follows_merges = False
    assert batch(api, "read", {"id": first}).status == 207


def test_a_create_without_traces_is_all_or_nothing(api, portal):
    """One bad input fails the batch, and the conflict does not tell with whom."""
    portal.create("contacts", {"email": "a@b.cd"})
    before = portal.ids("contacts")
    conflict = batch(api, "create", person("new@b.cd"), person("a@b.cd"))
    invalid = batch(api, "create", person("new@b.cd"), person("x@y.zz", nope="1"))
    doubled = batch(api, "create", person("new@b.cd"), person("NEW@b.cd"))
    assert (conflict.status, conflict.json["message"]) == (409, "Contact already exists")
    assert (invalid.status, doubled.status) == (400, 409)
    assert portal.ids("contacts") == before


def test_a_create_with_traces_succeeds_in_part(api, portal):
    """Results and errors carry the trace of their input."""
    there = portal.create("contacts", {"email": "a@b.cd"})
    answer = batch(api, "create", person("n@b.cd", "t0"), person("a@b.cd", "t1"), person("x@y.zz", "t2", nope="1"))
    assert answer.status == 207
    assert [record["objectWriteTraceId"] for record in answer.json["results"]] == ["t0"]
    conflict, wrong = answer.json["errors"]
    assert conflict == {
        "status": "error",
        "category": "CONFLICT",
        "message": f"Contact already exists. Existing ID: {there}",
        "context": {"objectWriteTraceId": ["t1"], "existingId": [there]},
    }
    assert wrong["context"] == {"objectWriteTraceId": ["t2"]}
    assert wrong["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


def test_equal_traces_do_not_count(api, portal):
    """Traces must be unique to allow a part."""
    assert batch(api, "create", person("n@b.cd", "t"), person("x@y.zz", "t", nope="1")).status == 400


def test_an_update_in_part_names_what_is_missing(api, portal):
    """The others are done."""
    contact = portal.ids("contacts")[0]
    answer = batch(api, "update", {"id": contact, "properties": {"city": "Oslo"}}, {"id": "7", "properties": {}})
    assert (answer.status, answer.json["errors"][0]["context"]) == (207, {"ids": ["7"]})
    assert portal.get("contacts", contact)["properties"]["city"] == "Oslo"


def test_a_bad_value_fails_an_update_whole_or_alone(api, portal):
    """By trace ids."""
    first, second = portal.ids("contacts")[:2]
    inputs = [{"id": first, "properties": {"city": "Oslo"}}, {"id": second, "properties": {"closedate": "x"}}]
    whole = batch(api, "update", *inputs)
    assert (whole.status, portal.get("contacts", first)["properties"].get("city") == "Oslo") == (400, False)
    part = batch(api, "update", *[{**given, "objectWriteTraceId": given["id"]} for given in inputs])
    assert (part.status, portal.get("contacts", first)["properties"]["city"]) == (207, "Oslo")
    assert part.json["errors"][0]["context"] == {"objectWriteTraceId": [second], "ids": [second]}


def test_the_same_id_twice_is_refused(api, portal):
    """In the API's words."""
    contact = portal.ids("contacts")[0]
    answer = batch(api, "update", *[{"id": contact, "properties": {}}] * 2)
    assert answer.status == 400
    assert answer.json["message"] == f"Duplicate IDs found in batch input: [{contact}]. IDs must be unique"
    assert answer.json["context"] == {"ids": [contact]}


def test_an_upsert_creates_or_changes(api, portal):
    """`new` tells which; twice the same makes one record."""
    portal.add_property("companies", "our_key", unique=True)
    inputs = [
        {"idProperty": "our_key", "id": key, "properties": {"name": key}, "objectWriteTraceId": key} for key in "ab"
    ]
    first, second = (api.post("/crm/v3/objects/companies/batch/upsert", {"inputs": inputs}) for _ in range(2))
    assert {record["new"] for record in first.json["results"]} == {True}
    assert {record["new"] for record in second.json["results"]} == {False}
    assert {r["id"] for r in first.json["results"]} == {r["id"] for r in second.json["results"]}


def test_an_upsert_by_email_is_never_done_in_part(api, portal):
    """Even with traces."""
    before = portal.ids("contacts")
    given = {"idProperty": "email", "properties": {}}
    good, bad = {**given, "id": "n@b.cd"}, {**given, "id": "x@y.zz", "properties": {"nope": "1"}}
    answer = batch(api, "upsert", {**good, "objectWriteTraceId": "0"}, {**bad, "objectWriteTraceId": "1"})
    assert (answer.status, portal.ids("contacts")) == (400, before)


def test_archiving_a_batch_has_no_body(api, portal):
    """204, also with unknown ids."""
    contact = portal.ids("contacts")[0]
    answer = batch(api, "archive", {"id": contact}, {"id": "7"})
    assert (answer.status, answer.body) == (204, b"")
    assert portal.archived("contacts") == [contact]


@pytest.mark.parametrize("what", ["read", "create", "update", "upsert", "archive"])
def test_a_batch_has_at_most_100_inputs(api, what):
    """101 are refused, and so is none."""
    for count in (0, 101):
        answer = batch(api, what, *[{"id": str(n), "properties": {}} for n in range(count)])
        assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")


def test_a_test_may_refuse_single_inputs(api, portal):
    """The switch that makes any batch partial."""
    bad = portal.ids("contacts")[1]
    portal.switches.refuse = lambda _what, _kind, key: {"message": "no", "category": "X"} if key == bad else None
    inputs = [{"id": i, "properties": {"city": "Oslo"}, "objectWriteTraceId": i} for i in portal.ids("contacts")[:3]]
    answer = batch(api, "update", *inputs)
    assert len(answer.json["results"]) == 2
    assert answer.json["errors"][0] | {"context": {}} == {
        "status": "error", "category": "X", "message": "no", "context": {},
    }  # fmt: skip


def test_a_batch_with_errors_may_come_as_200(api, portal):
    """As the documents of the newest API have it."""
    portal.switches.partial_status = 200
    answer = batch(api, "read", {"id": "7"})
    assert (answer.status, answer.json["numErrors"]) == (200, 1)


def test_a_new_record_brings_its_links(api, portal):
    """Inline associations, of existing records only."""
    company = portal.ids("companies")[0]
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    given = {**person("a@b.cd", "0"), "associations": [{"to": {"id": company}, "types": [kind]}]}
    lost = {**person("c@d.ef", "1"), "associations": [{"to": {"id": "7"}, "types": [kind]}]}
    answer = batch(api, "create", given, lost)
    made = answer.json["results"][0]["id"]
    assert portal.linked("contacts", made, "companies") == [company]
    assert portal.get("contacts", made)["properties"]["associatedcompanyid"] == company
    assert len(answer.json["errors"]) == 1
