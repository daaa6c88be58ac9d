"""Ways to authenticate, as values: a part of build.py.

Addresses remember the option that they begin with, because one that the operator set is the operator's word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmsync.spec.build_requests import Requests
from crmsync.spec.duration import seconds
from crmsync.spec.model import Address, Auth, Login, OAuth, Pool, Signs

_OPTION = re.compile(r"\$([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Ways:
    """Makes the ways of one spec. `written` are their lines before options were put in, `options` those of `config`."""

    written: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any]
    base_url: str

    def way(self, name: str, line: Mapping[str, Any]) -> Auth:
        """The way `name`; `line` is its line with options put in."""
        kind, login = line["kind"], None
        if kind == "login":
            login = Login(Requests().request(line), line["keep"], line.get("bad"))
        return Auth(
            name=name,
            kind=kind,
            needs=tuple(line["needs"]),
            headers={} if login else line["headers"],  # those of a login are its request's
            oauth=self._oauth(name, line) if kind == "oauth2" else None,
            login=login,
        )

    def _oauth(self, name: str, line: Mapping[str, Any]) -> OAuth:
        token = self._address(name, "token", line)
        limit = line.get("refresh_limit")
        return OAuth(
            token=token,
            grant=line.get("grant", "code"),
            client=line.get("client", "body"),
            authorize=self._address(name, "authorize", line) if "authorize" in line else None,
            authorize_extra=line.get("authorize_extra", {}),
            scopes=tuple(line.get("scopes", ())),
            scope_join=line.get("scope_join", " "),
            base_url=line.get("base_url"),
            token_from_callback=line.get("token_from_callback"),
            dead=_signs(line.get("dead", {})),
            busy=_signs(line.get("busy", {})),
            refresh_limit=Pool("refresh", limit["rate"], seconds(limit["per"]), default=True) if limit else None,
            region=self._picked_by(token.option) or self._picked_by("base_url"),
        )

    def _address(self, name: str, key: str, line: Mapping[str, Any]) -> Address:
        written, target = (str(text).removeprefix("POST ") for text in (self.written[name][key], line[key]))
        if target.startswith("/"):
            return Address(self.base_url.rstrip("/") + target, "base_url")
        option = _OPTION.match(written)
        return Address(target, option[1] if option else None)

    def _picked_by(self, option: str | None) -> str | None:
        """The option by which the value of `option` is picked."""
        line = self.options.get(option or "") or {}
        by = line.get("by") or (line["default"].get("by") if isinstance(line.get("default"), dict) else None)
        return str(by) if by else None


def _signs(line: Mapping[str, Any]) -> Signs:
    return {path: tuple(texts) if isinstance(texts, list) else (texts,) for path, texts in line.items()}
