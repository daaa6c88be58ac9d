"""Judge: answers -> what became of each item, and the smaller bodies in which some go again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crmsync.http import Answer
from crmsync.http.classify import Verdict
from crmsync.mapping.outcome import OutcomePlan
from crmsync.store import FileStore
from crmsync.sync.push.render import RENDERED, Body

ANSWERS_BYTES = 2 * 1024 * 1024  # in one statement: DuckDB's JSON takes sixty times as much while it runs
_REFUSED = ("invalid", "conflict", "gone")  # verdicts on items, whatever the status says


def start(store: FileStore, into: str = "outcomes") -> None:
    """Begin a slice: no outcome is known."""
    columns = "_key VARCHAR, outcome VARCHAR, _id VARCHAR, code VARCHAR, message VARCHAR"
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({columns})")


@dataclass(frozen=True, slots=True)
class Told:
    """What came back about a body: the answer's text, and where the whole request was refused, with which words."""

    body: Body
    answer: str
    refusal: str | None


def heard(body: Body, answer: Answer | None, verdict: Verdict) -> Told:
    """What a write came back with, for `judge`."""
    refused = verdict.outcome in _REFUSED
    told = answer.body.decode(errors="replace") if answer and (refused or verdict.outcome == "good") else ""
    return Told(body, told, verdict.message if refused else None)


def judge(
    store: FileStore, plan: OutcomePlan, told: Sequence[Told], items: str = RENDERED, into: str = "outcomes"
) -> list[Body]:
    """Add to `into` what answers tell of the `items` of their bodies; the bodies in which the others go again.

    Of a request that was refused, nothing was carried out that is not told. Many answers are read by one statement,
    since to plan it costs as much as to read a thousand items.
    """
    return [body for some in _portions(told) for body in _judged(store, plan, some, items, into)]


def _portions(told: Sequence[Told]) -> Iterator[list[Told]]:
    held, size = list[Told](), 0
    for each in told:
        if held and size + len(each.answer) > ANSWERS_BYTES:
            yield held
            held, size = [], 0
        held.append(each)
        size += len(each.answer)
    if held:
        yield held


def _judged(store: FileStore, plan: OutcomePlan, told: Sequence[Told], items: str, into: str) -> list[Body]:
    engine, numbers = store.engine, list(range(len(told)))
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE requests AS SELECT unnest($batches::BIGINT[]) AS _batch, "
        "unnest($refusals::VARCHAR[]) AS refusal, unnest($sizes::BIGINT[]) AS size",
        {"batches": numbers, "refusals": [t.refusal for t in told], "sizes": [len(t.body.keys) for t in told]},
    )
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE sent AS SELECT unnest($batches::BIGINT[]) AS _batch, "
        "unnest($places::BIGINT[]) AS _pos, unnest($keys::VARCHAR[]) AS _key, unnest($ids::VARCHAR[]) AS _id",
        {
            "batches": [number for number in numbers for _ in told[number].body.keys],
            "places": [place for t in told for place in range(1, len(t.body.keys) + 1)],
            "keys": [key for t in told for key in t.body.keys],
            "ids": [id_ for t in told for id_ in t.body.ids],
        },
    )
    engine.execute(plan.create_sql("told"), {"bodies": [t.answer for t in told], "batches": numbers})
    undone = "(outcome = 'resend' OR refusal IS NOT NULL AND outcome = 'unknown')"
    alone = "(refusal IS NOT NULL AND size = 1)"
    again: dict[int, list[tuple[str, bool]]] = {}
    for number, key, named in engine.rows(
        f"SELECT _batch, _key, alone FROM told JOIN requests USING (_batch) WHERE {undone} AND NOT {alone} "
        "ORDER BY _batch, _pos"
    ):
        again.setdefault(number, []).append((key, named))
    refused = f"CASE WHEN {alone} AND {undone}"
    engine.execute(
        f"INSERT INTO {into} SELECT _key, {refused} THEN 'rejected' ELSE outcome END, _id, code, "
        f"{refused} THEN coalesce(message, refusal) ELSE message END "
        f"FROM told JOIN requests USING (_batch) WHERE {alone} OR NOT {undone}"
    )
    return [
        _part(store, keys, told[number].body, items)
        for number, left in again.items()
        for keys in _parts(left, len(told[number].body.keys))
    ]


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
