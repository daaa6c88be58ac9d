"""The write column of the language's table of transforms: one small function each, value -> text.

A text is NULL for every value that would not be read back: no value makes the statement fail, and none is written that
the provider would show as another one. What is less exact is said where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from crmsync.errors import SpecError
from crmsync.mapping.labels import NO_LABEL, is_label, key_of
from crmsync.mapping.lists import ELEMENT, kept, mapped
from crmsync.mapping.lookups import list_variable
from crmsync.mapping.transforms import known_zone
from crmsync.mapping.wire import Wire
from crmsync.quote import literal
from crmsync.spec import bind

_DAYS = "DATE '1000-01-02' AND DATE '9999-12-30'"  # four digits in every zone


class Target(Protocol):
    """What a field's line writes; every answer is SQL."""

    @property
    def wire(self) -> Wire:
        """How the provider takes values."""

    @property
    def options(self) -> str:
        """The variable of the options of the field."""

    @property
    def written(self) -> str:
        """The column that has the text of the value: parts may name it."""

    def value(self, type_: str) -> str:
        """The field's value, as a DuckDB type; a text without NUL."""

    def now(self, place: int) -> str:
        """The text at one of the field's paths in the record as the provider has it, without blanks at its ends."""

    def scope(self) -> tuple[str, str] | None:
        """The key of the entry that scopes the field's list, and whether there is such a field with a value."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a value is written: `text`, NULL where it cannot be, which `reason` explains.

    `bare`: the text is JSON as it stands. `parts` of the text, by name, are NULL where they are to be cleared.
    `unclear`: SQL, whether it cannot be written because it may mean several things.
    """

    text: str
    reason: str = ""
    unclear: str = ""
    bare: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)


def write(kind: str, arg: Any, target: Target) -> Writing:
    """The writing of a field whose transform is `kind` with `arg`.

    Raises SpecError for a transform that has no inverse, ConfigError for an unknown time zone.
    """
    if kind not in _WRITERS:
        raise SpecError(f"the transform {kind} has no inverse: its line must say `dir: read`")
    return _WRITERS[kind](target, arg)


def _text(target: Target, _: Any) -> Writing:
    return Writing(target.value("VARCHAR"))


def without_nul(text: str) -> str:
    """SQL: a text without NUL, which reading takes out as well; some providers fail on it."""
    return f"replace({text}, chr(0), '')"


def _ref(target: Target, _: Any) -> Writing:
    c = target.value("VARCHAR")
    if not target.wire.numbers:
        return Writing(c)
    return Writing(whole_number(c), "not an id", bare=True)


def whole_number(text: str) -> str:
    """SQL: a text that is a whole number as JSON writes it, else NULL."""
    return f"CASE WHEN regexp_full_match({text}, '0|-?[1-9][0-9]*') THEN {text} END"


def _email(target: Target, _: Any) -> Writing:
    """As it is, blanks at the ends aside: case is the provider's affair, and reading makes it lower."""
    c = f"trim({target.value('VARCHAR')})"
    return Writing(rf"CASE WHEN regexp_full_match({c}, '[^@\s]+@[^@\s]+') THEN {c} END", "not an email address")


def _integer(target: Target, _: Any) -> Writing:
    return Writing(f"{target.value('BIGINT')}::VARCHAR", "not a whole number", bare=True)


def _decimal(target: Target, places: Any) -> Writing:
    """The shortest number; rounded to `places`. Providers that answer with numbers keep 15 digits of it."""
    c = target.value("DECIMAL(19,4)")
    if places is not None:  # in a wider type: rounding up may need a digit more, which could not be read back
        c = f"try_cast(round({c}::DECIMAL(38,4), {min(int(places), 4)}) AS DECIMAL(19,4))"
    return Writing(f"rtrim(rtrim({c}::VARCHAR, '0'), '.')", "not a decimal", bare=True)


def _boolean(target: Target, _: Any) -> Writing:
    return _truth(target, target.value("BOOLEAN"))


def _not(target: Target, _: Any) -> Writing:
    return _truth(target, f"(NOT {target.value('BOOLEAN')})")


def _truth(target: Target, c: str) -> Writing:
    true, false = (literal(target.wire.plain(truth)) for truth in (True, False))
    return Writing(f"CASE {c} WHEN true THEN {true} WHEN false THEN {false} END", "not true or false", bare=True)


def _date(target: Target, _: Any) -> Writing:
    c = target.value("DATE")
    return Writing(f"CASE WHEN {c} BETWEEN {_DAYS} THEN strftime({c}, '%Y-%m-%d') END", "not a day of four-digit years")


def _timestamp(target: Target, _: Any) -> Writing:
    """ISO 8601 in UTC, with as many digits of a second as there are."""
    c = target.value("TIMESTAMPTZ")
    return Writing(f"CASE WHEN {_usual(c)} THEN {_iso(c)} END", "not a time of four-digit years")


def _iso(c: str) -> str:
    return f"rtrim(rtrim(strftime({c}, '%Y-%m-%dT%H:%M:%S.%f'), '0'), '.') || 'Z'"


def _usual(c: str) -> str:
    return f"{c} BETWEEN TIMESTAMPTZ '1000-01-02 00:00:00+00' AND TIMESTAMPTZ '9999-12-30 23:59:59.999999+00'"


