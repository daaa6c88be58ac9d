"""The recycle bin of one module, and what `/deleted` tells of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from crmsync_zoho.simulator.instants import DAY_S

KEPT_S = 60 * DAY_S  # a deleted record can be restored that long
LISTED_S = 120 * DAY_S  # a permanent deletion is told that long


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deleted record; `type` as of the time it was asked for."""

    id: int
    name: str | None
    deleted_s: int
    deleted_by: int
    created_by: int
    type: Literal["recycle", "permanent"] = "recycle"


class Bin:
    """Tombstones by id. First a record is recycled, later it is gone for good: two events of one id."""

    def __init__(self) -> None:
        self._entries: dict[int, Tombstone] = {}

    def add(self, tombstone: Tombstone) -> None:
        self._entries[tombstone.id] = tombstone

    def remove(self, record_id: int) -> None:
        self._entries.pop(record_id, None)

    def restorable(self, record_id: int, now_s: int) -> bool:
        entry = self._entries.get(record_id)
        return entry is not None and _now(entry, now_s).type == "recycle"

    def listed(self, now_s: int) -> list[Tombstone]:
        """What is told today, newest first."""
        entries = [_now(entry, now_s) for entry in self._entries.values()]
        kept = [e for e in entries if e.type == "recycle" or now_s < e.deleted_s + LISTED_S]
        return sorted(kept, key=lambda e: (e.deleted_s, e.id), reverse=True)


def _now(entry: Tombstone, now_s: int) -> Tombstone:
    """The bin empties itself."""
    if entry.type == "recycle" and now_s >= entry.deleted_s + KEPT_S:
        return replace(entry, type="permanent", deleted_s=entry.deleted_s + KEPT_S)
    return entry
