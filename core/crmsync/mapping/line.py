"""One field's line read backwards: what it puts into the cells of an item, and what keeps it from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crmsync.errors import SpecError
from crmsync.mapping.elements import Elements
from crmsync.mapping.inverse import Writing, without_nul, write
from crmsync.mapping.labels import UNCLEAR, key_of
from crmsync.mapping.lookups import list_variable, options_variable
from crmsync.mapping.paths import parse
from crmsync.mapping.types import duckdb_type
from crmsync.mapping.wire import Filling, Value, Wire
from crmsync.quote import identifier, literal, pointer
from crmsync.spec.model_stream import Field, Stream

_NEVER_EMPTY = ("ref", "email", "domain", "person_name", "list", "options")  # an empty text is no value of these


class Piece(NamedTuple):
    """What a line puts into the cell at `path`: the JSON text `json` where `given` holds, which is NULL for nothing.

    `clears`: elsewhere the cell is cleared, if no other line has a value for it.
    """

    path: tuple[str, ...]
    given: str
    json: str
    clears: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """What the lines of one statement share. `fields` are those that can be written."""

    stream: Stream
    fields: Mapping[str, Field]
    wire: Wire
    creates: bool
    flat: bool  # cells are columns of a table: their names are no paths

    @property
    def values(self) -> tuple[str, ...]:
        """The way to the object that holds the fields."""
        return parse(self.stream.record.values or "$").names

    def path(self, text: str) -> tuple[str, ...]:
        """The names that lead to a cell.

        Raises SpecError for a path that leads into a list.
        """
        if self.flat:
            return (text.replace("\\.", "."),)
        path = parse(text)
        if path.up or not path.steps or any(step.each for step in path.steps):
            raise SpecError(f"nothing can be written at {text!r}: say `to` and `put`, or `dir: read`")
        return path.names


def is_writable(field: Field) -> bool:
    """Whether a field has a place where it is written in its record."""
    return field.dir != "read" and bool(field.to or (field.transform.kind == "case" and field.sets))


class Line:
    """Implements inverse.Target for one field; `name` is that of the columns it makes."""

    def __init__(self, context: Context, field: Field, name: str) -> None:
        self._context, self._field, self._name = context, field, name
        self.wire = context.wire
        self.options = options_variable(context.stream.name, field.name)
        self.written = identifier(name)  # the text of its value; NULL: it has none, or it cannot be written
        self._now: dict[str, str] = {}
        self._places: list[int] = []
        self.named = f"list_contains(_write, {literal(field.name)})"
        if field.required and context.creates:
            self.named = "true"
        self.given = f"{self._given()} IS NOT NULL"
        empty = f"NOT {self.given} OR " if field.required else ""
        self._unfit = f"({empty}{self.given} AND {self.written} IS NULL)"  # what it has cannot be written
        self.bad = f"({self.named} AND {self._unfit})"
        self.torn = "false"  # whether a field that it scopes is `bad`: neither of the two is right without the other
        self._elements = self._listed()
        self._writing = self._chosen() if field.transform.kind == "case" else write(*self._how(), self)

    def value(self, type_: str) -> str:
        """The field's value, as a DuckDB type; a text without NUL."""
        field, column = self._field, identifier(self._field.name)
        if duckdb_type(field.type) != type_:
            column = f"try_cast({column} AS {type_})"
        if type_ == "VARCHAR":
            column = without_nul(column)
        if not (self._context.creates and field.stand_in) or field.stand_in not in self._context.fields:
            return column
        other = f"{identifier(field.stand_in)}::VARCHAR"
        return f"CASE WHEN trim({column}) <> '' THEN {column} ELSE regexp_extract({other}, '^[^@]+') END"

    def now(self, place: int) -> str:
        """The text at one of the field's paths in the record as the provider has it, without blanks at its ends."""
        column = identifier(f"{self._name}.now{place + 1}")
        at = f'("#now"->{pointer(*self._context.values, *parse(self._field.at[place]).names)})'
        if False in self._field.nulls:
            at = f"nullif({at}, 'false')"
        self._now[column] = f"nullif(trim({at}->>'$'), '')"
        self._places.append(place)
        return column

    def scope(self) -> tuple[str, str] | None:
        """The key of the entry that scopes the field's list, and whether there is such a field with a value."""
        by = self._context.fields.get(self._field.within or "")
        if by is None or by.transform.kind != "list":
            return None
        label = identifier(by.name)
        return key_of(list_variable(*by.transform.lists), label), f"{label} <> ''"

    def scoping(self, lines: Sequence[Line]) -> None:
        """Learn, of all `lines`, which are of fields that this one scopes."""
        self.torn = " OR ".join(line.bad for line in lines if line.within == self._field.name) or "false"

    @property
    def within(self) -> str | None:
        """The field that scopes this one's list."""
        return self._field.within

    @property
    def required(self) -> bool:
        """Whether the CRM keeps no record without it, so that it is never cleared."""
        return self._field.required

    def shown(self) -> dict[tuple[str, ...], str]:
        """Paths of what is needed of the record as the provider has it, and the columns that have it as a text."""
        stream, needed = self._context.stream, [self._field.at[place] for place in self._places]
        texts = {f.at[0]: f.name for f in stream.fields if len(f.at) == 1 and f.transform.kind == "text"}
        return {(*self._context.values, *parse(at).names): texts[at] for at in needed if at in texts}

    def found(self) -> list[str]:
        """Columns over the record as the provider has it."""
        columns = [f"{sql} AS {name}" for name, sql in self._now.items()]
        return columns + ([self._elements.list_column()] if self._elements else [])

    def converted(self) -> list[str]:
        """Columns over these: the text of the value, and what is needed to place it."""
        columns = [f"{self._writing.text} AS {self.written}"]
        return columns + ([self._elements.place_column()] if self._elements else [])

    def pieces(self) -> list[Piece]:
        """What it puts into cells."""
        field, filling = self._field, self._filling()
        if field.transform.kind == "case":
            return self._set_pieces()
        if self._elements:
            entries = {key: filling.json(template) for key, template in dict(field.put).items()}
            changed = f"CASE WHEN NOT {self._unfit} THEN {self._elements.changed(entries)} END"
            return [Piece(tuple(step.name for step in self._elements.steps), "true", changed, clears=False)]
        if field.put is not None:
            json = f"CASE WHEN {self.written} IS NOT NULL THEN {filling.json(field.put)} END"
            return [Piece(self._context.path(field.to or ""), self.given, json)]
        if self._writing.parts:
            both = zip(field.at, self._writing.parts, strict=True)
            return [Piece(self._context.path(at), self.given, filling.values[part].json) for at, part in both]
        return [Piece(self._context.path(field.to or ""), self.given, self._json(self.written))]

    def problem(self) -> str:
        """The entry of `_problems`; without a reason where nothing keeps the line from being written."""
        field = self._field
        empty = "required" if field.required else "cannot be cleared" if field.transform.kind == "case" else None
        reasons = f"WHEN NOT {self.given} THEN {literal(empty)} " if empty else ""
        if self._writing.unclear:
            unclear = f"{self.given} AND {self.written} IS NULL AND {self._writing.unclear}"
            reasons += f"WHEN {unclear} THEN {literal(UNCLEAR)} "
        if self._writing.reason:
            reasons += f"WHEN {self.given} AND {self.written} IS NULL THEN {literal(self._writing.reason)} "
        if self.torn != "false":
            reasons += f"WHEN {self.torn} THEN 'what belongs to it cannot be written' "
        if not reasons:
            return ""
        reason = f"CASE WHEN {self.named} THEN CASE {reasons}END END"
        fatal = field.on_bad == "reject" or (field.required and self._context.creates)
        hold = "false" if fatal else "true"
        shown = f"left({identifier(field.name)}::VARCHAR, 1000)"
        return f"{{'field': {literal(field.name)}, 'reason': {reason}, 'value': {shown}, 'hold': {hold}}}"

    def _how(self) -> tuple[str, Any]:
        return self._field.transform.kind, self._field.transform.arg

    def _given(self) -> str:
        """SQL: the value, NULL where it means null."""
        field, text = self._field, duckdb_type(self._field.type) == "VARCHAR"
        value = self.value(duckdb_type(field.type))
        if not text:
            return value
        if field.transform.kind == "person_name":
            value = f"trim({value})"
        empty = {null for null in field.nulls if isinstance(null, str)}
        if field.required or field.transform.kind in _NEVER_EMPTY:
            empty.add("")
        for null in sorted(empty):
            value = f"nullif({value}, {literal(null)})"
        return value

    def _listed(self) -> Elements | None:
        """The list that a map is put into."""
        field = self._field
        steps = parse(field.at[0]).steps if field.at else ()
        depth = next((n for n, step in enumerate(steps, 1) if step.each == "[]"), None)
        if depth is None or not isinstance(field.put, Mapping):
            return None
        return Elements(self._name, self._context.values, steps[:depth], field.prefer)

    def _filling(self) -> Filling:
        """What stands for the placeholders of `put`; a part that is missing is cleared."""
        texts = {"value": self.written, **self._writing.parts}
        null = self.wire.null
        json = {name: f"coalesce({self._json(text)}, {null})" for name, text in texts.items()}
        return Filling({name: Value(json[name], f"coalesce({text}, '')") for name, text in texts.items()})

    def _json(self, text: str) -> str:
        return self.wire.json(text, bare=self._writing.bare)

    def _chosen(self) -> Writing:
        values = ", ".join(map(literal, self._field.sets))
        column = self.value("VARCHAR")
        return Writing(f"CASE WHEN {column} IN ({values}) THEN {column} END", "a value that the spec cannot set")

    def _set_pieces(self) -> list[Piece]:
        pieces = []
        for path in dict.fromkeys(path for cells in self._field.sets.values() for path in cells):
            having = {value: cells[path] for value, cells in self._field.sets.items() if path in cells}
            cases = " ".join(f"WHEN {literal(v)} THEN {self.wire.constant(cell)}" for v, cell in having.items())
            given = f"{self.written} IN ({', '.join(map(literal, having))})"
            pieces.append(Piece(self._context.path(path), given, f"CASE {self.written} {cases} END", clears=False))
        return pieces
