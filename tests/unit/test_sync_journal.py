"""The journal: what is committed is counted, nothing else, and once."""

from __future__ import annotations

from crmsync.events import Note, RequestAnswered, Retrying, Waiting
from crmsync.sync.journal import Journal
from crmsync.sync.model import Counts

WHO = ("hubspot", "contact")


def test_a_batch_counts_when_it_is_committed_and_not_before() -> None:
    """A commit that fails (a full disk, a lost lease) leaves totals and lines as they were."""
    journal, counts = Journal(*WHO), Counts(read=2, applied=2)
    journal.hear(Note(*WHO, "info", "one"))
    failed = journal.draft(counts)
    again, lines = journal.draft(counts)
    assert failed == (again, lines) and again["read"] == 2 and journal.counts == Counts()
    journal.keep(counts, len(lines))
    assert journal.counts == counts and journal.draft(Counts())[1] == ()


def test_a_line_that_comes_during_a_commit_goes_into_the_next_one() -> None:
    """Neither lost nor written twice."""
    journal = Journal(*WHO)
    journal.hear(Note(*WHO, "info", "before"))
    _, lines = journal.draft(Counts())
    journal.hear(Note(*WHO, "info", "during"))
    journal.keep(Counts(), len(lines))
    assert [line["message"] for line in journal.draft(Counts())[1]] == ["during"]


def test_it_hears_its_own_stream_only() -> None:
    """Requests, retries and waits of the others are theirs."""
    journal = Journal(*WHO)
    for stream in ("contact", "company"):
        journal.hear(RequestAnswered("hubspot", stream, "GET", "/x", 200, 0.1, 9))
        journal.hear(Retrying("hubspot", stream, "busy", 1, 2.0))
        journal.hear(Waiting("hubspot", stream, "burst", 0.5))
    totals, _ = journal.draft(Counts())
    assert (totals["requests"], totals["retries"], totals["waited_seconds"]) == (1, 1, 2.5)
