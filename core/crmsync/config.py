"""Connections: what crmsync.yaml and the environment say, resolved against the options that a connector declares.

`<CONNECTION>_<OPTION>` in the environment wins over crmsync.yaml, which wins over the spec's default. Secrets stand in
crmsync.yaml only as references: `{env: NAME}` or `{file: PATH}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crmsync.errors import ConfigError, Fault, SpecError, UnknownConnection
from crmsync.secret import Secret
from crmsync.spec.model import RESERVED_CONNECTIONS, Option
from crmsync.spec.yaml import Document, parse

FILE = "crmsync.yaml"
DEFAULT_STORE = "crmsync.duckdb"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_TOP = ("store", "connections")
_CONNECTION = ("connector", "options", "fields", "brake")


@dataclass(frozen=True, slots=True)
class Settings:
    """A crmsync.yaml: its store and its connections, as written."""

    store: str | None = None
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector with the options of one account.

    `values` has every option that is set, secrets as Secret; `operator_url`: the operator gave the base URL, so it may
    be http and local. `fields` are the provider's fields to read beyond the spec's, by stream: names or "all".
    """

    name: str
    connector: str
    values: Mapping[str, Any]
    operator_url: bool = False
    fields: Mapping[str, Collection[str] | str] = field(default_factory=dict)
    brake: float | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(v for v in self.values.values() if isinstance(v, Secret))


def load_settings(file: Path | None = None) -> Settings:
    """Read crmsync.yaml (`file`, else the one in the working directory, if there is one); raises SpecError."""
    path = file or Path(FILE)
    if not path.exists():
        if file is not None:
            raise ConfigError(f"There is no file {path}.")
        return Settings()
    document = parse(path.read_text(encoding="utf-8"), str(path))
    faults = tuple(sorted(_faults(document)))
    if faults:
        raise SpecError("\n".join(map(str, faults)), faults)
    tree = document.tree or {}
    return Settings(tree.get("store"), tree.get("connections") or {})


def resolve(
    settings: Settings,
    connector: str,
    name: str | None,
    options: Mapping[str, Option],
    environment: Mapping[str, str],
) -> Connection:
    """The connection `name` (default: the connector's own name) with every option that is set.

    Raises ConfigError that names all missing and wrong options at once, UnknownConnection.
    """
    name = name or _only_or_own(settings, connector)
    line = settings.connections.get(name)
    if line is None and name != connector:
        known = ", ".join(settings.connections) or "none"
        raise UnknownConnection(f"{FILE} has no connection {name!r}. There: {known}.", hint=f"Add it to {FILE}.")
    _check_name(name)
    line = line or {}
    if line.get("connector", connector) != connector:
        raise ConfigError(f"The connection {name} is one of {line['connector']}, not of {connector}.")
    written = line.get("options") or {}
    values, problems = _values(name, options, written, environment)
    problems += [f"unknown option {k!r} of connection {name}{_near(k, options)}" for k in written if k not in options]
    if problems:
        raise ConfigError("\n".join(problems), hint="Set them in the environment or in crmsync.yaml.")
    return Connection(
        name=name,
        connector=connector,
        values=values,
        operator_url=variable(name, "base_url") in environment or "base_url" in written,
        fields=line.get("fields") or {},
        brake=_percent(line.get("brake")),
    )


def variable(connection_name: str, option: str) -> str:
    """The environment variable of an option."""
    return f"{connection_name}_{option}".upper()


def _only_or_own(settings: Settings, connector: str) -> str:
    """Without a name: the connector's own, or the only connection of it that crmsync.yaml has."""
    of_it = [n for n, line in settings.connections.items() if line.get("connector", n) == connector]
    return of_it[0] if len(of_it) == 1 and connector not in settings.connections else connector


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ConfigError(f"The connection name {name!r} must be lower-case letters, digits and _, a letter first.")
    if name in RESERVED_CONNECTIONS:
        raise ConfigError(f"The connection name {name!r} is reserved.", hint="Choose another name.")


def _values(
    name: str, options: Mapping[str, Option], written: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option in options.values():
        where = variable(name, option.name)
        try:
            value = environment.get(where) or _referenced(option, written.get(option.name), environment)
            value = option.default if value is None else _typed(option, value)
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        if value is None and option.required:
            problems.append(f"{where} is not set{f' ({option.title})' if option.title else ''}")
        elif value is not None:
            values[option.name] = Secret(str(value)) if option.secret else value
    return values, problems


def _referenced(option: Option, value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if "env" in value:
            if value["env"] not in environment:
                raise ValueError(f"the environment has no {value['env']}")
            return environment[value["env"]]
        try:
            return Path(value["file"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"cannot read {value['file']}: {error.strerror}") from None
    if option.secret and value is not None:
        raise ValueError("a secret must not stand in crmsync.yaml; write {env: NAME} or {file: PATH}")
    return value


def _typed(option: Option, value: Any) -> Any:
    if option.type == "integer":
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ValueError("must be a whole number") from None
    if option.choice and str(value) not in option.choice:
        raise ValueError(f"must be one of {', '.join(option.choice)}")
    return str(value)


def _percent(value: Any) -> float | None:
    return None if value is None else float(str(value).rstrip("%")) / 100


def _near(key: str, known: Collection[str]) -> str:
    near = get_close_matches(key, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _faults(document: Document) -> Iterator[Fault]:
    """All mistakes of shape; options are checked when their connector is known."""
    tree = document.tree
    if tree is None:
        return
    if not isinstance(tree, dict):
        yield document.fault((), "CF001", f"{FILE} must be a map with {' and '.join(_TOP)}")
        return
    yield from _closed(document, (), tree, _TOP)
    connections = tree.get("connections")
    if connections is not None and not isinstance(connections, dict):
        yield document.fault(("connections",), "CF002", "connections must be a map of names")
        return
    for name, line in (connections or {}).items():
        path = ("connections", name)
        if not NAME.fullmatch(name) or name in RESERVED_CONNECTIONS:
            yield document.fault(path, "CF003", f"{name!r} cannot be the name of a connection")
        if line is not None and not isinstance(line, dict):
            yield document.fault(path, "CF004", "a connection must be a map")
            continue
        yield from _closed(document, path, line or {}, _CONNECTION)
        for key in ("options", "fields"):
            if not isinstance((line or {}).get(key) or {}, dict):
                yield document.fault((*path, key), "CF005", f"{key} must be a map")
        if not re.fullmatch(r"\d+(\.\d+)?%?", str((line or {}).get("brake", "2%"))):
            yield document.fault((*path, "brake"), "CF006", "brake must be a share such as 2%")


def _closed(
    document: Document, path: tuple[str, ...], tree: Mapping[str, Any], known: Collection[str]
) -> Iterator[Fault]:
    for key in tree:
        if key not in known:
            yield document.fault((*path, key), "CF007", f"unknown key {key!r}{_near(key, known)}")
