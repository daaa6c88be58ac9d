"""Judge: an answer -> what became of each item, and the smaller bodies in which some go again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from crmsync.http import Answer, Verdict
from crmsync.mapping.outcome import OutcomePlan
from crmsync.store import FileStore
from crmsync.sync.push.render import RENDERED, Body

_REFUSED: Mapping[str, str] = MappingProxyType({"invalid": "rejected", "conflict": "conflict", "gone": "gone"})


def start(store: FileStore, into: str = "outcomes") -> None:
    """Begin a slice: no outcome is known."""
    texts = ("_key", "outcome", "_id", "existing", "code", "message", "request_id")
    store.engine.execute(f"CREATE OR REPLACE TEMP TABLE {into} ({', '.join(f'{name} VARCHAR' for name in texts)})")


def heard(answer: Answer | None, verdict: Verdict) -> str:
    """The text of an answer, as far as it says what became of the items."""
    told = verdict.outcome in _REFUSED or verdict.outcome == "good"
    return answer.body.decode(errors="replace") if answer and told else ""


def judge(
    store: FileStore,
    plan: OutcomePlan,
    body: Body,
    answer: str,
    verdict: Verdict,
    items: str = RENDERED,
    into: str = "outcomes",
) -> list[Body]:
    """Add to `into` what `answer` tells of the `items` of `body`; the bodies in which the others go again.

    Where the `verdict` on the whole request is one of _REFUSED, nothing was carried out that is not told. An item that
    was alone, and not carried out, is refused.
    """
    engine, refused = store.engine, _REFUSED.get(verdict.outcome)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE sent AS SELECT 0::BIGINT AS _batch, unnest(range(1, len($keys) + 1)) AS _pos, "
        "unnest($keys::VARCHAR[]) AS _key, unnest($ids::VARCHAR[]) AS _id",
        {"keys": list(body.keys), "ids": list(body.ids)},
    )
    engine.execute(plan.create_sql("told"), {"bodies": [answer], "batches": [0]})
    undone = "outcome = 'resend'" if refused is None else "outcome IN ('resend', 'unknown')"
    alone = len(body.keys) == 1
    again = [] if alone else engine.rows(f"SELECT _key, alone FROM told WHERE {undone} ORDER BY _pos")
    of_whole = {"existing": verdict.existing, "code": verdict.code, "message": verdict.message or None}
    columns = ", ".join(f"CASE WHEN {undone} THEN coalesce({c}, ${c}::VARCHAR) ELSE {c} END AS {c}" for c in of_whole)
    engine.execute(
        f"INSERT INTO {into} BY NAME SELECT _key, _id, {columns}, $request_id::VARCHAR AS request_id, "
        f"CASE WHEN {undone} THEN $refused ELSE outcome END AS outcome FROM told WHERE $alone OR NOT ({undone})",
        {**of_whole, "request_id": verdict.request_id, "refused": refused or "rejected", "alone": alone},
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
