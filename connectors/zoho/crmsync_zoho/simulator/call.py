"""One request, read: its area, its version, its path's parts and its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec

from crmsync.sandbox import SimRequest
from crmsync_zoho.simulator.answers import Refused, invalid

_VERSION = re.compile(r"v([2-8])(\.1)?")
FIELDS_FROM = 3  # the version since which a list must name its fields


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets. `area` is `crm`, `bulk` or `oauth`; `parts` are what follows the version."""

    request: SimRequest
    area: str
    version: int
    parts: Sequence[str]

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def base_url(self) -> str:
        """Where the simulator is reached."""
        host = self.request.headers.get("host")
        return f"http://{host}" if host else "https://www.zohoapis.com"

    def one(self, name: str, default: str = "") -> str:
        """A query parameter, the first of its kind."""
        return next((value for key, value in self.request.query if key == name), default)

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.request.query)

    def many(self, name: str) -> list[str]:
        """A comma list in the query."""
        return [part.strip() for part in self.one(name).split(",") if part.strip()]

    def number(self, name: str, default: int, most: int) -> int:
        """A number between 1 and `most`."""
        text = self.one(name, str(default))
        if not re.fullmatch(r"[1-9]\d{0,8}", text):
            raise invalid("invalid data", param_name=name, expected_data_type="integer")
        if int(text) > most:
            raise invalid("invalid data", param_name=name, maximum_value=most)
        return int(text)

    def json(self) -> Mapping[str, Any]:
        """The body, which must be a JSON object whatever its content type says."""
        try:
            body = msgspec.json.decode(self.request.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
        if not isinstance(body, dict):
            raise invalid("invalid data", expected_data_type="jsonobject")
        return body

    def rows(self, most: int = 100) -> list[Any]:
        """The rows of a write."""
        body = self.json()
        if "data" not in body:
            raise Refused(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data"})
        rows = body["data"]
        if not isinstance(rows, list) or not rows:
            raise invalid("invalid data", expected_data_type="jsonarray", api_name="data", json_path="$.data")
        if len(rows) > most:
            details = {"maximum_length": most, "api_name": "data", "json_path": "$.data"}
            raise Refused(400, "LIMIT_EXCEEDED", f"please don't send more than {most} records at a time", details)
        return rows


def read_call(request: SimRequest) -> Call | None:
    """Which area of the API a path is in; None: no such route."""
    match [unquote(part) for part in request.path.strip("/").split("/")]:
        case ["oauth", *rest]:
            return Call(request, "oauth", 2, rest)
        case ["v2", "crm", _, "bulk-write", job, _]:  # where the result of an import is
            return Call(request, "bulk", 2, ["write", job, "result"])
        case ["crm", "bulk", version, *rest]:
            return _placed(request, "bulk", version, rest)
        case ["crm", version, *rest]:
            return _placed(request, "crm", version, rest)
    return None


def _placed(request: SimRequest, area: str, version: str, parts: Sequence[str]) -> Call | None:
    found = _VERSION.fullmatch(version)
    return Call(request, area, int(found[1]), parts) if found and parts else None
