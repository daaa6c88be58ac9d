"""The token endpoint: what it is asked, and what its answers mean, whatever their status."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from crmsync.errors import BudgetSpent, ConfigError, CrmsyncError, EgressRefused, Unauthorized
from crmsync.events import Events, RequestAnswered, Waiting
from crmsync.http.callback import Callback
from crmsync.sandbox import Server, SlidingWindow, VirtualClock
from crmsync.secret import Secret
from http_server import Told
from oauth_provider import CLIENT, REFRESH, SECRET, Acme, answer, endpoint, job


@pytest.fixture
def acme():
    """A provider on virtual time."""
    provider = Acme(VirtualClock())
    with Server(provider) as server:
        provider.url = server.url
        yield provider


def tried(acme, tmp_path, work=lambda asked: asked.refresh(Secret(REFRESH)), *, told=None, **how):
    """What an endpoint gives, or the error."""
    events = Events()
    events.subscribe((told or Told()).events.append)
    asked = endpoint(job(tmp_path, acme.url, **how), acme.clock, events)
    try:
        return asyncio.run(work(asked))
    except CrmsyncError as error:
        return error


def said(acme, tmp_path, *answers, **how):
    """What the endpoint's answers mean; the last one stays."""
    acme.say = [*answers, *[answers[-1]] * 20]
    return tried(acme, tmp_path, **how)


