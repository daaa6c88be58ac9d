"""Lost: creates whose answer nobody knows -> what became of them, by the records that look like what was sent.

A record that was made by one of them has no link and is not older than the request.
- One record that is like it, and like no other: it is linked, and merged as on a first match.
- None that is even near: nothing was made, which is sure once all that was made by then is in the mirror, past the
  CRM's lag. Then the create is planned again; until then it waits.
- Anything else is for a person, since a guess makes a double or mixes two up.

A record *is like* a row if the field by which the two are known to be the same is equal, or, where the row has nothing
there, each text that was sent is. It is *near* if the first text is, such as the name. Case, blanks and signs do not
count: a CRM may write `+44 20` as `(44)20`. Where the CRM was asked for that field, a record without it is not near.

Each run looks, before records without a link become rows of the hub: else the row would be there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crmsync.mapping import identifier, literal
from crmsync.spec.model_stream import Stream
from crmsync.store import FileStore, plain
from crmsync.store.schema import INTENTS
from crmsync.sync.checkpoint import Checkpoint
from crmsync.sync.merge.outbox import LOST
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.terms import bring_records
from crmsync.sync.merge.values import entry, parsed

SLACK = timedelta(minutes=10)  # a request may leave so long after it was noted: it waits for limits, and is tried again
_SKEW = timedelta(minutes=1)  # between the clocks of a provider's servers
_TEXTS = ("text", "email", "domain")
_SHOWN = 10  # candidates in a message
_EVER = datetime(1970, 1, 2, tzinfo=UTC)


def seen(checkpoint: Checkpoint, stream: Stream) -> datetime | None:
    """The moment, by the CRM's clock, up to which all that was made is in the mirror, however late it was shown."""
    if stream.changes is None:
        return checkpoint.full.as_of
    upper = checkpoint.changes.upper
    return None if upper is None else upper - timedelta(seconds=stream.changes.overlap_s)


def seek(store: FileStore, side: Side, which: str, seen: datetime | None, *, asked: bool) -> bool:
    """Fill the engine table `sought` with those intents `which` that can be told by now; whether there are any.

    `seen`: all that was made before it is in the mirror. `asked`: so are the records with the values of their key.
    `sought`: `id`, `hub_id`, `remote_id`, and `state`, `code`, `message` as they are to be: `superseded` are those that
    have a record now.
    """
    _, rows = store.query(
        f"SELECT id, sent_at FROM crmsync.intents WHERE connection = ? AND stream = ? AND {which}",
        [side.connection, side.stream],
    )
    if not rows:
        return False
    engine = store.engine
    engine.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest($ids::VARCHAR[]) AS id", {"ids": _first(rows)})
    store.lookup(INTENTS, "SELECT id FROM asked", "lost", ("id", "hub_id", "fields", "sent_at"))
    made = _made(store, side, min((at for _, at in rows if at is not None), default=_EVER) - _SKEW)
    engine.execute("CREATE OR REPLACE TEMP TABLE made AS SELECT unnest($ids::VARCHAR[]) AS _id", {"ids": made})
    bring_records(store, side, "SELECT _id FROM made")
    fields = [field for group in side.groups for field in group.fields if field.type in _TEXTS and field.writable]
    key = next((number for number, field in enumerate(fields) if field.name == side.key), None)
    sent = f"SELECT id, TRY({parsed('fields', fields)}) AS s FROM lost" if fields else "SELECT id FROM lost"
    ours = texts([(entry("s", field), field.type) for field in fields])
    theirs = texts([(identifier(field.name), field.type) for field in fields])
    engine.execute(f"CREATE OR REPLACE TEMP TABLE sent_texts AS SELECT id{ours} FROM ({sent})")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE shown_texts AS SELECT _id AS remote_id{theirs} FROM remote")
    alike = f"{like(len(fields), key)} AS alike, {near(len(fields), key if asked else None)} AS near"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE found AS "
        "SELECT *, count(*) FILTER (alike) OVER (PARTITION BY remote_id) AS rivals "
        f"FROM (SELECT l.id, r.remote_id, {alike} FROM sent_texts l, shown_texts r) WHERE alike OR near"
    )
    listed = "list(remote_id ORDER BY remote_id)"
    told = "'Nobody knows whether it was made. There are records like it: ' || array_to_string(f.near, ', ')"
    due = f"l.sent_at <= {literal(str(seen - SLACK))}::TIMESTAMPTZ" if seen is not None else "false"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE sought AS SELECT l.id, l.hub_id, f.alike[1] AS remote_id, "
        "CASE WHEN f.id IS NULL THEN 'planned' WHEN f.sure THEN 'superseded' ELSE 'rejected' END AS state, "
        f"CASE WHEN NOT f.sure THEN {literal(LOST)} END AS code, CASE WHEN NOT f.sure THEN {told} END AS message "
        f"FROM lost l LEFT JOIN (SELECT id, {listed} FILTER (alike) AS alike, {listed}[:{_SHOWN}] AS near, "
        "coalesce(sum(rivals) FILTER (alike) = 1, false) AS sure FROM found GROUP BY id) f USING (id) "
        f"WHERE f.id IS NOT NULL OR coalesce({due}, false)"
    )
    return bool(engine.value("SELECT count(*) FROM sought"))


