"""What was deleted: the recycle bin, permanent deletions, merges."""

import pytest

DAY_S = 86_400


def stones(api, query="type=all", **headers):
    answer = api.get(f"Contacts/deleted?{query}", headers)
    return {row["id"]: row["type"] for row in answer.json["data"]} if answer.body else {}


def test_a_deleted_record_is_told_and_gone_elsewhere(api, org):
    """With its name, its time and who did it."""
    contact = org.ids("Contacts")[0]
    name = org.get("Contacts", contact)["Full_Name"]
    api.send("DELETE", f"Contacts?ids={contact}&wf_trigger=false")
    [row] = api.get("Contacts/deleted?type=all").json["data"]
    assert (row["id"], row["display_name"], row["type"]) == (contact, name, "recycle")
    assert row["deleted_time"] == "2026-01-15T13:00:00+01:00"
    assert set(row["deleted_by"]) == set(row["created_by"]) == {"name", "id"}
    assert api.get(f"Contacts/{contact}").status == 204
    assert contact not in api.get("Contacts?fields=Email").ids
    assert api.found(f"select id from Contacts where id = {contact}") == []


def test_the_newest_deletion_comes_first_and_since_is_inclusive(api, org, clock):
    """By the time of deletion, to the second; nothing newer is 304."""
    first, second = org.ids("Contacts")[:2]
    org.delete("Contacts", first)
    clock.advance(60)
    org.delete("Contacts", second)
    assert list(stones(api)) == [second, first]
    assert list(stones(api, **{"if-modified-since": "2026-01-15T12:01:00+00:00"})) == [second]
    assert api.get("Contacts/deleted", {"if-modified-since": "2026-01-15T12:01:01+00:00"}).status == 304


def test_deletions_come_in_pages(api, org):
    """By number; there are no tokens."""
    for contact in org.ids("Contacts")[:25]:
        org.delete("Contacts", contact)
    pages = [api.get(f"Contacts/deleted?per_page=10&page={n}") for n in (1, 2, 3, 4)]
    assert [answer.status for answer in pages] == [200, 200, 200, 204]
    assert [answer.json["info"]["more_records"] for answer in pages[:3]] == [True, True, False]
    assert len({record_id for answer in pages[:3] for record_id in answer.ids}) == 25


def test_a_purged_record_is_told_once_more(api, org, clock):
    """The same id, now permanent, with the time of that; a live one can be purged too."""
    first, second = org.ids("Contacts")[:2]
    org.delete("Contacts", first)
    clock.advance(60)
    org.purge("Contacts", first)
    org.purge("Contacts", second)
    assert stones(api) == {first: "permanent", second: "permanent"}
    assert stones(api, "type=recycle") == {}
    assert set(stones(api, **{"if-modified-since": "2026-01-15T12:01:00+00:00"})) == {first, second}
    with pytest.raises(KeyError):
        org.restore("Contacts", first)


@pytest.mark.parametrize("touches", [False, True])
def test_a_restored_record_leaves_the_list(api, org, clock, touches):
    """Its time of change may not move, which nobody outside knows."""
    org.switches.restore_touches = touches
    contact = org.ids("Contacts")[0]
    before = org.get("Contacts", contact)
    org.delete("Contacts", contact)
    clock.advance(60)
    org.restore("Contacts", contact)
    after = org.get("Contacts", contact)
    assert stones(api) == {}
    assert (before["Modified_Time"] != after["Modified_Time"]) is touches
    assert before["Email"] == after["Email"]


def test_the_bin_empties_itself(api, org, clock):
    """After 60 days a record is gone for good; that is told for 120 days."""
    contact = org.ids("Contacts")[0]
    org.delete("Contacts", contact)
    clock.advance(60 * DAY_S - 1)
    assert stones(api) == {contact: "recycle"}
    clock.advance(1)
    assert stones(api) == {contact: "permanent"}
    with pytest.raises(KeyError):
        org.restore("Contacts", contact)
    clock.advance(120 * DAY_S)
    assert stones(api) == {}


def test_a_merge_deletes_the_loser_and_moves_what_referred_to_it(api, org):
    """The master keeps its values and takes what it lacks."""
    master, other = org.ids("Accounts")[:2]
    org.update("Accounts", other, {"Rating": "Active", "Account_Name": "Loser"})
    org.update("Accounts", master, {"Rating": None, "Account_Name": "Winner"})
    referring = [
        (module, key) for module in ("Contacts", "Deals")
        for key, record in org.live(module).items() if record.get("Account_Name") == other
    ]  # fmt: skip
    org.merge("Accounts", master, other)
    assert referring
    assert all(org.get(module, key)["Account_Name"] == master for module, key in referring)
    assert (org.get("Accounts", master)["Account_Name"], org.get("Accounts", master)["Rating"]) == ("Winner", "Active")
    assert org.deleted("Accounts") == {other: "recycle"}


def test_a_wrong_type_is_refused(api):
    """PATTERN_NOT_MATCHED."""
    answer = api.get("Contacts/deleted?type=none")
    assert (answer.code, answer.details["param_name"]) == ("PATTERN_NOT_MATCHED", "type")
