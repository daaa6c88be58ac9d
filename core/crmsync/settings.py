"""crmsync.yaml as written: the store and the named connections. All mistakes of shape are told at once, with places.

What an option may hold is the connector's to say, so that is checked later, by config.py. About the hub:
settings_hub.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmsync.errors import ConfigError, Fault, SpecError
from crmsync.settings_hub import hub_faults
from crmsync.settings_keys import unknown_keys
from crmsync.spec.model import RESERVED_CONNECTIONS
from crmsync.spec.yaml import MAX_BYTES, Document, parse

FILE = "crmsync.yaml"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_TOP = ("store", "hub", "merge", "connections")
_CONNECTION = ("connector", "options", "fields", "streams", "hub", "merge", "values", "brake")
_BRAKE = re.compile(r"(100(\.0+)?|\d{1,2}(\.\d+)?)%?")
_REFERENCES = ("env", "file")


@dataclass(frozen=True, slots=True)
class Settings:
    """A crmsync.yaml: its store, its connections, and what it says of the hub, as written.

    Paths in it start at `folder`.
    """

    store: str | None = None
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hub: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    merge: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    document: Document | None = None

    def at(self, *path: str) -> str:
        """`file:line:column: ` of a key, for messages; empty where nothing was read from a file."""
        if self.document is None:
            return ""
        place = self.document.fault(path, "", "")
        return f"{place.file}:{place.line}:{place.column}: "


def load_settings(file: Path | None = None) -> Settings:
    """Read crmsync.yaml (`file`, else the one in the working directory, if there is one); raises ConfigError."""
    path = file or Path(FILE)
    if file is None and not path.exists():
        return Settings()
    try:
        document = parse(_text(path), str(path))
    except SpecError as error:
        raise ConfigError(error.message) from None
    if faults := sorted(_faults(document)):
        raise ConfigError("\n".join(map(str, faults)))
    tree = document.tree or {}
    return Settings(
        store=tree.get("store"),
        connections={name: line or {} for name, line in (tree.get("connections") or {}).items()},
        hub=tree.get("hub") or {},
        merge=tree.get("merge") or {},
        folder=path.parent,
        document=document,
    )


def name_problem(name: str) -> str:
    """Why `name` cannot be the name of a connection, or an empty text."""
    if not NAME.fullmatch(name):
        return f"the connection name {name!r} must be lower-case letters, digits and _, a letter first"
    return f"the connection name {name!r} is reserved; choose another one" if name in RESERVED_CONNECTIONS else ""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}:1: this line is not UTF-8") from None


def _faults(document: Document) -> Iterator[Fault]:
    tree = document.tree
    if tree is None:
        return
    if not isinstance(tree, dict):
        yield document.fault((), "CF001", f"the file must be a map with {', '.join(_TOP)}")
        return
    yield from unknown_keys(document, (), tree, _TOP)
    if not isinstance(tree.get("store", ""), str):
        yield document.fault(("store",), "CF002", "store must be the path of a file")
    connections = tree.get("connections") or {}
    if not isinstance(connections, dict):
        yield document.fault(("connections",), "CF003", "connections must be a map of names")
        return
    for name, line in connections.items():
        if problem := name_problem(name):
            yield document.fault(("connections", name), "CF004", problem)
        yield from _connection(document, ("connections", name), {} if line is None else line)
    yield from hub_faults(document)


def _connection(document: Document, path: tuple[str, ...], line: Any) -> Iterator[Fault]:
    if not isinstance(line, dict):
        yield document.fault(path, "CF005", f"a connection must be a map with {', '.join(_CONNECTION)}")
        return
    yield from unknown_keys(document, path, line, _CONNECTION)
    if not isinstance(line.get("connector", ""), str):
        yield document.fault((*path, "connector"), "CF006", "connector must be the name of a connector")
    for key, check in (("options", _option), ("fields", _field)):
        entries = line.get(key) or {}
        if not isinstance(entries, dict):
            yield document.fault((*path, key), "CF007", f"{key} must be a map")
            continue
        for name, value in entries.items():
            if problem := check(value):
                yield document.fault((*path, key, name), "CF008", f"{name} must be {problem}")
    if not isinstance(line.get("streams") or {}, dict):
        yield document.fault((*path, "streams"), "CF007", "streams must be a map")  # its lines are the spec's to check
    if not _BRAKE.fullmatch(str(line.get("brake", "2%"))):
        yield document.fault((*path, "brake"), "CF009", "brake must be a share such as 2%")


def _option(value: Any) -> str:
    if isinstance(value, dict):
        refers = len(value) == 1 and set(value) <= set(_REFERENCES) and all(isinstance(v, str) for v in value.values())
        return "" if refers else "a value, {env: NAME} or {file: PATH}"
    return "a value, {env: NAME} or {file: PATH}" if isinstance(value, list) else ""


def _field(value: Any) -> str:
    listed = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return "" if listed or value == "all" else "a list of the provider's names of fields, or `all`"
