"""The list of contacts, page by page: httpx as it is meant to be used, one client with kept connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from benchmarks.contenders.api import API, URL, Record

T = TypeVar("T")


def pages(read: Callable[[bytes], tuple[T, str | None]]) -> Iterator[T]:
    """What `read` makes of each page's body; it also tells what the next page is asked with, None after the last."""
    with httpx.Client(base_url=URL, headers=dict(API.headers), timeout=60) as client:
        after: str | None = ""
        while after is not None:
            response = API.ask(client, after)
            response.raise_for_status()
            page, after = read(response.content)
            yield page


def batches(rows: int, load: Callable[[bytes], Any] = json.loads) -> Iterator[list[Record]]:
    """Lists of about `rows` records, as the API gives them."""

    def read(body: bytes) -> tuple[list[Record], str | None]:
        page = load(body)
        return API.of_page(page), API.after_page(page)

    held: list[Record] = []
    for page in pages(read):
        held += page
        if len(held) >= rows:
            yield held
            held = []
    if held:
        yield held
