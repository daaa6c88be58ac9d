"""Judge: answers -> what became of each item, and the smaller bodies in which some go again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.http import Answer, Verdict
from crmsync.mapping.outcome import OutcomePlan
from crmsync.store import FileStore
from crmsync.sync.push.render import RENDERED, Body

ANSWERS_BYTES = 2 * 1024 * 1024  # in one statement: DuckDB's JSON takes sixty times as much while it runs
_REFUSED: Mapping[str, str] = MappingProxyType({"invalid": "rejected", "conflict": "conflict", "gone": "gone"})
_OF_WHOLE = ("existing", "code", "message")  # that a verdict tells of the items that were not carried out


def start(store: FileStore, into: str = "outcomes") -> None:
    """Begin a slice: no outcome is known."""
    texts = ("_key", "outcome", "_id", "existing", "code", "message", "request_id")
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({', '.join(f'{name} VARCHAR' for name in texts)})")


@dataclass(frozen=True, slots=True)
class Told:
    """What came back about a body: the answer's text, as far as it says what became of the items, and what it means."""

    body: Body
    answer: str
    verdict: Verdict


def heard(body: Body, answer: Answer | None, verdict: Verdict) -> Told:
    """What a write came back with, for `judge`."""
    told = verdict.outcome in _REFUSED or verdict.outcome == "good"
    return Told(body, answer.body.decode(errors="replace") if answer and told else "", verdict)


def judge(
    store: FileStore, plan: OutcomePlan, told: Sequence[Told], items: str = RENDERED, into: str = "outcomes"
) -> list[Body]:
    """Add to `into` what answers tell of the `items` of their bodies; the bodies in which the others go again.

    Where the verdict on a whole request is one of _REFUSED, nothing was carried out that is not told. An item that was
    alone, and not carried out, is refused. Many answers are read by one statement, since to plan it costs as much as
    to read a thousand items.
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
    verdicts = [t.verdict for t in told]
    whole = {
        "refused": [_REFUSED.get(verdict.outcome) for verdict in verdicts],
        "message": [verdict.message or None for verdict in verdicts],
        **{name: [getattr(verdict, name) for verdict in verdicts] for name in ("existing", "code", "request_id")},
    }
    texts = ", ".join(f"unnest(${name}::VARCHAR[]) AS {name}" for name in whole)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE requests AS SELECT unnest($batches::BIGINT[]) AS _batch, "
        f"unnest($sizes::BIGINT[]) AS size, {texts}",
        {"batches": numbers, "sizes": [len(t.body.keys) for t in told], **whole},
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
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE answers AS SELECT unnest($batches::BIGINT[]) AS _batch, "
        "unnest($bodies::VARCHAR[]) AS body",
        {"batches": numbers, "bodies": [t.answer for t in told]},
    )
    engine.execute(plan.create_sql("told"))
    undone, alone = "(outcome = 'resend' OR refused IS NOT NULL AND outcome = 'unknown')", "size = 1"
    again: dict[int, list[tuple[str, bool]]] = {}
    for number, key, named in engine.rows(
        f"SELECT _batch, _key, alone FROM told JOIN requests USING (_batch) WHERE {undone} AND NOT {alone} "
        "ORDER BY _batch, _pos"
    ):
        again.setdefault(number, []).append((key, named))
    columns = ", ".join(f"CASE WHEN {undone} THEN coalesce(t.{c}, r.{c}) ELSE t.{c} END AS {c}" for c in _OF_WHOLE)
    engine.execute(
        f"INSERT INTO {into} BY NAME SELECT _key, _id, {columns}, request_id, "
        f"CASE WHEN {undone} THEN coalesce(refused, 'rejected') ELSE outcome END AS outcome "
        f"FROM told t JOIN requests r USING (_batch) WHERE {alone} OR NOT {undone}"
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
