"""What the contenders write: rows of a file's table `contact`, 100 to a request, to HubSpot.

Its columns are a key and one for each property. What became of each row is noted in the table `outcome` of the file,
which tells the ids that an update needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

URL, TOKEN = os.environ["BENCH_URL"], os.environ["BENCH_TOKEN"]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
BATCH = 100
CREATED = ("firstname", "lastname", "email", "phone", "jobtitle")
UPDATED = ("jobtitle",)


@dataclass(frozen=True, slots=True)
class Task:
    """What the command line asks for: every row of `file` created, or updated in one property."""

    file: str
    action: str

    @property
    def url(self) -> str:
        """Where the batches go."""
        return f"{URL}/crm/objects/2026-03/contacts/batch/{self.action}"

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that are written."""
        return CREATED if self.action == "create" else UPDATED

    @property
    def rows(self) -> str:
        """SQL: `key`, `id` (an update's only) and the properties of each row."""
        if self.action == "create":
            return f"SELECT key, {', '.join(self.names)} FROM contact"
        return f"SELECT key, id, {', '.join(self.names)} FROM contact JOIN outcome USING (key) WHERE action = 'create'"

    def item(self, row: dict[str, Any]) -> dict[str, Any]:
        """The item of a request."""
        made = {"properties": {name: row[name] for name in self.names}, "objectWriteTraceId": row["key"]}
        return made if self.action == "create" else {"id": row["id"], **made}

    def note(self, connection: duckdb.DuckDBPyConnection, answer: dict[str, Any]) -> None:
        """Keep what became of the items of a request. Lists, since `executemany` costs ten times as much."""
        if "errors" in answer:
            raise RuntimeError(f"not all was written: {answer['errors'][0]}")
        keys = [record["objectWriteTraceId"] for record in answer["results"]]
        self.keep(connection, keys, [record["id"] for record in answer["results"]])

    def keep(self, connection: duckdb.DuckDBPyConnection, keys: Sequence[str], ids: Sequence[str]) -> None:
        """One transaction."""
        connection.execute(
            "INSERT INTO outcome SELECT unnest($keys::VARCHAR[]), unnest($ids::VARCHAR[]), $action",
            {"keys": keys, "ids": ids, "action": self.action},
        )


TASK = Task(sys.argv[1], sys.argv[2])
