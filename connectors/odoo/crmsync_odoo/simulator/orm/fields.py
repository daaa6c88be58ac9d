"""The fields of a model: their definitions, and how a value looks on the wire.

Inside, a value is None, a boolean, a number, a text, the id of a many2one, the ids of a one2many or many2many, or a
datetime as microseconds; a date is its text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmsync_odoo.simulator import times

if TYPE_CHECKING:
    from crmsync_odoo.simulator.orm.records import Records

Raw = bool | int | float | str | tuple[int, ...] | None
Column = list[Raw]
Compute = Callable[["Records"], Column]

NUMBERS = ("integer", "float", "monetary")
MANY = ("one2many", "many2many")
LOGGED = ("id", "create_date", "create_uid", "write_date", "write_uid")  # the server's own: a client's are ignored


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `compute` gives values that are not kept; `asked` is what a client sees of `stored`."""

    name: str
    type: str
    label: str
    relation: str = ""
    inverse: str = ""  # of a one2many: the many2one that makes it
    selection: tuple[tuple[str, str], ...] = ()
    required: bool = False
    readonly: bool = False
    stored: bool = True
    translated: bool = False
    currency: str = ""
    compute: Compute | None = None

    def described(self) -> dict[str, Any]:
        """The attributes that `fields_get` gives."""
        kept = self.stored and self.type != "one2many"
        shown: dict[str, Any] = {
            "type": self.type,
            "name": self.name,
            "string": self.label,
            "required": self.required,
            "readonly": self.readonly,
            "store": kept,
            "searchable": True,
            "sortable": kept and self.type != "many2many",
            "groupable": kept,
            "manual": self.name.startswith("x_"),
            "company_dependent": False,
            "default_export_compatible": self.name in ("id", "name", "email", "phone"),
            "change_default": False,
            "depends": [],
        }
        if self.type == "selection":
            shown["selection"] = [list(option) for option in self.selection]
        if self.relation:
            shown |= {"relation": self.relation, "domain": [], "context": {}}
        if self.type == "one2many":
            shown["relation_field"] = self.inverse
        if self.type == "monetary":
            shown["currency_field"] = self.currency
        if self.type in ("char", "text", "html"):
            shown |= {"translate": self.translated, "trim": True}
        return shown

    def shown(self, value: Raw) -> Any:
        """A value on the wire; a many2one as its bare id. Nothing is `false`, except for a number."""
        if value is None:
            return 0.0 if self.type in ("float", "monetary") else 0 if self.type == "integer" else False
        if self.type == "datetime":
            assert isinstance(value, int)
            return times.text(value)
        return value


def char(name: str, label: str, **more: Any) -> Field:
    return Field(name, "char", label, **more)


def boolean(name: str, label: str, **more: Any) -> Field:
    return Field(name, "boolean", label, **more)


def integer(name: str, label: str, **more: Any) -> Field:
    return Field(name, "integer", label, **more)


def many2one(name: str, label: str, relation: str, **more: Any) -> Field:
    return Field(name, "many2one", label, relation=relation, **more)


def many2many(name: str, label: str, relation: str, **more: Any) -> Field:
    return Field(name, "many2many", label, relation=relation, **more)


def one2many(name: str, label: str, relation: str, inverse: str) -> Field:
    return Field(name, "one2many", label, relation=relation, inverse=inverse)


def selection(name: str, label: str, *options: str, **more: Any) -> Field:
    """Options are `key:Label`."""
    pairs = tuple((key, told) for key, _, told in (option.partition(":") for option in options))
    return Field(name, "selection", label, selection=pairs, **more)
