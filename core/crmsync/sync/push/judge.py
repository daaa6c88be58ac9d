"""Judge: an answer -> what became of each item, and the smaller bodies in which some go again."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.http import Answer
from crmsync.http.classify import Verdict
from crmsync.mapping import literal
from crmsync.mapping.outcome import OutcomePlan
from crmsync.store import FileStore
from crmsync.sync.push.render import RENDERED, Body

_REFUSED = ("invalid", "conflict", "gone")  # verdicts on items, whatever the status says


def start(store: FileStore, into: str = "outcomes") -> None:
    """Begin a slice: no outcome is known."""
    columns = "_key VARCHAR, outcome VARCHAR, _id VARCHAR, code VARCHAR, message VARCHAR"
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({columns})")


def heard(answer: Answer | None, verdict: Verdict) -> tuple[str, str | None]:
    """What a write came back with, for `judge`: the answer's text, and the words of a refusal."""
    refused = verdict.outcome in _REFUSED
    told = answer.body.decode(errors="replace") if answer and (refused or verdict.outcome == "good") else ""
    return told, verdict.message if refused else None


def judge(
    store: FileStore,
    plan: OutcomePlan,
    body: Body,
    answer: str,
    refusal: str | None,
    items: str = RENDERED,
    into: str = "outcomes",
) -> list[Body]:
    """Add to `into` what `answer` tells of the `items` of `body`; the bodies in which the others go again.

    `refusal`: the whole request was refused with these words, so that nothing was carried out that is not told.
    """
    engine = store.engine
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE sent AS SELECT 0::BIGINT AS _batch, unnest(range(1, len($keys) + 1)) AS _pos, "
        "unnest($keys::VARCHAR[]) AS _key, unnest($ids::VARCHAR[]) AS _id",
        {"keys": list(body.keys), "ids": list(body.ids)},
    )
    engine.execute(plan.create_sql("told"), {"bodies": [answer], "batches": [0]})
    undone = "outcome = 'resend'" if refusal is None else "outcome IN ('resend', 'unknown')"
    alone = refusal is not None and len(body.keys) == 1
    again = [] if alone else engine.rows(f"SELECT _key, alone FROM told WHERE {undone} ORDER BY _pos")
    refused = f"CASE WHEN {alone} AND {undone}"
    engine.execute(
        f"INSERT INTO {into} SELECT _key, {refused} THEN 'rejected' ELSE outcome END, _id, code, "
        f"{refused} THEN coalesce(message, {literal(refusal or '')}) ELSE message END "
        f"FROM told WHERE {alone} OR NOT ({undone})"
    )
    return [_part(store, keys, body, items) for keys in _parts(again, len(body.keys))]


def _parts(again: Sequence[tuple[str, bool]], of: int) -> list[list[str]]:
    """Those that were named go alone and the rest together; where nobody is, and all are left, halves of them."""
    alone, rest = [[key] for key, named in again if named], [key for key, named in again if not named]
    middle = (len(rest) + 1) // 2 if len(rest) == of else len(rest)
    return [keys for keys in (*alone, rest[:middle], rest[middle:]) if keys]


def _part(store: FileStore, keys: Sequence[str], of: Body, table: str) -> Body:
    items = store.engine.value(
        "SELECT '[' || string_agg(_item, ',' ORDER BY list_position($keys::VARCHAR[], _key)) || ']' "
        f"FROM {table} WHERE list_contains($keys::VARCHAR[], _key)",
        {"keys": list(keys)},
    )
    ids = dict(zip(of.keys, of.ids, strict=True))
    return Body(tuple(keys), tuple(ids[key] for key in keys), items, of.columns)
