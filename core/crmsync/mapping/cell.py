"""One field's line over the shape of its stream: how its column gets its value, and when a value is bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmsync.errors import SpecError
from crmsync.mapping.lookups import options_variable
from crmsync.mapping.shape import Shape, Spot, equals
from crmsync.mapping.transforms import read
from crmsync.mapping.types import duckdb_type
from crmsync.quote import identifier, literal
from crmsync.spec import bind
from crmsync.spec.model_stream import Field

_TEXTS = ("text", "email", "domain", "ref")


@dataclass(frozen=True, slots=True)
class Cell:
    """A column in SQL. `converted`, if any, is computed first; `result`, `bad`, `text`, `reason` may then name it.

    `bad` is the condition that the value does not fit (None: it always does); `text` is what is shown then.
    """

    name: str
    converted: str
    result: str
    bad: str | None = None
    text: str = "NULL::VARCHAR"
    reason: str = "''"
    on_bad: str = "hold"

    @property
    def problem(self) -> str:
        """The entry of `_problems`; without a reason where the value fits."""
        reason, hold = f"CASE WHEN {self.bad} THEN {self.reason} END", "true" if self.on_bad == "hold" else "false"
        return f"{{'field': {literal(self.name)}, 'reason': {reason}, 'value': {self.text}, 'hold': {hold}}}"


class FieldSource:
    """Implements transforms.Source for one field; `spot` is how the stream's shape takes its paths."""

    def __init__(self, stream: str, field: Field, shape: Shape, spot: Callable[[str], Spot]) -> None:
        self._field, self._shape, self._spot = field, shape, spot
        self.options = options_variable(stream, field.name)
        truth = field.transform.kind in ("boolean", "not")  # there a `false` is a value
        self._nulls = tuple(value for value in field.nulls if not (truth and value is False))
        self._spots = [spot(path) for path in field.at]
        self._keeps = field.on_bad == "keep" and field.type in _TEXTS  # another column cannot hold a text
        self._on_bad = "hold" if field.on_bad == "keep" and not self._keeps else field.on_bad

    def text(self) -> str:
        """The first text at the field's paths that is not null."""
        return _first(self.texts())

    def texts(self) -> Sequence[str]:
        """The text at each path."""
        return [self._shape.text(spot, self._nulls, self._field.prefer) for spot in self._spots]

    def json(self) -> str:
        """The first JSON at the field's paths that is not null."""
        if not self._spots:
            raise SpecError(f"the field {self._field.name} has no path")
        return _first([self._shape.json(spot, self._nulls) for spot in self._spots])

    def each(self) -> str | None:
        """The texts of all elements, at the first path that has a list; None if none names one."""
        listed = [spot for spot in self._spots if any(step.each for step in spot.steps)]
        return _first([self._shape.each(spot) for spot in listed]) if listed else None

    def meets(self, condition: Mapping[str, Any]) -> str:
        """Whether the record meets a condition of the spec; values that mean null count as they are."""
        tests = [equals(self._shape.text(self._spot(path)), value) for path, value in condition.items()]
        return " AND ".join(f"coalesce({test}, false)" for test in tests)

    def cell(self) -> Cell:
        """The field's column."""
        field, column, name = self._field, duckdb_type(self._field.type), identifier(self._field.name)
        reading = read(field.transform.kind, field.transform.arg, self)
        fits = reading.text is None and reading.type == column
        text = reading.text or ("NULL::VARCHAR" if fits else self.text())
        if fits and reading.value in self.texts():  # as it is: a step less to plan
            cell = Cell(field.name, "", self._result(reading.value, text, fits), on_bad=self._on_bad)
        else:
            cell = Cell(
                name=field.name,
                converted=reading.value if reading.type == column else f"try_cast({reading.value} AS {column})",
                result=self._result(name, text, fits, label=reading.label),
                bad=None if fits else f"{text} IS NOT NULL AND {name} IS NULL",
                text=text,
                reason=literal(reading.reason or f"not of type {field.type}"),
                on_bad=self._on_bad,
            )
        cell = self._with_shape(cell)
        return replace(cell, bad=None) if self._on_bad == "clear" else cell

    def _result(self, name: str, text: str, fits: bool, *, label: bool = False) -> str:
        null = f"{text} IS NULL"
        if label:
            null = f"({null} OR {name} = '')"
        if self._keeps:
            name = f"coalesce({name}, {text})"
        if label:
            name = f"nullif({name}, '')"
        default = bind.fill(self._field.default, {})
        if default is None:
            return name
        value = f"try_cast({literal(str(default))} AS {duckdb_type(self._field.type)})"
        if fits:
            return f"coalesce({name}, {value})"
        return f"CASE WHEN {null} THEN coalesce({name}, {value}) ELSE {name} END"

    def _with_shape(self, cell: Cell) -> Cell:
        """A path that leads through something else than objects and lists makes the value bad, too."""
        found = [column for spot in self._spots if (column := self._shape.misshapen(spot, self._nulls))]
        if not found:
            return cell
        odd = f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]
        shown = odd if self._keeps else "NULL"
        return replace(
            cell,
            result=f"CASE WHEN {odd} IS NOT NULL THEN {shown} ELSE {cell.result} END",
            bad=f"{odd} IS NOT NULL" + (f" OR ({cell.bad})" if cell.bad else ""),
            text=f"coalesce({odd}, {cell.text})",
            reason=f"CASE WHEN {odd} IS NOT NULL THEN 'its path leads elsewhere' ELSE {cell.reason} END",
        )


def _first(values: Sequence[str]) -> str:
    """SQL: the first of them that is not null."""
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})" if values else "NULL::VARCHAR"


def identity(cell: Cell, text: str) -> Cell:
    """The cell of `_id`: an object or a list is none."""
    none = f"starts_with({text}, '{{') OR starts_with({text}, '[')"
    converted = f"CASE WHEN {none} THEN NULL ELSE nullif({cell.converted or text}, '') END"
    return replace(cell, converted=converted, result=cell.name, bad=None)
