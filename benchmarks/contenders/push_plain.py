"""What many write first: a loop over the rows, httpx and json, one request after the other."""

from __future__ import annotations

import duckdb
import httpx

from benchmarks.contenders.push_rows import BATCH, HEADERS, TASK

with duckdb.connect(TASK.file) as connection, httpx.Client(headers=HEADERS, timeout=60) as client:
    cursor = connection.cursor().execute(TASK.rows)
    names = [column[0] for column in cursor.description or ()]
    while rows := cursor.fetchmany(BATCH):
        items = [TASK.item(dict(zip(names, row, strict=True))) for row in rows]
        response = client.post(TASK.url, json={"inputs": items})
        response.raise_for_status()
        TASK.note(connection, response.json())
