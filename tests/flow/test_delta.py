"""Changes by links that the CRM gives: what changed since, deletions among it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acme import Acme, Sync, served

DELTA = {"by": "list", "do": "GET /people/delta", "records": "items", "next": r"@next\.link", "token": r"@delta\.link"}


def by_links(tree: dict[str, Any]) -> None:
    tree["errors"].insert(0, {"status": 410, "is": "restart"})
    read = tree["streams"]["contact"]["read"]
    read["changes"], read["full"] = DELTA, {**DELTA, "every": "30d"}
    tree["streams"]["contact"]["deletes"]["tombstones"] = None


def live(sync: Sync) -> dict[str, Any]:
    return {row["_id"]: row["tags"] for row in sync.query("FROM acme.contact WHERE _deleted_at IS NULL")}


def truth(acme: Acme) -> dict[str, Any]:
    return {str(number): person["tags"].split(", ") for number, person in acme.people.items()}


def test_changes_are_read_by_the_link_of_the_last_page(tmp_path: Path) -> None:
    """Everything once; then a request that brings what changed and what was deleted."""
    with served(tmp_path, 5, by_links) as (acme, sync):
        assert sync().counts.read == 5
        acme.change(2, tags="c")
        acme.remove(4)
        counts = sync().counts
        assert (counts.read, counts.applied, counts.deleted) == (2, 2, 1)
        assert live(sync) == truth(acme)
        assert sync().counts.read == 0


def test_a_link_that_is_too_old_makes_a_full_read_due(tmp_path: Path) -> None:
    """In the same run, with a census: what was deleted meanwhile is in no list any more."""
    with served(tmp_path, 5, by_links) as (acme, sync):
        sync()
        acme.change(2, tags="c")
        acme.remove(4)
        acme.oldest = 99
        counts = sync().counts
        assert (counts.read, counts.deleted) == (4, 1)
        assert live(sync) == truth(acme)


@pytest.mark.parametrize("link", ["http://other.example/people/delta", "not a link"])
def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path, link: str) -> None:
    """It would carry the credentials to a stranger."""
    with served(tmp_path, 1, by_links) as (acme, sync):
        acme.answers["/people/delta"] = {"items": [], "@next.link": link}
        failed = sync.tried()
        assert (failed.status, failed.error and failed.error["code"]) == ("failed", "CS113")
