"""Rate limits, with their headers and refusals."""

import pytest

LIST = "/crm/v3/objects/contacts?limit=1"
SEARCH = "/crm/v3/objects/contacts/search"


@pytest.fixture
def limited(api, portal):
    portal.switches.limits.on = True
    return api


def test_limits_are_on_by_default(portal):
    """A client that ignores them is stopped."""
    assert portal.switches.limits.on


def test_one_request_too_many_in_ten_seconds_is_refused(limited, clock):
    """The window slides; the refusal is in the API's words and without a category."""
    for _ in range(50):
        limited.get(LIST)
    clock.advance(9)
    assert [limited.get(LIST).status for _ in range(51)] == [200] * 50 + [429]
    answer = limited.get(LIST)
    assert {key: value for key, value in answer.json.items() if key != "correlationId"} == {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": "publicapi:private_app-api-calls-ten-secondly:62515:1",
    }
    clock.advance(1)
    assert [limited.get(LIST).status for _ in range(51)] == [200] * 50 + [429]


def test_a_sixth_search_in_a_second_is_refused(limited, clock):
    """Searches have a limit of their own, and tell nothing about it."""
    answers = [limited.post(SEARCH, {"limit": 1}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json["policyName"] == "SECONDLY"
    assert not [name for name in answers[0].headers if name.startswith("X-HubSpot-RateLimit")]
    clock.advance(1)
    assert limited.post(SEARCH, {"limit": 1}).status == 200


def test_a_day_has_its_budget_until_midnight_of_the_account(limited, portal, clock):
    """It is 7 in the morning there; the budget is back 17 hours later."""
    portal.switches.limits.daily = 3
    answers = [limited.get(LIST) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json["policyName"] == "DAILY"
    clock.advance(17 * 3600 - 1)
    assert limited.get(LIST).status == 429
    clock.advance(1)
    assert limited.get(LIST).status == 200


def test_headers_tell_what_is_left(limited):
    """On all answers but searches."""
    limited.get(LIST)
    headers = limited.get(LIST).headers
    assert {name: value for name, value in headers.items() if name.startswith("X-HubSpot-RateLimit")} == {
        "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Remaining": "98",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "250000",
        "X-HubSpot-RateLimit-Daily-Remaining": "249998",
        "X-HubSpot-RateLimit-Secondly": "10",
        "X-HubSpot-RateLimit-Secondly-Remaining": "10",
    }


def test_usage_can_be_asked_for(limited):
    """With the time of the next reset."""
    usage = limited.get("/account-info/v3/api-usage/daily/private-apps").json["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"]) == (250_000, 1)
    assert usage["resetsAt"] == "2026-01-16T05:00:00.000Z"


def test_a_throttled_write_was_not_carried_out(limited, portal):
    """It may be sent again."""
    portal.switches.limits.burst = 0
    before = portal.ids("contacts")
    assert limited.post("/crm/v3/objects/contacts", {"properties": {"email": "a@b.cd"}}).status == 429
    assert portal.ids("contacts") == before
