"""Credentials -> headers of a request. Secrets are revealed here, at the last moment, and nowhere else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from crmsync.errors import ConfigError
from crmsync.http.render import joined
from crmsync.secret import Secret
from crmsync.spec import bind
from crmsync.spec.model import Auth, Spec, variable


def chosen(spec: Spec, connection: str, values: Mapping[str, Any]) -> Auth | None:
    """The first way to authenticate whose needs are set; None where the spec has no ways at all.

    Raises ConfigError that names the environment variables to set.
    """
    for way in spec.auth:
        if all(values.get(need) for need in way.needs):
            if way.kind != "header":
                raise ConfigError(f"{connection}: this version cannot authenticate by `{way.kind}` ({way.name})")
            return way
    if not spec.auth:
        return None
    ways = [" and ".join(variable(connection, need) for need in way.needs) for way in spec.auth if way.kind == "header"]
    raise ConfigError(f"{connection} has no credentials", hint=f"Set {', or '.join(ways)} in the environment.")


def headers(way: Auth | None, values: Mapping[str, Any]) -> dict[str, str]:
    """The headers that prove who we are. To be added to a message, never kept."""
    filled = bind.fill(way.headers, values, _revealed) if way else {}
    made = {name: _revealed(value) for name, value in filled.items()}
    for name, value in made.items():
        if not re.fullmatch(r"[\x21-\x7e]+( [\x21-\x7e]+)*", value):
            raise ConfigError(
                f"the credentials do not fit into the header {name}: a line break, a blank at the end or no ASCII",
                hint="Copy the token again, without the line break or the quotes round it.",
            )
    return made


def secrets(values: Mapping[str, Any]) -> list[Secret]:
    """Every secret among the values, to be masked in texts."""
    return [value for value in values.values() if isinstance(value, Secret)]


def fingerprint(known: list[Secret]) -> str:
    """Names credentials without telling them."""
    return hashlib.sha256("\0".join(s.reveal() for s in known).encode("utf-8", "surrogatepass")).hexdigest()


def _revealed(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else joined(value)
