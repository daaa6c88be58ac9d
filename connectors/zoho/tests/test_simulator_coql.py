"""Queries in COQL: what they find, and in which order."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = "Last_Name, Email, Account_Name"


def ids(api, query):
    return [row["id"] for row in api.found(query)]


def test_a_query_gives_its_columns_and_the_id(api, org):
    """Lookups with name and id; the answer tells whether more follow."""
    contact = org.ids("Contacts")[0]
    answer = api.ask(f"select {COLUMNS}, Owner from Contacts where id = {contact}").json
    truth, row = org.get("Contacts", contact), answer["data"][0]
    assert answer["info"] == {"count": 1, "more_records": False}
    assert (row["Last_Name"], row["Account_Name"]["id"], row["id"]) == (
        truth["Last_Name"], truth["Account_Name"], contact,
    )  # fmt: skip
    assert row["Owner"]["id"] == truth["Owner"]


def test_more_records_are_told_only_where_there_are_some(api):
    """A page that is full to the last record is the last."""
    query = "select id from Contacts where id is not null limit {}"
    infos = [api.ask(query.format(limit)).json["info"] for limit in (39, 40, 41)]
    assert [(info["count"], info["more_records"]) for info in infos] == [(39, True), (40, False), (40, False)]


def test_nothing_found_has_no_body(api):
    """204."""
    answer = api.ask("select id from Contacts where id = 7")
    assert (answer.status, answer.body) == (204, b"")


def test_a_write_is_seen_at_once(api, org):
    """Whatever the search index knows."""
    org.switches.lag = 3600
    made = api.write("Contacts", {"Last_Name": "Fresh", "Email": "Fresh@x.example"}).ids
    assert ids(api, "select id from Contacts where Email = 'fresh@X.example'") == made


def test_keyset_walks_every_record_once(api, org):
    """`id > the last one`, in the order of ids, over created, changed and deleted ones."""
    gone = org.ids("Contacts")[4]
    org.delete("Contacts", gone)
    org.create("Contacts", {"Last_Name": "New"})
    org.update("Contacts", org.ids("Contacts")[3], {"Title": "x"})
    walked, after = [], "0"
    while page := ids(api, f"select id from Contacts where id > '{after}' order by id asc limit 7"):
        walked, after = walked + page, page[-1]
    assert walked == org.ids("Contacts")
    assert gone not in walked


@pytest.mark.parametrize("order", ["id asc", "id desc", "Modified_Time desc, id desc", "Created_Time asc"])
def test_touched_and_untouched_records_come_in_one_order(api, org, clock, order):
    """Whichever of them are met first."""
    for number, contact in enumerate(org.ids("Contacts")):
        clock.advance(1)
        if number % 3 == 1:
            org.update("Contacts", contact, {"Title": "x"})
        if number % 7 == 2:
            org.delete("Contacts", contact)
            org.create("Contacts", {"Last_Name": "New"})
    name, _, direction = order.partition(",")[0].partition(" ")
    rows = api.found(f"select id, Modified_Time, Created_Time from Contacts where id > 1 order by {order}")
    keys = [(row[name], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=direction == "desc")
    assert sorted(row["id"] for row in rows) == org.ids("Contacts")


def test_a_window_is_walked_by_id(api, org):
    """Half-open in time, to the second, whatever the offset of its bounds."""
    moment = datetime(2026, 1, 14, 12, 0, 0, tzinfo=UTC)
    inside, late = org.ids("Contacts")[3:9], org.ids("Contacts")[20]
    org.bulk_touch("Contacts", inside, at=moment)
    org.bulk_touch("Contacts", [late], at=datetime(2026, 1, 14, 12, 0, 1, tzinfo=UTC))
    window = "(Modified_Time >= '2026-01-14T12:00:00Z' and Modified_Time < '2026-01-14T14:00:01+02:00')"
    walked, after = [], "0"
    while page := ids(api, f"select id from Contacts where ({window} and id > '{after}') order by id asc limit 4"):
        walked, after = walked + page, page[-1]
    assert walked == inside


def test_a_cursor_of_time_and_id_is_complete_over_equal_times(api, org):
    """Hundreds of records of one second."""
    org.bulk_touch("Contacts", org.ids("Contacts")[::2])
    walked, time, last = [], "2000-01-01T00:00:00+00:00", "0"
    while True:
        cursor = f"(Modified_Time > '{time}' or (Modified_Time = '{time}' and id > '{last}'))"
        order = "order by Modified_Time asc, id asc limit 9"
        page = api.found(f"select Modified_Time from Contacts where {cursor} {order}")
        if not page:
            break
        walked += [row["id"] for row in page]
        time, last = page[-1]["Modified_Time"], page[-1]["id"]
    assert sorted(walked) == org.ids("Contacts")
    assert len(walked) == len(set(walked))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("", slice(0, 200)),
        ("limit 3", slice(0, 3)),
        ("LIMIT 4, 3", slice(4, 7)),
        ("limit 3 offset 4", slice(4, 7)),
        ("limit 2000", slice(0, 2000)),
    ],
)
def test_limits_and_offsets(fresh, limit, expected):
    """200 rows where none is named; at most 2,000; rows by id where no order is named."""
    api = fresh(300)
    assert ids(api, f"select id from Contacts where id is not null {limit}") == api.org.ids("Contacts")[expected]


CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(
            st.sampled_from(["Stage", "Type", "Lead_Source"]),
            st.sampled_from(["=", "!=", "in", "not in", "like", "not like"]),
            st.lists(
                st.sampled_from(["Closed Won", "closed%", "Qualification", "New Business", "Chat", "%e%"]),
                min_size=1,
                max_size=3,
            ),
        ),
        st.tuples(
            st.sampled_from(["Amount", "Probability"]),
            st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "between", "not between"]),
            st.lists(st.sampled_from(["0", "10", "50", "90", "100", "60000", "125000.5"]), min_size=2, max_size=2),
        ),
        st.tuples(st.sampled_from(["Next_Step", "Amount", "Type"]), st.sampled_from(["is null", "is not null"])),
    ),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=6,
)


def written(condition):
    """A condition as a query has it."""
    if condition[1] in ("and", "or"):
        return f"({written(condition[0])} {condition[1]} {written(condition[2])})"
    name, operator, *rest = condition
    values = [value if name in ("Amount", "Probability") else f"'{value}'" for value in (rest[0] if rest else [])]
    if operator.endswith("between"):
        return f"{name} {operator} {values[0]} and {values[1]}"
    if operator.endswith("in"):
        return f"{name} {operator} ({', '.join(values)})"
    return f"{name} {operator} {values[0]}" if values else f"{name} {operator}"


def holds(condition, record):
    """What a condition says of a record, decided in the plainest way."""
    if condition[1] in ("and", "or"):
        left, right = holds(condition[0], record), holds(condition[2], record)
        return (left and right) if condition[1] == "and" else (left or right)
    name, operator, *rest = condition
    value = record.get(name)
    if operator.startswith("is "):
        return (value is None) == (operator == "is null")
    if value is None:
        return False
    wanted = [float(v) if name in ("Amount", "Probability") else v.lower() for v in rest[0]]
    value = value.lower() if isinstance(value, str) else value
    match operator.removeprefix("not "):
        case "in":
            found = value in wanted
        case "between":
            found = wanted[0] <= value <= wanted[1]
        case "like":
            head, *middle = wanted[0].split("%")
            found = value == head if not middle else _like(value, head, middle)
        case sign:
            found = {"=": value == wanted[0], "!=": value != wanted[0]}.get(sign)
            if found is None:
                found = eval(f"a {sign} b", {"a": value, "b": wanted[0]})
    return found != operator.startswith("not ")


def _like(value, head, middle):
    """A prefix, a suffix, and what stands between."""
    if not value.startswith(head) or not value.endswith(middle[-1]):
        return False
    return all(part in value[len(head) :] for part in middle[:-1])


@given(CONDITIONS, st.sampled_from(["id asc", "Amount desc, id asc", "Stage asc, Modified_Time desc", "id desc"]))
@settings(max_examples=60, deadline=None)
def test_conditions_mean_what_they_say(fresh, condition, order):
    """Against the plainest reading, for every operator, joined in every way."""
    api = fresh(160)
    found = ids(api, f"select id from Deals where {written(condition)} order by {order} limit 2000")
    assert sorted(found) == [key for key, record in api.org.live("Deals").items() if holds(condition, record)]


def test_rows_come_in_any_order(api, org):
    """Several keys, each up or down; nothing comes before everything."""
    rows = api.found("select Stage, Amount from Deals where id is not null order by Stage desc, Amount asc")
    keys = [(row["Stage"], row["Amount"] is not None, row["Amount"] or 0) for row in rows]
    assert keys == sorted(sorted(keys, key=lambda key: key[1:]), key=lambda key: key[0], reverse=True)


def test_columns_may_be_renamed_and_reach_through_lookups(api, org):
    """`Account_Name.Industry`, two lookups deep at most."""
    deal = next(key for key, record in org.live("Deals").items() if "Contact_Name" in record)
    query = f"Contact_Name.Account_Name.Account_Name as buyer, Deal_Name from Deals where id = {deal}"
    row = api.found(f"select {query}")[0]
    account = org.get("Deals", deal).get("Account_Name")
    assert row["buyer"] == (org.get("Accounts", account)["Account_Name"] if account else None)
    found = ids(api, "select id from Contacts where Account_Name.Employees > 2000")
    assert found == [
        key for key, record in org.live("Contacts").items()
        if "Account_Name" in record and org.get("Accounts", record["Account_Name"]).get("Employees", 0) > 2000
    ]  # fmt: skip


def test_groups_and_aggregates(api, org):
    """Counts, sums and extremes, of groups and of everything."""
    deals = list(org.live("Deals").values())
    rows = api.found(
        "select Stage, COUNT(id) as n, SUM(Amount) from Deals where id is not null group by Stage order by n desc"
    )
    assert {row["Stage"]: row["n"] for row in rows} == {
        stage: sum(deal["Stage"] == stage for deal in deals) for stage in {deal["Stage"] for deal in deals}
    }
    assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)
    [total] = api.found("select MAX(Amount), MIN(Closing_Date) as first, COUNT(*) from Deals where id is not null")
    assert total == {
        "MAX(Amount)": max(deal.get("Amount", 0) for deal in deals),
        "first": min(deal["Closing_Date"] for deal in deals),
        "COUNT(id)": len(deals),
    }


def test_groups_come_in_pages_too(api, org):
    """As many as the limit says, and whether more follow."""
    stages = {deal["Stage"] for deal in org.live("Deals").values()}
    query = "select Stage, COUNT(id) from Deals where id is not null group by Stage order by Stage asc limit {}"
    infos = [api.ask(query.format(limit)).json["info"] for limit in (len(stages) - 1, len(stages))]
    assert [(info["count"], info["more_records"]) for info in infos] == [
        (len(stages) - 1, True), (len(stages), False),
    ]  # fmt: skip
    rest = api.found(query.format(f"{len(stages)} offset 1"))
    assert [row["Stage"] for row in rest] == sorted(stages)[1:]


def test_a_query_within_a_query(api, org):
    """Its values stand in the place of a list."""
    inner = "select id from Accounts where Employees > 2500"
    accounts = set(ids(api, inner))
    found = ids(api, f"select id from Contacts where Account_Name in ({inner})")
    assert found == [key for key, r in org.live("Contacts").items() if r.get("Account_Name") in accounts]


def test_texts_compare_without_case_unless_switched(api, org):
    """Nobody outside is sure; one switch for all matching."""
    made = org.create("Contacts", {"Last_Name": "O'Neil", "Email": "Ann@X.example"})
    assert ids(api, "select id from Contacts where Last_Name = 'o''neil'") == [made]
    assert ids(api, "select id from Contacts where Email in ('ann@x.example')") == [made]
    org.switches.match_case = True
    assert ids(api, "select id from Contacts where Email in ('ann@x.example')") == []


def test_an_address_like_a_made_up_one_finds_nothing(api):
    """Its number belongs to nobody, or to somebody else."""
    query = "select id from Contacts where Email in ('a40@x.example', 'a0@x.example', 'a999999999@x.example', 'a')"
    assert api.ask(query).status == 204


def test_lookups_may_come_as_ids_alone(api, org):
    """As of old."""
    org.switches.coql_lookup_names = False
    contact = org.ids("Contacts")[0]
    row = api.found(f"select Account_Name, Last_Name from Contacts where id = {contact}")[0]
    assert row["Account_Name"] == {"id": org.get("Contacts", contact)["Account_Name"]}


def test_fields_describe_the_columns_on_request(api):
    """`include_meta`."""
    answer = api.ask("select Email from Contacts where id is not null limit 1", include_meta=["fields"]).json
    assert answer["fields"] == {"Email": {"api_name": "Email", "field_label": "Email", "data_type": "email"}}
