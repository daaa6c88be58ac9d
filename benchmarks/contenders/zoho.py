"""Zoho: COQL in the order of ids, 2,000 records a page, with an access token that is ready."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from benchmarks.contenders.api import NAMES, TOKEN, Api

QUERY = f"select {','.join(NAMES)} from Contacts where id > '%s' order by id asc limit 2000"
LINKED = {"Account_Name": ("id", "name"), "Owner": ("id", "name", "email")}


class Record(msgspec.Struct):
    """A record without its fields, which msgspec skips."""

    id: str


class Info(msgspec.Struct):
    """Whether there are more."""

    more_records: bool


class Page(msgspec.Struct):
    """What the next request needs."""

    data: list[Record]
    info: Info


def ask(client: httpx.Client, after: str) -> httpx.Response:
    """A page."""
    return client.post("/crm/v8/coql", json={"select_query": QUERY % (after or "0")})


def after_page(page: Any) -> str | None:
    """The last id, unless this was the last page."""
    return page["data"][-1]["id"] if page["info"]["more_records"] else None


def columns() -> dict[str, tuple[str, ...]]:
    """A column each name; of what it is linked to, one each fact."""
    plain = {name: (name,) for name in NAMES if name not in LINKED}
    return plain | {f"{name}_{key}": (name, key) for name, keys in LINKED.items() for key in keys}


API = Api(
    ask=ask,
    head=Page,
    after=lambda head: head.data[-1].id if head.info.more_records else None,
    after_page=after_page,
    page=2_000,
    headers={"Authorization": f"Zoho-oauthtoken {TOKEN}"},
    columns=columns(),
    records="data",
)
