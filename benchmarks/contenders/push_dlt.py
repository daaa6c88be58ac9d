"""dlt's custom destination, with batches of 100."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt
import duckdb
import httpx

from benchmarks.contenders.push_rows import BATCH, HEADERS, TASK

connection = duckdb.connect(TASK.file)
client = httpx.Client(headers=HEADERS, timeout=60)


@dlt.destination(batch_size=BATCH, name="hubspot", naming_convention="direct", skip_dlt_columns_and_tables=True)
def hubspot(rows: list[dict[str, Any]], table: Any) -> None:  # noqa: ARG001 - dlt hands it over
    """Send one batch."""
    response = client.post(TASK.url, json={"inputs": [TASK.item(row) for row in rows]})
    response.raise_for_status()
    TASK.note(connection, response.json())


@dlt.resource(name="contact")
def contact() -> Iterator[list[dict[str, Any]]]:
    """The rows, a thousand at a time."""
    cursor = connection.cursor().execute(TASK.rows)
    names = [column[0] for column in cursor.description or ()]
    while rows := cursor.fetchmany(1_000):
        yield [dict(zip(names, row, strict=True)) for row in rows]


dlt.pipeline("push", destination=hubspot).run(contact())
client.close()
connection.close()
