"""Terms: records of a mirror -> the same in the hub's terms: its words, and references as ids of its rows."""

from __future__ import annotations

from crmsync.mapping import identifier, literal
from crmsync.store import FileStore, Shared, ours
from crmsync.store.schema import LINKS_BY_REMOTE
from crmsync.sync.merge.side import Side


def bring_records(store: FileStore, side: Side, ids: str) -> None:
    """Fill the engine table `remote` with the records that the engine query `ids` yields (`_id`).

    It is as threeway.py wants it. A reference whose record has no link is NULL, and its field in `_pending`.
    """
    columns = ("_id", "_updated_at", "_deleted_at", *(field.column for field in side.fields))
    store.lookup(side.mirror, ids, "records", columns)
    references = [field for field in side.fields if field.refers is not None]
    for field in references:
        store.lookup(LINKS_BY_REMOTE, _asked(side, field), _into(field), (*LINKS_BY_REMOTE.key, "hub_id"))
    values = ", ".join(f"{_value(field)} AS {identifier(field.name)}" for field in side.fields)
    joins = "".join(
        f" LEFT JOIN {_found(field)} ON {_found(field)}.remote_id = r.{identifier(field.column)}"
        for field in references
    )
    store.engine.execute(
        f"CREATE OR REPLACE TEMP TABLE remote AS SELECT r._id, {values}, r._updated_at, r._deleted_at, "
        f"{_pending(references)} AS _pending FROM records r{joins}"
    )


def _asked(side: Side, field: Shared) -> str:
    column = identifier(field.column)
    return f"SELECT DISTINCT {side.who(field.refers)}, {column} AS remote_id FROM records WHERE {column} IS NOT NULL"


def _into(field: Shared) -> str:
    return f"hub rows of {field.name}"


def _found(field: Shared) -> str:
    return identifier(_into(field))


def _value(field: Shared) -> str:
    return ours(field.words, f"r.{identifier(field.column)}") if field.refers is None else f"{_found(field)}.hub_id"


def _pending(references: list[Shared]) -> str:
    unknown = [
        f"CASE WHEN r.{identifier(f.column)} IS NOT NULL AND {_found(f)}.hub_id IS NULL THEN {literal(f.name)} END"
        for f in references
    ]
    return (
        f"list_filter([{', '.join(unknown)}]::VARCHAR[], lambda name: name IS NOT NULL)" if unknown else "[]::VARCHAR[]"
    )
