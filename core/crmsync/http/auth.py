"""Credentials -> headers of a request. Secrets are revealed here, at the last moment, and nowhere else.

What a provider grants in exchange for them (a token that ends, a number for the one who logged in) comes from Grants.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from crmsync.errors import ConfigError
from crmsync.http.render import joined
from crmsync.secret import Secret
from crmsync.spec import bind
from crmsync.spec.model import Auth, Spec, variable


@dataclass(frozen=True, slots=True)
class Grant:
    """Values that join those of the connection, secrets as Secret. `version` tells one token from the next."""

    values: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0


class Grants(Protocol):
    """Where grants come from. Shared by all clients of a run."""

    @property
    def base_url(self) -> str | None:
        """Where the account lives, if the provider told with the grant."""

    async def current(self) -> Grant:
        """A grant that lasts for some while yet. Asked before every request, so cheap most of the time."""

    async def renewed(self, stale: Grant) -> Grant | None:
        """Another grant than `stale`, which the provider refused; None where there is no other."""


class Lasting:
    """A grant that lasts as long as the run: none at all, or what a login gave."""

    base_url: str | None = None

    def __init__(self, grant: Grant | None = None) -> None:
        self._grant = grant or Grant()

    async def current(self) -> Grant:
        return self._grant

    async def renewed(self, _stale: Grant) -> Grant | None:
        return None


def chosen(spec: Spec, connection: str, values: Mapping[str, Any]) -> Auth | None:
    """The first way to authenticate whose needs are set; None where the spec has no ways at all.

    Raises ConfigError that names the environment variables to set.
    """
    for way in spec.auth:
        if all(values.get(need) for need in way.needs):
            return way
    if not spec.auth:
        return None
    ways = [" ".join(f"{variable(connection, need)}=…" for need in way.needs) for way in spec.auth]
    hint = "\n".join(f"{'Or' if n else 'Set'} with: export {way}" for n, way in enumerate(ways))
    sandbox = f"To try it without an account: crmsync run --connector {spec.name} --sandbox"
    raise ConfigError(f"{connection} has no credentials.", hint=f"{hint}\n{sandbox}")


def mend(way: Auth, spec: Spec, connection: str) -> str:
    """What a person does about credentials that are refused."""
    if way.oauth is not None and way.oauth.grant == "code":
        return f"Connect again: {connecting(spec, connection)}"
    names = " and ".join(variable(connection, need) for need in way.needs)
    return f"Set {names} to credentials that are valid and have not ended."


def connecting(spec: Spec, connection: str) -> str:
    """The command that connects a connection by a person's consent."""
    return f"crmsync auth {spec.name}{'' if connection == spec.name else f' --connection {connection}'}"


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


def identity(way: Auth | None, connection: str, known: list[Secret]) -> str:
    """Names an account as far as its credentials tell it apart; an OAuth client's are those of many accounts."""
    return fingerprint([*known, Secret(connection)] if way is not None and way.oauth is not None else known)


def fingerprint(known: list[Secret]) -> str:
    """Names credentials without telling them."""
    return hashlib.sha256("\0".join(s.reveal() for s in known).encode("utf-8", "surrogatepass")).hexdigest()


def _revealed(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else joined(value)
