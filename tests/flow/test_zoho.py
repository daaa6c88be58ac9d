"""Zoho CRM as it is known to be: what its connector must bear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crmsync.errors import EgressRefused
from crmsync.events import Events, Note, RequestAnswered
from crmsync.plugins import connector
from crmsync.sandbox import Fault, Server, SimRequest, SimResponse
from crmsync.spec.build import build
from crmsync.spec.load import load, objects
from crmsync.store import FileStore
from crmsync.sync import Result, run
from crmsync.sync.access import access_to
from crmsync.sync.worker import Worker
from lab import Lab, laboratory

DAY_S = 86_400.0
MODULES = {"contact": "Contacts", "company": "Accounts", "deal": "Deals"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An empty org."""
    with laboratory(tmp_path, provider="zoho") as made:
        yield made


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Lab]:
    """An org with 600 contacts, 120 companies and 150 deals."""
    with laboratory(tmp_path, provider="zoho", records=600) as made:
        yield made


def people(lab: Lab, number: int) -> list[str]:
    """Contacts that were created an hour ago; their ids."""
    ids = [lab.crm.create(f"P{i}") for i in range(number)]
    lab.clock.advance(3600)
    return ids


def paged(lab: Lab, page: int, **how: Any) -> Result:
    """Run with pages of that size; it must succeed."""
    (result,) = lab.run_job(lab.edited(lambda tree: lab.crm.shrink(tree, page), **how))
    assert result.status == "done", result.error
    return result


def assert_equal(lab: Lab) -> None:
    assert {i: row["first_name"] for i, row in lab.mirror().items()} == lab.crm.live()


def statuses(lab: Lab, path: str = "") -> list[int]:
    """What requests were answered with since the last time."""
    found = [e.status for e in lab.events if isinstance(e, RequestAnswered) and path in e.path]
    lab.events.clear()
    return found


def tokens_asked(lab: Lab) -> int:
    return sum(request.path == "/oauth/v2/token" for request in lab.simulator.requests)


# -- complete -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", MODULES)
def test_the_made_up_org_arrives_whole(org: Lab, stream: str) -> None:
    """Every record of each stream, with what it refers to and when it changed."""
    org.run(stream)
    truth, mirror = org.simulator.live(MODULES[stream]), org.mirror(stream)
    assert sorted(mirror) == sorted(truth) and truth
    for record_id, record in truth.items():
        row = mirror[record_id]
        assert row["_updated_at"].isoformat() == utc(record["Modified_Time"])
        if stream == "deal":
            shown = (row["name"], row["stage"], row["company_id"], row["amount"] and float(row["amount"]))
            assert shown == tuple(record.get(name) for name in ("Deal_Name", "Stage", "Account_Name", "Amount"))
            assert row["status"] in ("open", "won", "lost") and row["currency"] == "EUR"
        elif stream == "contact":
            assert (row["last_name"], row["company_id"]) == (record["Last_Name"], record.get("Account_Name"))


def test_records_past_what_pages_and_tokens_reach_are_read(lab: Lab) -> None:
    """2,000 by page and 100,000 by token or offset, here less: it goes on by id, with no such end."""
    paging = lab.simulator.switches.paging
    paging.pages_reach, paging.tokens_reach, paging.coql_reach, paging.coql_max = 40, 100, 100, 20
    ids = people(lab, 330)
    assert paged(lab, 20).counts.read == 330
    lab.crm.touch(ids)
    lab.clock.advance(60)
    assert paged(lab, 20).counts.read == 330
    assert_equal(lab)


def test_thousands_of_equal_times_of_change_lose_nothing(lab: Lab) -> None:
    """An import stamps them all alike; the window is walked by id."""
    ids = people(lab, 2500)
    lab.run()
    for record_id in ids[::7]:
        lab.crm.update(record_id, "New")
    lab.crm.touch(ids)
    lab.clock.advance(60)
    assert lab.run().counts.read == 2500
    assert_equal(lab)


def test_times_are_asked_for_with_an_offset(lab: Lab) -> None:
    """As all of Zoho's pages show them; whether `Z` will do is not known."""
    lab.simulator.switches.zulu = False
    ids = people(lab, 3)
    lab.run()
    lab.clock.advance(900)
    lab.crm.update(ids[0], "New")
    lab.crm.delete(ids[1])
    lab.clock.advance(60)
    assert lab.run().counts.deleted == 1
    assert_equal(lab)


