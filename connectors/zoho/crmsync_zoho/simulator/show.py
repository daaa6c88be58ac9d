"""How records look in an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmsync.sandbox.columns import json_text
from crmsync_zoho.simulator.catalogue import OWNED, Field
from crmsync_zoho.simulator.columns import Value
from crmsync_zoho.simulator.org import Org, Shelf
from crmsync_zoho.simulator.render import Render, Renderer
from crmsync_zoho.simulator.scan import Row
from crmsync_zoho.simulator.table import Version

RENDERERS_MAX = 32  # sets of fields that are kept compiled
STATIC = ("Created_By", "Modified_By", "Tag")  # the same in all untouched records


class Shows:
    """Shows records of all modules; compiled renderers are kept."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._renderers: dict[tuple[Any, ...], Render] = {}

    def texts(self, shelf: Shelf, rows: Sequence[Row], names: Sequence[str]) -> list[str]:
        """Records as JSON, their ids included. Quick for those nobody edited."""
        base, table = shelf.table.baseline, shelf.table
        plain = [row for row in rows if _is_plain(row)]
        rendered: Iterator[str] = iter(())
        if plain:
            indexes = [row if isinstance(row, int) else row.index for row in plain]
            modified_s = [base.modified_s(row) if isinstance(row, int) else row.modified_s for row in plain]
            rendered = iter(self._render(shelf, tuple(names))(indexes, modified_s))
        return [
            next(rendered) if _is_plain(row)
            else json_text(self.body(shelf, table.untouched(row) if isinstance(row, int) else row, names))
            for row in rows
        ]  # fmt: skip

    def body(self, shelf: Shelf, version: Version, names: Sequence[str]) -> dict[str, Any]:
        """One record as an object."""
        table, known = shelf.table, shelf.catalogue.fields
        shown = {name: self.shape(known[name], table.value(version, name)) for name in names}
        return {**shown, "id": str(version.id)}

    def shape(self, field: Field, value: Value) -> Any:
        """A value as it is kept, as JSON has it."""
        if field.name == "Tag":
            return [{"name": text, "id": None} for text in value] if isinstance(value, tuple) else []
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return self._shape_number(field, value)
        if field.name == "Pipeline" and self._org.switches.pipeline_as_object:
            return {"name": value, "id": None}
        return list(value) if isinstance(value, tuple) else value

    def lookup(self, module: str, record_id: int) -> dict[str, str] | None:
        """The record that a lookup means."""
        name = self._org.name_of(module, record_id)
        return None if name is None else {"name": name, "id": str(record_id)}

    def _shape_number(self, field: Field, value: int) -> Any:
        if field.type in OWNED:
            user = self._org.user(value)
            return None if user is None else user.owner
        if field.type == "lookup":
            return self.lookup(field.target, value)
        if field.type == "datetime":
            return self._org.zone.iso(value)
        return str(value) if field.type == "bigint" else value

    def _render(self, shelf: Shelf, names: tuple[str, ...]) -> Render:
        switches = self._org.switches
        key = (shelf.module.api_name, names, switches.pipeline_as_object)
        if key not in self._renderers:
            if len(self._renderers) >= RENDERERS_MAX:
                self._renderers.pop(next(iter(self._renderers)))
            self._renderers[key] = self._compiled(shelf, names)
        return self._renderers[key]

    def _compiled(self, shelf: Shelf, names: tuple[str, ...]) -> Render:
        org, known = self._org, shelf.catalogue.fields
        renderer = Renderer(
            shelf.table.baseline,
            org.made_up.baselines,
            lambda name, value: self.shape(known[name], value),
            lambda module, record_id: json_text(self.lookup(module, record_id)),
            org.zone.isos,
        )
        admin = {"Created_By": shelf.table.admin, "Modified_By": shelf.table.admin}
        constant = [(name, json_text(self.shape(known[name], admin.get(name)))) for name in STATIC if name in names]
        return renderer.compile([name for name in names if name not in STATIC], constant)


def _is_plain(row: Row) -> bool:
    """Whether a renderer can write it."""
    return isinstance(row, int) or (row.index >= 0 and not row.changes and row.created_by == row.modified_by)
