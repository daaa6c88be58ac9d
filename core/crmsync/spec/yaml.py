"""YAML text -> plain values and the place of each. Safe on hostile text: caps first, no tags, anchors or aliases.

Scalars follow YAML 1.2: `NO` is a text, only true and false are booleans, 12:30:00 is a text. Keys are texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import yaml

from crmsync.errors import Fault, SpecError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 10_000

Path = tuple[str | int, ...]
Place = tuple[int, int]

_INT = re.compile(r"[-+]?[0-9]{1,18}")  # a longer one stays a text: no reader of JSON keeps all its digits
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass(frozen=True, slots=True)
class Part:
    """What stands at `path` of another document."""

    document: Document
    path: Path

    @property
    def value(self) -> Any:
        node = self.document.tree
        for key in self.path:
            node = node[key]
        return node


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its value, and line and column (1-based) of each key and list element by path.

    `parts` are what other files add to the tree, by where they were put.
    """

    file: str
    tree: Any
    places: Mapping[Path, Place]
    parts: Mapping[Path, Part] = field(default_factory=dict)

    def fault(self, path: Path, code: str, message: str) -> Fault:
        """A mistake at `path`, or at the nearest enclosing path that has a place."""
        depth = self.depth(path)
        for at, part in self.parts.items():
            there = (*part.path, *path[len(at) :])
            if path[: len(at)] == at and part.document.depth(there) - len(part.path) + len(at) > depth:
                return part.document.fault(there, code, message)
        line, column = self.places.get(path[:depth], (1, 1))
        return Fault(self.file, line, column, code, message)

    def depth(self, path: Path) -> int:
        """How many steps of `path` lead to something that has a place."""
        return next((n for n in range(len(path), 0, -1) if path[:n] in self.places), 0)


def parse(text: str, file: str) -> Document:
    """Read YAML `text`; `file` names it in faults.

    Raises SpecError with the place of the first construct that is refused or cannot be read.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refused(file, None, f"the file is larger than {MAX_BYTES // 1024} KB")
    try:
        return _Reader(file, yaml.parse(text, Loader=_loader())).document()
    except yaml.MarkedYAMLError as error:
        raise _refused(file, error.problem_mark or error.context_mark, str(error.problem or error.context)) from None
    except (yaml.YAMLError, UnicodeError):
        raise _unreadable(file, text) from None


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without the C loader ten times slower


def _unreadable(file: str, text: str) -> SpecError:
    """The first character that YAML does not allow; the parser tells only that there is one."""
    found = _CONTROL.search(text)
    before = text[: found.start() if found else 0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    what = f"the character U+{ord(found[0]):04X}" if found else "this text"
    fault = Fault(file, line, column, "SP001", f"{what} is not allowed in YAML")
    return SpecError(str(fault), (fault,))


def _refused(file: str, mark: Any, message: str) -> SpecError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    fault = Fault(file, line, column, "SP001", message)
    return SpecError(str(fault), (fault,))


class _Reader:
    """Builds values from parser events, so that a bomb is refused before it unfolds."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file, self._events, self._nodes = file, events, 0
        self._places: dict[Path, Place] = {}

    def document(self) -> Document:
        next(self._events)  # stream start
        event = next(self._events)
        tree = None
        if isinstance(event, yaml.DocumentStartEvent):
            tree = self._value(next(self._events), ())
            next(self._events)  # document end
            extra = next(self._events)
            if isinstance(extra, yaml.DocumentStartEvent):
                raise _refused(self._file, extra.start_mark, "a second document: one YAML document a file")
        return Document(self._file, tree, MappingProxyType(self._places))

    def _value(self, event: Any, path: Path) -> Any:
        self._admit(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _admit(self, event: Any, path: Path) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(self._file, event.start_mark, "anchors and aliases are not allowed")
        if getattr(event, "tag", None) is not None:
            raise _refused(self._file, event.start_mark, f"the tag {event.tag} is not allowed")
        if len(path) > MAX_DEPTH:
            raise _refused(self._file, event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            raise _refused(self._file, event.start_mark, f"more than {MAX_NODES} values in one file")

    def _place(self, path: Path, event: Any) -> None:
        self._places[path] = (event.start_mark.line + 1, event.start_mark.column + 1)

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._place((*path, len(items)), event)
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._admit(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                raise _refused(self._file, event.start_mark, "a key must be a plain text")
            key = event.value
            if key in entries:
                raise _refused(self._file, event.start_mark, f"the key {key!r} is there twice")
            self._place((*path, key), event)
            entries[key] = self._value(next(self._events), (*path, key))
        return entries


def _scalar(event: Any) -> Any:
    text = event.value
    if event.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and math.isfinite(float(text)) else text