def test_more_fields_than_a_query_takes_are_all_read(lab: Lab) -> None:
    """Of everybody, by backfill and by changes; what no query shows is left out, and told where it is named."""
    for number in range(60):
        lab.simulator.add_field("Contacts", f"Extra_{number}")
    lab.simulator.add_field("Contacts", "Parts", "subform")
    lab.config = {"fields": {"contact": "all"}}
    ids = people(lab, 5)
    lab.simulator.update("Contacts", ids[0], {f"Extra_{n}": f"a {n}" for n in range(60)})
    lab.run()
    lab.clock.advance(60)
    lab.simulator.update("Contacts", ids[1], {f"Extra_{n}": f"b {n}" for n in range(60)})
    lab.clock.advance(60)
    lab.run()
    mirror = lab.mirror()
    for letter, record_id in zip("ab", ids[:2], strict=True):
        assert [mirror[record_id][f"extra_{n}"] for n in range(60)] == [f"{letter} {n}" for n in range(60)]
    assert (len(mirror), "parts" in mirror[ids[0]]) == (5, False)
    lab.events.clear()
    lab.config = {"fields": {"contact": ["Parts"]}}
    lab.run()
    assert [e.message for e in lab.events if isinstance(e, Note)] == [
        "The account has no field 'Parts' that can be read; it is left out."
    ]


def test_answers_without_a_body_are_nothing_to_read(lab: Lab) -> None:
    """204 where there are no records, 304 where nothing was deleted since."""
    assert lab.run().counts.read == 0
    assert {200, 204} == set(statuses(lab, "/crm"))
    people(lab, 1)
    lab.run()
    lab.clock.advance(DAY_S)
    lab.run()
    assert 304 in statuses(lab, "/deleted")
    assert_equal(lab)


def test_records_that_change_while_pages_are_read_are_not_lost(lab: Lab) -> None:
    """Whether they were read already or not: the next window has them."""
    ids, left = people(lab, 100), 5

    def meddle(request: SimRequest) -> None:
        nonlocal left
        if lab.crm.is_reading(request) and left:
            left -= 1
            lab.clock.advance(1)
            lab.crm.delete(ids.pop(3))
            lab.crm.update(ids[-3], f"M{left}")
            ids.append(lab.crm.create("New"))

    lab.simulator.switches.on_request = meddle
    paged(lab, 10)
    lab.simulator.switches.on_request = None
    lab.clock.advance(1000)
    paged(lab, 10)
    assert_equal(lab)


@pytest.mark.parametrize("names", [True, False])
def test_owners_are_named_whatever_queries_show_of_them(lab: Lab, names: bool) -> None:
    """Of users who are no longer active, too."""
    lab.simulator.switches.coql_lookup_names = names
    users = lab.simulator.org.users
    users[1] = replace(users[1], active=False)
    told = {people(lab, 1)[0]: user for user in users[:2]}
    for record_id, user in told.items():
        lab.simulator.update("Contacts", record_id, {"Owner": str(user.id)})
    lab.clock.advance(60)
    lab.run()
    shown = {i: (row["owner_id"], row["owner_name"], row["owner_email"]) for i, row in lab.mirror().items()}
    assert shown == {i: (str(user.id), user.name, user.email) for i, user in told.items()}


# -- deletions --------------------------------------------------------------------------------------------------------


def test_deleted_and_purged_records_come_from_the_list_of_deleted_ones(lab: Lab) -> None:
    """Within a quarter of an hour, and without reading everything; a purge tells of a record once more."""
    ids = people(lab, 9)
    lab.run()
    lab.clock.advance(900)
    lab.crm.delete(ids[0])
    lab.crm.purge(ids[1])
    lab.crm.delete(ids[2])
    assert lab.run().counts.deleted == 3
    assert_equal(lab)
    lab.clock.advance(DAY_S)
    lab.crm.purge(ids[2])
    assert lab.run().counts.deleted == 0
    assert_equal(lab)


@pytest.mark.parametrize(("touches", "later_s"), [(True, 60.0), (False, 31 * DAY_S)])
def test_a_restored_record_comes_back(lab: Lab, touches: bool, later_s: float) -> None:
    """At once if that moves its time of change; else the sweep, once a month, finds it."""
    lab.simulator.switches.restore_touches = touches
    one, _ = people(lab, 2)
    lab.run()
    lab.clock.advance(900)
    lab.crm.delete(one)
    lab.run()
    assert one not in lab.mirror()
    lab.clock.advance(900)
    lab.crm.restore(one)
    lab.clock.advance(later_s)
    lab.run()
    assert_equal(lab)


