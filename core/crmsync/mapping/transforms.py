"""The read column of the language's table of transforms: one small function each, text -> value.

A value is NULL for every text that the transform does not accept: no text makes the statement fail. The statement runs
with `TimeZone` set to UTC, so that a time without a zone is UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from crmsync.errors import ConfigError, SpecError
from crmsync.mapping.lists import ELEMENT, kept, mapped
from crmsync.mapping.lookups import list_variable, look_up
from crmsync.quote import literal
from crmsync.spec.model_stream import Transform

_DAY = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_ZONE = " ?(Z|[+-][01][0-9](:?[0-5][0-9])?)"


class Source(Protocol):
    """Where a field's line takes its values from; every answer is SQL."""

    @property
    def options(self) -> str:
        """The variable of the options of the field."""

    def text(self) -> str:
        """The first text at the field's paths that is not null."""

    def texts(self) -> Sequence[str]:
        """The text at each path."""

    def json(self) -> str:
        """The first JSON at the field's paths that is not null."""

    def each(self) -> str | None:
        """The texts of all elements, at the first path that has a list; None if none names one."""

    def meets(self, condition: Mapping[str, Any]) -> str:
        """Whether the record meets a condition of the spec."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a value is read: `value`, of DuckDB type `type`. Where `value` is NULL and `text` is not, `text` is bad.

    `label`: an empty value is NULL, and not bad.
    """

    value: str
    type: str
    text: str | None = None
    reason: str = ""
    label: bool = False


def read(kind: str, arg: Any, source: Source) -> Reading:
    """The reading of a field whose transform is `kind` with `arg`.

    Raises SpecError for an unknown transform, ConfigError for an unknown time zone.
    """
    if kind not in _READERS:
        raise SpecError(f"unknown transform: {kind}")
    return _READERS[kind](source, arg)


def split(text: str, separator: str = ";") -> str:
    """SQL: the entries of a list that is written as one text, or as a JSON array."""
    entries = f"string_split({text}, {literal(separator)})"
    array = f"CASE WHEN starts_with({text}, '[') THEN TRY(from_json({text}, '[\"VARCHAR\"]')) END"
    return kept(mapped(f"coalesce({array}, {entries})", f"trim({ELEMENT})"), f"{ELEMENT} <> ''")


def _text(source: Source, _: Any) -> Reading:
    return Reading(source.text(), "VARCHAR")


def _email(source: Source, _: Any) -> Reading:
    t = source.text()
    clean = f"lower(trim({t}))"
    value = rf"CASE WHEN regexp_full_match({clean}, '[^@\s]+@[^@\s]+') THEN {clean} END"
    return Reading(value, "VARCHAR", t, "not an email address")


def _integer(source: Source, _: Any) -> Reading:
    """Whole numbers only. Through DECIMAL, because BIGINT rounds 12.5 and DOUBLE loses digits; but that costs a
    microsecond, so the usual form, digits alone, comes first.
    """
    t = source.text()
    usual, exact = f"try_cast({t} AS BIGINT)", f"try_cast({t} AS DECIMAL(38,18))"
    whole = f"{_plain(t)} AND {exact} = trunc({exact})"
    value = f"CASE WHEN {usual}::VARCHAR = {t} THEN {usual} WHEN {whole} THEN try_cast({exact} AS BIGINT) END"
    return Reading(value, "BIGINT", t, "not a whole number")


def _decimal(source: Source, _: Any) -> Reading:
    """Exact for texts of at most 15 digits before the point; digits after the fourth are rounded."""
    t = source.text()
    return Reading(
        f"CASE WHEN {_plain(t)} THEN try_cast({t} AS DECIMAL(19,4)) END", "DECIMAL(19,4)", t, "not a decimal"
    )


def _plain(t: str) -> str:
    """DuckDB would read 1_000 as a number."""
    return f"NOT contains({t}, '_')"


def _boolean(source: Source, _: Any) -> Reading:
    """true, t, yes, y, 1 and their opposites, in any case."""
    t = source.text()
    return Reading(f"try_cast({t} AS BOOLEAN)", "BOOLEAN", t, "not true or false")


def _not(source: Source, _: Any) -> Reading:
    t = source.text()
    return Reading(f"NOT try_cast({t} AS BOOLEAN)", "BOOLEAN", t, "not true or false")


def _date(source: Source, _: Any) -> Reading:
    """The pattern keeps out what DuckDB also takes: `epoch`, `infinity`, years of two digits."""
    t = source.text()
    value = f"CASE WHEN regexp_full_match({t}, '{_DAY}') THEN try_strptime({t}, '%Y-%m-%d')::DATE END"
    return Reading(value, "DATE", t, "not a date")


def _timestamp(source: Source, _: Any) -> Reading:
    t = source.text()
    return Reading(_instant(t), "TIMESTAMPTZ", t, "not a time")


