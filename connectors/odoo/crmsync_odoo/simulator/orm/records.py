"""Some records of a model, read column by column: a loop over records inside of each is several times faster than the
other way. Each column is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from crmsync_odoo.simulator.orm.baseline import Slice
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.fields import Column, Raw
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.orm.table import Row


class Records:
    """Records that are there, in the order of `ids`."""

    def __init__(self, env: Env, model: Model, ids: Sequence[int]) -> None:
        self.env = env
        self.model = model
        self.ids = ids
        self._columns: dict[str, Column] = {}

    def column(self, name: str) -> Column:
        """The values of one field, in the language of the context."""
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def stored(self, name: str) -> Column:
        """The values as they are kept, whatever the field is."""
        base, touched = self.model.table.baseline, self._touched
        if not touched:
            return base.column(name, self._slice)
        column: Column = [None] * len(self.ids)
        if self._places:
            for place, value in zip(self._places, base.column(name, self._slice), strict=True):
                column[place] = value
        for place, row in touched:
            if name in row.values:
                column[place] = row.values[name]
        return column

    def related(self, link: str, name: str) -> Column:
        """A field of the records that a many2one leads to; None where it leads nowhere."""
        targets = self.column(link)
        ids = distinct(targets)
        found = dict(zip(ids, self.env.records(self.model.fields[link].relation, ids).column(name), strict=True))
        return [found.get(target) if isinstance(target, int) else None for target in targets]

    def _column(self, name: str) -> Column:
        if name == "id":
            return list(self.ids)
        field = self.model.fields[name]
        if field.compute is not None:
            return field.compute(self)
        if field.type == "one2many":
            table = self.env.model(field.relation).table
            return table.lines(field.inverse, self.ids)
        column = self.stored(name)
        if field.translated and (words := self.env.database.languages.get(str(self.env.context.get("lang")))):
            key = (self.model.name, name)
            return [words.get((*key, each), value) for each, value in zip(self.ids, column, strict=True)]
        return column

    @cached_property
    def _touched(self) -> list[tuple[int, Row]]:
        rows = self.model.table.rows
        if not rows:
            return []
        return [(place, row) for place, each in enumerate(self.ids) if (row := rows.get(each)) is not None]

    @cached_property
    def _indexes(self) -> list[int]:
        first = self.model.table.baseline.first_id
        indexes = [each - first for each in self.ids]
        for place, row in self._touched:
            indexes[place] = row.index
        return indexes

    @cached_property
    def _places(self) -> list[int]:
        """Where the records stand that the baseline knows."""
        return [place for place, index in enumerate(self._indexes) if index >= 0]

    @cached_property
    def _slice(self) -> Slice:
        indexes = self._indexes
        if self._touched:
            indexes = [indexes[place] for place in self._places]
        return self.model.table.baseline.slice(indexes)


def distinct(column: Iterable[Raw]) -> list[int]:
    """The ids that stand in a column of a many2one, rising."""
    return sorted({value for value in column if isinstance(value, int)})


def mentioned(column: Iterable[Raw]) -> list[int]:
    """The ids that stand in a column of any relation, rising."""
    ids: set[int] = set()
    for value in column:
        if isinstance(value, tuple):
            ids.update(value)
        elif isinstance(value, int):
            ids.add(value)
    return sorted(ids)