def test_a_record_that_was_restored_before_its_deletion_is_read_is_not_marked(lab: Lab) -> None:
    """The list may tell of it still: it is asked for first."""
    one, _ = people(lab, 2)
    lab.run()
    lab.clock.advance(900)
    lab.crm.delete(one)
    stones = lab.simulator.deleted("Contacts")
    told = {"id": one, "display_name": None, "type": "recycle", "deleted_time": lab.clock.now().isoformat()}
    lab.crm.restore(one)
    body = msgspec.json.encode({"data": [told], "info": {"more_records": False}})
    lab.simulator.faults.add(_answer("/deleted", body))
    assert (stones, lab.run().counts.deleted) == ({one: "recycle"}, 0)
    assert_equal(lab)


def test_merged_records_leave_their_survivor(lab: Lab) -> None:
    """The loser is in the list of deleted ones, the winner has what it lacked."""
    one, other = people(lab, 2)
    lab.simulator.update("Contacts", other, {"Title": "Pilot"})
    lab.run()
    lab.clock.advance(900)
    lab.crm.merge(one, other)
    lab.clock.advance(60)
    assert lab.run().counts.deleted == 1
    assert {i: row["job_title"] for i, row in lab.mirror().items()} == {one: "Pilot"}


# -- regions ----------------------------------------------------------------------------------------------------------

TLDS = {"us": "com", "eu": "eu", "in": "in", "au": "com.au", "jp": "jp", "cn": "com.cn", "ca": "ca", "sa": "sa"}


@pytest.mark.parametrize("region", TLDS)
def test_each_region_has_its_hosts_in_each_environment(region: str) -> None:
    """That of tokens and that of the API; Canada's tokens are at a domain of their own."""
    spec_file = connector("zoho").spec_file
    assert spec_file is not None
    tree = load(spec_file).tree
    for environment, host in [("production", "www"), ("sandbox", "sandbox"), ("developer", "developer")]:
        spec = build(tree, objects(), {"region": region, "environment": environment})
        assert spec.base_url == f"https://{host}.zohoapis.{TLDS[region]}"
        (way,) = spec.auth
        accounts = "zohocloud.ca" if region == "ca" else f"zoho.{TLDS[region]}"
        assert way.oauth is not None and way.oauth.token.url == f"https://accounts.{accounts}/oauth/v2/token"
    assert {f"www.zohoapis.{tld}" for tld in TLDS.values()} <= set(spec.known_hosts)


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_tokens_that_end_in_the_middle_of_a_run_are_renewed_once(lab: Lab) -> None:
    """All streams see the 401; one request for a token is made, and nothing is read twice."""
    people(lab, 60)
    asked = 0

    def expire(request: SimRequest) -> None:
        nonlocal asked
        asked += request.path.endswith("/coql")
        if asked == 3 and request.path.endswith("/coql"):
            lab.simulator.expire_all()

    lab.simulator.switches.on_request = expire
    assert paged(lab, 10).counts.read == 60
    assert (tokens_asked(lab), statuses(lab, "/coql").count(401)) == (2, 1)
    assert_equal(lab)


def test_a_token_is_renewed_before_its_hour_is_over(lab: Lab) -> None:
    """A run that lasts for hours sees no 401."""
    people(lab, 400)
    lab.simulator.switches.on_request = lambda _: lab.clock.advance(40)  # several requests are on their way at once
    assert paged(lab, 2).counts.read == 400
    assert tokens_asked(lab) > 2
    assert 401 not in statuses(lab)


def test_a_token_that_is_refused_again_and_again_asks_for_a_new_consent(lab: Lab) -> None:
    """After one renewal; what is read stays."""
    people(lab, 60)
    lab.simulator.fail(401, "/coql", skip=2, times=99)
    (result,) = lab.run_job(lab.edited(lambda tree: lab.crm.shrink(tree, 10)))
    assert result.error is not None and result.error["code"] == "CS110"
    assert (result.counts.read, tokens_asked(lab)) == (20, 2)
    assert "crmsync auth zoho" in result.error["hint"]