def test_a_refresh_is_a_form_with_the_client_s_own_credentials(acme, tmp_path):
    """And nothing else; it is told as a request."""
    told = Told()
    issued = tried(acme, tmp_path, told=told)

    assert (issued.access.reveal(), issued.refresh, issued.life_s) == ("canary-access-token-1", None, 3600)
    assert acme.forms == [
        {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": CLIENT, "client_secret": SECRET}
    ]
    assert "authorization" not in acme.seen[0].headers
    assert acme.seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert [(event.method, event.path, event.status) for event in told.of(RequestAnswered)] == [("POST", "/token", 200)]


def test_a_code_is_changed_with_its_verifier_and_redirect_address(acme, tmp_path):
    """One made by hand has neither."""
    acme.codes = {"c1", "c2"}
    tried(acme, tmp_path, lambda asked: asked.exchange(Secret("c1"), "http://localhost:1/callback", Secret("v")))
    issued = tried(acme, tmp_path, lambda asked: asked.exchange(Secret("c2"), None, None))

    first, second = acme.forms
    assert (first["code"], first["redirect_uri"], first["code_verifier"]) == ("c1", "http://localhost:1/callback", "v")
    assert set(second) == {"grant_type", "code", "client_id", "client_secret"}
    assert issued.refresh.reveal() == "canary-refresh-token-2"


def test_a_client_may_prove_itself_in_a_header(acme, tmp_path):
    """Encoded first, as RFC 6749 wants; then it is not in the body."""
    basic = "    scope_join:", "    client: basic\n    scope_join:"
    tried(acme, tmp_path, client_id="a:b", edit=lambda text: text.replace(*basic))

    pair = base64.b64decode(acme.seen[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == f"a%3Ab:{SECRET}"
    assert set(acme.forms[0]) == {"grant_type", "refresh_token"}


def test_a_client_may_ask_for_itself(acme, tmp_path):
    """With the permissions that it wants."""
    issued = tried(acme, tmp_path, lambda asked: asked.for_client())

    assert (acme.forms[0]["grant_type"], acme.forms[0]["scope"]) == ("client_credentials", "read,write")
    assert issued.access.reveal() == "canary-access-token-1"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
@pytest.mark.parametrize("error", ["invalid_code", "invalid_client", "invalid_grant", "access_denied"])
def test_a_refusal_is_one_at_any_status(acme, tmp_path, status, error):
    """It is not tried again; the command to type is named, and that a wrong region looks the same."""
    found = said(acme, tmp_path, answer({"error": error}, status))

    assert isinstance(found, Unauthorized) and len(acme.seen) == 1
    assert "Connect again: crmsync auth acme" in found.hint
    assert "A wrong ACME_REGION (us, eu; now us) gives the same error." in found.hint
    assert "check ACME_CLIENT_ID, ACME_CLIENT_SECRET, ACME_REFRESH_TOKEN" in found.hint


@pytest.mark.parametrize("status", [200, 400, 429])
def test_asked_too_often_is_waited_out_and_never_asks_for_consent(acme, tmp_path, status):
    """At any status; after some minutes it stops, resumably."""
    busy = answer({"error": "Access Denied", "error_description": "too many requests"}, status)
    found = said(acme, tmp_path, busy)
    acme.say = [busy]
    told = Told()
    again = tried(acme, tmp_path, told=told)

    assert isinstance(found, BudgetSpent) and "too many requests" in found.message
    assert "auth" not in found.hint and "Nothing needs to be connected again" in found.hint
    assert acme.clock.monotonic() >= 60
    assert again.access.reveal() == "canary-access-token-1"


@pytest.mark.parametrize("trouble", [answer({}, 503), answer({}, 500), answer({"x": 1})])
def test_a_passing_trouble_is_tried_again(acme, tmp_path, trouble):
    """A gateway that is down, an answer without a token."""
    acme.say = [trouble]

    assert tried(acme, tmp_path).access.reveal() == "canary-access-token-1"


def test_an_address_that_nobody_listens_at_is_down(acme, tmp_path):
    """With its name."""
    acme.url = "http://127.0.0.1:9"

    assert "http://127.0.0.1:9 cannot be reached" in tried(acme, tmp_path).message


@pytest.mark.parametrize(
    ("body", "life_s"),
    [
        ({"expires_in": 3600}, 3600),
        ({"expires_in": "1800"}, 1800),
        ({"expires_in": 3600.0}, 3600),
        ({"expires_in": 3600000, "expires_in_sec": 3600}, 3600),
        ({}, None),
        ({"expires_in": "soon"}, None),
        ({"expires_in": -5}, None),
        ({"expires_in": 10**30}, None),
        ({"expires_in": True}, None),
    ],
)
def test_the_life_of_a_token_is_told_in_several_ways(acme, tmp_path, body, life_s):
    """As a number, as a text, in milliseconds, not at all."""
    assert said(acme, tmp_path, answer({"access_token": "t", **body})).life_s == life_s


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "", 5, None, ["a"], "é", "x" * 20000])
def test_what_cannot_be_a_token_is_none(acme, tmp_path, token):
    """It would not fit into a header, or begin one of its own."""
    found = said(acme, tmp_path, answer({"access_token": token}))

    assert isinstance(found, CrmsyncError) and found.code == "CS205"


def test_no_more_tokens_are_asked_for_than_the_provider_allows(acme, tmp_path):
    """The eleventh waits till ten minutes have passed, whichever process asks."""
    acme.limit = SlidingWindow(10, 600)
    told = Told()
    for _ in range(25):
        assert tried(acme, tmp_path, told=told).life_s == 3600

    assert acme.clock.monotonic() >= 1200
    assert {event.reason for event in told.of(Waiting)} == {"limit refresh"}
    assert acme.given == 25


# -- where to ------------------------------------------------------------------------------------------------------


def test_the_operator_s_address_is_asked_and_nobody_else(acme, tmp_path):
    """Not the one that a callback named once."""
    issued = tried(acme, tmp_path, lambda asked: asked.refresh(Secret(REFRESH), "https://id.eu.example/token"))

    assert issued.life_s == 3600 and len(acme.seen) == 1


@pytest.mark.parametrize(
    "server",
    ["https://evil.example/token", "http://id.eu.example/token", "https://id.eu.example.evil.example/token"],
)
def test_an_address_that_the_spec_does_not_name_is_never_asked(acme, tmp_path, server):
    """Whoever put it into the store."""
    found = tried(acme, tmp_path, lambda asked: asked.refresh(Secret(REFRESH), server), accounts_url="")

    assert isinstance(found, EgressRefused)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://id.eu.example", "https://id.eu.example/token"),
        ("https://id.us.example", None),
        (None, None),
    ],
)
def test_a_callback_may_name_a_server_of_the_spec(acme, tmp_path, server, url):
    """The account may live in another region than was thought."""

    async def at(asked):
        return asked.at(server)

    assert tried(acme, tmp_path, at, accounts_url="") == url
    assert tried(acme, tmp_path, at) is None  # the operator's word


@pytest.mark.parametrize("server", ["https://evil.example", "http://id.eu.example", "//id.eu.example", "x", ""])
def test_a_callback_cannot_name_a_stranger(acme, tmp_path, server):
    """It would get the client's secret and the code."""

    async def at(asked):
        return asked.at(server)

    assert isinstance(tried(acme, tmp_path, at, accounts_url=""), EgressRefused)


