"""Answers, and the one shape of all errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from crmsync.sandbox import SimResponse

JSON_HEADERS = {"Content-Type": "application/json;charset=UTF-8"}

Row = dict[str, Any]  # the answer to one row of a write


class Refused(Exception):
    """The request ends with an error answer; where it is about one row, that row does."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = dict(details or {})

    @property
    def body(self) -> Row:
        return {"code": self.code, "details": self.details, "message": str(self), "status": "error"}


def ok(value: Any, status: int = 200) -> SimResponse:
    return SimResponse(status, JSON_HEADERS, msgspec.json.encode(value))


def raw(body: bytes, status: int = 200) -> SimResponse:
    return SimResponse(status, JSON_HEADERS, body)


def nothing(status: int = 204) -> SimResponse:
    """204 or 304: no body, no type."""
    return SimResponse(status)


def refusal(refused: Refused) -> SimResponse:
    return ok(refused.body, refused.status)


def page_info(per_page: int, count: int, page: int, more: bool) -> dict[str, Any]:
    """The `info` of lists that have no page tokens."""
    return {"per_page": per_page, "count": count, "page": page, "more_records": more}


def rows_answer(rows: Sequence[Row], done: int, partial: int = 207, key: str = "data") -> SimResponse:
    """Row-wise results: `done` when all went well, 400 when none did, else the status of a mixture."""
    failed = sum(row["status"] == "error" for row in rows)
    status = done if failed == 0 else 400 if failed == len(rows) else partial
    return ok({key: list(rows)}, status)


def invalid(message: str = "invalid data", **details: Any) -> Refused:
    return Refused(400, "INVALID_DATA", message, details)


def missing_parameter(name: str) -> Refused:
    return Refused(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": name})


def not_found() -> Refused:
    return Refused(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")


def wrong_method() -> Refused:
    return Refused(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")


def invalid_module() -> Refused:
    return Refused(400, "INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": 0})
