"""`make live` on two simulators, one of which stands for the real account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from crmsync.sandbox import Fault, Server, SimRequest
from crmsync_hubspot.simulator import HubSpotSimulator
from crmsync_odoo.simulator import OdooSimulator
from crmsync_odoo.simulator.orm.fields import Field
from crmsync_zoho.simulator import ZohoSimulator
from crmsync_zoho.simulator.oauth import Refresh
from live.__main__ import main
from live.account import Account, Probe
from live.crm import Crm, Difference, served
from live.hubspot import HUBSPOT
from live.odoo import ODOO
from live.shape import Fact, differences, shape
from live.zoho import ZOHO

BARE = "application/octet-stream"  # what a fault without headers is sent as
CHANGING = {"create", "write", "unlink", "load", "copy"}


@dataclass(frozen=True)
class Pair:
    """A simulator that stands for the real account, and how it is compared with one of its kind."""

    crm: Crm
    real: Any
    account: Account
    made: Account

    def compare(self) -> list[Difference]:
        return self.crm.compare(self.account, self.made)


@contextmanager
def both(crm: Crm, real: Any) -> Iterator[Pair]:
    """`real` is changed by the test once the account is open."""
    with Server(real) as there, httpx.Client(timeout=60) as client:
        account = crm.open(client, served(crm, real, there.url))
        like = crm.simulator(account)
        with Server(like) as here:
            yield Pair(crm, real, account, crm.open(client, served(crm, like, here.url)))


def hubspot(records: int = 80) -> HubSpotSimulator:
    """A portal with something in the bin."""
    portal = HubSpotSimulator(records, seed=1)
    for kind in ("contacts", "companies", "deals"):
        portal.archive(kind, portal.ids(kind)[0])
    return portal


def zoho() -> ZohoSimulator:
    """An org with something in the bin, and a token for what the spec asks of users."""
    org = ZohoSimulator(80, seed=1)
    for module in ("Contacts", "Accounts", "Deals"):
        org.delete(module, org.ids(module)[0])
    areas = ("modules.ALL", "settings.ALL", "users.READ", "org.READ", "coql.READ")
    scopes = tuple(f"ZohoCRM.{area}" for area in areas)
    org.app.refresh_tokens[org.options["refresh_token"]] = Refresh(scopes)
    return org


def odoo(version: int = 19) -> OdooSimulator:
    return OdooSimulator(80, seed=1, version=version)


ALIKE: list[tuple[Crm, Callable[[], Any]]] = [
    (HUBSPOT, hubspot),
    (ZOHO, zoho),
    (ODOO, odoo),
    (ODOO, lambda: odoo(18)),
    (ODOO, lambda: odoo(17)),
]


@pytest.mark.parametrize(("crm", "made"), ALIKE)
def test_an_account_that_answers_alike_has_no_differences(crm: Crm, made: Callable[[], Any]) -> None:
    """Other records, other values: the shape is what counts. Of Odoo, a server of the same version is compared."""
    with both(crm, made()) as pair:
        assert pair.compare() == []


@pytest.mark.parametrize(
    ("match", "status", "body", "told"),
    [
        ("/details", 200, {"portalId": "1"}, ("the account", "body.portalId", "text", "number")),
        ("GET /crm/objects", 200, {"results": {}}, ("contact: a page of the list", "body.results", "object", "list")),
        ("/pipelines", 200, {"results": [], "more": 1}, ("list pipeline", "body.more", "number", "nothing")),
        ("/batch/read", 200, {}, ("contact: by id, one missing", "status", "200", "207")),
        ("/nothing", 404, {}, ("a path that is not there", "header content-type", BARE, "text/html")),
    ],
)
def test_a_planted_difference_is_told_with_its_place(match, status, body, told) -> None:
    """Keys, kinds, statuses and headers are looked at."""
    with both(HUBSPOT, hubspot()) as pair:
        pair.real.faults.add(Fault(match, status=status, body=json.dumps(body).encode()))
        assert told in pair.compare()


def test_rate_limit_headers_are_compared() -> None:
    """A plan without a daily limit would show here."""
    with both(HUBSPOT, hubspot()) as pair:
        pair.real.switches.limits.on = False
        missing = {place for _, place, one, _ in pair.compare() if one == "nothing"}
    assert "header x-hubspot-ratelimit-daily-remaining" in missing


DOUBTS: list[tuple[str, Any, Difference]] = [
    ("unknown_fields_refused", True, ("a list with a field that is not there", "status", "400", "200")),
    ("paging.tokens_bound_to_time", False, ("its second page without the time", "status", "200", "400")),
    ("paging.coql_columns", 500, ("a query with 51 columns", "status", "200", "400")),
    ("paging.coql_in", 100, ("a query with 51 values", "status", "204", "400")),
    ("http_dates", False, ("a list since a time to come as HTTP writes it", "status", "200", "304")),
    ("zulu", False, ("a list since a time to come with a Z", "code", "INVALID_DATA", "nothing")),
    ("bearer", True, ("a token behind Bearer", "status", "200", "401")),
    ("scope_status", 403, ("what the consent does not cover", "status", "403", "401")),
    ("pipeline_as_object", True, ("deal: a page of the list", "body.data[].Pipeline", "object", "text")),
    ("coql_lookup_names", False, ("contact: a page of the list", "body.data[].Owner.email", "nothing", "text")),
]


def test_each_doubt_about_zoho_that_reading_settles_is_settled() -> None:
    """What the simulator has as a switch, because nobody outside knows, shows when the real org is the other way."""
    with both(ZOHO, zoho()) as pair:
        for switch, value, _ in DOUBTS:
            *inside, name = switch.split(".")
            setattr(getattr(pair.real.switches, inside[0]) if inside else pair.real.switches, name, value)
        found = pair.compare()
    assert [told for _, _, told in DOUBTS if told not in found] == []


def test_an_error_of_zoho_with_another_code_is_told() -> None:
    """Codes count, and not only their kind: by them crmsync tells what an error means."""
    with both(ZOHO, zoho()) as pair:
        pair.real.fail(400, "/Nothings", code="INVALID_URL_PATTERN")
        assert ("a module that is not there", "code", "INVALID_URL_PATTERN", "INVALID_MODULE") in pair.compare()


def test_a_server_of_odoo_that_compares_times_as_an_older_one_does_is_told() -> None:
    """Hosted versions between the big ones may do either."""
    with both(ODOO, odoo(19)) as pair:
        pair.real.database.version = 18
        told = pair.compare()
    assert ("changes at that second", "body", "nothing", "found") in told
    assert ("changes after that second", "body", "found", "nothing") in told


def test_a_field_of_odoo_with_another_type_is_told() -> None:
    """`false` says nothing about a field, whatever its type; a value does."""
    with both(ODOO, odoo()) as pair:
        pair.real.add_field("res.partner", Field("phone", "integer", "Phone"))
        for contact in pair.real.ids("res.partner", [["is_company", "=", False]]):
            pair.real.write("res.partner", contact, {"phone": 1})
        told = pair.compare()
    assert ("contact: a page of the list", "body[].phone", "number", "null or text") in told


def test_an_error_of_odoo_with_another_name_is_told() -> None:
    """Odoo's errors are told apart by name."""
    with both(ODOO, odoo(18)) as pair:
        pair.real.refuse("odoo.exceptions.AccessError", match=lambda request: b"no_such_method" in request.body)
        assert ("a method that is not there", "code", "odoo.exceptions.AccessError", "builtins.AttributeError") in (
            pair.compare()
        )


