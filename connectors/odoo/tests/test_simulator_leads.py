"""Leads: stages, probabilities, won and lost, merging, mails."""

import pytest

NOW = "2026-01-15 12:00:00"
WON, NEW = 4, 1
STATE = ("active", "probability", "stage_id", "date_closed")


@pytest.fixture
def lead(each):
    """An open opportunity in the second stage."""
    return each.odoo.create("crm.lead", {"name": "deal", "stage_id": 2, "expected_revenue": 100})


def state(api, lead):
    """Active, probability, stage, whether it has a time of closing, and from 19 on the status."""
    names = STATE if api.version < 19 else (*STATE, "won_status")
    row = api.read("crm.lead", lead, *names)
    return row["active"], row["probability"], row["stage_id"], bool(row["date_closed"]), row.get("won_status")


def status(api, name):
    return name if api.version >= 19 else None


def test_a_new_lead_has_defaults(each):
    """The caller's, in the first stage, with an odd probability; a lead where that option is on."""
    made = each.rpc("crm.lead", "create", {"name": "deal"})
    row = each.read("crm.lead", made, "type", "user_id", "team_id", "stage_id", "probability", "priority", "company_id")
    assert (row["type"], row["user_id"], row["team_id"], row["stage_id"]) == ("opportunity", 5, 1, NEW)
    assert 0 < row["probability"] < 100 and row["probability"] % 1
    each.odoo.switches.leads_option = True
    made = each.rpc("crm.lead", "create", {"name": "deal"})
    assert each.read("crm.lead", made, "type")["type"] == "lead"
    each.rpc("crm.lead", "convert_opportunity", [made], 101)
    assert each.read("crm.lead", made, "type", "partner_id") == {"id": made, "type": "opportunity", "partner_id": 101}


def test_a_won_stage_wins(each, lead):
    """And another stage reopens, with a probability thought of anew."""
    each.rpc("crm.lead", "write", [lead], {"stage_id": WON})
    assert state(each, lead) == (True, 100.0, WON, True, status(each, "won"))
    each.rpc("crm.lead", "write", [lead], {"stage_id": 2})
    active, chance, stage, closed, told = state(each, lead)
    assert (active, stage, closed, told) == (True, 2, False, status(each, "pending"))
    assert 0 < chance < 100
    each.rpc("crm.lead", "action_set_won", [lead])
    assert state(each, lead) == (True, 100.0, WON, True, status(each, "won"))


def test_a_lead_created_won_is_closed_from_19_on(each):
    """Until 18 it has no time of closing."""
    made = each.rpc("crm.lead", "create", {"name": "deal", "stage_id": WON})
    assert state(each, made) == (True, 100.0, WON, each.version >= 19, status(each, "won"))


def test_lost_is_archived_with_probability_0(each, lead):
    """The stage stays, and a plain search does not show it; by an action, or by the same values."""
    by_values = each.odoo.create("crm.lead", {"name": "deal", "stage_id": 2})
    each.rpc("crm.lead", "action_set_lost", [lead], lost_reason_id=2)
    each.rpc("crm.lead", "write", [by_values], {"active": False, "probability": 0, "automated_probability": 0})
    assert state(each, lead) == state(each, by_values) == (False, 0.0, 2, True, status(each, "lost"))
    assert each.read("crm.lead", lead, "lost_reason_id")["lost_reason_id"] == 2
    assert each.rpc("crm.lead", "search", [["id", "=", lead]]) == []
    made = each.rpc("crm.lead", "create", {"name": "d", "active": False, "probability": 0, "automated_probability": 0})
    assert state(each, made)[3] is False


def test_archiving_loses_until_18(each, lead):
    """From 19 on it is merely put away, yet it gets a time of closing."""
    before = state(each, lead)[1]
    each.rpc("crm.lead", "action_archive", [lead])
    if each.version < 19:
        assert state(each, lead) == (False, 0.0, 2, True, None)
    else:
        assert state(each, lead) == (False, before, 2, True, "pending")
    each.rpc("crm.lead", "action_unarchive", [lead])
    active, chance, _, closed, _ = state(each, lead)
    assert (active, chance > 0, closed) == (True, True, False)


def test_reopening_needs_the_stage_even_if_it_is_the_same(each):
    """Else the probability stays 0, and the next archiving reads as lost."""
    bare, whole = (each.odoo.create("crm.lead", {"name": "deal", "stage_id": 2}) for _ in range(2))
    each.odoo.lose([bare, whole])
    each.load("crm.lead", [".id", "active", "date_closed"], [bare, "1", ""])
    each.load("crm.lead", [".id", "active", "date_closed", "stage_id/.id"], [whole, "1", "", 2])
    assert state(each, bare) == (True, 0.0, 2, False, status(each, "pending"))
    assert state(each, whole)[1] > 0
    each.odoo.archive("crm.lead", bare)
    assert each.odoo.ids("crm.lead", [["id", "=", bare], ["probability", "=", 0], ["active", "=", False]]) == [bare]


