"""Connections: what crmsync.yaml and the environment say, resolved against the options that a connector declares.

`<CONNECTION>_<OPTION>` in the environment wins over crmsync.yaml, which wins over the spec's default. Secrets stand in
crmsync.yaml only as references: `{env: NAME}` or `{file: PATH}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.config_hub import Rule, Terms, own_of, terms_of
from crmsync.errors import ConfigError, UnknownConnection
from crmsync.secret import Secret
from crmsync.settings import FILE, Settings, load_settings, name_problem
from crmsync.settings_hub import FirstPolicy, Policy
from crmsync.settings_keys import near
from crmsync.spec.model import Option, variable
from crmsync.spec.own import Own

__all__ = [
    "DEFAULT_STORE",
    "FILE",
    "Connection",
    "FirstPolicy",
    "Policy",
    "Rule",
    "Settings",
    "Terms",
    "load_settings",
    "own",
    "resolve",
    "terms",
]

DEFAULT_STORE = "crmsync.duckdb"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector with the options of one account.

    `values` has every option that is set, secrets as Secret; `given` are those that the operator set: a URL among them
    may be http and local. `fields` are the provider's fields to read beyond the spec's, by stream: names or "all".
    `own` is what it adds to the spec, `terms` are those between it and the hub.
    """

    name: str
    connector: str
    values: Mapping[str, Any]
    given: frozenset[str] = frozenset()
    fields: Mapping[str, Collection[str] | str] = field(default_factory=dict)
    own: Own | None = None
    terms: Terms = field(default_factory=Terms)
    brake: float | None = None

    @property
    def operator_url(self) -> bool:
        """Whether the base URL is the operator's word."""
        return "base_url" in self.given

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(v for v in self.values.values() if isinstance(v, Secret))


def resolve(
    settings: Settings,
    connector: str,
    name: str | None,
    options: Mapping[str, Option],
    environment: Mapping[str, str],
) -> Connection:
    """The connection `name` (default: the only one of the connector, else the connector's own name).

    Raises ConfigError that names all missing and wrong options at once, UnknownConnection.
    """
    name = name or _only_or_own(settings, connector)
    line = _line(settings, connector, name)
    written = line.get("options") or {}
    values, missing, problems = _values(settings, name, written, options, environment)
    problems += _unknown(settings, name, written, options)
    if problems:
        raise ConfigError("\n".join(problems), hint=_hint(connector, missing))
    return Connection(
        name=name,
        connector=connector,
        values=values,
        given=frozenset(option for option in options if environment.get(variable(name, option)) or option in written),
        fields=line.get("fields") or {},
        own=own_of(settings, name, line),
        terms=terms_of(settings, line),
        brake=_share(line.get("brake")),
    )


def own(settings: Settings, connector: str, name: str | None) -> Own | None:
    """What the connection adds to its connector's spec; see `resolve` for `name` and what is raised."""
    name = name or _only_or_own(settings, connector)
    return own_of(settings, name, _line(settings, connector, name))


def terms(settings: Settings, connector: str, name: str | None) -> Terms:
    """What holds between the hub and the connection; see `resolve` for `name` and what is raised."""
    name = name or _only_or_own(settings, connector)
    return terms_of(settings, _line(settings, connector, name))


def _only_or_own(settings: Settings, connector: str) -> str:
    """Without a name: the connector's own, or the only connection of it that crmsync.yaml has."""
    of_it = [n for n, line in settings.connections.items() if line.get("connector", n) == connector]
    if len(of_it) > 1 and connector not in of_it:
        raise ConfigError(
            f"{FILE} has several connections of {connector}: {', '.join(of_it)}.", hint="Pick one with --connection."
        )
    return of_it[0] if len(of_it) == 1 else connector


def _line(settings: Settings, connector: str, name: str) -> Mapping[str, Any]:
    """What crmsync.yaml has of the connection; nothing where it is named like its connector and needs no line."""
    if problem := name_problem(name):
        raise ConfigError(f"{problem}.")
    line = settings.connections.get(name)
    if line is None and name != connector:
        known = _listed(settings.connections) or "none"
        guess = near(name, settings.connections)
        raise UnknownConnection(
            f"{FILE} has no connection {name!r}{guess or f'; it has: {known}'}",
            hint=f"Write it there, under connections:  {name}: {{connector: {connector}}}",
        )
    line = line or {}
    other = line.get("connector", connector)
    if other != connector:
        raise ConfigError(f"{settings.at('connections', name)}{name} is a connection of {other}, not of {connector}.")
    return line


def _values(
    settings: Settings,
    name: str,
    written: Mapping[str, Any],
    options: Mapping[str, Option],
    environment: Mapping[str, str],
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The options that are set; the variables of those that must be and are not; what is wrong, the latter included."""
    values: dict[str, Any] = {}
    missing: list[str] = []
    problems: list[str] = []
    for option in options.values():
        where = variable(name, option.name)
        given = environment.get(where)  # set but empty is not set
        try:
            value = _typed(option, given or _referenced(option, written.get(option.name), settings, environment))
        except ValueError as error:
            place = where if given else f"{settings.at('connections', name, 'options', option.name)}{option.name}"
            problems.append(f"{place} {error}")
            continue
        if value is None and option.required:
            missing.append(where)
            problems.append(f"{where} is not set{f': {option.title}' if option.title else ''}")
        elif value is not None:
            values[option.name] = Secret(str(value)) if option.secret else value
    return values, missing, problems


def _unknown(settings: Settings, name: str, written: Mapping[str, Any], options: Mapping[str, Option]) -> list[str]:
    return [
        f"{settings.at('connections', name, 'options', key)}unknown option {key!r}"
        f"{near(key, options) or f'; possible: {_listed(options)}'}"
        for key in written
        if key not in options
    ]


def _referenced(option: Option, written: Any, settings: Settings, environment: Mapping[str, str]) -> Any:
    if not isinstance(written, dict):
        if option.secret and written is not None:
            raise ValueError("is a secret and must not stand in the file; write {env: NAME} or {file: PATH}")
        return written
    if "env" in written:
        if written["env"] not in environment:
            raise ValueError(f"refers to {written['env']}, which the environment does not have")
        return environment[written["env"]]
    path = settings.folder / written["file"]
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"refers to {path}, which cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"refers to {path}, which is not a text") from None


def _typed(option: Option, value: Any) -> Any:
    """The value as the spec wants it; its default where nobody sets one, unless that depends on other options."""
    if value is None or value == "":
        return None if isinstance(option.default, dict) or "$" in str(option.default) else option.default
    if option.type == "integer":
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", str(value)):
            raise ValueError("must be a whole number, not negative")
        return int(value)
    if option.choice and str(value) not in option.choice:
        raise ValueError(f"must be one of {', '.join(option.choice)}")
    return str(value)


def _share(value: Any) -> float | None:
    return None if value is None else float(str(value).rstrip("%")) / 100


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _hint(connector: str, missing: Collection[str]) -> str:
    if not missing:
        return ""
    exports = " ".join(f"{name}=…" for name in missing)
    return f"Set with: export {exports}\nTo try it without an account: crmsync run --connector {connector} --sandbox"
