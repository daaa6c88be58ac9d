"""Odoo as it is known to be: what its connector must bear, with version 18 over JSON-RPC and 19 over JSON-2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmsync.events import Note, RequestAnswered
from crmsync.sandbox import SimRequest
from crmsync.sync import Result
from crmsync_odoo.simulator.orm.fields import char
from lab import Lab, laboratory

DAY_S = 86_400.0
PARTNER, LEAD = "res.partner", "crm.lead"
Make = Callable[..., Lab]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a server of some version with some contacts."""
    with ExitStack() as stack:
        yield lambda version=19, records=0: stack.enter_context(
            laboratory(tmp_path, records, provider="odoo", version=version)
        )


@pytest.fixture
def lab(make: Make) -> Lab:
    """An empty database of version 19."""
    return make()


@pytest.fixture(params=[18, 19])
def each(request: pytest.FixtureRequest, make: Make) -> Lab:
    """An empty database of both versions, for what differs between them or between their protocols."""
    return make(request.param)


def person(lab: Lab, **values: Any) -> str:
    return str(lab.simulator.create(PARTNER, {"name": "Ann", **values}))


def deal(lab: Lab, **values: Any) -> str:
    return str(lab.simulator.create(LEAD, {"name": "Deal", "type": "opportunity", **values}))


def synced(lab: Lab, *streams: str, later_s: float = 60.0, **how: Any) -> list[Result]:
    """Run after some time; all must succeed."""
    lab.clock.advance(later_s)
    results = lab.try_run(*(streams or ("contact", "company", "deal")), **how)
    assert {result.status for result in results} == {"done"}, [result.error for result in results]
    return results


def swept(lab: Lab, *streams: str) -> list[Result]:
    """Run when everything is read again."""
    return synced(lab, *streams, later_s=8 * DAY_S)


def small(lab: Lab, page: int) -> Result:
    """Bring contacts up to date with pages of that size."""
    (result,) = lab.run_job(lab.edited(lambda tree: lab.crm.shrink(tree, page)))
    assert result.status == "done", result.error
    return result


def asked(lab: Lab) -> int:
    """Requests for partners so far."""
    return sum(lab.crm.is_reading(request) for request in lab.simulator.requests)


# -- every version ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [17, 18, 19, 20, 21])
def test_the_made_up_database_arrives_whole_from_any_version(make: Make, version: int) -> None:
    """Every contact, company and deal, with what it refers to; staff, former staff and the own company left out."""
    lab = make(version, records=200)
    synced(lab)
    contacts, companies, deals = lab.mirror("contact"), lab.mirror("company"), lab.mirror("deal")
    assert {i: row["job_title"] for i, row in contacts.items()} == lab.crm.live()
    assert (len(contacts), len(companies), len(deals)) == (200, 40, 50)
    assert "1" not in companies and ("mobile" in contacts["102"]) is (version < 19)
    partners = lab.simulator.all(PARTNER, [["id", "in", [int(i) for i in companies]]])
    assert {i: row["size"] or 0 for i, row in companies.items()} == {
        str(i): r["x_employees"] for i, r in partners.items()
    }
    assert {row["company_id"] for row in contacts.values()} <= {None, *companies}
    for record_id, lead in lab.simulator.all(LEAD, [["type", "=", "opportunity"]]).items():
        row = deals[str(record_id)]
        assert (row["name"], row["amount"]) == (lead["name"], round(Decimal(str(lead["expected_revenue"])), 4))
        assert row["currency"] == "EUR" and row["stage"] in ("New", "Qualified", "Proposition", "Won")


# -- times of change --------------------------------------------------------------------------------------------------


def test_a_transaction_that_commits_late_is_not_lost(each: Lab) -> None:
    """It bears the time of its beginning, before that of others which were read meanwhile."""
    old = person(each)
    slow = each.simulator.begin()
    slow.write(PARTNER, [int(old)], {"function": "slow"})
    new = str(slow.create(PARTNER, {"name": "New"}))
    each.clock.advance(100)
    later = person(each)
    synced(each, "contact")
    assert set(each.mirror()) == {old, later}
    slow.commit()
    synced(each, "contact")
    assert set(each.mirror()) == {old, new, later} and each.mirror()[old]["job_title"] == "slow"


def test_records_of_one_second_are_all_read_whatever_their_order(each: Lab) -> None:
    """More than a page of them, whose microseconds fall as their ids rise; and hundreds of one instant."""
    ids = [person(each) for _ in range(300)]
    small(each, 100)
    each.clock.advance(1000.9)
    moment = each.clock.now()
    for place, one in enumerate(ids[:50]):
        each.simulator.write(PARTNER, int(one), {"function": f"{place}"}, at=moment - timedelta(microseconds=place))
    each.simulator.write(PARTNER, [int(one) for one in ids[50:]], {"function": "load"}, at=moment)
    each.clock.advance(2)
    assert small(each, 7).counts.read == 300
    assert {i: row["job_title"] for i, row in each.mirror().items()} == each.crm.live()


