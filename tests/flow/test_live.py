"""`make live` on two simulators, one of which stands for the real account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from crmsync.sandbox import Fault, Server
from crmsync_hubspot.simulator import HubSpotSimulator
from live.hubspot import compare
from live.shape import differences, shape

BARE = "application/octet-stream"  # what a fault without headers is sent as


@contextmanager
def account(seed: int, records: int = 60) -> Iterator[tuple[HubSpotSimulator, str]]:
    """A simulated account with an archived contact, served."""
    simulator = HubSpotSimulator(records, seed)
    simulator.archive("contacts", simulator.ids("contacts")[0])
    with Server(simulator) as server:
        yield simulator, server.url


@contextmanager
def both() -> Iterator[tuple[HubSpotSimulator, list[str]]]:
    """The one that stands for the real account, and what `compare` is to be called with."""
    with account(1) as (real, url), account(2) as (made, made_url):
        yield real, [url, real.options["token"], made_url, made.options["token"]]


def test_an_account_that_answers_alike_has_no_differences() -> None:
    """Other records, other values: the shape is what counts."""
    with both() as (_, how):
        assert compare(*how) == []


@pytest.mark.parametrize(
    ("match", "status", "body", "told"),
    [
        ("/details", 200, {"portalId": "1"}, ("the account", "body.portalId", "text", "number")),
        ("GET /crm/objects", 200, {"results": {}}, ("a page of the list", "body.results", "object", "list")),
        ("/pipelines", 200, {"results": [], "more": 1}, ("pipelines", "body.more", "number", "nothing")),
        ("/batch/read", 200, {}, ("a batch with a missing id", "status", "200", "207")),
        ("/nothing", 404, {}, ("a path that is not there", "header content-type", BARE, "text/html")),
    ],
)
def test_a_planted_difference_is_told_with_its_place(match, status, body, told) -> None:
    """Keys, kinds, statuses and headers are looked at."""
    with both() as (real, how):
        skip = 1 if match.startswith("GET") else 0  # the first request only looks for an id
        real.faults.add(Fault(match, skip=skip, status=status, body=json.dumps(body).encode()))
        assert told in compare(*how)


def test_rate_limit_headers_are_compared() -> None:
    """A plan without a daily limit would show here."""
    with both() as (real, how):
        real.switches.limits.on = False
        missing = {place for _, place, one, _ in compare(*how) if one == "nothing"}
    assert "header x-hubspot-ratelimit-daily-remaining" in missing


def test_a_comparison_only_reads() -> None:
    """No request could change the account."""
    with both() as (real, how):
        compare(*how)
        asked = {(request.method, request.path.rpartition("/")[2]) for request in real.requests}
    assert {last for method, last in asked if method != "GET"} == {"search", "read"}
    assert {method for method, _ in asked} == {"GET", "POST"}


@pytest.mark.parametrize(
    ("here", "there"),
    [([], [1]), (None, "a"), ({"a": [{"b": 1}, {}]}, {"a": [{"b": 2}]}), ({"a": None}, {"a": {"b": 1}})],
)
def test_what_is_empty_says_nothing(here, there) -> None:
    """An empty list or a null is no difference."""
    assert not list(differences(shape(here), shape(there)))


def test_a_key_that_is_missing_is_told_once() -> None:
    """And not again for everything below it."""
    assert list(differences(shape({"a": {"b": 1}}), shape({}))) == [("body.a", "object", "nothing")]
