"""How records look in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from crmsync.sandbox.columns import json_text
from crmsync_hubspot.simulator.baseline import Render
from crmsync_hubspot.simulator.instants import iso
from crmsync_hubspot.simulator.portal import Portal, Shelf
from crmsync_hubspot.simulator.table import Version

LINKS_SHOWN_MAX = 100  # of one record and one kind, within a list


class Show:
    """Shows records of one kind with the same properties."""

    def __init__(self, portal: Portal, shelf: Shelf, names: Sequence[str]) -> None:
        self._portal, self._shelf = portal, shelf
        asked = shelf.catalogue.known(names or shelf.kind.defaults)
        self._names = tuple(dict.fromkeys([*shelf.kind.always, *asked]))
        self._nulls = portal.switches.null_properties

    def texts(self, rows: Sequence[int | Version]) -> list[str]:
        """Records as JSON; untouched ones may be given as indexes of the baseline. Quick for those nobody edited."""
        updated_ms = self._shelf.table.baseline.updated_ms
        plain = [row for row in rows if self._is_plain(row)]
        indexes = [row if isinstance(row, int) else row.index for row in plain]
        times_ms = [updated_ms(row) if isinstance(row, int) else row.updated_ms for row in plain]
        rendered = iter(self._render(indexes, times_ms) if plain else ())
        return [next(rendered) if self._is_plain(row) else json_text(self.body(row)) for row in rows]

    def body(self, row: int | Version) -> dict[str, Any]:
        """One record as an object."""
        table, kind = self._shelf.table, self._shelf.kind
        version = table.untouched(row) if isinstance(row, int) else row
        values = table.select(version, self._names)
        if not self._nulls:
            values = {name: value for name, value in values.items() if value is not None}
        shown: dict[str, Any] = {
            "id": str(version.id),
            "properties": values,
            "createdAt": iso(version.created_ms),
            "updatedAt": iso(version.updated_ms),
            "archived": version.archived_ms is not None,
            "url": f"https://app.hubspot.com/contacts/{self._portal.id}/record/{kind.type_id}/{version.id}",
        }
        if version.archived_ms is not None:
            shown["archivedAt"] = iso(version.archived_ms)
        return shown

    def history(self, version: Version, names: Sequence[str]) -> dict[str, Any]:
        """The `propertiesWithHistory` member: former values, newest first."""
        table = self._shelf.table
        shown: dict[str, list[dict[str, Any]]] = {}
        for name in self._shelf.catalogue.known(names):
            entries, row = [], version
            while row.previous is not None:
                if table.value(row, name) != table.value(row.previous, name):
                    entries.append(_past(table.value(row, name), row.updated_ms))
                row = row.previous
            first = table.value(row, name)
            shown[name] = entries + ([] if first is None else [_past(first, row.created_ms)])
        return shown

    def associations(self, version: Version, targets: Sequence[str]) -> dict[str, Any]:
        """The `associations` member: one entry per type of link."""
        shown: dict[str, Any] = {}
        for target in targets:
            other = self._portal.shelf(target)
            if other is None:
                continue
            pair = f"{self._shelf.kind.singular}_to_{other.kind.singular}"
            linked = self._portal.links.of(self._shelf.kind.plural, version.id, other.kind.plural)
            entries = [
                {"id": str(far), "type": name}
                for far, types in list(linked.items())[:LINKS_SHOWN_MAX]
                for name in ([pair, f"{pair}_unlabeled"] if len(types) > 1 else [pair])
            ]
            if entries:
                shown[other.kind.plural] = {"results": entries}
        return shown

    def _is_plain(self, row: int | Version) -> bool:
        """Whether the baseline can render it; it writes unset values as null."""
        if not self._nulls or isinstance(row, int):
            return self._nulls
        return row.index >= 0 and not row.changes and row.archived_ms is None

    @cached_property
    def _render(self) -> Render:
        return self._shelf.table.baseline.render(self._names)


def _past(value: str | None, moment_ms: int) -> dict[str, Any]:
    return {
        "value": value or "",
        "timestamp": iso(moment_ms),
        "sourceType": "INTEGRATION",
        "sourceId": "sandbox",
        "sourceLabel": "Sandbox",
    }