def test_a_company_that_changes_brings_its_people_along(lab: Lab) -> None:
    """Odoo moves them all, with the address that they share; nobody else is read."""
    company = lab.simulator.create(PARTNER, {"name": "Acme", "is_company": True, "street": "Old 1"})
    ids = [person(lab, parent_id=company) for _ in range(20)]
    other = person(lab)
    synced(lab, later_s=1000)
    lab.clock.advance(1000)
    lab.simulator.write(PARTNER, company, {"name": "Acme & Co", "street": "New 2"})
    contacts, companies, _ = synced(lab)
    assert (contacts.counts.read, companies.counts.read) == (20, 1)
    assert {lab.mirror()[i]["street"] for i in ids} == {"New 2"} and lab.mirror()[other]["street"] is None


# -- archived, lost, gone ---------------------------------------------------------------------------------------------


def test_archived_records_are_there_and_say_so(lab: Lab) -> None:
    """Whether they were archived before the first run or after it; also when they come back."""
    before, after = person(lab, active=False), person(lab)
    synced(lab, "contact")
    lab.clock.advance(1000)
    lab.simulator.archive(PARTNER, int(after))
    synced(lab, "contact")
    assert {i: row["_archived"] for i, row in lab.mirror().items()} == {before: True, after: True}
    lab.simulator.write(PARTNER, int(before), {"active": True})
    synced(lab, "contact")
    assert lab.mirror()[before]["_archived"] is False


def test_lost_deals_are_there_and_lost(each: Lab) -> None:
    """Lost is archived with probability 0, which a search hides; until 18 archiving in the browser is losing."""
    lost, away, won, opened = (deal(each) for _ in range(4))
    synced(each, "deal")
    each.simulator.lose(int(lost))
    each.simulator.archive(LEAD, int(away))
    each.simulator.write(LEAD, int(won), {"stage_id": 4})
    synced(each, "deal")
    old = each.simulator.site.version < 19
    shown = {i: (row["status"], row["_archived"]) for i, row in each.mirror("deal").items()}
    gone = ("lost", False) if old else ("open", True)
    assert shown == {lost: ("lost", False), away: gone, won: ("won", False), opened: ("open", False)}


def test_a_deleted_record_is_found_by_the_sweep(lab: Lab) -> None:
    """Nothing tells of it; and the deal that referred to it, which Odoo changes without a word, is read again then."""
    one, other = person(lab), person(lab)
    sold = deal(lab, partner_id=int(one))
    synced(lab, later_s=1000)
    lab.simulator.unlink(PARTNER, int(one))
    assert [result.counts.read for result in synced(lab, later_s=1000)] == [0, 0, 0]
    assert set(lab.mirror()) == {one, other}
    assert [result.counts.deleted for result in swept(lab)] == [1, 0, 0]
    assert set(lab.mirror()) == {other}
    assert lab.mirror("deal")[sold]["contact_id"] is None


def test_deletions_show_within_six_hours_and_so_does_a_record_that_was_long_in_coming(each: Lab) -> None:
    """All ids are read then, and no more than that of those that are where they were."""
    ids = [person(each) for _ in range(60)]
    synced(each, "contact", later_s=1000)
    each.simulator.unlink(PARTNER, [int(ids[0])])
    slow = each.simulator.begin()
    late = str(slow.create(PARTNER, {"name": "Late"}))
    each.clock.advance(1000)
    synced(each, "contact")
    slow.commit()
    (early,) = synced(each, "contact", later_s=1000)
    assert (early.counts.deleted, late in each.mirror()) == (0, False)
    (counted,) = synced(each, "contact", later_s=6 * 3600.0)
    assert (counted.counts.deleted, counted.counts.applied) == (1, 1)
    assert set(each.mirror()) == {*ids[1:], late}


def test_other_addresses_of_a_company_are_no_contacts(lab: Lab) -> None:
    """Nor have they to have a name; who becomes one has left."""
    company = lab.simulator.create(PARTNER, {"name": "Acme", "is_company": True})
    one = person(lab, parent_id=company)
    for kind in ("delivery", "invoice", "other"):
        lab.simulator.create(PARTNER, {"name": False, "type": kind, "parent_id": company})
    synced(lab)
    assert (set(lab.mirror()), set(lab.mirror("company"))) == ({one}, {str(company)})
    lab.simulator.write(PARTNER, int(one), {"type": "delivery"})
    synced(lab, later_s=7 * 3600.0)
    assert lab.mirror() == {}
    assert lab.rows("SELECT _deleted_at IS NULL, _left_at IS NULL FROM odoo.contact") == [(True, False)]