def within(lab: Lab, simulator: Any, **options: str) -> str:
    """Where requests go after a token is got from `simulator`, if nobody sets the address."""

    async def origin(job: Any, store: FileStore, worker: Worker) -> str:
        spec = build(load(job.spec_file).tree, objects(), job.connection.values)
        access = await access_to(job, spec, lab.clock, Events(), store=store, worker=worker)
        return access.client(spec).origin

    with Server(simulator) as server, closing(FileStore(lab.store_file)) as store, closing(Worker()) as worker:
        given = {"accounts_url": server.url, "base_url": "", **options}
        return asyncio.run(origin(lab.job(options=given), store, worker))


class Elsewhere:
    """The org's token endpoint, that says that the account lives at `host`."""

    def __init__(self, lab: Lab, host: str) -> None:
        self.options = lab.simulator.options
        self._lab, self._host = lab, host

    def handle(self, request: SimRequest) -> SimResponse:
        answer = self._lab.simulator.handle(request)
        told = {**msgspec.json.decode(answer.body), "api_domain": self._host}
        return SimResponse(answer.status, answer.headers, msgspec.json.encode(told))


def test_requests_go_to_where_the_answer_with_the_token_says_that_the_org_is(lab: Lab) -> None:
    """Whatever the region that is set; but only to a host of Zoho's."""
    assert within(lab, Elsewhere(lab, "https://www.zohoapis.eu"), region="us") == "https://www.zohoapis.eu"
    with pytest.raises(EgressRefused):
        lab.store_file.unlink()
        within(lab, Elsewhere(lab, "https://www.zohoapis.example"))


# -- limits -----------------------------------------------------------------------------------------------------------


def used_up(lab: Lab) -> None:
    """The org tells what is left once half of it is used."""
    lab.simulator.switches.limits.on, lab.simulator.switches.limits.credits = True, 14


def refused(lab: Lab) -> None:
    """It only refuses, as it does where too many call at once."""
    lab.simulator.fail(429, "/coql", skip=8, times=10**6)


@pytest.mark.parametrize("spend", [used_up, refused])
def test_credits_that_are_used_up_end_the_run_and_the_next_day_completes_it(
    org: Lab, spend: Callable[[Lab], None]
) -> None:
    """Status 4, after ten minutes of refusals where nothing else tells; nothing more is asked that day."""

    def sync() -> Result:
        return org.run_job(org.edited(lambda tree: org.crm.shrink(tree, 50)))[0]

    spend(org)
    stopped = sync()
    assert (stopped.status, stopped.exit_status, stopped.error and stopped.error["code"]) == ("stopped", 4, "CS302")
    assert (stopped.counts.read, stopped.retries > 5) == (400, spend is refused)
    org.simulator.faults.clear()
    statuses(org)
    assert (sync().exit_status, statuses(org, "/coql")) == (4, [])
    org.clock.advance(DAY_S)
    rest = sync()
    assert (rest.status, rest.counts.read) == ("done", 200)
    assert_equal(org)


@pytest.mark.parametrize(("edition", "at_once"), [("free", 5), ("standard", 10), ("ultimate", 25)])
def test_the_calls_at_once_of_an_edition_are_never_exceeded(
    org: Lab, tmp_path: Path, edition: str, at_once: int
) -> None:
    """By all runs together, nor the ten heavy ones of any edition: no answer is a 429."""
    simulator = org.simulator
    simulator.org.edition, simulator.switches.limits.on, simulator.switches.limits.credits = edition, True, 10**9
    simulator.faults.add(Fault("/crm", times=10**6, delay_s=0.02))
    most = 0

    def count(request: SimRequest) -> None:
        nonlocal most
        most = max(most, request.in_flight)

    simulator.switches.on_request = count
    assert {result.status for result in asyncio.run(four_at_once(org, tmp_path))} == {"done"}
    assert 429 not in statuses(org)
    assert 3 < most <= min(at_once, 12)


async def four_at_once(org: Lab, folder: Path) -> list[Result]:
    """Four runs into stores of their own, that share one account."""
    events = Events()
    events.subscribe(org.events.append)
    with ExitStack() as stack:
        job = org.edited(lambda tree: org.crm.shrink(tree, 100), *MODULES)
        stores = [stack.enter_context(closing(FileStore(folder / f"{n}.duckdb", hold_s=0.5))) for n in range(4)]
        results = await asyncio.gather(*(run(job, store, events, clock=org.clock) for store in stores))
    return [result for each in results for result in each]


def _answer(match: str, body: bytes) -> Any:
    return Fault(match, status=200, body=body, headers={"Content-Type": "application/json"})


def utc(told: str) -> str:
    """A time of the org's zone as the mirror has it."""
    return datetime.fromisoformat(told).astimezone(UTC).isoformat()
