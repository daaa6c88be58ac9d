"""What an answer means."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.errors import BadRequest, BudgetSpent, Forbidden, NotFound, ProviderDown, RestartNeeded, Unauthorized
from crmsync.http.answer import Answer
from crmsync.http.classify import MESSAGE_MAX, Verdict, classify, error_of
from crmsync.http.paths import values_at
from crmsync.secret import Redactor, Secret
from crmsync.spec.model import ErrorRule
from http_server import a_spec

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
RULES = (
    ErrorRule("exhausted", code=("DAILY",), pool="daily"),
    ErrorRule("throttled", status=("429",), code=("SECONDLY",), wait_s=1.0, pool="search"),
    ErrorRule("throttled", status=("429",), wait_s=10.0),
    ErrorRule("refresh", status=("401",), code=("EXPIRED",)),
    ErrorRule("reconnect", status=("401", "530")),
    ErrorRule("forbidden", status=("403",)),
    ErrorRule("busy", status=("423", "477"), wait_s=2.0),
    ErrorRule("restart", status=("400",), code=("cursor.*",)),
    ErrorRule("gone", status=("404",), when={"category": "NOT_FOUND", "errors[].final": True}),
    ErrorRule("config", status=("200",), code=("NO_ACCESS",)),
    ErrorRule("transient", status=("5xx",)),
)
SPEC = a_spec(rules=RULES)

TABLE = [
    (200, '{"results":[]}', "good"),
    (200, "[]", "good"),
    (207, '{"results":[],"code":"DAILY"}', "good"),  # only a rule that names the status judges a success
    (200, '{"code":"NO_ACCESS"}', "config"),
    (204, "", "good"),
    (200, "", "good"),
    (200, "<html><title>Log in</title>", "unreadable"),
    (200, "OK", "unreadable"),
    (301, "", "config"),
    (400, "{}", "config"),
    (400, '{"code":"cursor.expired"}', "restart"),
    (400, '{"code":"cursor"}', "config"),
    (401, '{"message":"no"}', "reconnect"),
    (401, '{"category":"EXPIRED"}', "refresh"),
    (401, '{"code":"X","category":"EXPIRED"}', "refresh"),
    (530, "error code: 1016", "reconnect"),
    (403, "<html>", "forbidden"),
    (404, "{}", "config"),
    (404, '{"category":"NOT_FOUND"}', "config"),
    (404, '{"category":"NOT_FOUND","errors":[{"final":false},{"final":true}]}', "gone"),
    (423, "{}", "busy"),
    (429, "{}", "throttled"),
    (429, '{"code":"DAILY"}', "exhausted"),
    (418, '{"code":"DAILY"}', "exhausted"),
    (500, "null", "transient"),
    (502, "<html>Bad gateway</html>", "transient"),
    (600, "", "transient"),
    (429, '{"code":["DAILY"]}', "throttled"),
    (429, '{"code":{"a":1}}', "throttled"),
    (429, "[" * 200_000, "throttled"),
    (429, '{"code":"DAI', "throttled"),
    (429, "\ud800", "throttled"),
]


def verdict_on(status, body="{}", spec=SPEC, secrets=(), **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer(status, named, body.encode("utf-8", "surrogatepass"), 0.1)
    return classify(answer, spec, NOW, Redactor(secrets))


@pytest.mark.parametrize(("status", "body", "outcome"), TABLE)
def test_the_first_rule_that_fits_decides(status, body, outcome):
    """By status, code (whole or prefix) and conditions on the body; whatever the body is."""
    assert verdict_on(status, body).outcome == outcome


@given(st.integers(100, 999), st.binary(max_size=200))
def test_any_answer_has_a_meaning(status, body):
    """No answer raises, and no text of it steers a terminal."""
    verdict = classify(Answer(status, {}, body, 0.1), SPEC, NOW, Redactor(()))

    assert verdict.message.isprintable()


def test_a_rule_gives_pool_and_wait():
    """And Retry-After is kept beside them."""
    verdict = verdict_on(429, '{"code":"SECONDLY"}', retry_after="7")

    assert verdict.rule is not None
    assert (verdict.rule.pool, verdict.rule.wait_s, verdict.told_wait_s) == ("search", 1.0, 7.0)


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("120", "", 120.0),
        ("Thu, 15 Jan 2026 12:01:00 GMT", "", 60.0),
        ("Thu, 15 Jan 2026 12:01:00 GMT", "Thu, 15 Jan 2026 12:00:30 GMT", 30.0),  # the provider's clock counts
        ("Thu, 15 Jan 2026 11:00:00 GMT", "", 0.0),
        ("-5", "", None),
        ("soon", "", None),
        ("1e9", "", None),
        ("²", "", None),
        ("99999999999999999999", "", 999999999.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header, date, seconds):
    """Anything else is no Retry-After."""
    assert verdict_on(429, retry_after=header, date=date).told_wait_s == seconds


def test_a_message_is_cut_redacted_and_one_line():
    """A secret that the cut would split is masked first."""
    secret = Secret("s3cr3t-short")
    text = "x" * (MESSAGE_MAX - 15) + " \x1b[31m " + secret.reveal() + " more" * 50

    message = verdict_on(500, msgspec.json.encode({"message": text, "trace": "t-1"}).decode(), secrets=[secret]).message

    assert "s3c" not in message and "\x1b" not in message
    assert len(message) < MESSAGE_MAX + 50 and message.endswith("… (trace t-1)")


def test_a_web_page_is_told_by_its_title():
    """Not by its markup."""
    assert (
        verdict_on(502, "<html><title> Bad\n gateway </title>").message
        == "HTTP 502: a web page titled 'Bad\\n gateway'"
    )


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("reconnect", Unauthorized),
        ("refresh", Unauthorized),
        ("forbidden", Forbidden),
        ("config", BadRequest),
        ("invalid", BadRequest),
        ("conflict", BadRequest),
        ("gone", NotFound),
        ("restart", RestartNeeded),
        ("exhausted", BudgetSpent),
        ("transient", ProviderDown),
        ("busy", ProviderDown),
    ],
)
def test_each_outcome_has_its_error(outcome, error):
    """And the error tells connection and reason."""
    made = error_of(Verdict(outcome, "HTTP 400: no"), "acme: GET /x")

    assert type(made) is error
    assert made.message == "acme: GET /x: HTTP 400: no"


def test_missing_scopes_are_named():
    """Wherever the answer lists them; a link to the documentation is no scope."""
    body = {
        "message": "no",
        "links": {"scopes": "https://example.com/scopes"},
        "errors": [{"context": {"requiredGranularScopes": ["deals.read", "deals.write"]}}],
    }

    verdict = verdict_on(403, msgspec.json.encode(body).decode())

    assert error_of(verdict, "acme").hint == "Grant the credentials: deals.read, deals.write"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]),
        ("$", [{"a": {"b": 1}, "l": [{"x": 2}, {"x": 3}, 4], "d.t": 5}]),
        ("l[].x", [2, 3]),
        ("a{}", [1]),
        (r"d\.t", [5]),
        ("a.b.c", []),
        ("l.x", []),
        ("a[]", []),
        ("nope", []),
    ],
)
def test_a_path_finds_every_value(path, found):
    """And none where the document has another shape."""
    assert values_at({"a": {"b": 1}, "l": [{"x": 2}, {"x": 3}, 4], "d.t": 5}, path) == found
