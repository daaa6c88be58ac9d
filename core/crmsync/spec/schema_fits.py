"""Whether a document fits the JSON Schema: a plain yes or no, which is all that is asked of a spec without mistakes.

Those of the others jsonschema finds, whose import would cost every run 40 ms. The keywords are those that the schema
uses. As in JSON, true and 1 are two values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_SILENT = ("$schema", "$id", "$defs", "title", "description", "then", "else")  # `if` looks at the last two
# keyword -> the JSON type that it is about, and when a value of that type obeys it
_RULES: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "required": ("object", lambda value, names: all(name in value for name in names)),
    "dependentRequired": (
        "object",
        lambda value, needs: all(n in value for k in needs if k in value for n in needs[k]),
    ),
    "minProperties": ("object", lambda value, bound: len(value) >= bound),
    "maxProperties": ("object", lambda value, bound: len(value) <= bound),
    "minItems": ("array", lambda value, bound: len(value) >= bound),
    "maxItems": ("array", lambda value, bound: len(value) <= bound),
    "minLength": ("string", lambda value, bound: len(value) >= bound),
    "maxLength": ("string", lambda value, bound: len(value) <= bound),
    "minimum": ("number", lambda value, bound: value >= bound),
    "maximum": ("number", lambda value, bound: value <= bound),
}


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema; `matches(pattern, text)` tells how its patterns are read."""

    root: Mapping[str, Any]
    matches: Callable[[str, str], bool]

    def fits(self, value: Any) -> bool:
        """Whether `value` fits. Raises KeyError for a keyword that is not known here."""
        return self._fits(value, self.root)

    def _fits(self, value: Any, schema: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        return all(self._obeys(value, keyword, bound, schema) for keyword, bound in schema.items())

    def _obeys(self, value: Any, keyword: str, bound: Any, schema: Mapping[str, Any]) -> bool:
        match keyword:
            case "type":
                return any(type(value) in _TYPES[name] for name in ([bound] if isinstance(bound, str) else bound))
            case "const":
                return _same(value, bound)
            case "enum":
                return any(_same(value, choice) for choice in bound)
            case "pattern":
                return not isinstance(value, str) or self.matches(bound, value)
            case "items":
                return not isinstance(value, list) or all(self._fits(item, bound) for item in value)
            case "properties" | "additionalProperties" | "propertyNames":
                return not isinstance(value, dict) or self._has(value, keyword, bound, schema)
            case "$ref":
                return self._fits(value, self.root["$defs"][bound.removeprefix("#/$defs/")])
            case "anyOf":
                return any(self._fits(value, choice) for choice in bound)
            case "if":
                return self._fits(value, schema.get("then" if self._fits(value, bound) else "else", True))
        if keyword in _SILENT:
            return True
        about, holds = _RULES[keyword]
        return type(value) not in _TYPES[about] or holds(value, bound)

    def _has(self, value: Mapping[Any, Any], keyword: str, bound: Any, schema: Mapping[str, Any]) -> bool:
        """The rules about the entries of an object."""
        if keyword == "propertyNames":
            return all(self._fits(name, bound) for name in value)
        if keyword == "properties":
            return all(self._fits(item, bound[name]) for name, item in value.items() if name in bound)
        listed = schema.get("properties", {})
        return all(self._fits(item, bound) for name, item in value.items() if name not in listed)


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)
