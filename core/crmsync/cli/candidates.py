"""Which record a person means: by its address, the id of its hub row, or its id in a CRM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmsync.cli.records import KEYS, called
from crmsync.cli.sides import columns_of
from crmsync.errors import UsageError
from crmsync.quote import identifier

if TYPE_CHECKING:
    from crmsync.store import FileStore

HUB = "crm"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the hub, which may be deleted, or a record that has none: `hub_id` is None then."""

    hub_id: str | None
    connection: str | None = None
    remote_id: str | None = None


def connections(opened: FileStore, object_: str) -> list[str]:
    """The connections that have a mirror of such records. Raises UsageError where nobody has."""
    known = "SELECT connection, stream FROM crmsync.runs UNION SELECT connection, stream FROM crmsync.links"
    there = {(connection, stream) for connection, stream in opened.query(known)[1] if connection != HUB}
    found = sorted(c for c, stream in there if stream == object_ and columns_of(opened, c, object_))
    if not found and not columns_of(opened, HUB, object_):
        streams = ", ".join(sorted({stream for _, stream in there})) or "none"
        raise UsageError(f"The store has no {object_}. There: {streams}.")
    return found


def candidate(opened: FileStore, object_: str, key: str) -> Candidate:
    """The one that is meant. Raises UsageError where there is none, or more than one: they are listed."""
    mirrors = connections(opened, object_)
    found = _of_connection(opened, object_, key, mirrors) or _of_hub(opened, object_, key)
    if not found:
        for mirror in mirrors:
            found += _of_mirror(opened, object_, mirror, _like(opened, mirror, object_, key))
    found = list(dict.fromkeys(found))
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"There is no {object_} {key}, neither in the hub nor in a CRM.",
            hint="Name it by its address, the _id of its row, or CONNECTION:ID.",
        )
    listed = "\n".join(f"crmsync explain {object_} {_named(each)}  {_called(opened, object_, each)}" for each in found)
    raise UsageError(f"{key} may be one of {len(found)}; name one by its id:", hint=listed)


def _of_connection(opened: FileStore, object_: str, key: str, mirrors: Sequence[str]) -> list[Candidate]:
    connection, colon, remote_id = key.partition(":")
    return _of_mirror(opened, object_, connection, [remote_id]) if colon and connection in mirrors else []


def _of_hub(opened: FileStore, object_: str, key: str) -> list[Candidate]:
    """Rows with that id or address, and a row that is deleted, whose links are there still."""
    found = _like(opened, HUB, object_, key)
    gone = opened.query("SELECT DISTINCT hub_id FROM crmsync.links WHERE stream = ? AND hub_id = ?", [object_, key])[1]
    return [Candidate(hub_id) for hub_id in (*found, *(row[0] for row in gone))]


def _of_mirror(opened: FileStore, object_: str, connection: str, ids: Sequence[str]) -> list[Candidate]:
    """Records of a mirror, or the hub rows that they are linked to."""
    linked = dict(
        opened.query(
            "SELECT remote_id, hub_id FROM crmsync.links WHERE connection = $1 AND stream = $2 "
            "AND list_contains($3::VARCHAR[], remote_id)",
            [connection, object_, list(ids)],
        )[1]
    )
    there = called(opened, connection, object_, ids)
    return [
        Candidate(linked[id_]) if id_ in linked else Candidate(None, connection, id_)
        for id_ in ids
        if id_ in linked or id_ in there
    ]


def _like(opened: FileStore, schema: str, object_: str, key: str) -> list[str]:
    """The ids of the rows with that id or address."""
    there = columns_of(opened, schema, object_)
    if "_id" not in there:
        return []
    addresses = "".join(f" OR lower(trim({name})) = lower(trim($1))" for name in KEYS if name in there)
    found = opened.query(
        f"SELECT _id FROM {identifier(schema)}.{identifier(object_)} WHERE _id = $1{addresses} ORDER BY _id", [key]
    )
    return [row[0] for row in found[1]]


def _named(candidate: Candidate) -> str:
    return candidate.hub_id or f"{candidate.connection}:{candidate.remote_id}"


def _called(opened: FileStore, object_: str, candidate: Candidate) -> str:
    if candidate.hub_id is not None:
        return called(opened, HUB, object_, [candidate.hub_id]).get(candidate.hub_id, "(deleted)")
    assert candidate.connection is not None
    assert candidate.remote_id is not None
    return called(opened, candidate.connection, object_, [candidate.remote_id]).get(candidate.remote_id, "")
