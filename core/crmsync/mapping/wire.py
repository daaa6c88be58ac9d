"""JSON text from pieces: how values and templates of the spec are written, as SQL that gives the text.

DuckDB's functions that merge JSON objects crash on hostile depth, so texts are put together:
`'"email":' || to_json(x)`. A piece that is NULL is left out. Pure; nothing is run here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crmsync.errors import SpecError
from crmsync.quote import literal
from crmsync.spec import bind
from crmsync.spec.bind import PLACEHOLDER, Template

MERGED = "+"  # the key whose map is merged into the one that it stands in


class Value(NamedTuple):
    """What stands for a placeholder: SQL of its JSON text, and of its text inside a longer one."""

    json: str
    text: str


@dataclass(frozen=True, slots=True)
class Wire:
    """How a provider takes values. `clear` is written for null; `numbers`: its ids are JSON numbers.

    `texts`: everything goes out as a text, true and false as 1 and 0.
    """

    clear: Any = None
    texts: bool = False
    numbers: bool = False

    @property
    def null(self) -> str:
        """SQL: the JSON text that clears."""
        return literal(json.dumps(self.clear, ensure_ascii=False))

    def json(self, text: str, *, bare: bool = False) -> str:
        """SQL: the JSON text of a text; `bare`: it is a number, a truth or JSON already."""
        return text if bare and not self.texts else quoted(text)

    def constant(self, value: Any) -> str:
        """SQL: the JSON text of a cell that the spec gives; null clears."""
        if value is None:
            return self.null
        return literal(json.dumps(self.plain(value) if self.texts else value, ensure_ascii=False))

    def plain(self, value: Any) -> str:
        """The text of a value of the spec."""
        if isinstance(value, bool) and self.texts:
            return str(int(value))
        return bind.as_text(value)


@dataclass(frozen=True, slots=True)
class Filling:
    """What a template is filled with: single values, and objects whose entries can be merged into another one."""

    values: Mapping[str, Value] = field(default_factory=dict)
    objects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def json(self, template: Template) -> str:
        """SQL: the JSON text of `template`.

        Raises SpecError for a placeholder that has no value here.
        """
        if isinstance(template, str):
            return self._text(template)
        if isinstance(template, Mapping):
            return object_of(self._entries(template))
        if isinstance(template, list | tuple):
            return array_of(self.json(item) for item in template)
        return literal(json.dumps(template))

    def _text(self, template: str) -> str:
        whole = PLACEHOLDER.fullmatch(template)
        if whole and whole[1] != "$":
            name = whole[1]
            return object_of(self.objects[name]) if name in self.objects else self._value(name).json
        if not any(bind.names(template)):
            return literal(json.dumps(bind.plain(template), ensure_ascii=False))
        pieces, at = [], 0
        for match in PLACEHOLDER.finditer(template):
            pieces.append(literal(template[at : match.start()]))
            pieces.append(literal("$") if match[1] == "$" else self._value(match[1]).text)
            at = match.end()
        pieces.append(literal(template[at:]))
        return quoted(f"({' || '.join(piece for piece in pieces if piece != literal(''))})")

    def _entries(self, template: Mapping[str, Any]) -> dict[str, str]:
        """Written keys win over merged ones."""
        merged: Mapping[str, str] = {}
        if MERGED in template:
            whole = PLACEHOLDER.fullmatch(str(template[MERGED]))
            if not whole or whole[1] not in self.objects:
                raise SpecError(f"nothing to merge at `+`: {template[MERGED]!r}")
            merged = self.objects[whole[1]]
        written = {self._key(key): self.json(value) for key, value in template.items() if key != MERGED}
        return {**merged, **written}

    def _key(self, key: str) -> str:
        if any(bind.names(key)):
            raise SpecError(f"the name of an entry is not known: {key!r}")
        return str(bind.plain(key))

    def _value(self, name: str) -> Value:
        if name not in self.values:
            raise SpecError(f"${name} has no value where items are written")
        return self.values[name]


def quoted(text: str) -> str:
    """SQL: the JSON string of a text."""
    return f"to_json({text})::VARCHAR"


def object_of(entries: Mapping[str, str]) -> str:
    """SQL: the JSON text of an object; entries whose JSON text is NULL are left out."""
    return _around(
        "{", (f"{literal(json.dumps(key, ensure_ascii=False) + ':')} || {sql}" for key, sql in entries.items()), "}"
    )


def array_of(items: Iterable[str]) -> str:
    """SQL: the JSON text of an array; items that are NULL are left out."""
    return _around("[", items, "]")


def _around(opening: str, pieces: Iterable[str], closing: str) -> str:
    inner = ", ".join(pieces)
    return f"('{opening}' || concat_ws(',', {inner}) || '{closing}')" if inner else f"'{opening}{closing}'"
