"""What a stream reads of a record: the structure that `from_json` needs, and SQL that takes each path out of it.

A record is read in two levels: its own keys, and the keys of its `values` object. A key that is read as a text is a
VARCHAR leaf. Deeper paths, lists and maps are JSON leaves, because there a wrong shape (a text where an object should
be) would otherwise pass for NULL. Two keys that differ in case only, which a DuckDB structure cannot hold, make their
whole level JSON. Where `false` means null, a leaf does not tell it from the text "false": a JSON leaf would, at twice
the cost of all the rest, so the element is looked at, in those pages only that have such a text.

Whole numbers keep all their digits; a number with a fraction or an exponent passes through a double on its way into a
leaf, and keeps 15 to 17. Texts keep everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.errors import SpecError
from crmsync.mapping.lists import ELEMENT, kept, mapped
from crmsync.mapping.paths import Path, Step, parse
from crmsync.quote import identifier, literal, pointer

WHOLE = '"#whole"'  # the JSON of the element, in pages where some text may be "false"
_ELEMENTS = {"[]": "'$[*]'", "{}": "'$.*'"}  # what takes the elements
_OPENING = {"": "'{'", "[]": "'['", "{}": "'{'"}  # how the JSON begins that a step leads into


@dataclass(slots=True)
class _Level:
    """The keys read of one object; `whole` keeps it as JSON."""

    keys: dict[str, bool] = field(default_factory=dict)  # name -> is a JSON leaf
    forced: bool = False
    nested: str | None = None  # the key that holds the level of the values

    @property
    def whole(self) -> bool:
        names = [*self.keys, *([self.nested] if self.nested else [])]
        return self.forced or len({name.lower() for name in names}) < len(names)

    def leaf(self, sql: str, name: str) -> str:
        return f"({sql}->{pointer(name)})" if self.whole else f"{sql}.{identifier(name)}"

    def structure(self, nested: Any = None) -> Any:
        if self.whole:
            return "JSON"
        own: dict[str, Any] = {name: "JSON" if json else "VARCHAR" for name, json in self.keys.items()}
        return own if self.nested is None else {**own, self.nested: nested}


@dataclass(frozen=True, slots=True)
class Spot:
    """A path and the level that it starts from."""

    steps: tuple[Step, ...]
    in_values: bool


class Shape:
    """Collects what is read. Each reading becomes a column with a short name; equal readings share one."""

    def __init__(self, values: str = "") -> None:
        self.values = parse(values).names if values else ()
        self._record = _Level(nested=self.values[0] if self.values else None)
        self._inner = _Level() if self.values else self._record
        self._columns: dict[tuple[Any, ...], tuple[str, Callable[[], str]]] = {}
        self._falses: list[Spot] = []

    def field(self, path: str) -> Spot:
        """The spot of a path of a field."""
        return self._note(Spot(self._checked(path).steps, bool(self.values)))

    def meta(self, path: str) -> Spot:
        """The spot of a path of `record`, which may lead into the values."""
        steps, depth = self._checked(path).steps, len(self.values)
        inside = depth > 0 and len(steps) > depth and tuple(step.name for step in steps[:depth]) == self.values
        return self._note(Spot(steps[depth:], True) if inside else Spot(steps, False))

    def text(self, spot: Spot, nulls: Iterable[Any] = (), prefer: Mapping[str, Any] | None = None) -> str:
        """Column: the text at `spot`, NULL where it is one of `nulls`."""
        nulls = tuple(value for value in nulls if value is not None)
        if any(value is False for value in nulls):
            self._falses.append(spot)
        key = ("text", spot, tuple(map(repr, nulls)), repr(prefer))
        return self._column(key, lambda: _without(self._text(spot, nulls, prefer), nulls))

    def json(self, spot: Spot, nulls: Iterable[Any] = ()) -> str:
        """Column: the JSON at `spot`, NULL where it is one of `nulls`."""
        self._json(spot)
        empty = [json.dumps(value) for value in (None, *nulls)]
        return self._column(("json", spot, tuple(empty)), lambda: _without(self._value(spot, None), empty))

    def each(self, spot: Spot) -> str:
        """Column: the texts of all elements, where the path has `[]` or `{}`."""
        return self._column(("each", spot), lambda: self._each(spot))

    def misshapen(self, spot: Spot, nulls: Iterable[Any] = ()) -> str | None:
        """Column: the JSON that has another shape than the path needs, else NULL. None where that cannot be."""
        if len(spot.steps) < 2 and not any(step.each for step in spot.steps):
            return None
        empty = ("null", *(["false"] if any(value is False for value in nulls) else []))
        if _listed(spot.steps) is None:  # what the last step finds cannot be wrong: paths to one object share this
            spot = Spot((*spot.steps[:-1], Step("")), spot.in_values)
        return self._column(("misshapen", spot, empty), lambda: self._misshapen(spot, empty))

    def columns(self) -> list[str]:
        """The select list of all readings, over a record `r`."""
        return [f"{sql()} AS {name}" for name, sql in self._columns.values()]

    def structure(self) -> Any:
        """The structure of a record, for `from_json`."""
        if not self.values:
            return self._record.structure()
        nested = self._inner.structure()
        for name in reversed(self.values[1:]):
            nested = {name: nested}
        return self._record.structure(nested)

    def values_object(self) -> str:
        """SQL: the object that holds the fields."""
        sql = self._record.leaf("r", self.values[0])
        if self._record.whole:
            return f"(r->{pointer(*self.values)})"
        return sql + "".join(f".{identifier(name)}" for name in self.values[1:])

    def valueless(self) -> str:
        """SQL over the readings: whether no value at all was read from the object that holds the fields."""
        inner = [
            name for (kind, spot, *_), (name, _) in self._columns.items() if kind != "misshapen" and spot.in_values
        ]
        return " AND ".join(f"{name} IS NULL" for name in inner) or ("true" if self.values else "false")

    @property
    def doubts_false(self) -> bool:
        """Whether readings look at WHOLE, to tell the text "false" from the value."""
        return not all(map(self._is_json, self._falses))

    @property
    def names(self) -> tuple[str, ...]:
        """The provider's fields that are read: the keys of the object that holds them."""
        return tuple(self._inner.keys)

    def _checked(self, path: str) -> Path:
        parsed = parse(path)
        if parsed.up or sum(1 for step in parsed.steps if step.each) > 1:
            raise SpecError(f"a stream cannot read the path {path!r}: it may have one [] or {{}}, and no ^")
        return parsed

    def _note(self, spot: Spot) -> Spot:
        level = self._level(spot)
        if not spot.steps or not spot.steps[0].name:
            level.forced = True
        else:
            level.keys.setdefault(spot.steps[0].name, False)
            if len(spot.steps) > 1 or spot.steps[0].each:
                self._json(spot)
        return spot

    def _json(self, spot: Spot) -> None:
        if spot.steps and spot.steps[0].name:
            self._level(spot).keys[spot.steps[0].name] = True

    def _level(self, spot: Spot) -> _Level:
        return self._inner if spot.in_values else self._record

    def _column(self, key: tuple[Any, ...], sql: Callable[[], str]) -> str:
        if key not in self._columns:
            self._columns[key] = (f'"#{len(self._columns) + 1}"', sql)
        return self._columns[key][0]

    def _head(self, spot: Spot) -> str:
        sql = "v" if spot.in_values else "r"
        if not spot.steps or not spot.steps[0].name:
            return sql
        return self._level(spot).leaf(sql, spot.steps[0].name)

    def _is_json(self, spot: Spot) -> bool:
        return self._level(spot).whole or self._level(spot).keys[spot.steps[0].name]

    def _text(self, spot: Spot, nulls: tuple[Any, ...], prefer: Mapping[str, Any] | None) -> str:
        false = any(value is False for value in nulls)
        if not self._is_json(spot):
            return self._unless_false(spot) if false else self._head(spot)
        if false:
            return f"(nullif({self._value(spot, prefer)}, 'false')->>'$')"
        if _listed(spot.steps) is None and len(spot.steps) > 1:  # parsed once, not for each step
            return f"({self._head(spot)}->>{pointer(*(step.name for step in spot.steps[1:]))})"
        return f"({self._value(spot, prefer)}->>'$')"

    def _unless_false(self, spot: Spot) -> str:
        text, way = self._head(spot), self.values if spot.in_values else ()
        said = f"({WHOLE}->{pointer(*way, spot.steps[0].name)}) = '\"false\"'"
        return f"CASE WHEN {text} <> 'false' THEN {text} WHEN {said} THEN 'false' END"

    def _value(self, spot: Spot, prefer: Mapping[str, Any] | None) -> str:
        listed = _listed(spot.steps)
        if listed is None:
            return _deeper(self._head(spot), spot.steps[1:])
        elements = self._elements(spot, listed)
        one = f"{elements}[1]"
        if prefer:
            one = f"coalesce({kept(elements, preferred(prefer, spot.steps[:listed]))}[1], {one})"
        return _deeper(one, spot.steps[listed:])

    def _elements(self, spot: Spot, listed: int) -> str:
        container = _deeper(self._head(spot), spot.steps[1:listed])
        return f"json_extract({container}, {_ELEMENTS[spot.steps[listed - 1].each]})"

    def _each(self, spot: Spot) -> str:
        listed = _listed(spot.steps)
        if listed is None:
            raise SpecError("a list of values needs a path with [] or {}")
        taken = f"({_deeper(ELEMENT, spot.steps[listed:])}->>'$')"
        texts = mapped(self._elements(spot, listed), taken)
        return f"CASE WHEN {_deeper(self._head(spot), spot.steps[1:listed])} IS NOT NULL THEN {texts} END"

    def _misshapen(self, spot: Spot, empty: tuple[str, ...]) -> str:
        head, listed = self._head(spot), _listed(spot.steps)
        way = spot.steps[: listed or len(spot.steps) - 1]
        wrong = [_not_a(step.each, _deeper(head, way[1:depth]), empty) for depth, step in enumerate(way, 1)]
        if listed and listed < len(spot.steps):
            inside = range(len(spot.steps) - listed)
            odd = [_not_a("", _deeper(ELEMENT, spot.steps[listed : listed + depth]), empty) for depth in inside]
            wrong.append(f"len({kept(self._elements(spot, listed), ' OR '.join(odd))}) > 0")
        return f"CASE WHEN {' OR '.join(wrong)} THEN {head}::VARCHAR END"


