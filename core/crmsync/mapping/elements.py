"""A value into a list of the record: the element that was read is changed, the others are sent back as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmsync.mapping.lists import ELEMENT, kept, mapped
from crmsync.mapping.paths import Step
from crmsync.mapping.shape import preferred
from crmsync.mapping.wire import object_of
from crmsync.quote import identifier, literal, pointer

_MAP = "MAP(VARCHAR, JSON)"


@dataclass(frozen=True, slots=True)
class Elements:
    """The list at `steps` of the object that holds the fields; `name` is that of the columns about it."""

    name: str
    values: tuple[str, ...]
    steps: tuple[Step, ...]
    prefer: Mapping[str, Any] | None

    @property
    def _list(self) -> str:
        return identifier(f"{self.name}.list")

    @property
    def _place(self) -> str:
        return identifier(f"{self.name}.place")

    def list_column(self) -> str:
        """The column of the elements, over the record as the provider has it, `#now`."""
        path = pointer(*self.values, *(step.name for step in self.steps))
        return f"coalesce(json_extract(\"#now\"->{path}, '$[*]'), []) AS {self._list}"

    def place_column(self) -> str:
        """The column of the place of the element that is read: the one that is preferred, else the first."""
        if not self.prefer:
            return f"1 AS {self._place}"
        found = mapped(self._list, preferred(self.prefer, self.steps))
        return f"coalesce(list_position({found}, true), 1) AS {self._place}"

    def changed(self, entries: Mapping[str, str]) -> str:
        """SQL: the JSON text of the list, with `entries` (key: JSON text) put into that element."""
        keys = ", ".join(map(literal, entries))
        own = f"coalesce(TRY({self._list}[{self._place}]::{_MAP}), MAP {{}}::{_MAP})"
        others = kept(f"map_entries({own})", f"{ELEMENT}.key NOT IN ({keys})")
        pieces = mapped(others, f"to_json({ELEMENT}.key)::VARCHAR || ':' || {ELEMENT}.value::VARCHAR")
        new = object_of(entries)
        kept_first = f"'{{' || array_to_string({pieces}, ',') || ',' || {new}[2:]"
        merged = f"CASE WHEN len({pieces}) > 0 THEN {kept_first} ELSE {new} END"
        before, after = f"{self._list}[:{self._place} - 1]::VARCHAR[]", f"{self._list}[{self._place} + 1:]::VARCHAR[]"
        return f"'[' || array_to_string(list_concat({before}, [{merged}], {after}), ',') || ']'"
