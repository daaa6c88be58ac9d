"""Tally: what a run's writes of one stream have come to, as crmsync.intents and crmsync.conflicts have it."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.store import FileStore
from crmsync.sync.merge.reconcile import Reconciled
from crmsync.sync.merge.side import Side
from crmsync.sync.model import Written

_REASONS = 5  # of refused writes, in the log of a run


def doubtful(store: FileStore, side: Side) -> int:
    """How many writes left of which nobody knows what became."""
    which = "connection = ? AND stream = ? AND state IN ('sent', 'unknown')"
    ((number,),) = store.query(f"SELECT count(*) FROM crmsync.intents WHERE {which}", list(side.whose.values()))[1]
    return int(number)


def planned(store: FileStore, side: Side, action: str | None = None) -> int:
    """How many writes are about to go out, or how many of them are of one action."""
    which = "connection = $1 AND stream = $2 AND state = 'planned' AND ($3::VARCHAR IS NULL OR action = $3)"
    counted = f"SELECT count(*) FROM crmsync.intents WHERE {which}"
    ((number,),) = store.query(counted, [*side.whose.values(), action])[1]
    return int(number)


def linked(store: FileStore, side: Side) -> int:
    """How many rows of the hub have a record."""
    counted = "SELECT count(*) FROM crmsync.links WHERE connection = ? AND stream = ? AND state = 'linked'"
    ((number,),) = store.query(counted, list(side.whose.values()))[1]
    return int(number)


def written(store: FileStore, side: Side, run_id: str, done: Reconciled) -> Written:
    """What the run has come to so far; `done` is what its merges have."""
    found = store.query(
        "SELECT count(*) FILTER (state = 'applied' AND action = 'create'), "
        "count(*) FILTER (state = 'applied' AND action = 'update'), "
        "count(*) FILTER (state = 'applied' AND action = 'archive'), count(*) FILTER (state = 'rejected'), "
        "count(*) FILTER (state = 'unknown'), (SELECT count(*) FROM crmsync.conflicts "
        "WHERE connection = $1 AND stream = $2 AND resolved_at IS NULL) "
        "FROM crmsync.intents WHERE connection = $1 AND stream = $2 AND run_id = $3",
        [*side.whose.values(), run_id],
    )
    created, updated, archived, refused, unknown, conflicts = found[1][0]
    return Written(
        merged=done.made + done.changed,
        linked=done.linked,
        created=created,
        updated=updated,
        archived=archived,
        refused=refused,
        unknown=unknown,
        conflicts=conflicts,
    )


def refusals(store: FileStore, side: Side, run_id: str) -> Sequence[tuple[str, int]]:
    """The most frequent reasons why the run's writes were refused, and how many were."""
    found = store.query(
        "SELECT action || ': ' || coalesce(nullif(concat_ws(' ', code, message), ''), 'no reason was given'), "
        "count(*) FROM crmsync.intents WHERE connection = ? AND stream = ? AND run_id = ? AND state = 'rejected' "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_REASONS}",
        [*side.whose.values(), run_id],
    )
    return [(str(reason), int(number)) for reason, number in found[1]]