@pytest.mark.parametrize(("crm", "made"), ALIKE[:4])
def test_a_comparison_only_reads(crm: Crm, made: Callable[[], Any]) -> None:
    """No request could change the account."""
    with both(crm, made()) as pair:
        pair.compare()
        asked: list[SimRequest] = list(pair.real.requests)
    assert {request.method for request in asked} == {"GET", "POST"}
    posted = [request for request in asked if request.method == "POST"]
    called = {call(request) for request in posted}
    assert called and not called & CHANGING
    assert called <= {"search", "read", "token", "coql", "search_read", "fields_get", "context_get", "version",
                      "authenticate", "no_such_method", "_no_such_method"}  # fmt: skip


def call(request: SimRequest) -> str:
    """What a request is about: the method that an envelope holds, else the end of its path."""
    if request.path != "/jsonrpc":
        return request.path.rpartition("/")[2]
    params = json.loads(request.body)["params"]
    return str(params["args"][4] if params["method"] == "execute_kw" else params["method"])


@pytest.mark.parametrize(
    ("crm", "made", "probe"),
    [
        (HUBSPOT, hubspot, Probe("new", "POST", "/crm/objects/2026-03/contacts", {"properties": {}})),
        (ZOHO, zoho, Probe("new", "POST", "/crm/v8/Contacts", {"data": [{"Last_Name": "Lee"}]})),
        (ODOO, odoo, Probe("new", "POST", "/json/2/res.partner/create", {"vals_list": [{"name": "Lee"}]})),
    ],
)
def test_a_question_that_would_write_is_not_asked(crm: Crm, made: Callable[[], Any], probe: Probe) -> None:
    """Whoever adds one learns it at once."""
    with both(crm, made()) as pair, pytest.raises(AssertionError, match="only reads"):
        pair.account.ask(probe)


