"""Odoo: `search_read` over JSON-2 in the order of ids, 2,000 records a page, of the partners that are contacts."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from benchmarks.contenders.api import NAMES, TOKEN, Api

LIMIT = 2_000
CONTACTS: list[Any] = [
    ["is_company", "=", False],
    ["type", "=", "contact"],
    ["user_ids", "not any", [["share", "=", False]]],
    "|",
    ["user_ids", "=", False],
    ["active", "=", True],
]


class Record(msgspec.Struct):
    """A record without its fields, which msgspec skips."""

    id: int


def ask(client: httpx.Client, after: str) -> httpx.Response:
    """A page."""
    return client.post(
        "/json/2/res.partner/search_read",
        json={
            "domain": [*CONTACTS, ["id", ">", int(after or 0)]],
            "fields": NAMES,
            "order": "id",
            "limit": LIMIT,
            "load": "",
            "context": {"active_test": False, "lang": "en_US"},
        },
    )


API = Api(
    ask=ask,
    head=list[Record],
    after=lambda head: str(head[-1].id) if len(head) == LIMIT else None,
    after_page=lambda page: str(page[-1]["id"]) if len(page) == LIMIT else None,
    page=LIMIT,
    headers={"Authorization": f"bearer {TOKEN}"},
    columns={name: (name,) for name in NAMES},
    false_is_null=True,
    flags=frozenset({"active"}),
)
