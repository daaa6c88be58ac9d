"""Placeholders: a template and values -> a template with the values put in. Pure; no expression is ever evaluated.

`$name` alone keeps the value's type, inside a text it becomes text, `$$` is a dollar. `{by: option, a: x, else: y}`
picks. `+: $x` merges a map into a map (written keys win) and splices a list into a list.

Three steps, each a walk: `expand` puts in constants, which are templates themselves; `bind` puts in what is known of
the connection; `fill` puts in the rest, for one request. Values are never read as templates: a dollar in one stays one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# A NUL, which no YAML can hold, ends a placeholder that `bind` left right before a value: `$c` and `1` are not `$c1`.
PLACEHOLDER = re.compile(r"\$(\$|[a-z_][a-z0-9_]*)(?:(?<!\$)\x00)?")
_WOULD_JOIN = re.compile(r"[a-z0-9_\x00]")

Template = Any
Values = Mapping[str, Any]


class _Missing:
    """What a placeholder without a value becomes in `fill`: its entry is dropped."""


_MISSING = _Missing()


def as_text(value: Any) -> str:
    """How a value is written inside a longer text: true and false, maps and lists as in JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | dict | list | tuple) else str(value)


def expand(template: Template, constants: Values) -> Template:
    """Put in `constants`, whose own placeholders stay for `bind` and `fill`."""
    return _Walk(constants, as_text, keep=True, escape=_as_is).value(template)


def bind(template: Template, values: Values) -> Template:
    """Put in the values that are known; placeholders of other names stay for later.

    A name that is there with None has no value for good: where it picks, `else` is taken.
    """
    return _Walk(values, as_text, keep=True, escape=_escaped).value(template)


def fill(template: Template, values: Values, text: Callable[[Any], str] = as_text) -> Template:
    """Put in all values; an entry whose placeholder has no value (or None) is dropped.

    `text` says how a value is written inside a longer text (query languages quote there).
    """
    done = _Walk(values, text, keep=False, escape=_as_is).value(template)
    return None if done is _MISSING else done


def plain(template: Template) -> Any:
    """What is bound and will not be filled: only `$$` becomes a dollar."""
    if isinstance(template, str):
        return template.replace("$$", "$")
    if isinstance(template, dict):
        return {plain(key): plain(value) for key, value in template.items()}
    return [plain(item) for item in template] if isinstance(template, list) else template


def names(template: Template) -> Iterator[str]:
    """The names of all placeholders in `template`, keys included."""
    if isinstance(template, str):
        if "$" in template:
            yield from (m[1] for m in PLACEHOLDER.finditer(template) if m[1] != "$")
    elif isinstance(template, dict):
        for key, value in template.items():
            yield from names(key)
            yield from names(value)
    elif isinstance(template, list):
        for value in template:
            yield from names(value)


def holds(condition: Values, values: Values) -> bool:
    """Whether each name has the value that the condition wants, written as text."""
    return all(name in values and as_text(values[name]) == as_text(wanted) for name, wanted in condition.items())


def _as_is(value: Any) -> Any:
    return value


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(entry) for key, entry in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class _Walk:
    """One pass over a template. `keep`: what has no value stays; else its entry is dropped."""

    values: Values
    text: Callable[[Any], str]
    keep: bool
    escape: Callable[[Any], Any]

    def value(self, node: Any) -> Any:
        if isinstance(node, str):
            return self._text(node)
        if isinstance(node, dict):
            return self._pick(node) if self._picks(node) else self._map(node)
        return self._list(node) if isinstance(node, list) else node

    def _picks(self, node: dict[str, Any]) -> bool:
        """Whether `node` is a pick that can be decided now."""
        name = node.get("by")
        return isinstance(name, str) and name in self.values and not isinstance(self.values[name], dict | list | tuple)

    def _pick(self, node: dict[str, Any]) -> Any:
        chosen = self.values[node["by"]]
        branch = "else" if chosen is None else as_text(chosen)
        branch = branch if branch in node and branch != "by" else "else"
        return self.value(node[branch]) if branch in node else self._absent(None)

    def _text(self, node: str) -> Any:
        if "$" not in node:  # most texts; a spec is built three times a run
            return node
        whole = PLACEHOLDER.fullmatch(node)
        if whole and whole[1] != "$":
            value = self.values.get(whole[1])
            return self._absent(node) if value is None else self.escape(value)
        lacking, kept_to = False, -1

        def put(match: re.Match[str]) -> str:
            nonlocal lacking, kept_to
            if match[1] == "$":
                return "$$" if self.keep else "$"
            value = self.values.get(match[1])
            if value is None:
                lacking, kept_to = True, match.end()
                return match[0]
            text = str(self.escape(self.text(value)))
            if match.start() != kept_to:
                return text
            kept_to = match.end() if not text else -1
            return f"\0{text}" if _WOULD_JOIN.match(text) else text

        done = PLACEHOLDER.sub(put, node)
        return self._absent(done) if lacking else done

    def _absent(self, node: Any) -> Any:
        return node if self.keep else _MISSING

    def _map(self, node: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        written: dict[str, Any] = {}
        for key, entry in node.items():
            name, done = self.value(key), self.value(entry)
            if name is _MISSING or done is _MISSING:
                continue
            if key == "+" and isinstance(done, dict):
                merged = done
            else:
                written[as_text(name)] = done
        if self.keep and merged and any(key in merged and any(names(value)) for key, value in written.items()):
            return {"+": merged, **written}  # what has no value in the end gives way to what is merged
        return {**merged, **written}

    def _list(self, node: list[Any]) -> list[Any]:
        out: list[Any] = []
        for item in node:
            spliced = isinstance(item, dict) and list(item) == ["+"]
            done = self.value(item["+"] if spliced else item)
            if spliced and isinstance(done, list | tuple):
                out.extend(done)
            elif done is not _MISSING:
                out.append({"+": done} if spliced and self.keep else done)
        return out