def equals(text: str, value: Any) -> str:
    """SQL: whether a text is a value of the spec; numbers are compared as numbers (0 and 0.0 are equal)."""
    if value is None:
        return f"{text} IS NULL"
    if isinstance(value, bool):
        return f"{text} = {literal(str(value).lower())}"
    if isinstance(value, int | float):
        return f"try_cast({text} AS DOUBLE) = {value!r}"
    return f"{text} = {literal(str(value))}"


def _without(text: str, nulls: Iterable[Any]) -> str:
    for value in nulls:
        if isinstance(value, str):
            text = f"nullif({text}, {literal(value)})"
        elif value is not False:
            text = f"CASE WHEN {equals(text, value)} THEN NULL ELSE {text} END"
    return text


def _listed(steps: tuple[Step, ...]) -> int | None:
    """How many steps lead to the list or map whose elements are meant."""
    return next((depth for depth, step in enumerate(steps, 1) if step.each), None)


def _deeper(json_: str, steps: tuple[Step, ...]) -> str:
    return f"({json_}->{pointer(*(step.name for step in steps))})" if steps else json_


def _not_a(each: str, json_: str, empty: tuple[str, ...]) -> str:
    """SQL: whether a JSON is neither null nor what a step with `each` leads into."""
    nothing = ", ".join(map(literal, empty))
    return f"coalesce({json_} NOT IN ({nothing}) AND NOT starts_with({json_}, {_OPENING[each]}), false)"


def preferred(prefer: Mapping[str, Any], to_list: tuple[Step, ...]) -> str:
    """The condition on one element; the paths of `prefer` repeat the way to the list."""
    tests = []
    for path, value in prefer.items():
        steps = parse(path).steps
        tests.append(_meets(steps[len(to_list) :] if steps[: len(to_list)] == to_list else steps, value))
    return " AND ".join(tests)


def _meets(steps: tuple[Step, ...], value: Any) -> str:
    """SQL over ELEMENT: whether what `steps` lead to is `value`; of a list, any of it."""
    listed = _listed(steps)
    if listed is None:
        return f"coalesce({equals(f'({ELEMENT}->>{pointer(*(step.name for step in steps))})', value)}, false)"
    inner = f"json_extract({_deeper(ELEMENT, steps[:listed])}, {_ELEMENTS[steps[listed - 1].each]})"
    return f"coalesce(len({kept(inner, _meets(steps[listed:], value))}) > 0, false)"
