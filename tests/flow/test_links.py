"""Links: what no record holds is asked for with every batch, and is as complete, counted and safe as the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crm import Crm
from crmsync.sandbox import Fault, SimRequest
from lab import Lab, laboratory

DAY_S = 86_400.0
ASKED = "POST /crm/associations"


def deals(lab: Lab, number: int) -> list[str]:
    """Create deals, an hour ago; their ids."""
    made = [lab.simulator.create("deals", {"dealname": f"D{i}"}) for i in range(number)]
    lab.clock.advance(3600)
    return made


def companies(lab: Lab, number: int) -> list[str]:
    return [lab.simulator.create("companies", {"name": f"C{i}"}) for i in range(number)]


def link_of(lab: Lab, deal: str) -> str | None:
    found = lab.mirror("deal")[deal]["company_id"]
    assert found is None or isinstance(found, str)
    return found


def assert_linked(lab: Lab) -> None:
    """The mirror's links are the account's: the primary company, and the first contact."""
    of, linked = lab.simulator.portal.links, lab.simulator.linked
    for deal, row in lab.mirror("deal").items():
        primary, others = of.primary("deals", int(deal), "companies"), linked("deals", deal, "companies")
        assert row["company_id"] == (str(primary) if primary is not None else next(iter(others), None))
        assert row["contact_id"] == next(iter(linked("deals", deal, "contacts")), None)


def asked(lab: Lab) -> list[SimRequest]:
    """The requests for links so far."""
    return [r for r in lab.simulator.requests if f"{r.method} {r.path}".startswith(ASKED)]


def test_the_deals_of_the_made_up_account_have_their_links(tmp_path: Path) -> None:
    """More deals than one request for links may name; each has the account's company and contact, or none."""
    with laboratory(tmp_path, records=4800) as lab:
        counts = lab.run("deal").counts
        assert (counts.read, counts.applied, counts.held, counts.rejected) == (1200, 1200, 0, 0)
        assert_linked(lab)
        contacts = [row["contact_id"] for row in lab.mirror("deal").values()]
        assert 0 < contacts.count(None) < len(contacts) / 2


def test_the_primary_company_counts_whatever_stands_first(lab: Lab) -> None:
    """Several companies: the primary one, else the first; none: NULL."""
    one, two, three = companies(lab, 3)
    first, second, third = deals(lab, 3)
    for company in (one, two, three):
        lab.simulator.link("deals", first, "companies", company, primary=company == two)
        lab.simulator.link("deals", second, "companies", company)
    lab.run("deal")
    assert [link_of(lab, deal) for deal in (first, second, third)] == [two, one, None]


def test_a_changed_deal_gets_its_new_links(lab: Lab) -> None:
    """With the change, or at the same time of change by the overlap; the other deals stay as they are."""
    old, new = companies(lab, 2)
    moved, kept, lost = deals(lab, 3)
    for deal in (moved, kept, lost):
        lab.simulator.link("deals", deal, "companies", old, primary=True)
    lab.run("deal")
    lab.clock.advance(DAY_S / 2)
    lab.simulator.link("deals", moved, "companies", new, primary=True)
    lab.simulator.unlink("deals", lost, "companies", old)
    for deal in (moved, lost):
        lab.simulator.update("deals", deal, {"dealname": "Changed"})
    lab.clock.advance(60)
    counts = lab.run("deal").counts
    assert (counts.read, counts.applied, counts.unchanged) == (2, 2, 0)
    assert [link_of(lab, deal) for deal in (moved, kept, lost)] == [new, old, None]


def test_a_link_that_moves_no_time_of_change_arrives_with_the_sweep(lab: Lab) -> None:
    """The limit that the connector's page tells of: a week at most."""
    old, new = companies(lab, 2)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", old, primary=True)
    lab.run("deal")
    lab.clock.advance(DAY_S)
    lab.simulator.link("deals", deal, "companies", new, primary=True)
    assert lab.run("deal").counts.applied == 0
    lab.clock.advance(7 * DAY_S)
    assert lab.run("deal").counts.applied == 1
    assert link_of(lab, deal) == new


def test_a_link_to_an_archived_company_is_gone_when_the_deal_is_read_again(lab: Lab) -> None:
    """The provider no longer shows it; a company that is left takes its place."""
    one, two = companies(lab, 2)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", one, primary=True)
    lab.simulator.link("deals", deal, "companies", two)
    lab.run("deal")
    assert link_of(lab, deal) == one
    lab.simulator.archive("companies", one)
    lab.run("deal", backfill=True)
    assert link_of(lab, deal) == two
    assert_linked(lab)


def test_a_census_that_finds_a_deal_reads_its_links_too(lab: Lab) -> None:
    """A deal that the sweep did not meet, and that is there after all, keeps what it is linked to."""
    (company,) = companies(lab, 1)
    ids = deals(lab, 3)
    for deal in ids:
        lab.simulator.link("deals", deal, "companies", company, primary=True)
    lab.run("deal")
    lab.clock.advance(8 * DAY_S)
    lab.simulator.faults.add(Fault("GET /crm/objects/2026-03/deals", times=1, status=200, body=b'{"results": []}'))
    assert lab.run("deal").counts.deleted == 0
    assert [link_of(lab, deal) for deal in ids] == [company] * 3


