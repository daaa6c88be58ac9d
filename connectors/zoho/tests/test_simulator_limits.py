"""Credits, calls at once, and heavy calls at once."""

import pytest

from crmsync.sandbox import SimRequest
from crmsync.sandbox.lagging import Lagging
from crmsync.sandbox.rolling import RollingBudget

DAY_S = 86_400
LIGHT = SimRequest("GET", "/crm/v8/Contacts", [("fields", "Email")])
HEAVY = SimRequest("POST", "/crm/v8/coql", body=b'{"select_query":"select id from Contacts where id > 1"}')
QUERY = "select id from Contacts where id > 1 limit {}"
ROWS = [{"Last_Name": "A"}] * 100


@pytest.fixture
def limited(api, org):
    org.switches.limits.on = True
    return api


def used(api, send):
    """Credits that a request costs."""
    api.org.switches.limits.credits = 100_000
    before = api.org.quota.used
    send()
    return api.org.quota.used - before


@pytest.mark.parametrize(
    ("method", "target", "body", "cost"),
    [
        ("GET", "org", None, 1),
        ("GET", "Contacts?fields=Email", None, 1),
        ("GET", "Contacts?fields=Email&cvid=1", None, 3),
        ("GET", "Contacts/deleted", None, 1),
        ("POST", "coql", {"select_query": QUERY.format(200)}, 1),
        ("POST", "coql", {"select_query": QUERY.format(201)}, 2),
        ("POST", "coql", {"select_query": QUERY.format(2000)}, 3),
        ("POST", "coql", {"select_query": "no query"}, 1),
        ("POST", "Contacts", {"data": ROWS[:1]}, 1),
        ("POST", "Contacts", {"data": ROWS[:11]}, 2),
        ("POST", "Contacts/upsert", {"data": ROWS}, 10),
        ("POST", "/crm/bulk/v8/read", {"query": {"module": {"api_name": "Contacts"}}}, 50),
        ("POST", "/crm/bulk/v8/write", {}, 500),
        ("GET", "/crm/bulk/v8/read/7", None, 1),
    ],
)
def test_each_call_has_its_price(limited, method, target, body, cost):
    """In credits, also when it is refused for what it says."""
    assert used(limited, lambda: limited.send(method, target, body)) == cost


def test_credits_come_back_a_day_after_they_were_spent(limited, org, clock):
    """A rolling day, no midnight; a refused call costs nothing."""
    org.switches.limits.credits = 3
    assert [limited.get("org").status for _ in range(4)] == [200, 200, 200, 429]
    clock.advance(DAY_S - 1)
    assert limited.get("org").status == 429
    clock.advance(1)
    assert limited.get("org").status == 200


@pytest.mark.parametrize(
    ("edition", "a_day", "at_once"),
    [
        ("free", 5_000, 5),
        ("standard", 52_500, 10),
        ("professional", 55_000, 15),
        ("enterprise", 60_000, 20),
        ("ultimate", 70_000, 25),
    ],
)
def test_the_edition_sets_the_limits(limited, org, edition, a_day, at_once):
    """Ten users; the org tells its edition."""
    org.org.edition = edition
    assert (org.quota.credits, org.quota.concurrent) == (a_day, at_once)
    assert limited.get("org").json["org"][0]["license_details"]["paid_type"] == edition
    answers = [limited.send("GET", "org", beside=[LIGHT] * n).status for n in (at_once - 1, at_once)]
    assert answers == [200, 429]


@pytest.mark.parametrize(
    ("method", "target", "body", "heavy"),
    [
        ("POST", "coql", {"select_query": QUERY.format(1)}, True),
        ("GET", "Contacts/search?word=a", None, True),
        ("GET", "Contacts?fields=Email&sort_by=id", None, True),
        ("GET", "Contacts?fields=Email", None, False),
        ("POST", "Contacts", {"data": ROWS[:11]}, True),
        ("POST", "Contacts", {"data": ROWS[:10]}, False),
        ("PUT", "Contacts", {"data": ROWS[:11]}, True),
        ("GET", "users", None, False),
    ],
)
def test_only_ten_heavy_calls_run_at_once(limited, method, target, body, heavy):
    """The rest of the calls may go on beside them."""
    statuses = [limited.send(method, target, body, beside=[HEAVY] * n).status for n in (9, 10)]
    assert [status == 429 for status in statuses] == [False, heavy]


def test_light_calls_do_not_count_as_heavy(limited):
    """Ten heavy ones are still free."""
    assert limited.send("POST", "coql", {"select_query": QUERY.format(1)}, beside=[LIGHT] * 15).status == 200


def test_all_refusals_look_the_same(limited, org):
    """No code tells credits from crowds, no header says how long."""
    crowd = limited.send("GET", "org", beside=[LIGHT] * 30)
    org.switches.limits.credits = 0
    spent = limited.get("org")
    assert (crowd.status, crowd.json) == (spent.status, spent.json)
    assert (crowd.code, crowd.details) == ("TOO_MANY_REQUESTS", {})
    assert "Retry-After" not in spent.headers


def test_what_nobody_knows_of_refusals_are_switches(limited, org):
    """A header, another code, another status."""
    limits = org.switches.limits
    limits.credits, limits.retry_after_s = 0, 7
    limits.throttle_status, limits.throttle_code = 403, "RATE_LIMIT_EXCEEDED"
    answer = limited.get("org")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (403, "RATE_LIMIT_EXCEEDED", "7")


def test_the_rest_is_told_once_half_is_used(limited, org):
    """In a header, and not before."""
    org.switches.limits.credits = 4
    headers = [limited.get("org").headers.get("X-API-CREDITS-REMAINING") for _ in range(4)]
    assert headers == [None, "2", "1", "0"]


def test_limits_can_be_switched_off(api, org):
    """All of them."""
    org.switches.limits.credits, org.switches.limits.concurrent = 0, 0
    answer = api.send("POST", "coql", {"select_query": QUERY.format(1)}, beside=[HEAVY] * 50)
    assert (answer.status, "X-API-CREDITS-REMAINING" in answer.headers) == (200, False)


def test_a_rolling_budget_forgets_by_the_minute():
    """Whole minutes, so that it stays small."""
    budget = RollingBudget(10, 3600)
    assert [budget.take(4, at) for at in (0, 30, 59, 60)] == [True, True, False, False]
    assert (budget.remaining(3599), budget.remaining(3600), budget.used) == (2, 10, 0)


def test_late_knowledge_never_replaces_newer():
    """Whatever the order of arrival."""
    lagging = Lagging[str]()
    lagging.learn(1, "old", 50)
    lagging.learn(1, "new", 10)
    lagging.learn(2, None, 20)
    assert [lagging.settle(at) for at in (9, 20, 60)] == [[], [(1, "new"), (2, None)], []]
