"""The text of one item: cells by their paths, put into the template of an operation or into the row of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from crmsync.errors import SpecError
from crmsync.mapping.inverse import whole_number
from crmsync.mapping.wire import Filling, Value, Wire, array_of, object_of, quoted
from crmsync.quote import literal
from crmsync.spec import bind

CELLS = "fields"  # the placeholder of all cells
NOTHING = "nothing to write"
_LACKS = {"key": "no key", "id": "no id", "value": "no value to match by"}


@dataclass(frozen=True, slots=True)
class Item:
    """An item over its `cells`, SQL of their JSON text by path: NULL where nothing is written."""

    wire: Wire
    cells: Mapping[tuple[str, ...], str]

    def object(self, template: bind.Template) -> str:
        """SQL: the JSON text of the template."""
        return Filling(self._values, {CELLS: objects(self.cells)}).json(template)

    def row(self, keys: Mapping[str, Any]) -> tuple[str, str]:
        """SQL: the JSON texts of a row's cells and of their columns, `keys` first."""
        texts = {bind.plain(name): Filling(self._values).json(template) for name, template in keys.items()}
        texts |= {name: sql for (name,), sql in self.cells.items() if name not in texts}
        names = [
            f"CASE WHEN {sql} IS NOT NULL THEN {literal(json.dumps(name, ensure_ascii=False))} END"
            for name, sql in texts.items()
        ]
        return array_of(texts.values()), array_of(names)

    def lacks(self, names: set[str]) -> list[tuple[str, str]]:
        """SQL: what keeps an item from being sent that needs values for these placeholders, and the reason."""
        found = [(f"coalesce(_{name}, '') = ''", why) for name, why in _LACKS.items() if name in names]
        if self.wire.numbers and "id" in names:
            found.append((f"{whole_number('_id')} IS NULL", "not an id"))
        if CELLS in names:
            told = f"coalesce({', '.join(self.cells.values())}) IS NOT NULL" if self.cells else "false"
            found.append((f"NOT ({told})", NOTHING))
        return found

    @property
    def _values(self) -> dict[str, Value]:
        id_ = self.wire.json("_id", bare=self.wire.numbers)
        return {
            "key": Value(quoted("_key"), "_key"),
            "id": Value(id_, "_id"),
            "value": Value(quoted("_value"), "_value"),
        }


def objects(cells: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    """The entries of the object that has all cells; cells with one first name share an object there."""
    tree: dict[str, Any] = {}
    for path, sql in cells.items():
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                raise SpecError(f"two lines write {'.'.join(path)} and what it is a part of")
        if path[-1] in node:
            raise SpecError(f"two lines write {'.'.join(path)} and a part of it")
        node[path[-1]] = sql
    return {name: _branch(node) for name, node in tree.items()}


def _branch(node: Any) -> str:
    """SQL: the JSON text of a cell, or of an object of cells; NULL where none of them is written."""
    if isinstance(node, str):
        return node
    entries = {name: _branch(child) for name, child in cast(dict[str, Any], node).items()}
    written = " OR ".join(f"{sql} IS NOT NULL" for sql in entries.values())
    return f"CASE WHEN {written} THEN {object_of(entries)} END"
