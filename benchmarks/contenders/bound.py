"""The bound: the least work that leaves the records durably in a file that others can open in between.

Bodies go as text into DuckDB, one statement makes columns of them, one transaction replaces the batch's rows. No types,
no checks, no rejects, no checkpoint, no journal, no second run: what crmsync costs above this is the price of those.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import msgspec

from benchmarks.contenders.pages import COLUMNS, PROPERTIES, pages

PAGES = 50  # of 100 records: 5,000 rows a transaction
HOLD_S = 2.0
SHAPE = {"results": [{"id": "VARCHAR", "updatedAt": "VARCHAR", "properties": dict.fromkeys(PROPERTIES, "VARCHAR")}]}
MAP = f"""CREATE OR REPLACE TEMP TABLE batch AS
SELECT r.id AS id, r."updatedAt" AS updated_at, unnest(r.properties) FROM (
  SELECT unnest(from_json(body, '{json.dumps(SHAPE)}').results) AS r FROM (SELECT unnest($bodies::VARCHAR[]) AS body)
)"""


class Next(msgspec.Struct):
    """What the next request needs."""

    after: str | None = None


class Paging(msgspec.Struct):
    """Where that stands."""

    next: Next = msgspec.field(default_factory=Next)


class Page(msgspec.Struct):
    """A page without its records, which msgspec skips."""

    paging: Paging = msgspec.field(default_factory=Paging)


class Target:
    """The file, held for two seconds at most."""

    def __init__(self, path: Path) -> None:
        self._attach = f"ATTACH '{path}' AS store (STORAGE_VERSION 'v1.5.0')"
        self._engine = duckdb.connect(":memory:", config={"threads": 1})
        self._engine.execute("SET wal_autocheckpoint = '1GB'")
        self._engine.execute(self._attach)
        self._engine.execute(f"CREATE TABLE store.contact ({', '.join(f'{name} VARCHAR' for name in COLUMNS)})")
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
    decoder, target, held = msgspec.json.Decoder(Page), Target(path), list[str]()
    for body in pages(lambda body: (body.decode(), decoder.decode(body).paging.next.after)):
        held.append(body)
        if len(held) == PAGES:
            target.put(held)
            held = []
    if held:
        target.put(held)
    target.let_go()


main(Path(sys.argv[1]))
