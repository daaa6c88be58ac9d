"""Time: the traps that a client which reads what changed falls into, each made to happen."""

from datetime import UTC, datetime, timedelta

import pytest

from crmsync.sandbox.clock import START

FRACTION = START + timedelta(seconds=24, microseconds=70_911)
SHOWN = "2026-01-15 12:00:24"


def one(api, at=FRACTION):
    """A partner that was changed at a fraction of a second."""
    partner = api.odoo.create("res.partner", {"name": "Ann"})
    api.odoo.touch("res.partner", partner, at=at)
    return partner


def finds(api, partner, operator, value, **context):
    domain = [["id", "=", partner], ["write_date", operator, value]]
    return api.search("res.partner", domain, context={**api.ALL, **context}) == [partner]


@pytest.mark.parametrize(
    ("operator", "until_18", "from_19"),
    [(">", True, False), (">=", True, True), ("=", False, True), ("<=", False, True), ("<", False, False)],
)
@pytest.mark.parametrize("version", [17, 18, 19, 20, 21])
def test_a_time_compares_raw_until_18_and_by_its_second_from_19_on(fresh, version, operator, until_18, from_19):
    """Only `>=` and `<` mean the same everywhere."""
    api = fresh(version=version)
    partner = one(api)
    assert api.read("res.partner", partner, "write_date")["write_date"] == SHOWN
    assert finds(api, partner, operator, SHOWN) is (until_18 if version < 19 else from_19)
    assert finds(api, partner, "in", [SHOWN, "2026-01-01 00:00:00"]) is (version >= 19)


def test_the_next_second_is_another_one(each):
    """Above and below, all versions agree."""
    partner = one(each)
    before, after = "2026-01-15 12:00:23", "2026-01-15 12:00:25"
    assert [finds(each, partner, operator, before) for operator in (">", ">=", "=", "<=", "<")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [finds(each, partner, operator, after) for operator in (">", ">=", "=", "<=", "<")] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert finds(each, partner, "!=", before)


def test_a_fraction_in_a_condition_counts_until_18_only(fresh):
    """From 19 on it is cut."""
    for version, found in ((18, False), (19, True)):
        api = fresh(version=version)
        assert finds(api, one(api), "<", "2026-01-15 12:00:25.000000")
        assert finds(api, one(api), ">=", "2026-01-15 12:00:24.500000") is found


def test_a_t_is_read_and_a_zone_refused_from_19_on(fresh):
    """Until 18 the zone is read over."""
    for version in (18, 19):
        api = fresh(version=version)
        partner = one(api)
        assert finds(api, partner, ">=", "2026-01-15T12:00:24")
        if version == 18:
            assert finds(api, partner, ">=", "2026-01-15T12:00:24Z")
            continue
        for zone in ("Z", "+01:00"):
            with pytest.raises(api.Refused, match="ValueError"):
                finds(api, partner, ">=", f"2026-01-15T12:00:24{zone}")


def test_a_date_without_a_time_is_a_day_of_the_context_from_19_on(fresh):
    """Until 18 it is one of UTC, and its end where the operator asks for it."""
    late = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)  # in Berlin it is the 15th
    for version, there in ((18, False), (19, True)):
        api = fresh(version=version)
        partner = one(api, late)
        assert finds(api, partner, ">=", "2026-01-15", tz="Europe/Berlin") is there
        assert finds(api, partner, ">", "2026-01-13") and not finds(api, partner, ">", "2026-01-14")
        assert finds(api, partner, "<=", "2026-01-14") and finds(api, partner, "<", "2026-01-15")
        assert finds(api, partner, "<=", "2026-01-15", tz="no/zone")


def test_all_that_one_request_changes_bears_one_time(api, clock):
    """To the microsecond, however many records these are."""
    clock.advance(0.123456)
    made = api.call("res.partner", "create", vals_list=[{"name": str(number)} for number in range(50)])
    assert {api.odoo.changed_us("res.partner", each) for each in made} == {int(START.timestamp()) * 1_000_000 + 123_456}
    clock.advance(5)
    api.load("res.partner", [".id", "name"], *([each, "again"] for each in made))
    assert len({api.odoo.changed_us("res.partner", each) for each in made}) == 1
    assert api.read("res.partner", made[0], "write_date")["write_date"] == "2026-01-15 12:00:05"


