"""What crmsync.yaml says of the hub: further fields, who gives way, and words of CRMs. Part of settings.py.

`hub` and `merge` stand at the top, `hub`, `merge` and `values` in a connection. Below each of them, and below
`merge.fields`, come an object and its fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from crmsync.errors import Fault
from crmsync.settings_keys import guessed, near, unknown_keys
from crmsync.spec.model import BONDS, ObjectField, Objects
from crmsync.spec.model_stream import TYPES
from crmsync.spec.yaml import Document, Path

Policy: TypeAlias = Literal["hold", "hub", "remote", "rank", "newest"]
FirstPolicy: TypeAlias = Literal["hold", "hub", "remote", "rank"]

HUB = "crm"  # in a ranking: an edit in the hub itself
POLICIES: Mapping[str, tuple[str, ...]] = {"policy": get_args(Policy), "first": get_args(FirstPolicy)}

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIELD = ("type", "title")
_MERGE = (*POLICIES, "fields")
_OWN_TYPES = tuple(type_ for type_ in TYPES if type_ != "ref")

_Entry: TypeAlias = tuple[Path, str, str, Any]  # where it stands, object, field, what is said


def hub_objects(declared: Any) -> Objects:
    """The canonical objects with the fields that a team declares. What is not right in `declared` is left out."""
    from crmsync.spec.load import objects  # which reads all about specs: only where somebody asks for it

    found = {}
    for name, canonical in objects().items():
        lines = {n: _map(line) for n, line in _map(_map(declared).get(name)).items() if n not in canonical}
        own = {n: ObjectField(str(line.get("type", "text")), str(line.get("title", ""))) for n, line in lines.items()}
        found[name] = {**canonical, **own}
    return found


def said_of(line: Any, key: str) -> str | None:
    """What an entry of `merge.fields` says of `policy` or `first`: a word alone is the policy."""
    told = line.get(key) if isinstance(line, dict) else line if key == "policy" else None
    return None if told is None else str(told)


def hub_faults(document: Document) -> Iterator[Fault]:
    """Everything that is wrong with them."""
    tree = document.tree
    lines = {name: line for name, line in _map(tree.get("connections")).items() if isinstance(line, dict)}
    if not any("hub" in part or "merge" in part or "values" in part for part in (tree, *lines.values())):
        return
    yield from _declared(document, hub_objects({}), tree.get("hub"))
    ranked = bool(_map(tree.get("merge")).get("rank"))
    check = _Check(document, hub_objects(tree.get("hub")), tuple(lines), ranked)
    yield from check.merge(("merge",), tree.get("merge"))
    for name, line in lines.items():
        path = ("connections", name)
        yield from check.merge((*path, "merge"), line.get("merge"))
        yield from check.lines((*path, "hub"), line.get("hub"))
        yield from check.values((*path, "values"), line.get("values"))


def _declared(document: Document, canonical: Objects, hub: Any) -> Iterator[Fault]:
    """Fields of the hub's tables, beside the canonical ones."""
    found, entries = _entries(document, ("hub",), hub, canonical)
    yield from found
    for path, object_, name, line in entries:
        if name in canonical[object_]:
            yield document.fault(path, "CF013", f"{name!r} is a field of {object_} already")
        elif not _COLUMN.fullmatch(name):
            yield document.fault(
                path, "CF013", f"a field's name must be lower-case letters, digits and _, not {name!r}"
            )
        elif not isinstance(line, dict):
            yield document.fault(path, "CF013", f"{name} must be a map with {' and '.join(_FIELD)}")
        else:
            yield from unknown_keys(document, path, line, _FIELD)
            yield from _typed(document, path, line)


def _typed(document: Document, path: Path, line: Mapping[str, Any]) -> Iterator[Fault]:
    type_ = line.get("type")
    if type_ == "ref":
        why = "a reference cannot be declared: the hub has company_id and contact_id; use text for an id of the CRM"
        yield document.fault((*path, "type"), "CF013", why)
    elif type_ not in _OWN_TYPES:
        known = f"one of {', '.join(_OWN_TYPES)}{near(str(type_), _OWN_TYPES)}"
        yield document.fault((*path, "type"), "CF013", f"{path[-1]} needs a type, {known}")
    if not isinstance(line.get("title", ""), str):
        yield document.fault((*path, "title"), "CF013", "title must be a text")


