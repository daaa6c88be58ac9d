"""One request, read: its version, its path's parts and its query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec

from crmsync.sandbox import SimRequest
from crmsync_hubspot.simulator.answers import Refused, invalid

VERSIONS = ("v1", "v3", "v4", "2026-03", "2026-09")
_AREAS = ("objects", "properties", "pipelines", "owners", "associations")


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets. `area` and `parts` are the same for all versions of a path."""

    request: SimRequest
    area: str
    version: str
    parts: Sequence[str]

    @property
    def dated(self) -> bool:
        return self.version.startswith("20")

    def one(self, name: str, default: str = "") -> str:
        """A query parameter, the first of its kind."""
        return next((value for key, value in self.request.query if key == name), default)

    def many(self, name: str) -> list[str]:
        """A list in the query: repeated, comma-joined or both."""
        values = (value for key, value in self.request.query if key == name)
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        return self.one(name).lower() == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """A number between 1 and `most`; above is refused."""
        return whole(self.one(name) or default, name, most)

    def json(self) -> Any:
        """The body, which must be a JSON object or array."""
        kind = self.request.headers.get("content-type", "")
        if "json" not in kind:
            raise Refused(415, "HTTP 415 Unsupported Media Type")
        try:
            return msgspec.json.decode(self.request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, f"Invalid input JSON on line 1, column 1: {error}") from None

    def object(self) -> Mapping[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise Refused(400, "Invalid input JSON on line 1, column 1: Cannot deserialize value of this type")
        return body

    def link(self, after: str) -> str:
        """This request's URL with another `after`."""
        host = self.request.headers.get("host")
        query = [(key, value) for key, value in self.request.query if key != "after"]
        return f"{f'http://{host}' if host else 'https://api.hubapi.com'}{self.request.path}?" + urlencode(
            [*query, ("after", after)]
        )


def read_call(request: SimRequest) -> Call | None:
    """Which area of the API a path is in; None: no such route."""
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    match parts:
        case ["crm", version, area, *rest] if version in VERSIONS and area in _AREAS:
            return _placed(request, area, version, rest)
        case ["crm", area, version, *rest] if version in VERSIONS and area in _AREAS:
            return _placed(request, area, version, rest)
        case ["account-info" | "oauth" as area, version, *rest] if version in VERSIONS:
            return Call(request, area, version, rest)
        case ["oauth", "v2", "private-apps", *rest]:
            return Call(request, "private-apps", "v2", rest)
    return None


def whole(given: object, name: str, most: int) -> int:
    text = str(given)
    if not re.fullmatch(r"\d{1,9}", text):
        raise invalid(f"{name} must be a number, not {text}")
    if not 1 <= int(text) <= most:
        raise invalid(f"{name} must be between 1 and {most}, but was {text}")
    return int(text)


def _placed(request: SimRequest, area: str, version: str, rest: list[str]) -> Call | None:
    """v4 is the version of associations only, v3 of the rest, dates of all."""
    linked = area == "associations" or "associations" in rest[2:3]
    wanted = "v4" if linked else "v3"
    return Call(request, area, version, rest) if version == wanted or version.startswith("20") else None