def test_more_records_than_a_page_share_a_second_in_any_order_of_ids(api):
    """So neither a page that goes on by (time, id) nor one that goes on by time alone meets them all."""
    made = [api.odoo.create("res.partner", {"name": name}) for name in "abc"]
    for place, each in enumerate(made):
        api.odoo.touch("res.partner", each, at=FRACTION - timedelta(microseconds=place))
    domain = [["id", "in", made], ["write_date", ">=", SHOWN]]
    first = api.search("res.partner", domain, order="write_date, id", limit=1)
    going_on = ["|", ["write_date", ">", SHOWN], "&", ["write_date", "=", SHOWN], ["id", ">", first[0]]]
    assert first == [made[2]]
    assert api.search("res.partner", [*domain, *going_on], order="write_date, id", limit=10) == []
    assert api.search("res.partner", domain, limit=10) == made


def test_a_slow_transaction_is_seen_late_with_the_time_of_its_beginning(each, clock):
    """Whoever has read up to now already will not look there again, unless windows overlap."""
    odoo = each.odoo
    old = odoo.create("res.partner", {"name": "old"})
    slow = odoo.begin()
    new = slow.create("res.partner", {"name": "slow"})
    slow.write("res.partner", [old], {"name": "changed"})
    clock.advance(60)
    later = odoo.create("res.partner", {"name": "later"})
    domain = [["write_date", ">=", "2026-01-15 12:00:00"]]
    assert (new < later, each.search("res.partner", domain)) == (True, [old, later])
    assert each.read("res.partner", old, "name")["name"] == "old"
    clock.advance(60)
    slow.commit()
    assert each.search("res.partner", domain) == [old, new, later]
    rows = each.read("res.partner", [old, new, later], "name", "write_date")
    assert [row["name"] for row in rows] == ["changed", "slow", "later"]
    assert [row["write_date"][14:] for row in rows] == ["00:00", "00:00", "01:00"]
    assert each.search("res.partner", [*domain, ["write_date", ">=", "2026-01-15 12:01:00"]]) == [later]


def test_a_slow_transaction_fails_whole_if_somebody_was_quicker(api, clock):
    """As the database has it."""
    partner = one(api, START)
    slow = api.odoo.begin()
    new = slow.create("res.partner", {"name": "slow"})
    slow.write("res.partner", [partner], {"name": "slow"})
    slow.unlink("res.partner", [partner])
    clock.advance(1)
    api.call("res.partner", "write", [partner], vals={"name": "quick"})
    with pytest.raises(Exception, match="could not serialize access"):
        slow.commit()
    assert api.search("res.partner", [["id", "=", new]]) == []
    assert api.read("res.partner", partner, "name")["name"] == "quick"


def test_equal_values_move_the_time_of_change(each, clock):
    """Which is how two-way syncs echo for ever. No values at all do nothing."""
    partner = one(each)
    clock.advance(3600)
    each.call("res.partner", "write", [partner], vals={})
    assert each.read("res.partner", partner, "write_date")["write_date"] == SHOWN
    each.call("res.partner", "write", [partner], vals={"name": "Ann"})
    assert each.read("res.partner", partner, "write_date")["write_date"] == "2026-01-15 13:00:00"


def test_the_time_of_change_cannot_be_written(api, clock):
    """Nor the id or the time of creation: they are read over."""
    made = api.call("res.partner", "create", vals_list={"name": "Ann", "create_date": "2020-01-01 00:00:00", "id": 9})[
        0
    ]
    clock.advance(1)
    api.call("res.partner", "write", [made], vals={"write_date": "2020-01-01 00:00:00", "name": "Bo"})
    row = api.read("res.partner", made, "create_date", "write_date", "write_uid", "create_uid")
    assert (row["create_date"], row["write_date"]) == ("2026-01-15 12:00:00", "2026-01-15 12:00:01")
    assert (row["write_uid"], row["create_uid"]) == (5, 5)


def test_the_server_s_clock_stands_in_each_answer(api, clock):
    """In whole seconds."""
    clock.advance(0.9)
    assert api.send("GET", "/web/version").headers["Date"] == "Thu, 15 Jan 2026 12:00:00 GMT"


def test_a_label_changes_without_a_trace(api, clock):
    """The renamed stage moves, the leads that show its name do not."""
    lead = api.odoo.create("crm.lead", {"name": "deal"})
    stage = api.read("crm.lead", lead, "stage_id")["stage_id"]
    clock.advance(60)
    api.call("crm.stage", "write", [stage], vals={"name": "Fresh"})
    row = api.call("crm.lead", "read", [lead], fields=["stage_id", "write_date"])[0]
    assert row["stage_id"] == [stage, "Fresh"]
    assert row["write_date"] == "2026-01-15 12:00:00"
    assert api.read("crm.stage", stage, "write_date")["write_date"] == "2026-01-15 12:01:00"