@dataclass(frozen=True, slots=True)
class _Check:
    """Looks names up in the hub's `objects`; `connections` are those of the file, `ranked`: it has a ranking."""

    document: Document
    objects: Objects
    connections: tuple[str, ...]
    ranked: bool

    def merge(self, path: Path, merge: Any) -> Iterator[Fault]:
        """Who gives way where both sides changed a field; at the top, the ranking too."""
        top = len(path) == 1
        if merge is None:
            return
        if not isinstance(merge, dict):
            yield self.document.fault(path, "CF011", f"merge must be a map with {', '.join(_MERGE)}")
            return
        yield from unknown_keys(self.document, path, merge, (*_MERGE, "rank") if top else _MERGE)
        yield from self._policies(path, merge)
        if top and "rank" in merge:
            yield from self._rank((*path, "rank"), merge["rank"])
        found, entries = _entries(self.document, (*path, "fields"), merge.get("fields"), self.objects)
        yield from found
        yield from self._unknown(entries)
        for place, _, _, line in entries:
            if isinstance(line, dict):
                yield from unknown_keys(self.document, place, line, tuple(POLICIES))
                yield from self._policies(place, line)
            else:
                yield from self._policy(place, "policy", line)
        yield from self._bonds(entries)

    def lines(self, path: Path, lines: Any) -> Iterator[Fault]:
        """How fields of the hub are read and written by a connection; the rest of a line is the spec's to check."""
        found, entries = _entries(self.document, path, lines, self.objects)
        yield from found
        yield from self._unknown(entries, "; declare it at the top, under hub")
        for place, _, name, line in entries:
            if not isinstance(line, str | dict):
                yield self.document.fault(place, "CF012", f"{name} must be a path, or a field's line as in a spec")

    def values(self, path: Path, values: Any) -> Iterator[Fault]:
        """The hub's words for a field, and this CRM's."""
        found, entries = _entries(self.document, path, values, self.objects)
        yield from found
        yield from self._unknown(entries)
        for place, object_, name, words in entries:
            field = self.objects[object_].get(name)
            if field is not None and field.type != "text":
                yield self.document.fault(place, "CF015", f"{name} is of type {field.type}: only texts have value maps")
            elif not isinstance(words, dict):
                yield self.document.fault(place, "CF015", f"{name} must be a map of the hub's words to this CRM's")
            else:
                yield from self._words(place, words)

    def _words(self, path: Path, words: Mapping[str, Any]) -> Iterator[Fault]:
        for ours, theirs in words.items():
            if ours and theirs == "":
                why = f"the CRM's word for {ours!r} is missing; without the line it is not written"
                yield self.document.fault((*path, ours), "CF015", why)
            elif not isinstance(theirs, str):
                quotes = "" if theirs is None or isinstance(theirs, dict | list) else "; put it in quotes"
                yield self.document.fault((*path, ours), "CF015", f"the word for {ours!r} must be a text{quotes}")
            elif not ours:
                yield self.document.fault((*path, ours), "CF015", "an empty text is no word: nothing stays nothing")

    def _policies(self, path: Path, line: Mapping[str, Any]) -> Iterator[Fault]:
        for key in POLICIES:
            if key in line:
                yield from self._policy((*path, key), key, line[key])

    def _policy(self, path: Path, key: str, value: Any) -> Iterator[Fault]:
        known = POLICIES[key]
        if value == "rank" and not self.ranked:
            yield self.document.fault(path, "CF014", "a ranking is asked for, but merge at the top has no rank")
        elif value not in known:
            why = f"{key} must be one of {', '.join(known)}, not {value!r}{near(str(value), known)}"
            first = "newest decides no first match, for no value there is an edit"
            yield self.document.fault(path, "CF014", first if value == "newest" else why)

    def _rank(self, path: Path, rank: Any) -> Iterator[Fault]:
        if not isinstance(rank, list) or not rank or not all(isinstance(name, str) for name in rank):
            yield self.document.fault(
                path, "CF014", f"rank must be a list of connections and {HUB}, the first one wins"
            )
            return
        for place, name in enumerate(rank):
            if name in rank[:place]:
                yield self.document.fault((*path, place), "CF014", f"{name!r} is there twice")
            elif name not in (HUB, *self.connections) and (guess := near(name, (HUB, *self.connections))):
                # Without a guess: a connection needs no line here.
                yield self.document.fault((*path, place), "CF014", f"there is no connection {name!r}{guess}")

    def _bonds(self, entries: Collection[_Entry]) -> Iterator[Fault]:
        """Fields that are one value cannot be told different things."""
        for key in POLICIES:
            told: dict[tuple[str, tuple[str, ...]], tuple[str, str]] = {}
            for path, object_, name, line in entries:
                bond = next((bond for bond in BONDS if name in bond), (name,))
                said = said_of(line, key)
                if said is None:
                    continue
                other, before = told.setdefault((object_, bond), (name, said))
                if before != said:
                    why = f"{name} and {other} are merged as one value, and {other} says {before}: give both the same"
                    yield self.document.fault(path, "CF014", why)

    def _unknown(self, entries: Collection[_Entry], else_: str = "") -> Iterator[Fault]:
        """The fields that the hub has not."""
        for path, object_, name, _ in entries:
            known = self.objects[object_]
            if name not in known:
                guess = near(name, known) or else_ or guessed(name, known)
                yield self.document.fault(path, "CF012", f"the hub's {object_} has no field {name!r}{guess}")


def _entries(document: Document, path: Path, node: Any, objects: Objects) -> tuple[list[Fault], list[_Entry]]:
    """What a map of objects and their fields says, field by field, and what is wrong with its shape."""
    if node is None:
        return [], []
    if not isinstance(node, dict):
        return [document.fault(path, "CF011", f"{path[-1]} must be a map of {', '.join(objects)}")], []
    faults: list[Fault] = []
    entries: list[_Entry] = []
    for name, fields in node.items():
        place = (*path, name)
        if name not in objects:
            faults.append(document.fault(place, "CF012", f"the hub has no {name!r}{guessed(name, objects)}"))
        elif not isinstance(fields, dict):
            faults.append(document.fault(place, "CF011", f"{name} must be a map of fields"))
        else:
            entries += [((*place, field), name, field, line) for field, line in fields.items()]
    return faults, entries


def _map(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}
