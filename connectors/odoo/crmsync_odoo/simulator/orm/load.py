"""The import: rows of texts, found again by their external ids. All rows are stored, or none and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.cells import Cells, Complaint
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.writes import Writer

ERRORS_MAX = 10
TOO_MANY = (
    "Found more than 10 errors and more than one error per 10 records, interrupted to avoid showing too many errors."
)
Message = dict[str, Any]


@dataclass(slots=True)
class Line:
    """One row: which record it means, and its values."""

    index: int
    name: str  # external id, with its module; "" for none
    record_id: int | None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Message:
        """How messages name the row."""
        return {"record": self.index, "rows": {"from": self.index, "to": self.index}}


class Import:
    """One call of `load`."""

    def __init__(self, env: Env, model: Model, columns: Sequence[Any]) -> None:
        self._env, self._model = env, model
        self._columns = [str(column) for column in columns]
        self._cells = Cells(env, model, self._columns)
        self._messages: list[Message] = []
        self._waiting: list[Line] = []
        self._names: set[str] = set()  # external ids of the rows that wait
        self._ids: list[int] = []

    def run(self, data: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Store the rows. The answer's `nextrow` is where to go on, if there were too many."""
        most = self._env.context.get("_import_limit") or self._env.database.switches.import_limit
        rows = data[:most] if most else data
        try:
            with self._env.database.savepoint():
                for line in self._lines(rows):
                    self._waiting.append(line)
                    self._names.add(line.name)
                self._flush()
                if any(message["type"] == "error" for message in self._messages):
                    raise _Rollback
        except _Rollback:
            return {"ids": False, "messages": self._messages, "nextrow": 0}
        following = len(rows) if len(rows) < len(data) else 0
        return {"ids": self._ids, "messages": self._messages, "nextrow": following}

    def _lines(self, rows: Sequence[Sequence[Any]]) -> Iterator[Line]:
        for index, row in enumerate(rows):
            cells = dict(zip(self._columns, row, strict=False))
            name = str(cells.get("id") or "")
            line = Line(index, name if not name or "." in name else f"__import__.{name}", self._known(index, cells))
            for column, cell in cells.items():
                if column not in ("id", ".id"):
                    self._convert(line, column, cell)
            yield line

    def _known(self, index: int, cells: dict[str, Any]) -> int | None:
        """The record that the column `.id` means: an empty cell means a new one."""
        given = cells.get(".id")
        if not given:
            return None
        number = self._cells.database_id(given)
        if self._model.table.has(number) and self._is_seen(number):
            return number
        place = {"record": index, "rows": {"from": index, "to": index}, "field": ".id"}
        self._messages.append({**place, "type": "error", "message": f"Unknown database identifier '{given}'"})
        return None

    def _is_seen(self, record_id: int) -> bool:
        """An archived record is unknown unless the context shows such."""
        hidden = self._model.has_active and self._env.active_test
        return not hidden or bool(self._model.table.value(record_id, "active"))

    def _convert(self, line: Line, column: str, cell: Any) -> None:
        """Put one cell into the row's values, or its complaint among the messages."""
        if column.endswith("/id") and cell in self._names:
            self._flush()
        name = column.partition("/")[0]
        label = self._model.fields[name].label
        try:
            line.values[name], warning = self._cells.read(column, cell)
        except Complaint as complaint:
            told = {"field": name, "field_name": label, "message": complaint.text.format(field=label)}
            more = {"moreinfo": complaint.more} if complaint.more else {}
            self._messages.append({**line.place, "type": "error", **told, **more})
        else:
            if warning:
                told = {"field": name, "field_name": label, "message": warning.format(field=label)}
                self._messages.append({**line.place, "type": "warning", **told})

    def _flush(self) -> None:
        """Store what waits: together, and if that fails, one by one to find out which rows are bad.

        The complaint about all of them then stands first and bears the first row's number, guilty or not.
        """
        lines, self._waiting = self._waiting, []
        self._names.clear()
        if not lines:
            return
        overall: Message | None = None
        try:
            with self._env.database.savepoint():
                self._ids += self._store(lines)
        except errors.OdooError as error:
            if error.status == 422:
                overall = {**lines[0].place, "type": "error", "message": error.message}
        else:
            return
        bad = self._one_by_one(lines)
        if bad and overall is not None and overall not in self._messages:
            self._messages.insert(0, overall)

    def _one_by_one(self, lines: Sequence[Line]) -> int:
        bad = 0
        for number, line in enumerate(lines, 1):
            try:
                with self._env.database.savepoint():
                    self._ids += self._store([line])
            except errors.OdooError as error:
                bad += 1
                shown = error.message
                if error.status != 422:
                    shown = f"Unknown error during import: {error.name}: {error.message}"
                self._messages.append({**line.place, "type": "error", "message": shown})
            if bad >= ERRORS_MAX and bad >= number / 10:  # as the server counts
                self._messages.append({"type": "warning", "message": TOO_MANY})
                break
        return bad

    def _store(self, lines: Sequence[Line]) -> list[int]:
        """Create or update; each row is written, even if nothing changes. Names what is new."""
        ids = []
        for line in lines:
            writer = Writer(self._env)
            there = line.record_id if line.record_id is not None else self._cells.named(line.name, self._model.name)
            if there is None:
                there = writer.create(self._model, [line.values])[0]
            elif line.values:
                writer.write(self._model, [there], line.values)
            else:
                writer.change(self._model, there, {})
            if line.name and self._cells.named(line.name, self._model.name) is None:
                self._name(line.name, there)
            ids.append(there)
        return ids

    def _name(self, name: str, record_id: int) -> None:
        """Done with the server's own rights: who imports need not be allowed to read the names."""
        module, _, own = name.partition(".")
        row = {"module": module, "name": own, "model": self._model.name, "res_id": record_id, "noupdate": False}
        Writer(self._env.sudo()).create(self._env.model("ir.model.data"), [row])


class _Rollback(Exception):
    """Some row was bad, so none is stored."""