def _instant(t: str) -> str:
    """ISO 8601 with or without zone, or milliseconds since 1970 of 11 to 14 digits.

    The usual forms come first, without a regular expression: that saves a tenth of the time of a whole record. Within
    them DuckDB would also take a blank for a digit, and a point for the last one.
    """
    whole = f"{t} LIKE '____-__-__T__:__:__Z' AND NOT contains({t}, '.')"
    usual = f"({t} LIKE '____-__-__T__:__:__.___Z' OR ({whole})) AND {t} >= '1' AND NOT contains({t}, ' ')"
    iso = f"regexp_full_match({t}, '{_DAY}([T ]{_CLOCK}({_ZONE})?)?')"
    epoch = f"regexp_full_match({t}, '[0-9]{{11,14}}')"
    return (
        f"CASE WHEN {usual} THEN try_cast({t} AS TIMESTAMPTZ) WHEN {iso} THEN try_cast({t} AS TIMESTAMPTZ) "
        f"WHEN {epoch} THEN make_timestamptz(try_cast({t} AS BIGINT) * 1000) END"
    )


def _utc(source: Source, _: Any) -> Reading:
    """A time of UTC that is written without a zone."""
    t = source.text()
    value = f"CASE WHEN regexp_full_match({t}, '{_DAY}[T ]{_CLOCK}') THEN try_cast({t} || '+00' AS TIMESTAMPTZ) END"
    return Reading(value, "TIMESTAMPTZ", t, "not a time")


def _local_date(source: Source, zone: Any) -> Reading:
    t = source.text()
    return Reading(f"timezone({literal(known_zone(zone))}, {_instant(t)})::DATE", "DATE", t, "not a time")


def known_zone(zone: Any) -> str:
    """The name of a time zone; raises ConfigError where there is none."""
    try:
        return ZoneInfo(str(zone)).key
    except (KeyError, ValueError, OSError):
        raise ConfigError(f"unknown time zone: {zone}") from None


def _domain(source: Source, _: Any) -> Reading:
    t = source.text()
    host = rf"regexp_replace(lower(trim({t})), '^([a-z][a-z0-9+.-]*://)?(www\.)?', '')"
    return Reading(f"nullif(regexp_replace({host}, '[/?#:].*$', ''), '')", "VARCHAR", t, "not a domain")


def _person_name(source: Source, _: Any) -> Reading:
    parts = ", ".join(f"nullif(trim({t}), '')" for t in source.texts())
    return Reading(f"nullif(concat_ws(' ', {parts}), '')", "VARCHAR")


def _map(source: Source, ours: Mapping[str, Any]) -> Reading:
    t = source.text()
    cases = " ".join(f"WHEN {literal(_as_text(k))} THEN {literal(_as_text(v))}" for k, v in ours.items())
    return Reading(f"CASE {t} {cases} END", "VARCHAR", t, "unknown value")


def _list(source: Source, arg: Any) -> Reading:
    name, column = (arg["list"], arg.get("take", "value")) if isinstance(arg, Mapping) else (arg, "value")
    t = source.text()
    return Reading(look_up(list_variable(name, column), t), "VARCHAR", t, "unknown value", label=True)


def _options(source: Source, _: Any) -> Reading:
    t = source.text()
    return Reading(look_up(source.options, t), "VARCHAR", t, "unknown value", label=True)


def _case(source: Source, arg: Mapping[str, Any]) -> Reading:
    """The first branch whose condition holds; `else` is a constant, or a transform of the field's own text."""
    branches = " ".join(f"WHEN {source.meets(b['when'])} THEN {_constant(b['is'])}" for b in arg["case"])
    other = arg["else"]
    if not isinstance(other, Transform):
        value = f"CASE {branches} ELSE {_constant(other)} END" if branches else _constant(other)
        return Reading(f"{value}::VARCHAR", "VARCHAR")
    rest = read(other.kind, other.arg, source)
    return replace(rest, value=f"CASE {branches} ELSE {rest.value} END")


def _set(source: Source, separator: Any) -> Reading:
    """`json`: a JSON array or the elements of the path; else one text with a separator."""
    elements = source.each()
    if elements is not None:
        return Reading(kept(elements, f"{ELEMENT} IS NOT NULL"), "VARCHAR[]")
    if separator != "json":
        t = source.text()
        return Reading(split(t, separator or ";"), "VARCHAR[]")
    array = source.json()
    texts = mapped(f"json_extract({array}, '$[*]')", f"{ELEMENT}->>'$'")
    value = f"CASE WHEN starts_with({array}, '[') THEN {kept(texts, f'{ELEMENT} IS NOT NULL')} END"
    return Reading(value, "VARCHAR[]", f"{array}::VARCHAR", "not a list")


def _json(source: Source, _: Any) -> Reading:
    return Reading(source.json(), "JSON")


def _constant(value: Any) -> str:
    return "NULL" if value is None else literal(_as_text(value))


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_READERS: Mapping[str, Callable[[Source, Any], Reading]] = MappingProxyType(
    {
        "text": _text,
        "ref": _text,
        "email": _email,
        "integer": _integer,
        "decimal": _decimal,
        "boolean": _boolean,
        "not": _not,
        "date": _date,
        "timestamp": _timestamp,
        "utc": _utc,
        "local_date": _local_date,
        "domain": _domain,
        "person_name": _person_name,
        "map": _map,
        "list": _list,
        "options": _options,
        "case": _case,
        "set": _set,
        "json": _json,
    }
)
TRANSFORMS = tuple(_READERS)
