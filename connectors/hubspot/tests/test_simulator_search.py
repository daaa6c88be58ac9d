"""Search: filters, order, paging, and the ways its index is behind."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync_hubspot.simulator import random_lag

BY_ID = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
BY_TIME = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
START = datetime(2026, 1, 15, 12, tzinfo=UTC)


def where(name, operator, value=None, **more):
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


def ms(moment):
    return round(moment.timestamp() * 1000)


def ids(answer):
    return [record["id"] for record in answer["results"]]


def test_everything_is_optional(api, portal):
    """An empty body finds all, oldest first, ten at a time."""
    answer = api.search("contacts")
    assert answer["total"] == 40
    assert ids(answer) == portal.ids("contacts")[:10]
    assert answer["paging"] == {"next": {"after": "10"}}


def test_filters_may_stand_alone_and_values_may_be_numbers(api, portal):
    """Top-level `filters` are one group."""
    last = portal.ids("contacts")[-1]
    answer = api.search("contacts", filters=[where("hs_object_id", "GTE", int(last))], limit="5", after=0)
    assert ids(answer) == [last]
    assert "paging" not in answer


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("city", "EQ", "são paulo"), {"a"}),
        (where("city", "NEQ", "São Paulo"), {"b", "c"}),
        (where("city", "IN", values=["são paulo"]), {"a"}),
        (where("city", "IN", values=["São Paulo"]), set()),
        (where("city", "NOT_IN", values=["são paulo"]), {"b", "c"}),
        (where("city", "HAS_PROPERTY"), {"a", "b"}),
        (where("city", "NOT_HAS_PROPERTY"), {"c"}),
        (where("city", "CONTAINS_TOKEN", "paul*"), {"a"}),
        (where("city", "CONTAINS_TOKEN", "pau"), set()),
        (where("city", "NOT_CONTAINS_TOKEN", "paulo"), {"b", "c"}),
        (where("lifecyclestage", "EQ", "customer"), {"b"}),
        (where("lifecyclestage", "EQ", "CUSTOMER"), set()),
        (where("hs_birthday", "BETWEEN", "1980-01-01", highValue="1980-12-31"), {"b"}),
        (where("hs_birthday", "LT", str(ms(datetime(1980, 1, 1, tzinfo=UTC)))), {"a"}),
        (where("lastname", "GT", "ljungberg"), {"c"}),
    ],
)
def test_each_operator_finds_what_it_should(api, portal, condition, found):
    """Texts ignore case, options do not, missing values meet only the negative ones."""
    people = {
        "a": {"city": "São Paulo", "hs_birthday": "1979-12-31", "lastname": "Alves"},
        "b": {"city": "Cork", "hs_birthday": "1980-06-01", "lifecyclestage": "customer", "lastname": "LJUNGBERG"},
        "c": {"lastname": "Zhou"},
    }
    made = {portal.create("contacts", values): name for name, values in people.items()}
    first = where("hs_object_id", "GTE", min(made, key=int))
    assert {made[record_id] for record_id in api.found("contacts", first, condition)} == found


@pytest.mark.parametrize("name", ["hs_object_id", "lastmodifieddate", "createdate"])
@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize(
    ("operator", "places"),
    [("EQ", "0"), ("LT", "-"), ("LTE", "-0"), ("GT", "+"), ("GTE", "0+"), ("NEQ", "-+"), ("BETWEEN", "0")],
)
def test_bounds_count_where_they_should(api, portal, name, touched, operator, places):
    """At the exact value of a record, untouched or not, and of its neighbours."""
    before, at, after = portal.ids("contacts")[10:13]
    if touched:
        for contact in (before, at, after):
            record = portal.get("contacts", contact)
            portal.bulk_touch("contacts", [contact], at=datetime.fromisoformat(record["updatedAt"]))
    value = portal.get("contacts", at)["properties"][name]
    found = api.found("contacts", where(name, operator, value, highValue=value))
    assert [contact in found for contact in (before, at, after)] == [place in places for place in "-0+"]


def test_groups_are_alternatives(api, portal):
    """Groups are OR, filters within one are AND."""
    first, _, third = portal.ids("contacts")[:3]
    groups = [{"filters": [where("hs_object_id", "EQ", i), where("email", "HAS_PROPERTY")]} for i in (first, third)]
    assert ids(api.search("contacts", filterGroups=groups)) == [first, third]


def test_numbers_compare_as_numbers(api, portal):
    """9 is less than 10, and decimals count."""
    stage = {"pipeline": "default", "dealstage": "closedwon"}
    made = [portal.create("deals", {"dealname": "d", "amount": amount, **stage}) for amount in ("9", "10", "10.5")]
    first = where("hs_object_id", "GTE", made[0])
    assert api.found("deals", first, where("amount", "LTE", "10")) == made[:2]
    by_amount = [{"propertyName": "amount", "direction": "DESCENDING"}]
    assert api.found("deals", first, sorts=by_amount) == [made[2], made[1], made[0]]


def test_records_are_found_by_what_they_are_linked_to(api, portal):
    """The pseudo-property `associations.company`."""
    company = portal.ids("companies")[2]
    assert api.found("contacts", where("associations.company", "EQ", company)) == portal.linked(
        "companies", company, "contacts"
    )


def test_a_query_looks_into_several_properties(api, portal):
    """All words must stand in the searched properties."""
    made = portal.create("contacts", {"firstname": "Wilhelmina", "lastname": "Quist", "company": "Tern Ltd"})
    assert ids(api.search("contacts", query="quist tern")) == [made]


def test_results_end_at_the_cap_but_the_total_is_true(api, portal):
    """Past the cap there is no result, only an error."""
    portal.switches.results_max = 20
    assert api.search("contacts", limit=20)["total"] == 40
    assert len(api.search("contacts", limit=5, after="15")["results"]) == 5
    answer = api.post("/crm/v3/objects/contacts/search", {"limit": 5, "after": "16"})
    assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"limit": 201}),
        (400, {"filterGroups": [{"filters": [where("email", "EQ", "a")] * 7}]}),
        (400, {"filterGroups": [{"filters": [where("email", "EQ", "a")]}] * 6}),
        (400, {"filters": [where("nope", "EQ", "a")]}),
        (400, {"filters": [{"value": "1"}]}),
        (400, {"filters": [where("email", "LIKE", "a")]}),
        (400, {"filters": [where("email", "BETWEEN", "a")]}),
        (400, {"filters": [where("lastmodifieddate", "GT", "yesterday")]}),
        (400, {"sorts": ["email", "city"]}),
        (500, {"filters": [where("lastmodifieddate", "GTE", "0")]}),
    ],
)
def test_what_a_search_refuses(api, status, body):
    """Counts, names, operators and values are checked; epoch 0 breaks the server."""
    assert api.post("/crm/v3/objects/contacts/search", body).status == status


def test_a_missing_attribute_is_named(api):
    """The message that the API is known to give."""
    answer = api.post("/crm/v3/objects/contacts/search", {"filters": [{"value": "1"}]})
    assert answer.json["message"] == (
        "Cannot build Filter, some of required attributes are not set [propertyName, operator]"
    )


def test_a_window_can_be_walked_by_id(api, portal):
    """The total falls by a page each time; nothing is missed or read twice."""
    lower, upper = ms(START - timedelta(days=200)), ms(START)
    window = where("lastmodifieddate", "BETWEEN", str(lower), highValue=str(upper))
    read, totals, last = [], [], "0"
    while page := api.search("contacts", filters=[window, where("hs_object_id", "GT", last)], sorts=BY_ID, limit=7):
        totals.append(page["total"])
        if not page["results"]:
            break
        read, last = read + ids(page), ids(page)[-1]
    expected = [i for i, record in portal.live("contacts").items() if record["updatedAt"] >= "2025-06-29T12"]
    assert read == expected
    assert totals == [len(expected) - n for n in range(0, len(expected), 7)] + [0]


def test_many_records_can_share_a_millisecond(api, portal):
    """A cursor of time alone cannot tell them apart."""
    portal.bulk_touch("contacts", portal.ids("contacts")[:30])
    moment = str(ms(START))
    page = api.search("contacts", filters=[where("lastmodifieddate", "BETWEEN", moment, highValue=moment)], limit=200)
    assert page["total"] == len(page["results"]) == 30


def test_the_index_learns_of_a_change_late(api, portal, clock):
    """Until then it shows the old version, or nothing of a new record."""
    portal.switches.lag = 30
    contact = portal.ids("contacts")[0]
    portal.update("contacts", contact, {"city": "Antananarivo"})
    made = portal.create("contacts", {"city": "Antananarivo"})
    here = where("city", "EQ", "Antananarivo")
    assert api.found("contacts", here) == []
    assert api.found("contacts", where("hs_object_id", "EQ", contact)) == [contact]
    clock.advance(30)
    assert api.found("contacts", here) == [contact, made]


def test_the_index_shows_an_archived_record_until_it_learns(api, portal, clock):
    """A removal is seen late too."""
    contact = portal.ids("contacts")[0]
    portal.archive("contacts", contact, lag=10)
    assert api.found("contacts", where("hs_object_id", "EQ", contact)) == [contact]
    clock.advance(10)
    assert api.found("contacts", where("hs_object_id", "EQ", contact)) == []


def test_a_late_old_version_does_not_replace_a_newer_one(api, portal, clock):
    """Changes become visible in any order; the newest stays."""
    contact = portal.ids("contacts")[0]
    portal.update("contacts", contact, {"city": "Old"}, lag=100)
    portal.update("contacts", contact, {"city": "New"}, lag=1)
    for _ in range(2):
        clock.advance(60)
        assert api.found("contacts", where("city", "EQ", "New")) == [contact]


def test_lags_may_differ_by_change_and_are_the_same_each_time():
    """A seeded lag is a function of the order of changes."""
    first, second = random_lag(1, 60, seed=7), random_lag(1, 60, seed=7)
    drawn = [first("contacts", str(n)) for n in range(20)]
    assert drawn == [second("contacts", str(n)) for n in range(20)]
    assert len(set(drawn)) == 20
    assert min(drawn) >= 1
    assert max(drawn) <= 60


def test_a_hit_may_show_a_value_outside_the_window(api, portal, clock):
    """The index matched the old version, the answer shows the new one."""
    portal.switches.stale_hits = True
    contact = portal.create("contacts", {"city": "Kyiv"})
    clock.advance(600)
    portal.update("contacts", contact, {"city": "Lviv"}, lag=60)
    window = where("lastmodifieddate", "BETWEEN", str(ms(START)), highValue=str(ms(START) + 1000))
    page = api.search("contacts", filters=[window], properties=["city"])
    assert page["results"][0]["properties"]["city"] == "Lviv"
    assert page["results"][0]["updatedAt"] == "2026-01-15T12:10:00.000Z"


def test_an_order_by_time_may_be_wrong(fresh):
    """Records come out of order, none is lost, and the same order comes each time."""
    api = fresh(200)
    api.portal.switches.disorder_s = 10 * 86_400
    read = [ids(api.search("contacts", sorts=BY_TIME, limit=200)) for _ in range(2)]
    assert read[0] == read[1] != api.portal.ids("contacts")
    assert sorted(read[0], key=int) == api.portal.ids("contacts")


def test_an_order_by_id_may_be_that_of_texts(api, portal):
    """A switch for a suspicion that was once reported."""
    portal.switches.ids_as_text = True
    assert ids(api.search("contacts", sorts=BY_ID, limit=200)) == sorted(portal.ids("contacts"))


def test_offset_paging_skips_a_record_when_one_leaves_the_window(api, portal):
    """The flaw that makes offset paging of a moving window lossy."""
    window = [where("lastmodifieddate", "LT", str(ms(START)))]
    first = api.search("contacts", filters=window, sorts=BY_TIME, limit=20)
    portal.update("contacts", ids(first)[0], {"city": "Riga"})
    second = api.search("contacts", filters=window, sorts=BY_TIME, limit=20, after="20")
    assert set(portal.ids("contacts")) - set(ids(first) + ids(second)) == {portal.ids("contacts")[20]}


near = st.tuples(st.integers(0, 70), st.integers(-1, 1))  # a record's number, and a step beside its id or time
COMPARISONS = ["GT", "LT", "GTE", "LTE", "EQ", "NEQ"]
conditions = st.one_of(
    st.builds(
        where, st.sampled_from(["hs_object_id", "lastmodifieddate", "createdate"]), st.sampled_from(COMPARISONS), near
    ),
    st.builds(where, st.just("city"), st.sampled_from(["EQ", "NEQ"]), st.sampled_from(["london", "Lagos", "Here"])),
    st.builds(where, st.just("email"), st.sampled_from(["HAS_PROPERTY", "NOT_HAS_PROPERTY"])),
)
edits = st.lists(
    st.tuples(st.sampled_from(["create", "update", "archive", "touch", "purge"]), st.integers(0, 70)), max_size=12
)


def edit(portal, what, number):
    contacts = portal.ids("contacts")
    record_id = contacts[number % len(contacts)]
    portal.clock.advance(0.5)
    if what == "create":
        portal.create("contacts", {"city": "Here", "email": f"n{number}@example.com"})
    elif what == "update":
        portal.update("contacts", record_id, {"city": "Here", "email": None})
    elif what == "touch":
        portal.bulk_touch("contacts", contacts[number : number + 5], at=START)
    else:
        getattr(portal, what)("contacts", record_id)


@given(
    edits,
    st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=2),
    st.sampled_from([BY_ID, BY_TIME]),
)
@settings(max_examples=150, deadline=None)
def test_the_fast_ways_find_what_looking_at_each_record_finds(fresh, changes, groups, sorts):
    """Arithmetic on untouched records, memory and paging agree with a plain scan of the truth."""
    api = fresh(60)
    for what, number in changes:
        edit(api.portal, what, number)
        api.search("contacts", sorts=sorts)
    live = api.portal.live("contacts")
    groups = [[placed(condition, list(live.values())) for condition in group] for group in groups]

    first = api.search("contacts", filterGroups=[{"filters": group} for group in groups], sorts=sorts, limit=9)
    rest = api.search("contacts", filterGroups=[{"filters": g} for g in groups], sorts=sorts, limit=200, after="9")

    expected = [i for i, record in live.items() if any(all(meets(record, c) for c in g) for g in groups)]
    key = (lambda i: int(i)) if sorts is BY_ID else (lambda i: (live[i]["updatedAt"], int(i)))
    assert first["total"] == len(expected)
    assert ids(first) + ids(rest) == sorted(expected, key=key)


def placed(condition, records):
    """Let a condition speak of the id or time of one of the records."""
    if not isinstance(condition.get("value"), tuple):
        return condition
    number, step = condition["value"]
    value = records[number % len(records)]["properties"][condition["propertyName"]]
    return {**condition, "value": str(number_of(value) + step)}


def number_of(value):
    return ms(datetime.fromisoformat(value)) if "-" in value else int(value)


def meets(record, condition):
    """A condition, spelt out anew."""
    value, operator = record["properties"].get(condition["propertyName"]), condition["operator"]
    if operator.endswith("HAS_PROPERTY"):
        return (value is None) is operator.startswith("NOT")
    if value is None:
        return operator == "NEQ"
    if condition["propertyName"] == "city":
        return (value.lower() == condition["value"].lower()) is (operator == "EQ")
    mine, theirs = number_of(value), int(condition["value"])
    return {
        "GT": mine > theirs, "GTE": mine >= theirs, "LT": mine < theirs, "LTE": mine <= theirs, "EQ": mine == theirs,
        "NEQ": mine != theirs,
    }[operator]  # fmt: skip
