"""Faults of what stands before the server, by status."""

from __future__ import annotations

from collections.abc import Callable

from crmsync.sandbox import Fault, SimRequest
from crmsync_odoo.simulator import answers

_TITLES = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}


def trouble(
    status: int,
    match: Callable[[SimRequest], bool] | str,
    *,
    times: int,
    skip: int,
    when: str,
    retry_after_s: int | None,
) -> Fault:
    """A fault with the page that this status has; 200 is the page that asks for a password."""
    page = answers.login_page() if status == 200 else answers.html(status, f"{status} {_TITLES.get(status, 'Error')}")
    headers = dict(page.headers) | ({} if retry_after_s is None else {"Retry-After": str(retry_after_s)})
    return Fault(match, times=times, skip=skip, when=when, status=status, body=page.body, headers=headers)