def test_a_contact_that_became_a_company_leaves_one_stream_and_enters_the_other(lab: Lab) -> None:
    """The change brings the company at once; the sweep tells that there is no such contact; and back again."""
    one = person(lab)
    synced(lab)
    lab.simulator.write(PARTNER, int(one), {"is_company": True})
    synced(lab)
    assert one in lab.mirror("company")
    swept(lab)
    assert (one in lab.mirror("contact"), one in lab.mirror("company")) == (False, True)
    lab.clock.advance(60)
    lab.simulator.write(PARTNER, int(one), {"is_company": False})
    synced(lab)
    assert one in lab.mirror("contact")


def test_merged_contacts_leave_their_winner(lab: Lab) -> None:
    """What referred to the loser refers to the winner."""
    one, other = person(lab), person(lab, function="Pilot")
    sold = deal(lab, partner_id=int(other))
    synced(lab)
    lab.simulator.merge(PARTNER, int(one), int(other))
    swept(lab)
    assert set(lab.mirror()) == {one}
    assert lab.mirror("deal")[sold]["contact_id"] == one


def test_a_customer_who_may_use_the_portal_stays(lab: Lab) -> None:
    """And those who may no longer; a user of the staff is no contact, though their partner looks like one."""
    portal, staff = person(lab), person(lab)
    synced(lab, "contact")
    for number, (partner, share) in enumerate([(portal, True), (staff, False)]):
        login = {"login": f"u{number}", "partner_id": int(partner), "company_id": 1, "share": share, "active": True}
        lab.simulator.create("res.users", login)
    swept(lab, "contact")
    assert set(lab.mirror()) == {portal}


# -- values -----------------------------------------------------------------------------------------------------------


def test_false_is_nothing_and_the_text_false_is_a_text(each: Lab) -> None:
    """So are "0" and blanks; an amount of 0.0 is 0, since Odoo knows no empty one."""
    texts = ["false", "0", "False", " a ", "null", "emoji 😀", "line\nbreak"]
    ids = {person(each, function=text, street=text): text for text in texts}
    empty, free = person(each), deal(each, expected_revenue=0.0)
    synced(each)
    mirror = each.mirror()
    assert {i: (mirror[i]["job_title"], mirror[i]["street"]) for i in ids} == {i: (t, t) for i, t in ids.items()}
    assert [mirror[empty][name] for name in ("job_title", "street", "email", "company_id", "owner_id")] == [None] * 5
    assert (each.mirror("deal")[free]["amount"], each.mirror("deal")[free]["close_date"]) == (Decimal(0), None)


def test_addresses_that_people_type_are_read_by_odoo_s_own_reading(lab: Lab) -> None:
    """The first address of it; what has none is held."""
    ids = [person(lab, email=text) for text in ("Ann <Ann@X.example>", "mailto:b@x.example", "nobody")]
    (result,) = synced(lab, "contact", later_s=1000)
    assert [lab.mirror()[i]["email"] for i in ids] == ["ann@x.example", "b@x.example", None]
    assert result.counts.held == 1


def test_a_stage_that_is_renamed_is_so_in_its_deals(each: Lab) -> None:
    """In those that are read from then on, and in all of them when everything is read: their time of change stays."""
    old, new = deal(each), deal(each)
    synced(each, "deal", later_s=1000)
    assert {each.mirror("deal")[i]["stage"] for i in (old, new)} == {"New"}
    each.simulator.write("crm.stage", 1, {"name": "Fresh"})
    each.simulator.write(LEAD, int(new), {"name": "Touched"})
    synced(each, "deal")
    assert [each.mirror("deal")[i]["stage"] for i in (old, new)] == ["New", "Fresh"]
    swept(each, "deal")
    assert {each.mirror("deal")[i]["stage"] for i in (old, new)} == {"Fresh"}


def test_a_field_that_goes_does_not_take_the_stream_along(each: Lab) -> None:
    """One unknown name would fail each call; the column keeps what it had."""
    each.simulator.add_field(PARTNER, char("x_shoe", "Shoe"))
    each.config = {"fields": {"contact": ["x_shoe"]}}
    one = person(each, x_shoe="42")
    synced(each, "contact")
    each.simulator.drop_field(PARTNER, "x_shoe")
    each.simulator.write(PARTNER, int(one), {"function": "Pilot"})
    synced(each, "contact")
    assert (each.mirror()[one]["x_shoe"], each.mirror()[one]["job_title"]) == ("42", "Pilot")
    assert "The account has no field 'x_shoe'" in "".join(e.message for e in each.events if isinstance(e, Note))


