"""Scripted trouble, and the server that carries it to a client."""

import asyncio
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmsync.sandbox import DailyBudget, Fault, Faults, Server, SimRequest, SimResponse, SlidingWindow, VirtualClock

CONTACTS = "/crm/v3/objects/contacts"


@pytest.mark.parametrize(
    ("status", "html"), [(409, False), (423, False), (477, False), (500, False), (502, True), (524, True)]
)
def test_a_status_comes_with_its_body(api, portal, status, html):
    """Gateways answer in HTML; the next request is answered as ever."""
    portal.fail(status, CONTACTS, retry_after_s=7)
    answer = api.get(CONTACTS)
    assert answer.status == status
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Type"].startswith("text/html" if html else "application/json")
    assert api.get(CONTACTS).status == 200


def test_an_answer_may_be_lost_after_the_write(api, portal):
    """502 after commit: the record is there, and the client does not know."""
    portal.fail(502, "POST /crm", when="after")
    assert api.post(CONTACTS, {"properties": {"email": "a@b.cd"}}).status == 502
    assert api.post(CONTACTS, {"properties": {"email": "a@b.cd"}}).status == 409


def test_a_fault_before_leaves_nothing_done(api, portal):
    """The write may be sent again."""
    portal.fail(502, "POST /crm")
    assert api.post(CONTACTS, {"properties": {"email": "a@b.cd"}}).status == 502
    assert api.post(CONTACTS, {"properties": {"email": "a@b.cd"}}).status == 201


def test_faults_wait_their_turn():
    """`skip` lets some pass, `times` hits some, and one request meets one fault."""
    faults, request = Faults(), SimRequest("GET", "/a")
    faults.add(Fault("/a", skip=1, times=2, status=503))
    faults.add(Fault(lambda r: r.path == "/a", status=500))
    statuses = [faults.around(request, lambda _: SimResponse(200)).status for _ in range(5)]
    assert statuses == [500, 503, 503, 200, 200]
    faults.add(Fault("/a", status=500))
    faults.clear()
    assert faults.around(request, lambda _: SimResponse(200)).status == 200


def call(server, target, token):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    try:
        connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_connection_may_be_reset(portal):
    """No answer at all, though the request was carried out."""
    portal.faults.add(Fault(CONTACTS, drop=True, when="after"))
    with Server(portal) as server:
        with pytest.raises(ConnectionResetError):
            call(server, CONTACTS, portal.options["token"])
        assert call(server, CONTACTS, portal.options["token"])[0] == 200


def test_a_body_may_end_early(portal):
    """The length was promised, the bytes do not come."""
    portal.faults.add(Fault(CONTACTS, truncate=100))
    with Server(portal) as server, pytest.raises(http.client.IncompleteRead) as raised:
        call(server, CONTACTS, portal.options["token"])
    assert raised.value.partial.startswith(b'{"results":[')
    assert len(raised.value.partial) == 100


def test_requests_that_wait_for_an_answer_are_counted(portal):
    """A late answer is in flight until it is sent, so that a provider may refuse too many at once."""
    portal.faults.add(Fault(CONTACTS, delay_s=0.2))
    came = threading.Event()
    portal.switches.on_request = lambda _: came.set()
    with Server(portal, latency_s=0.001) as server, ThreadPoolExecutor() as pool:
        late = pool.submit(call, server, CONTACTS, portal.options["token"])
        came.wait()
        assert call(server, CONTACTS, portal.options["token"])[0] == 200
        assert late.result()[0] == 200
    assert [request.in_flight for request in portal.requests] == [1, 2]


def test_long_addresses_reach_the_simulator(portal):
    """The server passes on what the provider would refuse."""
    with Server(portal) as server:
        status, body = call(server, f"{CONTACTS}?properties={'x' * 20_000}", portal.options["token"])
    assert (status, body[:15]) == (414, b"<!DOCTYPE html>")


def test_a_server_starts_on_a_free_port_and_says_when_one_is_taken(portal):
    """Stopping twice is harmless."""
    with Server(portal) as first:
        second = Server(portal, int(first.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            second.start()
        second.stop()
    first.stop()


def test_answers_carry_the_time_of_the_simulator(api, clock):
    """A client takes the provider's clock from the Date header."""
    clock.advance(3600)
    assert api.get(CONTACTS).headers["Date"] == "Thu, 15 Jan 2026 13:00:00 GMT"


def test_requests_are_remembered(api, portal):
    """A test may ask what was sent."""
    api.get(f"{CONTACTS}?limit=3")
    assert [(r.method, r.path, r.query) for r in portal.requests] == [("GET", CONTACTS, [("limit", "3")])]


def test_two_who_sleep_at_once_wake_at_once():
    """Virtual time does not add up what is waited for together."""
    clock = VirtualClock()

    async def both():
        await asyncio.gather(clock.sleep(10), clock.sleep(4), clock.sleep(0))

    asyncio.run(both())
    assert clock.monotonic() == 10
    assert clock.now().isoformat() == "2026-01-15T12:00:10+00:00"
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


def test_a_window_slides():
    """It is no bucket that refills by and by."""
    window = SlidingWindow(2, 10)
    assert [window.take(at) for at in (0, 9, 9.5, 10, 10.5, 19, 20)] == [True, True, False, True, False, True, True]


def test_a_budget_is_back_at_midnight_of_its_zone():
    """Also when clocks are set back."""
    clock = VirtualClock()
    budget = DailyBudget(1, "America/New_York")
    assert [budget.take(clock.now()), budget.take(clock.now())] == [True, False]
    assert budget.resets_at(clock.now()).isoformat() == "2026-01-16T00:00:00-05:00"
    clock.advance(17 * 3600)
    assert budget.take(clock.now())
