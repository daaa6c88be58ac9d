"""What an API is to the contenders, and the one that BENCH_CRM names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import httpx

Record = dict[str, Any]

URL, TOKEN = os.environ["BENCH_URL"], os.environ["BENCH_TOKEN"]
NAMES = os.environ["BENCH_NAMES"].split(",")


@dataclass(frozen=True, slots=True)
class Api:
    """The list of contacts.

    `ask` gets a page: the first one for "", else the one behind what `after` tells; None: there are no more. `head` is
    the type of a page without its records' fields, for `after` of the contenders that do not parse them; those that do
    have `after_page`. `columns` are where each column's value stands in a record. `flags` are columns in which `false`
    is a value; with `false_is_null`, it is nothing in all others.
    """

    ask: Callable[[httpx.Client, str], httpx.Response]
    head: Any
    after: Callable[[Any], str | None]
    after_page: Callable[[Any], str | None]
    page: int  # records
    headers: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]
    records: str | None = None  # the key of a page's list; None: the page is the list
    false_is_null: bool = False
    flags: frozenset[str] = frozenset()

    @property
    def declared(self) -> str:
        """The columns of a table, all of them texts."""
        return ", ".join(f'"{name}" VARCHAR' for name in self.columns)

    def of_page(self, page: Any) -> list[Record]:
        """The records of a parsed page."""
        found: list[Record] = page if self.records is None else page[self.records]
        return found


API: Api = import_module(f"benchmarks.contenders.{os.environ['BENCH_CRM']}").API
