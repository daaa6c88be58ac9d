"""A model: its fields, its rows, and how it behaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.fields import Compute, Field, Raw, char, many2one
from crmsync_odoo.simulator.orm.table import Table

if TYPE_CHECKING:
    from crmsync_odoo.simulator.orm.env import Env
    from crmsync_odoo.simulator.orm.writes import Writer

Values = dict[str, Raw]


class Behaviour:
    """What a model does beyond keeping fields; this one does nothing."""

    defaults: Mapping[str, Raw] = {}  # values of a new record that were not given

    def fill(self, env: Env, values: Values) -> None:
        """Put in further defaults, where none is given."""

    def prepare(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of a create or write as they shall be checked: renamed, completed."""
        return given

    def creating(self, env: Env, record_id: int, values: Values) -> None:
        """Complete the checked values of a new record."""

    def writing(self, env: Env, record_id: int, values: Values) -> None:
        """Complete the checked values of a change."""

    def written(
        self, writer: Writer, record_ids: Sequence[int], names: Iterable[str], former: Mapping[int, Values]
    ) -> None:
        """Do what follows from a create (`former` is empty) or a change."""

    def unlinking(self, writer: Writer, record_ids: Sequence[int]) -> None:
        """Refuse a deletion, or do what comes before it."""


def own_fields(display_name: Compute) -> tuple[Field, ...]:
    """The fields that every model has."""
    return (
        Field("id", "integer", "ID", readonly=True),
        char("display_name", "Display Name", readonly=True, stored=False, compute=display_name),
        Field("create_date", "datetime", "Created on", readonly=True),
        many2one("create_uid", "Created by", "res.users", readonly=True),
        Field("write_date", "datetime", "Last Updated on", readonly=True),
        many2one("write_uid", "Last Updated by", "res.users", readonly=True),
    )


class Model:
    """A model of one database. `order` is what a search without one uses."""

    def __init__(
        self,
        name: str,
        label: str,
        fields: Iterable[Field],
        table: Table,
        order: str = "id",
        behaviour: Behaviour | None = None,
        display_name: Compute | None = None,
    ) -> None:
        self.name = name
        self.label = label
        self.table = table
        self.order = order
        self.behaviour = behaviour or Behaviour()
        named: Compute = display_name or (lambda records: records.column("name"))
        self.fields: dict[str, Field] = {field.name: field for field in (*own_fields(named), *fields)}

    @property
    def has_active(self) -> bool:
        return "active" in self.fields

    def field(self, name: object, version: int) -> Field:
        """The field that a read, a domain or an order names."""
        found = self.fields.get(name) if isinstance(name, str) else None
        if found is None:
            raise errors.unknown_field(self.name, str(name), version)
        return found
