"""HubSpot: a list by cursor, 100 records a page."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from benchmarks.contenders.api import NAMES, TOKEN, Api

PATH = "/crm/objects/2026-03/contacts"
QUERY = {"limit": "100", "properties": ",".join(NAMES)}


class Next(msgspec.Struct):
    """What the next request needs."""

    after: str | None = None


class Paging(msgspec.Struct):
    """Where that stands."""

    next: Next = msgspec.field(default_factory=Next)


class Page(msgspec.Struct):
    """A page without its records, which msgspec skips."""

    paging: Paging = msgspec.field(default_factory=Paging)


def ask(client: httpx.Client, after: str) -> httpx.Response:
    """A page."""
    return client.get(PATH, params={**QUERY, "after": after} if after else QUERY)


def after_page(page: Any) -> str | None:
    """The cursor of the next page."""
    found: str | None = page.get("paging", {}).get("next", {}).get("after")
    return found


API = Api(
    ask=ask,
    head=Page,
    after=lambda head: head.paging.next.after,
    after_page=after_page,
    page=100,
    headers={"Authorization": f"Bearer {TOKEN}"},
    columns={"id": ("id",), "updated_at": ("updatedAt",), **{name: ("properties", name) for name in NAMES}},
    records="results",
)
