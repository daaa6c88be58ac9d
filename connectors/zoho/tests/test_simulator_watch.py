"""Watch channels, and the callbacks that they cause."""

import pytest

DAY_S = 86_400
URL = "https://hooks.example/zoho"


def channel(number=1, **more):
    return {"channel_id": str(number), "events": ["Contacts.all"], "notify_url": URL, **more}


def watch(api, *channels, method="POST"):
    return api.send(method, "actions/watch", {"watch": list(channels)})


def rows(answer):
    return [(row["code"], row["status"]) for row in answer.json["watch"]]


def test_a_channel_is_subscribed_listed_and_ended(api):
    """The answer tells the expiry of each module."""
    made = watch(api, channel(events=["Contacts.all", "Deals.create"], token="secret"))
    events = made.json["watch"][0]["details"]["events"]
    assert (made.status, [event["resource_name"] for event in events]) == (201, ["Contacts", "Deals"])
    listed = api.get("actions/watch?channel_id=1").json
    assert [(entry["resource_name"], entry["events"]) for entry in listed["watch"]] == [
        ("Contacts", ["Contacts.all"]), ("Deals", ["Deals.create"]),
    ]  # fmt: skip
    assert (listed["watch"][0]["token"], listed["info"]["count"]) == ("secret", 2)
    assert len(api.get("actions/watch?module=Deals").json["watch"]) == 1
    ended = api.send("DELETE", "actions/watch?channel_ids=1,2")
    assert (ended.status, [row["code"] for row in ended.json["watch"]]) == (207, ["SUCCESS", "NOT_SUBSCRIBED"])
    assert api.get("actions/watch").status == 204


@pytest.mark.parametrize(
    ("expiry", "shown"),
    [
        (None, "2026-01-15T14:00:00+01:00"),
        ("2026-01-22T12:00:00+00:00", "2026-01-22T13:00:00+01:00"),
        ("2026-01-22T12:00:01+00:00", "2026-01-15T14:00:00+01:00"),
    ],
)
def test_a_channel_lasts_a_week_at_most(api, expiry, shown):
    """Left out or too far, it lasts an hour."""
    more = {} if expiry is None else {"channel_expiry": expiry}
    [row] = watch(api, channel(**more)).json["watch"]
    assert row["details"]["events"][0]["channel_expiry"] == shown


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"channel_id": "abc"}, "INVALID_DATA"),
        ({"channel_id": None}, "MANDATORY_NOT_FOUND"),
        ({"events": []}, "MANDATORY_NOT_FOUND"),
        ({"events": ["Contacts.change"]}, "INVALID_DATA"),
        ({"events": ["Nope.all"]}, "INVALID_DATA"),
        ({"notify_url": "ftp://x"}, "INVALID_DATA"),
        ({"notify_url": f"https://{'x' * 255}"}, "INVALID_DATA"),
        ({"token": "x" * 51}, "INVALID_DATA"),
        ({"channel_expiry": "2020-01-01T00:00:00+00:00"}, "INVALID_DATA"),
    ],
)
def test_a_wrong_channel_is_refused_beside_good_ones(api, more, code):
    """Row by row, 207."""
    answer = watch(api, channel(1), channel(2) | more)
    assert (answer.status, rows(answer)) == (207, [("SUCCESS", "success"), (code, "error")])


def test_callbacks_bear_ids_and_what_changed(api, org):
    """Created, changed and deleted, by whoever: our own writes too."""
    watch(api, channel(token="secret"))
    contact = org.ids("Contacts")[0]
    made = api.write("Contacts", {"Last_Name": "A"}, {"Last_Name": "B"}).ids
    org.update("Contacts", contact, {"Title": "x", "Phone": "1"})
    org.delete("Contacts", contact)
    org.update("Deals", org.ids("Deals")[0], {"Amount": 1})
    insert, update, delete = (callback.body for callback in org.callbacks())
    assert (insert["operation"], insert["ids"], insert["affected_fields"]) == ("insert", made, [])
    assert (update["operation"], update["affected_fields"]) == ("update", [{contact: ["Title", "Phone"]}])
    assert (delete["operation"], delete["ids"], delete["affected_fields"]) == ("delete", [contact], [])
    assert (update["module"], update["channel_id"], update["token"]) == ("Contacts", "1", "secret")
    assert update["server_time"] == 1_768_478_400_000
    assert org.callbacks() == []


def test_values_come_only_on_request(api, org):
    """`affected_values`, as the API writes them."""
    watch(api, channel(1), channel(2, return_affected_field_values=True))
    contact, account = org.ids("Contacts")[0], org.ids("Accounts")[1]
    org.update("Contacts", contact, {"Account_Name": account})
    plain, told = (callback.body["affected_values"] for callback in org.callbacks())
    assert plain == []
    assert (told[0]["record_id"], told[0]["values"]["Account_Name"]["id"]) == (contact, account)


