"""Faults in the API's own words, by status."""

from __future__ import annotations

from typing import Any

import msgspec

from crmsync.sandbox import Fault
from crmsync_zoho.simulator.answers import JSON_HEADERS

_CODES: dict[int, tuple[str, str]] = {
    400: ("INVALID_DATA", "invalid data"),
    401: ("INVALID_TOKEN", "invalid oauth token"),
    403: ("NO_PERMISSION", "permission denied"),
    404: ("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"),
    413: ("REQUEST_ENTITY_TOO_LARGE", "the request is too large"),
    415: ("MEDIA_TYPE_NOT_SUPPORTED", "the media type is not supported"),
    429: ("TOO_MANY_REQUESTS", "You have made too many requests continuously. Please try again after some time."),
    500: ("INTERNAL_ERROR", "Internal Server Error"),
    502: ("BAD_GATEWAY", "Bad Gateway"),
    503: ("SERVICE_UNAVAILABLE", "Service Unavailable"),
}


def trouble(status: int, match: str, *, times: int, skip: int, when: str, code: str, details: dict[str, Any]) -> Fault:
    """A fault with the body that this status has."""
    usual, message = _CODES.get(status, ("INTERNAL_ERROR", "Internal Server Error"))
    body = {"code": code or usual, "details": details, "message": message, "status": "error"}
    return Fault(
        match, times=times, skip=skip, when=when, status=status, body=msgspec.json.encode(body), headers=JSON_HEADERS
    )
