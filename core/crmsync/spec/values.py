"""What stands for the names of a spec while it is built: its constants, and what is known of the connection.

Part of build.py. The values of secrets are none of these: their placeholders stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crmsync.spec import bind
from crmsync.spec.model import Option

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def constants(top: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Constants, each with those it names put in; check.py has refused circles."""
    pending = {**top, **own}
    for _ in range(len(pending)):
        pending = {name: bind.expand(value, pending) for name, value in pending.items()}
        if not any(name in pending for value in pending.values() for name in bind.names(value)):
            break
    return pending


def known_of(declared: Mapping[str, Option], constants: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options, their defaults where unset, then facts. None: an option without a value. Secrets are left out."""
    secret = {name for name, option in declared.items() if option.secret}
    given = {name: value for name, value in given.items() if value is not None and name not in secret}
    known = {**{name: None for name, o in declared.items() if o.default is None and name not in secret}, **given}
    pending = {n: bind.expand(o.default, constants) for n, o in declared.items() if n not in known and n not in secret}
    for _ in range(len(pending)):  # a default may name other options
        pending = {name: bind.bind(default, known) for name, default in pending.items()}
        ready = {name: d for name, d in pending.items() if not any(bind.names(d)) and not isinstance(d, dict)}
        known |= bind.plain(ready)
    return {**dict.fromkeys(pending), **known}


@dataclass(frozen=True, slots=True)
class Values:
    """The `constants`, which are templates; of what is `known`, None says that there will be no value."""

    constants: Mapping[str, Any]
    known: Mapping[str, Any]

    def put_in(self, line: Mapping[str, Any]) -> Any:
        """Constants and known values in their places; those in a request's path are URL-encoded."""
        encoded = {n: quote(bind.as_text(v), safe="") for n, v in self.known.items() if v is not None}
        return bind.bind(_paths(bind.expand(line, self.constants), encoded), self.known)


def _paths(node: Any, encoded: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_paths(item, encoded) for item in node]
    if not isinstance(node, dict):
        return node
    return {k: _path(v, encoded) if k in ("do", "token") else _paths(v, encoded) for k, v in node.items()}


def _path(do: Any, encoded: Mapping[str, str]) -> Any:
    method, _, target = do.partition(" ") if isinstance(do, str) else ("", "", "")
    if method not in METHODS:
        return do  # an entry of a body that happens to have this name
    start = re.match(r"\$[a-z_][a-z0-9_]*(?=/)", target)  # an option that holds a URL: as it is
    head, tail = (start[0], target[start.end() :]) if start else ("", target)
    return f"{method} {head}{bind.bind(tail, encoded)}"