def _utc(target: Target, _: Any) -> Writing:
    """Whole seconds: who writes times without a zone takes no fractions."""
    c = target.value("TIMESTAMPTZ")
    text = f"strftime({c}, '%Y-%m-%d %H:%M:%S')"
    return Writing(f"CASE WHEN {_usual(c)} THEN {text} END", "not a time of four-digit years")


def _local_date(target: Target, zone: Any) -> Writing:
    """Midnight of the zone. A day that the zone never had, such as one that was skipped at the date line, is none."""
    c, name = target.value("DATE"), literal(known_zone(zone))
    midnight = f"timezone({name}, {c}::TIMESTAMP)"
    text = f"CASE WHEN timezone({name}, {midnight})::DATE = {c} THEN {_iso(midnight)} END"
    return Writing(f"CASE WHEN {c} BETWEEN {_DAYS} THEN {text} END", "not a day of that time zone")


def _domain(target: Target, prefix: Any) -> Writing:
    """The domain that the value names, behind `prefix` (https://)."""
    c = target.value("VARCHAR")
    host = rf"regexp_replace(lower(trim({c})), '^([a-z][a-z0-9+.-]*://)?(www\.)*', '')"
    domain = f"nullif(regexp_replace({host}, '[/?#:].*$', ''), '')"
    return Writing(f"{literal('https://' if prefix is None else str(prefix))} || {domain}", "not a domain")


def _person_name(target: Target, _: Any) -> Writing:
    """The current first or last name is kept where the value still has it; else the last word is the last name."""
    c, first, last = target.written, target.now(0), target.now(1)
    begins, ends = f"starts_with({c}, {first} || ' ')", f"ends_with({c}, ' ' || {last})"
    parts = {
        "first": f"CASE WHEN {begins} THEN {first} WHEN {ends} THEN left({c}, length({c}) - length({last}) - 1) "
        f"ELSE regexp_extract({c}, '^(.*) [^ ]*$', 1, 's') END",
        "last": f"CASE WHEN {begins} THEN substr({c}, length({first}) + 2) WHEN {ends} THEN {last} "
        f"ELSE regexp_extract({c}, '[^ ]*$', 0, 's') END",
    }
    whole = f"nullif(trim({target.value('VARCHAR')}), '')"
    return Writing(whole, parts={name: f"nullif(trim({part}), '')" for name, part in parts.items()})


def _map(target: Target, ours: Mapping[Any, Any]) -> Writing:
    labels = [bind.as_text(value) for value in ours.values()]
    doubled = sorted({label for label in labels if labels.count(label) > 1})
    if doubled:
        raise SpecError(f"the map has {', '.join(doubled)} twice, so it has no inverse: its line must say `dir: read`")
    theirs = [literal(bind.as_text(key)) for key in ours]
    cases = " ".join(f"WHEN {literal(label)} THEN {key}" for label, key in zip(labels, theirs, strict=True))
    return Writing(f"CASE {target.value('VARCHAR')} {cases} END", NO_LABEL)


def _list(target: Target, arg: Any) -> Writing:
    if isinstance(arg, Mapping) and "take" in arg:
        raise SpecError("a list with `take` has no inverse: its line must say `dir: read`")
    name = arg["list"] if isinstance(arg, Mapping) else arg
    scope = target.scope() or (None, "true")
    return _labelled(list_variable(name), target, *scope)


def _options(target: Target, _: Any) -> Writing:
    return _labelled(target.options, target)


def _labelled(variable: str, target: Target, *scope: str) -> Writing:
    label = target.value("VARCHAR")
    return Writing(key_of(variable, label, *scope), NO_LABEL, is_label(variable, label))


def _set(target: Target, separator: Any) -> Writing:
    """`json`: an array. Else one text; an entry that has the separator in it cannot be told apart from two."""
    entries = kept(target.value("VARCHAR[]"), f"{ELEMENT} IS NOT NULL")
    entries = mapped(entries, without_nul(ELEMENT))
    if separator == "json":
        return Writing(f"to_json({entries})::VARCHAR", "not a list", bare=True)
    mark = literal(separator or ";")
    entries = kept(mapped(entries, f"trim({ELEMENT})"), f"{ELEMENT} <> ''")
    text = f"array_to_string({entries}, {mark})"
    odd = f"len({kept(entries, f'contains({ELEMENT}, {mark})')}) > 0 OR starts_with({text}, '[')"
    return Writing(f"CASE WHEN NOT ({odd}) THEN {text} END", f"an entry has {separator or ';'} in it")


def _json(target: Target, _: Any) -> Writing:
    """DuckDB takes NaN, Infinity and a comma too many for JSON; nobody else does."""
    c = target.value("VARCHAR")
    valid = f"CASE WHEN json_valid({c}) THEN json({c}) END"
    outside = rf"""regexp_replace({valid}, '"(\\.|[^"\\])*"', '', 'g')"""
    return Writing(f"CASE WHEN NOT regexp_matches({outside}, 'nan|inf', 'i') THEN {valid} END", "not JSON", bare=True)


_WRITERS: Mapping[str, Callable[[Target, Any], Writing]] = MappingProxyType(
    {
        "text": _text,
        "ref": _ref,
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
        "set": _set,
        "json": _json,
    }
)