def _first(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]


def _made(store: FileStore, side: Side, since: datetime) -> list[str]:
    """The records without a link that are not older."""
    mirror = f"{identifier(side.mirror.schema)}.{identifier(side.mirror.name)}"
    ended = "".join(f" AND {c.name} IS NULL" for c in side.mirror.columns if c.name in ("_deleted_at", "_left_at"))
    _, rows = store.query(
        f"SELECT _id FROM {mirror} m WHERE coalesce(_created_at >= ?, true){ended} "
        "AND NOT EXISTS (FROM crmsync.links l WHERE l.connection = ? AND l.stream = ? AND l.remote_id = m._id)",
        [since, side.connection, side.stream],
    )
    return _first(rows)


def texts(values: Sequence[tuple[str, str]]) -> str:
    """SQL: columns with what of `values`, each its SQL and its type, is compared; NULL where there is nothing.

    Of a text, letters and digits in lower case; in addresses every sign counts.
    """
    bare = "nullif(regexp_replace(lower({}), '[^\\p{{L}}\\p{{N}}]', '', 'g'), '')"
    columns = (bare.format(value) if type_ == "text" else plain(value, type_) for value, type_ in values)
    return "".join(f", {sql} AS t{number}" for number, sql in enumerate(columns))


def like(count: int, key: int | None) -> str:
    """SQL: whether the record `r` looks like what was sent, `l`, by so many texts. Without a text, nothing does.

    `key`: the number of the text that is enough, where it was sent.
    """
    sent = " OR ".join(f"l.t{n} IS NOT NULL" for n in range(count)) or "false"
    same = "".join(f" AND (l.t{n} IS NULL OR coalesce(l.t{n} = r.t{n}, false))" for n in range(count))
    by_key = f"WHEN l.t{key} IS NOT NULL THEN coalesce(l.t{key} = r.t{key}, false)" if key is not None else ""
    return f"CASE {by_key} WHEN true THEN ({sent}){same} END"


def near(count: int, key: int | None) -> str:
    """SQL: whether the first text that was sent is the record's. Without a text, any record may be it.

    `key`: the number of the text by which the CRM was asked, so that no other record is near.
    """
    cases = "".join(f"WHEN l.t{n} IS NOT NULL THEN coalesce(l.t{n} = r.t{n}, false) " for n in range(count))
    known = f"WHEN l.t{key} IS NOT NULL THEN false " if key is not None else ""
    return f"CASE {known}{cases}WHEN true THEN true END"