def test_only_the_events_of_a_channel_are_told(api, org):
    """By module and kind; a condition looks at the fields of changes."""
    condition = {
        "type": "field_selection", "module": {"api_name": "Contacts"},
        "field_selection": {"group_operator": "or", "group": [{"field": {"api_name": "Email"}}]},
    }  # fmt: skip
    watch(api, channel(1, events=["Contacts.delete"]), channel(2, notification_condition=[condition]))
    first, second = org.ids("Contacts")[:2]
    org.update("Contacts", first, {"Title": "x"})
    org.update("Contacts", second, {"Email": "x@y.example"})
    assert [(c.body["channel_id"], c.body["ids"]) for c in org.callbacks()] == [("2", [second])]


@pytest.mark.parametrize(("joiner", "told"), [("or", [0, 1, 2]), ("and", [2])])
def test_the_fields_of_a_condition_are_joined(api, org, joiner, told):
    """Any of them must have changed, or all."""
    group = [{"field": {"api_name": name}} for name in ("Email", "Phone")]
    selection = {"group_operator": joiner, "group": group}
    condition = {"type": "field_selection", "module": {"api_name": "Contacts"}, "field_selection": selection}
    watch(api, channel(notification_condition=[condition]))
    changes = ({"Email": "x@y.example"}, {"Phone": "1"}, {"Email": "z@y.example", "Phone": "2"}, {"Title": "x"})
    contacts = org.ids("Contacts")
    for contact, change in zip(contacts, changes, strict=False):
        org.update("Contacts", contact, change)
    assert [record_id for c in org.callbacks() for record_id in c.body["ids"]] == [contacts[n] for n in told]


def test_a_channel_that_is_over_is_silent_until_renewed(api, org, clock):
    """PATCH moves the expiry; one that is over cannot be renewed."""
    watch(api, channel(1), channel(2))
    later = "2026-01-16T12:00:00+00:00"
    assert watch(api, {"channel_id": "1", "channel_expiry": later}, method="PATCH").status == 200
    clock.advance(3600)
    org.update("Contacts", org.ids("Contacts")[0], {"Title": "x"})
    assert [c.body["channel_id"] for c in org.callbacks()] == ["1"]
    assert rows(watch(api, {"channel_id": "2", "channel_expiry": later}, method="PATCH")) == [
        ("NOT_SUBSCRIBED", "error")
    ]


def test_a_channel_is_replaced_or_loses_events(api):
    """PUT is everything anew; `_delete_events` drops some."""
    watch(api, channel(1, token="old"))
    watch(api, channel(1, events=["Deals.all", "Contacts.edit"]), method="PUT")
    assert {e["resource_name"]: e["token"] for e in api.get("actions/watch").json["watch"]} == {
        "Deals": None,
        "Contacts": None,
    }
    watch(api, {"channel_id": "1", "_delete_events": True, "events": ["Deals.all"]}, method="PATCH")
    assert [entry["resource_name"] for entry in api.get("actions/watch").json["watch"]] == ["Contacts"]
    assert watch(api, channel(9), method="PUT").status == 400


def test_callbacks_may_come_twice_late_in_disorder_or_never(api, org, clock):
    """Switches; nobody promises otherwise."""
    watch(api, channel(channel_expiry="2026-01-20T00:00:00+00:00"))
    contacts, delivery = org.ids("Contacts"), org.switches.delivery
    lags = iter([50.0, 50.0, 10.0, 10.0, 30.0, 30.0])
    delivery.twice, delivery.late_s = True, lambda: next(lags)
    delivery.lost = lambda _, record_id: record_id == contacts[9]
    for contact in (contacts[0], contacts[1], contacts[2], contacts[9]):
        clock.advance(1)
        org.update("Contacts", contact, {"Title": "x"})
    assert org.callbacks() == []
    clock.advance(60)
    assert [c.body["ids"][0] for c in org.callbacks()] == [contacts[n] for n in (1, 1, 2, 2, 0, 0)]
    delivery.twice, delivery.late_s, delivery.shuffled = False, 0.0, True
    for contact in contacts[:8]:
        clock.advance(1)
        org.update("Contacts", contact, {"Title": "y"})
    taken = [c.body["ids"][0] for c in org.callbacks()]
    assert sorted(taken) == contacts[:8]
    assert taken != contacts[:8]


def test_there_are_at_most_fifty_channels_in_a_call(api):
    """And a body that is none is refused."""
    assert watch(api, *[channel(n) for n in range(1, 51)]).status == 201
    assert watch(api, *[channel(n) for n in range(1, 52)]).code == "LIMIT_EXCEEDED"
    assert api.post("actions/watch", {}).code == "MANDATORY_NOT_FOUND"
    assert api.send("DELETE", "actions/watch").code == "REQUIRED_PARAM_MISSING"
