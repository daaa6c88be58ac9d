"""Shape: the JSON Schema's errors as plain sentences, each at the key it is about. Knows nothing of meaning.

The schema is the file that editors use; its titles are noun phrases, which end up in the sentences here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmsync.spec.schema_fits import Schema
from crmsync.spec.yaml import Path

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_FORM = "form"
_REQUEST = f"{_FORM} names_max"

# What the language has and this version does not carry yet, by definition of the schema. Later versions shrink it.
LATER_KEYS: Mapping[str, str] = {
    "spec": "webhooks",
    "check": _REQUEST,
    "discover": _REQUEST,
    "error": "details",
    "link_read": f"{_REQUEST} limit page next more",
    "list": _REQUEST,
    "record": "merged_into",
    "full": _FORM,
    "changes": _FORM,
    "by_id": _FORM,
    "find": _FORM,
    "operation": _FORM,
    "link_write": _FORM,
    "tombstones": f"{_REQUEST} token",
    "census": _REQUEST,
    "identify": "forms",
}
LATER_VALUES: Mapping[str, str] = {
    "dir": "write",
}
LATER_SHAPES: Mapping[str, str] = {  # keys that the language also gives as a list or a map
    "check": "array",
    "discover": "array",
    "full": "array",
    "changes": "array",
    "tombstones": "array",
}
_WORD, _LONG = 64, 4000  # longer words get no guess, and nothing that has a form is so long
_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: `path` is what is wrong, code and message as in a Fault."""

    path: Path
    code: str
    message: str


def findings(tree: Any) -> list[Finding]:
    """All mistakes of shape, the outermost of each place only."""
    if Schema(_schema(), _matches).fits(tree):
        return []
    seen: dict[Path, Finding] = {}
    for error in _validator().iter_errors(tree):
        for found in _translated(error):
            seen.setdefault(found.path, found)
    return list(seen.values())


def near(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, where something known is like `word`."""
    found = _nearest(word, tuple(sorted(known))) if len(word) <= _WORD else None
    return f"; did you mean `{found}`?" if found else ""


@lru_cache(4096)  # a mistake in `defaults` is met in every stream
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    return next(iter(get_close_matches(word, known, n=1)), None)


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: one line, not long."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def later(what: str) -> str:
    """The sentence about what the language has and this version has not."""
    return f"{what} is part of the language but this version of crmsync does not carry it yet"


# -- the validator -----------------------------------------------------------------------------------------------------


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(files("crmsync").joinpath("specs", "crmsync-1.schema.json").read_text("utf-8"))
    return schema


@cache
def _validator() -> Any:  # jsonschema's types know neither `extend` nor what an error surely has
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not _matches(pattern, instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": pattern})(_schema())


def _matches(pattern: str, text: str) -> bool:
    return len(text) <= _LONG and _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # JSON Schema's `$` is the very end; Python's would let a line feed follow.
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


@cache
def _definitions() -> dict[int, str]:
    """Definition names by the identity of their schema: what the errors carry."""
    return {id(_schema()): "spec"} | {id(body): name for name, body in _schema()["$defs"].items()}


# -- sentences ---------------------------------------------------------------------------------------------------------


def _translated(error: Any) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        name = error.instance
        yield Finding((*path, name), "SP106", f"{shown(name)} is not {_expected(error)}")
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(error, path)
    elif error.validator == "anyOf":
        keys = " or ".join(f"`{key}`" for branch in error.validator_value for key in branch["required"])
        yield Finding((*path, "do?"), "SP103", f"the key {keys} is missing{_in(path)}")
    elif error.validator in ("required", "dependentRequired"):
        for key in _missing(error):
            yield Finding((*path, f"{key}?"), "SP103", f"the key `{key}` is missing{_in(path)}")
    else:
        yield _value(error, path)


def _unknown_keys(error: Any, path: Path) -> Iterator[Finding]:
    known = list(error.schema["properties"])
    to_come = LATER_KEYS.get(_definitions().get(id(error.schema), ""), "").split()
    for key in error.instance:
        if key in to_come:
            yield Finding((*path, key), "SP102", later(f"`{key}`"))
        elif key not in known:
            guess = near(key, known) or f"; possible{_in(path)}: {', '.join(known)}"
            yield Finding((*path, key), "SP101", f"unknown key `{key}`{guess}")


def _missing(error: Any) -> list[str]:
    if error.validator == "required":
        return [key for key in error.validator_value if key not in error.instance]
    needs = error.validator_value.items()
    lacking = [key for has, wanted in needs if has in error.instance for key in wanted if key not in error.instance]
    return list(dict.fromkeys(lacking))


def _value(error: Any, path: Path) -> Finding:
    name, value, rule = _name(path), error.instance, error.validator
    if rule == "const":
        return Finding(path, "SP105", f"{name} must be {shown(error.validator_value)}, not {shown(value)}")
    if rule == "enum":
        return _choice(error, path)
    if rule == "type":
        if LATER_SHAPES.get(str(path[-1] if path else "")) in (_kind_of(value),):
            return Finding(path, "SP102", later(f"{_KINDS[_kind_of(value)]} as {name}"))
        quoted = "; put it in quotes" if isinstance(value, int | float) and _expected(error) == "a text" else ""
        return Finding(path, "SP104", f"{name} must be {_expected(error)}, not {shown(value)}{quoted}")
    if rule == "pattern":
        return Finding(path, "SP106", f"{name} must be {_expected(error)}, not {shown(value)}")
    return Finding(path, "SP107", f"{name} {_limit(rule, error.validator_value)}{_but(value)}")


def _choice(error: Any, path: Path) -> Finding:
    name, value = _name(path), error.instance
    known = [str(choice) for choice in error.validator_value if choice is not None]
    if isinstance(value, str) and value in LATER_VALUES.get(str(path[-1]), "").split():
        return Finding(path, "SP102", later(f"{name}: {value}"))
    guess = near(value, known) if isinstance(value, str) else ""
    choice = f"one of {', '.join(known)}" if len(known) > 1 else known[0]
    return Finding(path, "SP105", f"{name} must be {choice}, not {shown(value)}{guess}")


def _limit(rule: Any, bound: Any) -> str:
    return {
        "minimum": f"must be at least {bound}",
        "maximum": f"must be at most {bound}",
        "minItems": f"needs at least {bound} entry",
        "maxItems": f"may have at most {bound} entries",
        "minLength": "must not be empty",
        "maxLength": f"may have at most {bound} characters",
        "minProperties": f"needs at least {bound} {'key' if bound == 1 else 'keys'}",
        "maxProperties": f"may have at most {bound} keys",
    }.get(str(rule), f"breaks the rule {rule}")


def _but(value: Any) -> str:
    return "" if isinstance(value, dict | list | str) else f", not {shown(value)}"


def _expected(error: Any) -> str:
    schema = error.schema
    if "title" in schema:
        return str(schema["title"])
    types = schema.get("type", [])
    kinds = [_KINDS[t] for t in ([types] if isinstance(types, str) else types) if t != "null"]
    return " or ".join(kinds) or "something else"


def _kind_of(value: Any) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""


def _name(path: Path) -> str:
    keys = [part for part in path if isinstance(part, str)]
    if not keys:
        return "the spec"
    return f"entry {path[-1] + 1} of `{keys[-1]}`" if isinstance(path[-1], int) else f"`{keys[-1]}`"


def _in(path: Path) -> str:
    return f" in {_name(path)}" if path else ""
