"""The bound: the least work that leaves the records durably in a file that others can open in between.

Bodies go as text into DuckDB, one statement makes columns of them, one transaction replaces the batch's rows. No types,
no checks, no rejects, no checkpoint, no journal, no second run: what crmsync costs above this is the price of those.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from benchmarks.contenders.api import API
from benchmarks.contenders.pages import pages

ROWS = 5_000  # at least, a transaction
HOLD_S = 2.0


def shape() -> str:
    """What `from_json` reads of a page: texts."""
    record: dict[str, Any] = {}
    for path in API.columns.values():
        node = record
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = "VARCHAR"
    return json.dumps([record] if API.records is None else {API.records: [record]})


def column(name: str, path: Sequence[str]) -> str:
    """The SQL of a column."""
    value = ".".join(f'"{step}"' for step in ("r", *path))
    if API.false_is_null and name not in API.flags:
        value = f"nullif({value}, 'false')"
    return f'{value} AS "{name}"'


MAP = f"""CREATE OR REPLACE TEMP TABLE batch AS
SELECT {", ".join(column(name, path) for name, path in API.columns.items())} FROM (
  SELECT unnest(from_json(body, '{shape()}'){"" if API.records is None else f".{API.records}"}) AS r
  FROM (SELECT unnest($bodies::VARCHAR[]) AS body)
)"""


class Target:
    """The file, held for two seconds at most."""

    def __init__(self, path: Path) -> None:
        self._attach = f"ATTACH '{path}' AS store (STORAGE_VERSION 'v1.5.0')"
        self._engine = duckdb.connect(":memory:", config={"threads": 1})
        self._engine.execute("SET wal_autocheckpoint = '1GB'")
        self._engine.execute(self._attach)
        self._engine.execute(f"CREATE TABLE store.contact ({API.declared})")
        self._since = time.monotonic()

    def put(self, bodies: list[str]) -> None:
        """Replace the rows of these pages in one transaction."""
        self._engine.execute(MAP, {"bodies": bodies})
        self._engine.execute("BEGIN")
        self._engine.execute("DELETE FROM store.contact t USING batch b WHERE t.id = b.id")
        self._engine.execute("INSERT INTO store.contact FROM batch")
        self._engine.execute("COMMIT")
        if time.monotonic() - self._since > HOLD_S:
            self.let_go()
            self._engine.execute(self._attach)
            self._since = time.monotonic()

    def let_go(self) -> None:
        """Close the file, which checkpoints it."""
        self._engine.execute("DETACH store")


def main(path: Path) -> None:
    """Read everything into `path`."""
    decoder, target = msgspec.json.Decoder(API.head), Target(path)
    held, full = list[str](), -(-ROWS // API.page)
    for body in pages(lambda body: (body.decode(), API.after(decoder.decode(body)))):
        held.append(body)
        if len(held) == full:
            target.put(held)
            held = []
    if held:
        target.put(held)
    target.let_go()


main(Path(sys.argv[1]))