@pytest.mark.parametrize("how", [{"truncate": 30}, {"status": 502}, {"status": 200, "body": b"<html>"}])
def test_a_passing_trouble_with_links_costs_nothing_but_time(lab: Lab, how: dict[str, object]) -> None:
    """Asked again, as any page is."""
    (company,) = companies(lab, 1)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", company)
    lab.simulator.faults.add(Fault(ASKED, times=2, **how))  # type: ignore[arg-type]
    lab.run("deal")
    assert link_of(lab, deal) == company


@pytest.mark.parametrize("body", ['{"results": {}}', '{"results": [{"from": {"id": "1"}, "links": []}]}'])
def test_links_that_stay_unreadable_stop_the_stream_and_clear_nothing(lab: Lab, body: str) -> None:
    """The answer is kept; rows and checkpoint stay; when the provider is sane again, the same command completes."""
    (company,) = companies(lab, 1)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", company)
    lab.run("deal")
    lab.clock.advance(DAY_S / 2)
    lab.simulator.update("deals", deal, {"dealname": "New"})
    lab.clock.advance(60)
    lab.simulator.faults.add(Fault(ASKED, times=99, status=200, body=body.encode()))
    (failed,) = lab.try_run("deal")
    assert (failed.status, failed.error and failed.error["code"], failed.counts.read) == ("failed", "CS203", 0)
    assert lab.rows("SELECT outcome, payload FROM crmsync.rejects") == [("page", body)]
    assert (link_of(lab, deal), lab.mirror("deal")[deal]["name"]) == (company, "D0")
    lab.simulator.faults.clear()
    lab.run("deal")
    assert (link_of(lab, deal), lab.mirror("deal")[deal]["name"]) == (company, "New")


def answer(*errors: dict[str, object], results: list[object] | None = None) -> bytes:
    """What the provider says about links, some of it as errors."""
    return json.dumps({"status": "COMPLETE", "results": results or [], "errors": errors}).encode()


def none_found(deal: str) -> dict[str, object]:
    return {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": {"fromObjectId": [deal]}}


FAILED = {"status": "error", "category": "INTERNAL_ERROR", "message": "try later"}


@pytest.mark.parametrize("times", [2, 99])
@pytest.mark.parametrize("errors", [[FAILED], [none_found("1"), FAILED], [none_found("1")], []])
def test_only_what_the_provider_says_is_linked_to_nothing(
    lab: Lab, errors: list[dict[str, object]], times: int
) -> None:
    """Another error, or a deal it passes over: asked again, and if that does not help, the stream stops as it was."""
    (company,) = companies(lab, 1)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", company)
    lab.run("deal")
    lab.simulator.faults.add(Fault(f"{ASKED}/2026-03/deals/comp", times=times, status=207, body=answer(*errors)))
    (result,) = lab.try_run("deal", backfill=True)
    stopped = (result.status, result.error and result.error["code"]) == ("failed", "CS203")
    assert (stopped, link_of(lab, deal)) == (times == 99, company)
    lab.simulator.faults.clear()
    lab.run("deal")
    assert link_of(lab, deal) == company


def test_a_deal_that_is_said_to_have_no_link_has_none(lab: Lab) -> None:
    """The column is cleared by the provider's word."""
    (company,) = companies(lab, 1)
    (deal,) = deals(lab, 1)
    lab.simulator.link("deals", deal, "companies", company)
    lab.run("deal")
    assert link_of(lab, deal) == company
    none = answer(*map(none_found, lab.simulator.live("deals")))
    lab.simulator.faults.add(Fault(f"{ASKED}/2026-03/deals/comp", times=9, status=207, body=none))
    lab.run("deal", backfill=True)
    assert link_of(lab, deal) is None


def test_streams_without_links_and_runs_without_news_ask_for_none(lab: Lab) -> None:
    """What is not there costs nothing; a batch of deals costs one request a link."""
    lab.simulator.create("contacts", {"email": "a@example.com"})
    deals(lab, 3)
    lab.run("contact")
    assert len(asked(lab)) == 0
    lab.run("deal")
    assert len(asked(lab)) == 2
    lab.clock.advance(DAY_S / 2)
    lab.run("deal")
    assert len(asked(lab)) == 2


def test_check_tells_that_links_may_not_be_read(crm: Crm) -> None:
    """A stream that a run could not complete is no stream that may be read."""
    crm.simulator.fail(403, ASKED, times=99)
    told = crm("check", "--connector", "hubspot")
    assert told.returncode == 2
    assert re.search(r"^bad +deal ", told.stdout, re.MULTILINE)
    assert re.search(r"^ok +contact +may be read$", told.stdout, re.MULTILINE)
