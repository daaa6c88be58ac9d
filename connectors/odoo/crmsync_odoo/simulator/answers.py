"""Answers that are no business of one protocol: JSON, pages, redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from crmsync.sandbox import SimResponse

JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


def json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> SimResponse:
    return SimResponse(status, {**JSON_HEADERS, **(headers or {})}, msgspec.json.encode(value))


def html(status: int, title: str, text: str = "") -> SimResponse:
    """A page, as for a browser."""
    page = (
        f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text or title}</p>\n</html>\n"
    )
    return SimResponse(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def redirect(to: str) -> SimResponse:
    page = html(303, "Redirecting...")
    return SimResponse(303, {**page.headers, "Location": to}, page.body)


def login_page() -> SimResponse:
    """What a redirected client ends at: a page with status 200."""
    return html(200, "Login | My Company", '<form action="/web/login" method="post"><input name="login"></form>')


def no_database() -> SimResponse:
    text = "No database is selected: use the X-Odoo-Database header."
    return html(404, "404 Not Found", text)
