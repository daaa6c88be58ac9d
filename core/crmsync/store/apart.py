"""Which pairs of hub row and record differ from what they agreed on: two scans of each table, whatever has changed.

Rows and links are compared as texts and joined by a digest of text and id, so memory is flat, and what follows is about
those few only that have no partner. The digest is 128 bits of DuckDB's `hash`, at a tenth of the cost of md5: nobody
gains by a collision but that a change of their own is not carried over.
"""

from __future__ import annotations

from crmsync.quote import identifier, literal
from crmsync.store.agreed import agreed_text
from crmsync.store.engine import Engine
from crmsync.store.interface import Pairing, Shared
from crmsync.store.schema import LINKS
from crmsync.store.words import alike, ours

_BASE, _SHOWN = "hub_unmatched", "mirror_unmatched"  # row numbers of links, and of rows
_HUB, _MIRROR, _LINKS = "hub_rows_apart", "mirror_rows_apart", "links_apart"
_NONE = "hub_id VARCHAR, remote_id VARCHAR, state VARCHAR, hub VARCHAR, mirror VARCHAR"


def bring(engine: Engine, pairing: Pairing, living: str, into: str) -> int:
    """Fill the engine table `into` as Store.apart says; `living` is true of a mirror's row that has not ended."""
    links, hub, mirror = map(engine.full, (LINKS, pairing.hub, pairing.mirror))
    ours = f"l.connection = {literal(pairing.connection)} AND l.stream = {literal(pairing.stream)}"
    linked = f"{links} l WHERE {ours} AND l.state = 'linked'"
    hub_text = agreed_text((f.name, f.type, alike(f.words, f"r.{identifier(f.name)}")) for f in pairing.fields)
    found = _compare(engine, _BASE, _digests("l", "base", "hub_id", linked), _digests("r", hub_text, "_id", f"{hub} r"))
    mirror_text, joins = _in_hub_terms(links, pairing)
    records = f"(SELECT rowid, * FROM {mirror} WHERE {living}) r{joins}"
    shown = _digests("l", "shown", "remote_id", linked)
    found += _compare(engine, _SHOWN, shown, _digests("r", mirror_text, "_id", records))
    if not found:
        engine.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(into)} ({_NONE})")
        return 0
    for rows, table, unmatched in ((_HUB, hub, _BASE), (_MIRROR, mirror, _SHOWN)):
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {rows} AS SELECT _id, count(*) AS copies FROM {table} "
            f"WHERE rowid IN (SELECT row FROM {unmatched} WHERE row IS NOT NULL) AND _id IS NOT NULL GROUP BY _id"
        )
    engine.execute(_links(links, ours))
    found = engine.table(into, _pairs(links, mirror, ours, living))
    for table in (_BASE, _SHOWN, _HUB, _MIRROR, _LINKS):
        engine.execute(f"DROP TABLE {table}")
    return found


def _digests(row: str, text: str, id_: str, source: str) -> str:
    inner = f"SELECT {row}.rowid AS row, {text} AS text, {row}.{id_} AS id FROM {source}"
    return f"SELECT row, hash(text) AS a, hash(id || text) AS b FROM ({inner})"


def _compare(engine: Engine, into: str, links: str, rows: str) -> int:
    return engine.table(
        into,
        f"SELECT l.row AS link, r.row AS row FROM ({links}) l FULL JOIN ({rows}) r ON l.a = r.a AND l.b = r.b "
        "WHERE l.row IS NULL OR r.row IS NULL",
    )


def _in_hub_terms(links: str, pairing: Pairing) -> tuple[str, str]:
    """The text of a mirror's row `r`, with the joins that read references as ids of hub rows; words are the hub's."""
    references = {f: f"to{n}" for n, f in enumerate(pairing.fields) if f.refers is not None}
    joins = "".join(_reference(links, pairing.connection, field, name) for field, name in references.items())
    columns = {f: f"{references[f]}.hub_id" if f in references else f"r.{identifier(f.column)}" for f in pairing.fields}
    return agreed_text((f.name, f.type, ours(f.words, sql)) for f, sql in columns.items()), joins


def _reference(links: str, connection: str, field: Shared, name: str) -> str:
    whose = f"connection = {literal(connection)} AND stream = {literal(field.refers or '')}"
    return (
        f" LEFT JOIN (SELECT remote_id, hub_id FROM {links} WHERE {whose}) {name} "
        f"ON {name}.remote_id = r.{identifier(field.column)}"
    )


def _links(links: str, ours: str) -> str:
    """The links without a partner, and those of rows without one; `base` and `hub`, `shown` and `mirror` say which."""
    told = ", ".join(f"bool_or(side = '{side}') AS {side}" for side in ("base", "hub", "shown", "mirror"))
    return (
        f"CREATE OR REPLACE TEMP TABLE {_LINKS} AS SELECT link, {told} FROM ("
        f"SELECT link, 'base' AS side FROM {_BASE} WHERE link IS NOT NULL"
        f" UNION ALL SELECT link, 'shown' FROM {_SHOWN} WHERE link IS NOT NULL"
        f" UNION ALL SELECT l.rowid, 'hub' FROM {links} l JOIN {_HUB} h ON h._id = l.hub_id WHERE {ours}"
        f" UNION ALL SELECT l.rowid, 'mirror' FROM {links} l JOIN {_MIRROR} m ON m._id = l.remote_id WHERE {ours}"
        ") GROUP BY link"
    )


def _pairs(links: str, mirror: str, ours: str, living: str) -> str:
    # A row without a partner whose link has one: there is a copy of the row.
    copied = "h.copies > 1 OR a.hub AND NOT a.base AND l.state = 'linked'"
    return f"""
SELECT l.hub_id, l.remote_id, l.state,
  CASE WHEN {copied} THEN 'twice' WHEN a.hub THEN 'changed' WHEN a.base THEN 'gone' ELSE 'same' END AS hub,
  CASE WHEN a.mirror THEN 'changed' WHEN NOT a.shown THEN 'same' WHEN e._id IS NULL THEN 'gone'
    WHEN e._deleted_at IS NULL THEN 'left' ELSE 'deleted' END AS mirror
FROM {_LINKS} a JOIN {links} l ON l.rowid = a.link
  LEFT JOIN {_HUB} h ON h._id = l.hub_id
  LEFT JOIN (SELECT _id, _deleted_at FROM {mirror} WHERE NOT ({living})) e ON e._id = l.remote_id
WHERE l.state = 'linked' OR a.hub AND a.mirror
UNION ALL
SELECT _id, NULL, NULL, CASE WHEN copies > 1 THEN 'twice' ELSE 'new' END, NULL
FROM {_HUB} WHERE NOT EXISTS (FROM {links} l WHERE {ours} AND l.hub_id = _id)
UNION ALL
SELECT NULL, _id, NULL, NULL, 'new'
FROM {_MIRROR} WHERE NOT EXISTS (FROM {links} l WHERE {ours} AND l.remote_id = _id)"""
