"""The cells of an import: from texts to what a create or write takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from crmsync_odoo.simulator import errors, times
from crmsync_odoo.simulator.orm.compare import whole
from crmsync_odoo.simulator.orm.domain import Leaf
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import MANY, Field
from crmsync_odoo.simulator.orm.matching import with_active
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.records import Records
from crmsync_odoo.simulator.orm.search import found

TRUE, FALSE = ("1", "true", "yes"), ("", "0", "false", "no")
Read = tuple[Any, str]  # the value, and a warning


class Complaint(Exception):
    """A cell cannot be read; `{field}` in the text is the field's label."""

    def __init__(self, text: str, more: Any = None) -> None:
        super().__init__(text)
        self.text = text
        self.more = more


class Cells:
    """Reads the cells of one call. Raises OdooError for a column that the model does not have."""

    def __init__(self, env: Env, model: Model, columns: Sequence[str]) -> None:
        self._env, self._model = env, model
        for column in columns:
            name = column.partition("/")[0]
            if name not in (".id", "id") and name not in model.fields:
                raise errors.unknown_field(model.name, column, env.version)

    def database_id(self, given: Any) -> int:
        return whole(given)

    def named(self, name: str, model: str) -> int | None:
        """The record that an external id means."""
        module, _, own = name.partition(".")
        table = self._env.model("ir.model.data").table
        for line in table.referrers("name", own) if name else ():
            if table.value(line, "module") == module:
                if table.value(line, "model") != model:
                    other = table.value(line, "model")
                    raise errors.invalid(f"The external ID {name} belongs to a record of {other}, not of {model}.")
                target = table.value(line, "res_id")
                return target if isinstance(target, int) and self._env.model(model).table.has(target) else None
        return None

    def read(self, column: str, cell: Any) -> Read:
        """One cell, which is a text, a number or nothing."""
        if cell is True:
            raise errors.builtin("AttributeError", "'bool' object has no attribute 'lower'")
        name, _, by = column.partition("/")
        field = self._model.fields[name]
        if cell in (None, False, ""):
            return (0 if field.type in ("integer", "float", "monetary") else False), ""
        if field.type in MANY:
            return self._list(field, by, str(cell))
        if field.relation:
            return self._reference(field, by, str(cell))
        return self._plain(field, cell)

    def _plain(self, field: Field, cell: Any) -> Read:
        match field.type:
            case "boolean":
                return self._flag(str(cell))
            case "integer":
                return self._number(int, cell, "an integer"), ""
            case "float" | "monetary":
                return self._number(float, cell, "a number"), ""
            case "date":
                return self._date(str(cell)), ""
            case "datetime":
                return self._datetime(str(cell)), ""
            case "selection":
                return self._option(field, str(cell)), ""
        return str(cell), ""

    def _flag(self, text: str) -> Read:
        """What cannot be read counts as true."""
        if text.lower() in TRUE or text.lower() in FALSE:
            return text.lower() in TRUE, ""
        return True, f"Unknown value '{text}' for boolean field '{{field}}'"

    def _number(self, kind: type[int] | type[float], cell: Any, wanted: str) -> Any:
        try:
            return kind(cell)
        except ValueError:
            raise Complaint(f"'{cell}' does not seem to be {wanted} for field '{{field}}'") from None

    def _date(self, text: str) -> str:
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            more = "Use the format '2012-12-31'"
            raise Complaint(f"'{text}' does not seem to be a valid date for field '{{field}}'", more) from None

    def _datetime(self, text: str) -> str:
        try:
            return times.text(times.exact(text))
        except ValueError:
            more = "Use the format '2012-12-31 23:59:59'"
            raise Complaint(f"'{text}' does not seem to be a valid datetime for field '{{field}}'", more) from None

    def _option(self, field: Field, text: str) -> str:
        """A key or a label."""
        for key, label in field.selection:
            if text in (key, label):
                return key
        labels = [label or key for key, label in field.selection]
        raise Complaint(f"Value '{text}' not found in selection field '{{field}}'", labels)

    def _reference(self, field: Field, by: str, text: str) -> Read:
        """By external id, by database id, or by name; of several of one name the first is taken, with a warning."""
        target = field.relation
        more = {"type": "ir.actions.act_window", "name": "Possible Values", "res_model": target}
        if by == "id":
            name = text if "." in text else f"__import__.{text}"
            if (known := self.named(name, target)) is None:
                raise Complaint(f"No matching record found for external id '{text}' in field '{{field}}'", more)
            return known, ""
        if by == ".id":
            if not text.lstrip("-").isdecimal():
                raise Complaint(f"Invalid database id '{text}' for the field '{{field}}'", more)
            if not self._env.model(target).table.has(int(text)):
                raise Complaint(f"No matching record found for database id '{text}' in field '{{field}}'", more)
            return int(text), ""
        ids = self._by_name(field, text)
        if not ids:
            raise Complaint(f"No matching record found for name '{text}' in field '{{field}}'", more)
        warning = f"Found multiple matches for value '{text}' in field '{{field}}' ({len(ids)} matches)"
        return ids[0], warning if len(ids) > 1 else ""

    def _list(self, field: Field, by: str, text: str) -> Read:
        ids = [self._reference(field, by, part)[0] for part in text.split(",")]
        return [[6, 0, ids]], ""

    def _by_name(self, field: Field, text: str) -> list[int]:
        model = self._env.model(field.relation)
        node = with_active(self._env, model, Leaf("name", "=", text))
        ids = list(found(self._env, model, node)) if "name" in model.fields else []
        return ids or self._by_label(model, text)

    def _by_label(self, model: Model, text: str) -> list[int]:
        """`Acme GmbH, Ann Lee`: the last part narrows, the label decides."""
        if "," not in text or "name" not in model.fields:
            return []
        node = with_active(self._env, model, Leaf("name", "=", text.rpartition(", ")[2]))
        ids = list(found(self._env, model, node))
        names = Records(self._env, model, ids).column("display_name")
        return [each for each, name in zip(ids, names, strict=True) if name == text]
