"""One polite request, against a real server on this machine."""

import asyncio
import base64
import gzip
import zlib
from dataclasses import replace
from urllib.parse import quote

import pytest
from aiohttp import web

from crmsync.errors import (
    BadRequest,
    BudgetSpent,
    ConfigError,
    CrmsyncError,
    EgressRefused,
    ProviderDown,
    Unauthorized,
    UnexpectedAnswer,
)
from crmsync.events import Events, RequestAnswered, Retrying, Waiting
from crmsync.http import Client, Target
from crmsync.sandbox.clock import VirtualClock
from crmsync.secret import Secret
from crmsync.spec.model import ErrorRule, Option, Pool
from http_server import LIST, TOKEN, Told, a_client, a_spec, json, serving

VALUES = {"limit": 2, "page": "a b"}
RULES = (
    ErrorRule("throttled", status=("429",), wait_s=10.0, pool="burst"),
    ErrorRule("busy", status=("423",), wait_s=2.0),
    ErrorRule("reconnect", status=("401",)),
    ErrorRule("exhausted", status=("402",), pool="daily"),
)
BURST = Pool("burst", rate=100, per_s=10.0, default=True)
DAILY = Pool("daily", budget=1000, resets="24h", default=True)
SPEC = a_spec(rules=RULES, pools=(BURST, DAILY))


def exchange(tmp_path, *answers, spec=SPEC, told=None, clock=None, url=None, **wire):
    """One `send` to a provider that gives `answers`: the answer, or the error, and what the provider saw."""

    async def run():
        async with serving(*answers) as provider, a_client(provider.url, tmp_path, spec, told, clock, **wire) as client:
            try:
                link = None if url is None else url.format(provider.url)
                return await client.send(LIST, VALUES, stream="contact", url=link), provider
            except CrmsyncError as error:
                return error, provider

    return asyncio.run(run())