def test_a_probability_set_by_hand_stays(each, lead):
    """Unless the automatic one is written too."""
    each.rpc("crm.lead", "write", [lead], {"active": False, "probability": 0})
    each.rpc("crm.lead", "write", [lead], {"active": True, "stage_id": 3})
    assert state(each, lead)[1] == 0
    each.rpc("crm.lead", "write", [lead], {"probability": 33})
    each.rpc("crm.lead", "write", [lead], {"stage_id": 2})
    assert each.read("crm.lead", lead, "probability", "is_automated_probability")["is_automated_probability"] is False
    assert state(each, lead)[1] == 33


def test_certainty_outside_of_a_won_stage_is_not_won(each, lead):
    """It is closed, and pending."""
    each.rpc("crm.lead", "write", [lead], {"probability": 100})
    assert state(each, lead) == (True, 100.0, 2, True, status(each, "pending"))
    each.rpc("crm.lead", "write", [lead], {"probability": 40})
    assert state(each, lead) == (True, 40.0, 2, False, status(each, "pending"))


def test_doubt_in_a_won_stage_is_refused_from_19_on(each):
    """So such a lead cannot be lost; until 18 it can, and stays in the stage."""
    made = each.odoo.create("crm.lead", {"name": "deal", "stage_id": WON})
    if each.version < 19:
        each.rpc("crm.lead", "action_set_lost", [made])
        assert state(each, made)[:3] == (False, 0.0, WON)
        return
    for method, args in (("write", ({"probability": 50},)), ("action_set_lost", ())):
        with pytest.raises(each.Refused, match="ValidationError: A lead in a Won stage cannot be lost"):
            each.rpc("crm.lead", method, [made], *args)


def test_a_won_stage_beside_lost_values_wins_silently(each, lead):
    """From 19 on it takes the lead out of the archive too."""
    lost = {"active": False, "probability": 0, "automated_probability": 0, "stage_id": WON}
    each.rpc("crm.lead", "write", [lead], lost)
    assert state(each, lead)[:3] == (each.version >= 19, 100.0, WON)
    other = each.odoo.create("crm.lead", {"name": "deal"})
    each.odoo.lose(other)
    each.rpc("crm.lead", "write", [other], {"stage_id": WON})
    assert state(each, other)[:2] == (each.version >= 19, 100.0)


def test_a_stage_can_be_cleared(each, lead):
    """The probability is 0, and that is not lost."""
    each.rpc("crm.lead", "write", [lead], {"stage_id": False})
    assert state(each, lead) == (True, 0.0, False, False, status(each, "pending"))


def test_a_stage_in_use_cannot_be_deleted(each, lead):
    """An empty one can."""
    with pytest.raises(each.Refused, match="Another model is using"):
        each.rpc("crm.stage", "unlink", [2])
    made = each.rpc("crm.stage", "create", {"name": "Fresh"})
    assert each.rpc("crm.stage", "unlink", [made]) is True


def test_merging_leads_leaves_the_furthest(each, lead):
    """The others are deleted; their values fill gaps."""
    further = each.odoo.create("crm.lead", {"name": "further", "probability": 99.5})
    each.odoo.write("crm.lead", lead, {"referred": "Bo"})
    assert each.rpc("crm.lead", "merge_opportunity", [lead, further]) == further
    assert each.search("crm.lead", [["id", "in", [lead, further]]]) == [further]
    assert each.read("crm.lead", further, "referred", "name") == {"id": further, "referred": "Bo", "name": "further"}
    with pytest.raises(each.Refused, match="UserError"):
        each.rpc("crm.lead", "merge_opportunity", [further])
    a, b = (each.odoo.create("crm.lead", {"name": name}) for name in "ab")
    each.odoo.merge("crm.lead", a, b)
    assert len(each.search("crm.lead", [["id", "in", [a, b]]])) == 1


def test_a_salesperson_is_mailed_unless_the_context_asks_for_silence(each):
    """Nobody mails themselves."""
    mails = each.odoo.database.mails
    each.rpc("crm.lead", "create", {"name": "deal", "user_id": 6}, context={"tracking_disable": True})
    each.rpc("crm.lead", "create", {"name": "deal", "user_id": 5})
    assert mails == []
    each.rpc("crm.lead", "create", {"name": "deal", "user_id": 6})
    assert mails == [each.odoo.get("res.users", 6)["login"]]


def test_the_made_up_leads_are_in_every_state(fresh):
    """Open, won, lost, put away; about a person, a company or nobody; some are leads."""
    for version in (18, 19):
        rows = list(fresh(2000, version).odoo.all("crm.lead").values())
        won = [row for row in rows if row["stage_id"] == WON]
        lost = [row for row in rows if not row["active"] and row["probability"] == 0]
        away = [row for row in rows if not row["active"] and row["probability"] > 0]
        assert len(won) > 50 and len(lost) > 30 and (len(away) > 3) is (version >= 19)
        assert all(row["probability"] == 100 and row["active"] and row["date_closed"] for row in won)
        assert {row["stage_id"] for row in rows} == {1, 2, 3, 4}
        assert {row["type"] for row in rows} == {"lead", "opportunity"}
        assert {True, False} == {bool(row["partner_id"]) for row in rows}
        if version >= 19:
            told = {row["id"] for row in rows if row["won_status"] == "lost"}
            assert told == {row["id"] for row in lost}