def test_only_accounts_whose_variables_are_set_are_asked(monkeypatch, capsys) -> None:
    """Of three CRMs, one is compared here; without any, the variables are told."""
    for crm in (HUBSPOT, ZOHO, ODOO):
        for name in crm.variables:
            monkeypatch.delenv(name, raising=False)
    assert main() == 2
    assert "ZOHO_CLIENT_ID ZOHO_CLIENT_SECRET ZOHO_REFRESH_TOKEN" in capsys.readouterr().err
    real = odoo()
    with Server(real) as server:
        for name, value in served(ODOO, real, server.url).items():
            monkeypatch.setenv(name, value)
        assert main() == 0
        assert capsys.readouterr().err == "odoo: no differences.\n"
        real.faults.add(Fault("context_get", skip=1, status=200, body=b'{"uid": "2"}'))
        assert main() == 1
        assert "the account" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("crm", "made", "option", "told"),
    [
        (HUBSPOT, hubspot, "HUBSPOT_TOKEN", "hubspot: the account answers 401 INVALID_AUTHENTICATION"),
        (ZOHO, zoho, "ZOHO_CLIENT_SECRET", "zoho: Zoho gives no token: invalid_client_secret"),
        (ODOO, odoo, "ODOO_API_KEY", "odoo: the account answers 401 werkzeug.exceptions.Unauthorized"),
        (ODOO, odoo, "ODOO_DATABASE", "odoo: the account answers 404"),
        (ODOO, lambda: odoo(18), "ODOO_API_KEY", "odoo: Odoo knows no such login, or the API key is wrong"),
    ],
)
def test_an_account_that_lets_nobody_in_is_told_as_such(crm, made, option, told, monkeypatch, capsys) -> None:
    """And not as a list of differences."""
    real = made()
    for name in (name for each in (HUBSPOT, ZOHO, ODOO) for name in each.variables):
        monkeypatch.delenv(name, raising=False)
    with Server(real) as server:
        for name, value in served(crm, real, server.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(option, "wrong")
        assert main() == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("here", "there"),
    [([], [1]), (None, "a"), ({"a": [{"b": 1}, {}]}, {"a": [{"b": 2}]}), ({"a": None}, {"a": {"b": 1}})],
)
def test_what_is_empty_says_nothing(here, there) -> None:
    """An empty list or a null is no difference."""
    assert not list(differences(shape(here), shape(there)))


def test_what_a_crm_writes_for_nothing_says_nothing() -> None:
    """`false` in Odoo, but neither 0 nor true."""
    assert shape([False, 0, True], nulls=(False,))["body[]"] == {"null", "number", "boolean"}


def test_times_are_told_apart_by_how_they_are_written() -> None:
    """Each is read by a transform of its own."""
    shapes = shape(["2026-01-31T09:00:00Z", "2026-01-31T10:00:00+01:00", "2026-01-31 09:00:00", "2026-01-31", "31.1."])
    assert shapes["body[]"] == {"time", "time with an offset", "time without a zone", "date", "text"}


def test_a_fact_counts_by_its_value() -> None:
    """Unlike a text."""
    assert list(differences(shape(Fact("found")), shape(Fact("nothing")))) == [("body", "found", "nothing")]


def test_a_key_that_is_missing_is_told_once() -> None:
    """And not again for everything below it."""
    assert list(differences(shape({"a": {"b": 1}}), shape({}))) == [("body.a", "object", "nothing")]
