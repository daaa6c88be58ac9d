"""A request that changes the account: what is tried again, and what the caller is told, against a real server."""

import asyncio

import msgspec
import pytest
from aiohttp import web

from crmsync.errors import BadRequest, BudgetSpent, CrmsyncError, Forbidden, ProviderDown, Unauthorized
from crmsync.sandbox.clock import VirtualClock
from crmsync.spec.model import ErrorRule
from crmsync.spec.model_stream import Request
from http_server import a_client, a_spec, json, serving

CREATE = Request("POST", "/objects", body={"inputs": "$items"})
ITEMS = msgspec.Raw(b'[{"name":"Ada"}]')
RULES = (
    ErrorRule("throttled", status=("429",), wait_s=10.0),
    ErrorRule("busy", status=("423",), wait_s=2.0),
    ErrorRule("reconnect", status=("401",)),
    ErrorRule("forbidden", status=("403",)),
    ErrorRule("conflict", status=("409",)),
    ErrorRule("gone", status=("404",)),
    ErrorRule("invalid", status=("400",)),
)
SPEC = a_spec(rules=RULES)
PAGE = web.Response(text="<title>Down</title>", content_type="text/html")


async def cut(request):
    """The write is carried out, and its answer never comes."""
    request.transport.abort()
    return web.Response()


def write(tmp_path, *answers, again=False):
    """One write to a provider that gives `answers`: what came of it, or the error; and what the provider saw."""

    async def run():
        async with (
            serving(*answers) as provider,
            a_client(provider.url, tmp_path, SPEC, None, VirtualClock()) as client,
        ):
            try:
                return await client.write(CREATE, {"items": ITEMS}, stream="contact", again=again), provider
            except CrmsyncError as error:
                return error, provider

    return asyncio.run(run())


def test_items_go_out_as_the_text_they_are(tmp_path):
    """They were made in SQL, and are not parsed again."""
    seen = []

    async def read(request):
        seen.append(await request.text())
        return json('{"results":[]}', 201)

    (answer, verdict), _ = write(tmp_path, read)

    assert seen == ['{"inputs":[{"name":"Ada"}]}']
    assert (answer.status, answer.body, verdict.outcome) == (201, b'{"results":[]}', "good")


@pytest.mark.parametrize("refusal", [429, 423])
def test_what_was_surely_not_carried_out_is_sent_again(tmp_path, refusal):
    """The provider says that it has done nothing."""
    (answer, verdict), provider = write(tmp_path, json("{}", refusal), json("{}"))

    assert (answer.status, verdict.outcome, len(provider.seen)) == (200, "good", 2)


@pytest.mark.parametrize("trouble", [json("{}", 502), json("{}", 500), cut, PAGE])
def test_what_may_have_been_carried_out_is_never_sent_again(tmp_path, trouble):
    """A second record would be made."""
    (_, verdict), provider = write(tmp_path, trouble, json("{}"))

    assert verdict.outcome in ("transient", "unreadable")
    assert len(provider.seen) == 1


@pytest.mark.parametrize("trouble", [json("{}", 502), cut])
def test_what_may_be_done_twice_is_sent_again(tmp_path, trouble):
    """Where the caller says so."""
    (answer, verdict), provider = write(tmp_path, trouble, json("{}"), again=True)

    assert (answer.status, verdict.outcome, len(provider.seen)) == (200, "good", 2)


@pytest.mark.parametrize(("status", "outcome"), [(400, "invalid"), (409, "conflict"), (404, "gone")])
def test_a_refusal_of_items_comes_with_its_words(tmp_path, status, outcome):
    """They tell which item was at fault."""
    (answer, verdict), provider = write(tmp_path, json('{"message":"no such stage"}', status))

    assert (answer.status, answer.body, verdict.outcome) == (status, b'{"message":"no such stage"}', outcome)
    assert "no such stage" in verdict.message and len(provider.seen) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json("{}", 401), Unauthorized),
        (json("{}", 403), Forbidden),
        (json("{}", 415), BadRequest),
        (json("{}", 429), BudgetSpent),
        (json("{}", 423), ProviderDown),
    ],
)
def test_what_is_wrong_for_all_items_ends_the_writing(tmp_path, answer, error):
    """As it ends reading."""
    raised, _ = write(tmp_path, answer)

    assert isinstance(raised, error)


def test_an_ambiguous_end_of_patience_is_told_as_an_outage(tmp_path):
    """Where it was sent again and again."""
    raised, provider = write(tmp_path, json("{}", 503), again=True)

    assert isinstance(raised, ProviderDown) and len(provider.seen) > 3
