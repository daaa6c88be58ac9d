"""The list of contacts, page by page: httpx as it is meant to be used, one client with kept connections."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Record = dict[str, Any]

URL = os.environ["BENCH_URL"]
TOKEN = os.environ["BENCH_TOKEN"]
PROPERTIES = os.environ["BENCH_PROPERTIES"].split(",")
PATH = "/crm/objects/2026-03/contacts"
QUERY = {"limit": "100", "properties": ",".join(PROPERTIES)}
COLUMNS = ("id", "updated_at", *PROPERTIES)


def pages(read: Callable[[bytes], tuple[T, str | None]]) -> Iterator[T]:
    """What `read` makes of each page's body; it also tells the cursor of the next page, None after the last."""
    with httpx.Client(base_url=URL, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
        after: str | None = ""
        while after is not None:
            response = client.get(PATH, params={**QUERY, "after": after} if after else QUERY)
            response.raise_for_status()
            page, after = read(response.content)
            yield page


def batches(rows: int, load: Callable[[bytes], Any] = json.loads) -> Iterator[list[Record]]:
    """Lists of about `rows` records, as the API gives them."""

    def read(body: bytes) -> tuple[list[Record], str | None]:
        page = load(body)
        return page["results"], page.get("paging", {}).get("next", {}).get("after")

    held: list[Record] = []
    for page in pages(read):
        held += page
        if len(held) >= rows:
            yield held
            held = []
    if held:
        yield held