@pytest.mark.parametrize("where", ["https://evil.example", "http://api.us.example", "http://169.254.169.254", "x"])
def test_an_answer_cannot_lead_the_token_away(acme, tmp_path, where):
    """A base URL of an answer must be on a host of the spec."""
    acme.api_domain = where

    assert isinstance(tried(acme, tmp_path, base_url=""), EgressRefused)


def test_an_answer_may_name_another_region_s_host_unless_the_operator_decided(acme, tmp_path):
    """Of the spec's own."""
    acme.api_domain = "https://api.eu.example"

    assert tried(acme, tmp_path, base_url="").base_url == "https://api.eu.example"
    assert tried(acme, tmp_path).base_url is None


def test_an_address_that_lacks_an_option_names_it(acme, tmp_path):
    """Rather than asking somewhere."""
    edit = ("POST $accounts_url/token", "POST https://id.us.example/$refresh_id/token")
    lacking = tried(
        acme,
        tmp_path,
        edit=lambda text: text.replace(*edit).replace("  client_id: {}", "  client_id: {}\n  refresh_id: {}"),
    )

    assert isinstance(lacking, ConfigError) and "ACME_REFRESH_ID" in lacking.message


# -- consent -------------------------------------------------------------------------------------------------------


def test_the_question_has_all_that_the_spec_says(acme, tmp_path):
    """Scopes joined in the provider's way, and what it wants besides."""

    async def url(asked):
        return asked.authorize_url(redirect_uri="http://localhost:8321/callback", state="s t")

    asked = urlsplit(tried(acme, tmp_path, url))
    assert f"{asked.scheme}://{asked.netloc}{asked.path}" == f"{acme.url}/auth"
    assert parse_qs(asked.query) == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "scope": ["read,write"],
        "redirect_uri": ["http://localhost:8321/callback"],
        "state": ["s t"],
        "access_type": ["offline"],
    }


async def get(port, target, method="GET"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status = int((await reader.read()).split()[1])
    writer.close()
    return status


def test_only_the_first_answer_with_the_right_state_counts():
    """A page of a stranger, a program of a neighbour, a replay change nothing."""

    async def run():
        async with Callback(0, "right") as callback:
            port = callback._server.sockets[0].getsockname()[1]
            told = [await get(port, f"/callback?code=evil&{state}") for state in ("state=wrong", "state=", "x=1")]
            told += [await get(port, "/?state=right"), await get(port, "/callback?state=right&code=e", "POST")]
            told += [await get(port, f"/callback?{'a=1&' * 60}state=right&code=evil")]
            told += [
                await get(port, "/callback?state=right&code=good"),
                await get(port, "/callback?state=right&code=e"),
            ]
            return told, await callback.reply(1)

    told, reply = asyncio.run(run())
    assert told == [400, 400, 400, 404, 404, 400, 200, 410]
    assert reply["code"] == "good"


def test_a_question_does_not_stand_for_ever():
    """After a while nobody's answer is taken."""

    async def run():
        async with Callback(0, "right") as callback:
            await callback.reply(0.01)

    with pytest.raises(Unauthorized, match="Nobody gave consent"):
        asyncio.run(run())


def test_a_port_that_is_taken_is_told_with_the_way_to_another():
    """It is part of the address that is registered."""

    async def run():
        async with Callback(0, "a") as first, Callback(first._server.sockets[0].getsockname()[1], "b"):
            pass

    with pytest.raises(ConfigError, match="cannot be listened on") as caught:
        asyncio.run(run())
    assert "--port" in caught.value.hint


# -- secrets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_no_secret_of_a_token_request_is_in_any_error_or_event(acme, tmp_path, status):
    """Of a provider that says everything back: the client's secret, the refresh token, and a new one."""
    echo = {"error": f"{SECRET} {REFRESH}", "error_description": f"{REFRESH} {SECRET[:14]}", "access_token": ""}
    told = Told()
    found = said(acme, tmp_path, answer(echo, status), told=told)

    text = f"{found!r} {found.message} {found.hint} {found.__cause__!r} {told.events!r}"
    assert isinstance(found, CrmsyncError) and "***" in text
    assert "canary" not in text


def test_tokens_that_came_are_masked_from_then_on(acme, tmp_path):
    """In whatever this process tells."""
    made = job(tmp_path, acme.url)
    asyncio.run(endpoint(made, acme.clock, Events()).refresh(Secret(REFRESH)))

    assert made.redact(json.dumps({"t": "canary-access-token-1"})) == '{"t": "***"}'