def test_a_request_carries_the_spec_the_values_and_the_credentials(tmp_path):
    """And asks for a compressed JSON answer."""
    answer, provider = exchange(tmp_path, json('{"x":1}', Date="Thu, 15 Jan 2026 12:00:00 GMT"))

    seen = provider.seen[0]
    assert (answer.status, answer.body, answer.headers["content-type"][:16]) == (200, b'{"x":1}', "application/json")
    assert answer.server_time.isoformat() == "2026-01-15T12:00:00+00:00"
    assert (seen.method, seen.path_qs) == ("GET", "/objects?limit=2&after=a%20b")
    assert seen.headers["Authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["Accept-Encoding"] == "gzip"


def test_a_body_goes_out_as_json(tmp_path):
    """With its length and type."""
    seen = {}

    async def read(request):
        seen.update(body=await request.text(), type=request.headers["Content-Type"])
        return json()

    async def run():
        async with serving(read) as provider, a_client(provider.url, tmp_path) as client:
            await client.send(replace(LIST, method="POST", body={"after": "$page"}), VALUES, stream="contact")

    asyncio.run(run())
    assert seen == {"body": '{"after":"a b"}', "type": "application/json"}


def test_an_event_tells_each_exchange(tmp_path):
    """With the spec's path: no ids, no query."""
    told = Told()
    exchange(tmp_path, json("{}", 503), json('{"x":1}'), told=told)

    first, second = told.of(RequestAnswered)
    assert (first.method, first.path, first.status) == ("GET", "/objects", 503)
    assert (second.status, second.body_bytes, second.connection, second.stream) == (200, 7, "acme", "contact")


def test_a_passing_failure_is_retried_until_it_is_over(tmp_path):
    """Virtual seconds later."""
    told, clock = Told(), VirtualClock()
    answer, provider = exchange(tmp_path, json("{}", 502), json("{}", 500), json("{}"), told=told, clock=clock)

    waits = [event.wait_s for event in told.of(Retrying)]
    assert (answer.status, len(provider.seen), len(waits)) == (200, 3, 2)
    assert clock.monotonic() == pytest.approx(sum(waits))


def test_a_lasting_failure_ends_with_what_the_provider_said(tmp_path):
    """After five minutes of patience."""
    clock = VirtualClock()
    error, provider = exchange(tmp_path, json('{"message":"down for repair","trace":"t9"}', 503), clock=clock)

    assert isinstance(error, ProviderDown)
    assert f"acme: GET /objects, {len(provider.seen)} tries: HTTP 503: down for repair (trace t9)" == error.message
    assert 250 < clock.monotonic() <= 300


def test_a_connection_that_is_refused_or_cut_is_a_passing_failure(tmp_path):
    """In the middle of a body too."""

    async def cut(request):
        response = web.StreamResponse(headers={"Content-Length": "100", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"half":')
        request.transport.abort()
        return response

    answer, provider = exchange(tmp_path, cut, json('{"whole":1}'))

    assert (answer.body, len(provider.seen)) == (b'{"whole":1}', 2)


def test_nobody_listening_is_a_provider_that_is_down(tmp_path):
    """With the reason."""

    async def run():
        async with serving(json()) as provider:
            pass
        async with a_client(provider.url, tmp_path) as client:
            await client.send(LIST, VALUES, stream="contact")

    with pytest.raises(ProviderDown, match=r"no answer: .*(refused|Connect call failed)"):
        asyncio.run(run())


def test_retry_after_is_obeyed(tmp_path):
    """Rather than our own backoff."""
    clock = VirtualClock()
    exchange(tmp_path, json("{}", 423, Retry_After="33"), json(), clock=clock)

    assert clock.monotonic() == 33.0


def test_a_retry_after_of_hours_ends_the_run_with_a_hint(tmp_path):
    """An account that is being moved."""
    error, provider = exchange(tmp_path, json("{}", 423, Retry_After="7200"))

    assert isinstance(error, ProviderDown) and "7200 s" in error.hint
    assert len(provider.seen) == 1


def test_a_throttled_answer_stops_everybody_who_uses_the_account(tmp_path):
    """Another client waits as long as the one that was throttled."""
    told = Told()

    async def run():
        async with (
            serving(json("{}", 429), json()) as provider,
            a_client(provider.url, tmp_path, SPEC) as mine,
            a_client(provider.url, tmp_path, SPEC, told) as theirs,  # its own clock has not moved
        ):
            await mine.send(LIST, VALUES, stream="contact")
            await theirs.send(LIST, VALUES, stream="contact")

    asyncio.run(run())
    assert [(event.reason, event.seconds) for event in told.of(Waiting)] == [("limit burst", 10.0)]


def test_a_throttled_request_waits_longer_each_time(tmp_path):
    """Ten seconds, then twenty."""
    clock = VirtualClock()
    exchange(tmp_path, json("{}", 429), json("{}", 429), json(), clock=clock)

    assert clock.monotonic() == 30.0


def test_being_throttled_for_ever_stops_resumably(tmp_path):
    """Somebody else uses the account up."""
    error, _ = exchange(tmp_path, json("{}", 429))

    assert isinstance(error, BudgetSpent)


def test_a_spent_quota_stops_at_once_and_says_until_when(tmp_path):
    """No second request is sent, by nobody."""
    error, provider = exchange(tmp_path, json("{}", 402))
    again, silent = exchange(tmp_path, json())

    assert isinstance(error, BudgetSpent) and "it resets 2026-01-16 12:00 UTC" in error.message
    assert len(provider.seen) == 1
    assert again.status == 200 and len(silent.seen) == 1  # another port is another account


def test_credentials_that_are_refused_name_the_variable(tmp_path):
    """And are not tried again."""
    error, provider = exchange(tmp_path, json('{"message":"expired"}', 401))

    assert isinstance(error, Unauthorized) and "ACME_TOKEN" in error.hint
    assert len(provider.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(tmp_path, status):
    """The token stays here, whoever is named in Location."""

    async def run():
        async with serving(json()) as stranger, serving(json("{}", status, Location=f"{stranger.url}/x")) as provider:
            async with a_client(provider.url, tmp_path) as client:
                with pytest.raises(BadRequest, match="a redirect"):
                    await client.send(LIST, VALUES, stream="contact")
            return stranger.seen, provider.seen

    strange, own = asyncio.run(run())
    assert (len(strange), len(own)) == (0, 1)


def test_a_cookie_is_not_kept(tmp_path):
    """Each request is its own."""

    async def run():
        async with serving(json(Set_Cookie="session=1; Path=/")) as provider:  # of an address none is kept anyway
            async with a_client(provider.url.replace("127.0.0.1", "localhost"), tmp_path) as client:
                await client.send(LIST, VALUES, stream="contact")
                await client.send(LIST, VALUES, stream="contact")
            return provider.seen

    assert all("Cookie" not in request.headers for request in asyncio.run(run()))


def test_a_link_of_an_answer_is_the_next_request(tmp_path):
    """Absolute or relative, with the same credentials."""
    for link in ("{}/next?after=%2B", "/next?after=%2B"):
        _, provider = exchange(tmp_path, json(), url=link)

        assert provider.seen[0].path_qs == "/next?after=%2B"
        assert provider.seen[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "http://127.0.0.1:1/x", "http://localhost/x", "http://a@127.0.0.1/", "x", ""]
)
def test_a_link_to_another_origin_is_refused_before_anything_is_sent(tmp_path, link):
    """The provider's server hears nothing either."""
    error, provider = exchange(tmp_path, json(), url=link)

    assert isinstance(error, EgressRefused)
    assert provider.seen == []


def test_a_spec_cannot_turn_the_path_into_another_host(tmp_path):
    """`https://api.example.com` + `@evil.example/` is another host."""

    async def run():
        async with serving(json()) as provider, a_client(provider.url, tmp_path) as client:
            await client.send(replace(LIST, path="@evil.example/"), VALUES, stream="contact")

    with pytest.raises(EgressRefused):
        asyncio.run(run())


def test_a_host_that_resolves_to_this_machine_is_not_dialled(tmp_path):
    """The base URL is the spec's and not the operator's word."""

    async def run():
        spec, target = a_spec(hosts=("localhost",)), Target("acme", "https://localhost:9")
        values = {"token": Secret(TOKEN)}
        async with Client(spec, target, values, state_dir=tmp_path, clock=VirtualClock(), events=Events()) as client:
            await client.send(LIST, VALUES, stream="contact")

    with pytest.raises(EgressRefused, match="not a public address"):
        asyncio.run(run())


def zipped(body, **headers):
    return web.Response(body=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip", **headers})


def test_a_compressed_answer_is_unpacked(tmp_path):
    """gzip, which is all that is asked for."""
    answer, _ = exchange(tmp_path, zipped(gzip.compress(b'{"x":1}')))

    assert answer.body == b'{"x":1}'


def test_a_compressed_answer_that_is_cut_short_is_fetched_again(tmp_path):
    """Half a page is no page."""
    whole = gzip.compress(b'{"x":1}')
    answer, provider = exchange(tmp_path, zipped(whole[:-9]), zipped(b"no gzip"), zipped(whole))

    assert (answer.body, len(provider.seen)) == (b'{"x":1}', 3)


@pytest.mark.parametrize(
    "bomb",
    [
        zipped(gzip.compress(b"0" * (40 << 20))),
        zipped(gzip.compress(gzip.compress(b"0" * (1 << 20))), **{"Content-Encoding": "gzip, gzip"}),
        zipped(zlib.compress(b"{}"), **{"Content-Encoding": "br"}),
        web.Response(body=b"0" * (3 << 20), content_type="application/json"),
    ],
    ids=["gzip bomb", "twice compressed", "unasked encoding", "too large"],
)
def test_an_answer_that_would_exhaust_memory_is_refused(tmp_path, bomb):
    """It is not asked for again."""
    error, provider = exchange(tmp_path, bomb, body_max_bytes=2 << 20)

    assert isinstance(error, UnexpectedAnswer)
    assert len(provider.seen) == 1


def test_an_answer_that_drips_is_given_up(tmp_path):
    """Each byte comes in time, the whole never does."""

    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b" ")
            await asyncio.sleep(0.01)
        return response

    answer, _ = exchange(tmp_path, drip, json('{"x":1}'), total_s=0.2)

    assert answer.body == b'{"x":1}'


def test_a_web_page_instead_of_json_is_told_as_such(tmp_path):
    """After three tries: a log-in page, a gateway, a wrong base URL."""
    page = web.Response(text="<html><title>Welcome to nginx</title>", content_type="text/html")
    error, provider = exchange(tmp_path, page)

    assert isinstance(error, UnexpectedAnswer) and "a web page titled 'Welcome to nginx'" in error.message
    assert len(provider.seen) == 3


def test_no_secret_is_in_any_error_or_event(tmp_path):
    """A provider that echoes the token in every form that it can think of."""
    forms = [TOKEN, quote(TOKEN, safe=""), TOKEN[:13] + "...", base64.b64encode(f"user:{TOKEN}".encode()).decode()]
    told = Told()
    for status in (400, 401, 402, 423, 429, 500):
        text = '{"message":"' + " ".join(forms) + f'","trace":"{TOKEN}","code":"{TOKEN}"}}'
        error, _ = exchange(tmp_path, json(text, status), told=told)
        told.events.append(f"{error!r} {error} {error.message} {error.hint} {error.__cause__!r}")

    everything = repr(told.events)
    assert "pat-zz1" not in everything and "SECRET" not in everything
    assert all(base64.b64encode(b"x" * shift + TOKEN.encode())[4:20].decode() not in everything for shift in range(3))


@pytest.mark.parametrize(
    "link", [f"https://{TOKEN}.evil.example/", f"{{}}/{TOKEN} x", f"http://evil.example:1/{TOKEN}"]
)
def test_a_token_in_a_link_is_masked(tmp_path, link):
    """A provider, or whoever speaks for it, put it there."""
    error, _ = exchange(tmp_path, json(), url=link)

    assert isinstance(error, EgressRefused)
    assert TOKEN.lower() not in f"{error!r} {error.hint}".lower()


def test_a_token_in_a_header_of_the_answer_is_masked(tmp_path):
    """The error quotes that header."""
    error, _ = exchange(tmp_path, json("{}", 200, Content_Encoding=TOKEN))

    assert isinstance(error, UnexpectedAnswer)
    assert TOKEN.lower() not in repr(error).lower()


def test_a_garbled_answer_does_not_give_the_token_away(tmp_path):
    """The HTTP library quotes what it could not read."""

    async def garble(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {TOKEN} {TOKEN}\r\n{TOKEN}\r\n\r\n".encode())
        writer.close()

    async def run():
        server = await asyncio.start_server(garble, "127.0.0.1", 0)
        async with server, a_client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", tmp_path) as client:
            await client.send(LIST, VALUES, stream="contact")

    with pytest.raises(ProviderDown, match=r"\*\*\*") as caught:
        asyncio.run(run())
    assert TOKEN not in caught.value.message


def test_a_secret_that_came_as_plain_text_is_masked_all_the_same(tmp_path):
    """The spec says that the option is a secret."""

    async def run():
        spec = a_spec(options={"token": Option("token", secret=True)})
        async with serving(json('{"message":"no ' + TOKEN + '"}', 400)) as provider:
            target = Target("acme", provider.url, operator_url=True)
            async with Client(
                spec, target, {"token": TOKEN}, state_dir=tmp_path, clock=VirtualClock(), events=Events()
            ) as client:
                await client.send(LIST, VALUES, stream="contact")

    with pytest.raises(BadRequest, match=r"no \*\*\*"):
        asyncio.run(run())


def test_a_client_without_credentials_says_so_before_any_request(tmp_path):
    """When it is made."""
    with pytest.raises(ConfigError, match="no credentials"):
        Client(
            a_spec(),
            Target("acme", "https://api.example.com"),
            {},
            state_dir=tmp_path,
            clock=VirtualClock(),
            events=Events(),
        )


def test_connections_are_kept_between_requests(tmp_path):
    """One handshake for a run of requests."""

    async def run():
        async with serving(json()) as provider, a_client(provider.url, tmp_path) as client:
            for _ in range(5):
                await client.send(LIST, VALUES, stream="contact")
            return {request.transport.get_extra_info("peername") for request in provider.seen}

    assert len(asyncio.run(run())) == 1
