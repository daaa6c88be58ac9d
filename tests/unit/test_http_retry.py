"""How long a request waits between tries, and when it gives up."""

from random import Random

import pytest

from crmsync.http.classify import Verdict
from crmsync.http.retry import Patience, RetrySettings
from crmsync.spec.model import ErrorRule


def waits_of(verdict, tries=100, settings=None):
    """All waits until it gives up, each followed at once by the next failure."""
    patience, now, waits = Patience(settings or RetrySettings(), Random(1)), 0.0, []
    while len(waits) < tries and (wait_s := patience.next_wait(verdict, now)) is not None:
        waits.append(wait_s)
        now += wait_s
    return waits


def test_a_transient_failure_backs_off_and_gives_up():
    """Doubling from half a second to half a minute, less a random part; five minutes in all."""
    waits = waits_of(Verdict("transient"))

    for attempt, wait_s in enumerate(waits):
        full_s = min(0.5 * 2**attempt, 30.0)
        assert full_s / 2 <= wait_s <= full_s
    assert 270 <= sum(waits) <= 300


def test_a_host_that_cannot_be_reached_has_a_patience_of_its_own():
    """Five minutes as well, unless less is asked for; and never more than for anything else."""
    assert 270 <= sum(waits_of(Verdict("unreachable"))) <= 300
    soon = waits_of(Verdict("unreachable"), settings=RetrySettings(unreachable_s=5.0))
    assert sum(soon) <= 5 and 3 <= len(soon) <= 6
    assert waits_of(Verdict("unreachable"), settings=RetrySettings(give_up_s=5.0)) == soon
    assert sum(waits_of(Verdict("transient"), settings=RetrySettings(unreachable_s=5.0))) >= 270


def test_two_processes_do_not_wait_the_same():
    """Their dice differ."""
    verdict = Verdict("transient")

    assert Patience(RetrySettings(), Random(1)).next_wait(verdict, 0) != Patience(RetrySettings(), Random(2)).next_wait(
        verdict, 0
    )


@pytest.mark.parametrize("outcome", ["transient", "throttled", "busy"])
def test_retry_after_wins(outcome):
    """Over the rule's wait too."""
    assert waits_of(Verdict(outcome, told_wait_s=100.0, rule=ErrorRule(outcome, wait_s=10.0))) == [100.0] * 3


@pytest.mark.parametrize("outcome", ["transient", "throttled", "busy"])
def test_a_wait_beyond_all_patience_is_not_begun(outcome):
    """A day's Retry-After ends the request at once."""
    assert waits_of(Verdict(outcome, told_wait_s=86400.0)) == []


def test_a_provider_that_always_says_now_is_not_hammered():
    """Retry-After: 0 for ever."""
    assert len(waits_of(Verdict("transient", told_wait_s=0.0))) < 100


def test_a_provider_that_throttles_for_long_is_given_the_time_that_its_rule_has():
    """Ten minutes of it mean that the day's budget is used up; `check` does not wait for that."""
    rule = ErrorRule("throttled", wait_s=60.0, exhausted_after_s=600.0, budget="credits")
    assert 300 <= sum(waits_of(Verdict("throttled", rule=rule))) <= 600
    soon = RetrySettings(give_up_s=5.0, insists=False)
    assert waits_of(Verdict("throttled", rule=rule), settings=soon) == []


def test_a_rules_wait_grows_with_each_try():
    """Ten seconds, twenty, thirty."""
    assert waits_of(Verdict("throttled", rule=ErrorRule("throttled", wait_s=10.0)))[:3] == [10.0, 20.0, 30.0]


def test_a_web_page_instead_of_json_is_asked_for_three_times():
    """A wrong base URL is told soon."""
    assert len(waits_of(Verdict("unreadable"))) == 2


@pytest.mark.parametrize("outcome", ["reconnect", "refresh", "forbidden", "config", "invalid", "gone", "restart"])
def test_what_no_second_try_mends_is_not_tried_again(outcome):
    """Even with a Retry-After."""
    assert waits_of(Verdict(outcome, told_wait_s=1.0)) == []
