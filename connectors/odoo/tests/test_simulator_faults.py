"""What goes wrong on demand, and the server that carries it to a client."""

import http.client

import msgspec
import pytest

from crmsync.sandbox import Fault, Server, SlidingWindow

CREATE = {"vals_list": [{"name": "Fay"}]}
PATH = "/json/2/res.partner/create"


def fays(odoo):
    return len(odoo.ids("res.partner", [["name", "=", "Fay"]]))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_comes_with_a_page(api, odoo, status):
    """As of a proxy; the next request is answered as ever."""
    odoo.fail(status, "create", retry_after_s=7)
    answer = api.send("POST", PATH, CREATE)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert (api.send("POST", PATH, CREATE).status, fays(odoo)) == (200, 1)


def test_a_login_page_may_stand_where_json_should(api, odoo):
    """With status 200."""
    odoo.fail(200, "/json/2")
    answer = api.send("POST", PATH, CREATE)
    assert (answer.status, b"<form" in answer.body, fays(odoo)) == (200, True, 0)


def test_an_answer_may_be_lost_after_the_commit(api, odoo):
    """A create sent again makes a second record; a load does not."""
    for _ in range(2):
        odoo.fail(502, "create", when="after")
        assert api.send("POST", PATH, CREATE).status == 502
    assert fays(odoo) == 2
    odoo.fail(502, "load", when="after")
    load = {"fields": ["id", "name"], "data": [["crmsync.fay", "Fay"]]}
    assert api.send("POST", "/json/2/res.partner/load", load).status == 502
    assert api.send("POST", "/json/2/res.partner/load", load).json["messages"] == []
    assert fays(odoo) == 3


def test_the_server_s_own_errors_come_by_name_and_change_nothing(each):
    """In the form of the protocol, the times that are asked for."""
    odoo = each.odoo
    odoo.refuse("psycopg2.errors.SerializationFailure", "could not serialize access", "POST", skip=1, times=2)
    odoo.refuse("odoo.exceptions.ConcurrencyError", match=lambda request: b"Fay" in request.body)
    assert each.call("res.users", "context_get")["uid"] == 5
    for _ in range(2):
        with pytest.raises(each.Refused, match="SerializationFailure: could not serialize access") as raised:
            each.rpc("res.partner", "create", {"name": "Fay"})
        assert raised.value.status == (200 if each.version < 19 else 0)
    with pytest.raises(each.Refused, match="ConcurrencyError"):
        each.rpc("res.partner", "create", {"name": "Fay"})
    assert fays(odoo) == 0
    each.rpc("res.partner", "create", {"name": "Fay"})
    assert fays(odoo) == 1


def test_a_request_may_trigger_whatever_a_test_wants(api, odoo):
    """Such as an edit between two pages; and all requests are remembered."""
    odoo.switches.on_request = lambda _: odoo.touch("res.partner", 1)
    api.search("res.partner")
    assert odoo.changed_us("res.partner", 1) > odoo.changed_us("res.partner", 101)
    assert [request.path for request in odoo.requests] == ["/json/2/res.partner/search"]


def post(server, key):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        headers = {"Authorization": f"bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", PATH, msgspec.json.encode(CREATE), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_connection_may_be_reset_though_the_request_was_carried_out(api, odoo):
    """Or end within the body."""
    odoo.faults.add(Fault("create", drop=True, when="after"))
    with Server(odoo) as server:
        with pytest.raises(ConnectionResetError):
            post(server, api.key)
        assert fays(odoo) == 1
        odoo.faults.add(Fault("create", truncate=2))
        with pytest.raises(http.client.IncompleteRead):
            post(server, api.key)
        assert post(server, api.key)[0] == 200


def test_a_proxy_may_let_one_call_a_second_through(api, odoo, clock):
    """Others are told when to come again."""
    odoo.switches.limit = SlidingWindow(1, 1.0)
    assert [api.send("GET", "/web/version").status for _ in range(2)] == [200, 429]
    assert api.send("GET", "/web/version").headers["Retry-After"] == "1"
    clock.advance(1)
    assert api.send("GET", "/web/version").status == 200
