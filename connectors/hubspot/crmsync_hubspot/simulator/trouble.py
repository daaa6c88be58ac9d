"""Faults in the API's own words, by status."""

from __future__ import annotations

from typing import Any

import msgspec

from crmsync.sandbox import Fault
from crmsync_hubspot.simulator.answers import JSON_HEADERS, html

_BODIES: dict[int, dict[str, Any]] = {
    400: {"message": "Invalid input JSON on line 1, column 18: Unexpected character"},
    403: {"message": "You do not have permissions to view this object type in this portal"},
    409: {"message": "Contact already exists. Existing ID: 51", "category": "CONFLICT"},
    423: {"message": "The record is locked by another operation; try again later.", "category": "LOCKED"},
    429: {
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    477: {"message": "This account is being moved to another data center.", "category": "MIGRATION_IN_PROGRESS"},
    500: {"message": "internal error"},
}


def trouble(status: int, match: str, *, times: int, skip: int, when: str, retry_after_s: int | None) -> Fault:
    """A fault with the body that this status has; gateways answer in HTML."""
    retry = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if status in _BODIES:
        body = {"status": "error", "correlationId": "00000000-0000-4000-8000-000000000000", **_BODIES[status]}
        headers, text = JSON_HEADERS, msgspec.json.encode(body)
    else:
        page = html(status, f"{status} error")
        headers, text = dict(page.headers), page.body
    return Fault(match, times=times, skip=skip, when=when, status=status, body=text, headers={**headers, **retry})