# -- trouble ----------------------------------------------------------------------------------------------------------


def failed(lab: Lab, *streams: str) -> dict[str, str]:
    """The error of a run of one stream that must not succeed."""
    (result,) = lab.try_run(*(streams or ("contact",)))
    assert result.error is not None
    return result.error


def test_a_page_that_asks_for_a_password_is_no_data(each: Lab) -> None:
    """With status 200, as after a redirect: asked again, then an error; nothing is taken for deleted."""
    one = person(each)
    synced(each, "contact")
    each.simulator.fail(200, each.crm.is_reading, times=2)
    (result,) = swept(each, "contact")
    assert (result.retries, set(each.mirror())) == (2, {one})
    each.simulator.fail(200, each.crm.is_reading, times=99)
    each.clock.advance(8 * DAY_S)
    assert (failed(each)["code"], set(each.mirror())) == ("CS205", {one})


def test_a_key_that_ends_in_the_middle_of_a_run_asks_for_another(each: Lab) -> None:
    """What is read stays, and with a new key the run goes on from there."""
    for _ in range(60):
        person(each)
    pages = 0

    def revoke(request: SimRequest) -> None:
        nonlocal pages
        pages += each.crm.is_reading(request)
        if pages == 3:
            each.simulator.revoke()

    each.simulator.switches.on_request = revoke
    job = each.edited(lambda tree: each.crm.shrink(tree, 10))
    (result,) = each.run_job(job)
    assert result.error is not None and result.error["code"] == "CS110"
    assert (result.counts.read, "ODOO_API_KEY" in result.error["hint"]) == (20, True)
    each.simulator.switches.on_request = None
    each.simulator.grant(each.simulator.options["api_key"])
    assert small(each, 10).counts.read == 40


@pytest.mark.parametrize(("status", "retry_after_s"), [(502, None), (503, None), (429, 30), (429, None)])
def test_what_stands_before_the_server_may_fail_for_a_while(each: Lab, status: int, retry_after_s: int | None) -> None:
    """Asked again, and not before the time that it tells."""
    person(each)
    before = each.clock.monotonic()
    each.simulator.fail(status, each.crm.is_reading, times=2, retry_after_s=retry_after_s)
    (result,) = synced(each, "contact")
    assert (result.retries, result.counts.rejected, len(each.mirror())) == (2, 0, 1)
    assert each.clock.monotonic() - before >= 60 + 2 * (retry_after_s or 0)


def test_two_who_write_at_once_make_the_server_ask_to_be_asked_again(each: Lab) -> None:
    """Its own words for that, with the status of any other mistake."""
    person(each)
    for name in ("SerializationFailure", "DeadlockDetected", "LockNotAvailable"):
        each.simulator.refuse(f"psycopg2.errors.{name}", "", each.crm.is_reading, times=2)
        (result,) = synced(each, "contact", backfill=True)
        assert (result.retries, result.counts.rejected, len(each.mirror())) == (2, 0, 1)


@pytest.mark.parametrize("name", ["builtins.ValueError", "builtins.KeyError", "odoo.exceptions.UserError"])
def test_a_request_that_the_server_cannot_take_is_not_sent_again(each: Lab, name: str) -> None:
    """It answers 500, or 200, for mistakes too."""
    each.simulator.refuse(name, "no such thing", each.crm.is_reading, times=99)
    error = failed(each)
    assert (error["code"], asked(each)) == ("CS202", 1)
    assert "no such thing" in error["message"]


def test_records_that_may_not_be_seen_are_not_taken_for_deleted_at_once(lab: Lab) -> None:
    """A new rule hides most of them: the brake stops that, and a person decides."""
    for _ in range(100):
        person(lab)
    synced(lab, "contact")
    lab.simulator.restrict(PARTNER, [["id", "<", 50]])
    lab.clock.advance(8 * DAY_S)
    assert failed(lab)["code"] == "CS303"
    assert len(lab.mirror()) == 100


def test_one_request_at_a_time(make: Make) -> None:
    """Of all streams together: workers are few."""
    lab = make(records=200)
    most = 0

    def count(request: SimRequest) -> None:
        nonlocal most
        most = max(most, request.in_flight)

    lab.simulator.switches.on_request = count
    synced(lab)
    assert most == 1
    assert {e.status for e in lab.events if isinstance(e, RequestAnswered)} == {200}
