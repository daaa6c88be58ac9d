"""Scripted trouble in the API's words, and requests as they come in."""

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from crmsync.sandbox import Fault, Server
from crmsync_zoho.simulator.access import STATIC_TOKEN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "INVALID_TOKEN"),
        (403, "NO_PERMISSION"),
        (429, "TOO_MANY_REQUESTS"),
        (500, "INTERNAL_ERROR"),
        (502, "BAD_GATEWAY"),
    ],
)
def test_a_status_comes_with_its_code(api, org, status, code):
    """Once; the next request is answered as ever."""
    org.fail(status, "GET /crm/v8/org")
    answer = api.get("org")
    assert (answer.status, answer.code) == (status, code)
    assert api.get("org").status == 200


def test_any_code_can_be_ordered(api, org):
    """For those that no request causes here."""
    org.fail(400, "/crm", code="LICENSE_LIMIT_EXCEEDED", details={"limit": 1})
    answer = api.get("org")
    assert (answer.code, answer.details) == ("LICENSE_LIMIT_EXCEEDED", {"limit": 1})


@pytest.mark.parametrize(("when", "made"), [("before", 1), ("after", 2)])
def test_an_answer_may_be_lost_after_the_write(api, org, when, made):
    """Then the record is there, and sending again makes another one."""
    org.fail(500, "POST /crm", when=when)
    for _ in range(2):
        api.write("Contacts", {"Last_Name": "Twice"})
    assert len(api.found("select id from Contacts where Last_Name = 'Twice'")) == made


def test_a_401_in_the_middle_of_a_run(api, org):
    """Some pass first."""
    org.fail(401, "GET /crm/v8/Contacts", skip=2)
    assert [api.get("Contacts?fields=Email").status for _ in range(4)] == [200, 200, 401, 200]


def status_of(server, method, path, body=None):
    """Over HTTP, on a connection of its own."""
    with closing(http.client.HTTPConnection(server.url.removeprefix("http://"))) as connection:
        connection.request(method, path, body, {"Authorization": f"Zoho-oauthtoken {STATIC_TOKEN}"})
        return connection.getresponse().status


def test_a_connection_may_be_reset_after_the_write(api, org):
    """No answer at all, though the record was created."""
    org.faults.add(Fault("POST /crm", drop=True, when="after"))
    body = json.dumps({"data": [{"Last_Name": "Ghost"}]})
    with Server(org) as server, pytest.raises(ConnectionResetError):
        status_of(server, "POST", "/crm/v8/Contacts", body)
    assert len(api.found("select id from Contacts where Last_Name = 'Ghost'")) == 1


def test_calls_that_wait_for_their_answers_are_counted(org):
    """Over HTTP: a late heavy call is beside the next one."""
    org.switches.limits.heavy = 1
    org.faults.add(Fault("POST /crm/v8/coql", delay_s=0.3))
    came = threading.Event()
    org.switches.on_request = lambda _: came.set()
    query = json.dumps({"select_query": "select id from Contacts where id > 1"})
    with Server(org) as server, ThreadPoolExecutor() as pool:
        late = pool.submit(status_of, server, "POST", "/crm/v8/coql", query)
        came.wait()
        assert status_of(server, "POST", "/crm/v8/coql", query) == 429
        assert status_of(server, "GET", "/crm/v8/org") == 200
        assert late.result() == 200
    assert [request.in_flight for request in org.requests] == [1, 2, 2]


def test_bodies_need_no_content_type(api):
    """Records, COQL and watches, as the official client sends them; it writes `False` where others write `false`."""
    assert api.write("Contacts", {"Last_Name": "A"}).status == 201
    assert api.ask("select id from Contacts where id > 1").status == 200
    contact = api.org.ids("Contacts")[0]
    assert api.send("DELETE", f"Contacts?ids={contact}&wf_trigger=False").status == 200


def test_answers_carry_the_time_of_the_simulator(api, clock):
    """A client takes the provider's clock from the Date header."""
    clock.advance(3600)
    assert api.get("org").headers["Date"] == "Thu, 15 Jan 2026 13:00:00 GMT"
