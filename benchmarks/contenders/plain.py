"""What many write first: json, a list of tuples, `executemany` into a table with a primary key, 5,000 rows a commit."""

from __future__ import annotations

import sys

import duckdb

from benchmarks.contenders.api import API, NAMES, Record
from benchmarks.contenders.pages import batches


def row(record: Record) -> tuple[str | None, ...]:
    """The HubSpot record's line of the table."""
    return record["id"], record["updatedAt"], *(record["properties"].get(name) for name in NAMES)


with duckdb.connect(sys.argv[1]) as connection:
    connection.execute(f"CREATE TABLE contact ({API.declared}, PRIMARY KEY (id))")
    insert = f"INSERT OR REPLACE INTO contact VALUES ({', '.join('?' for _ in API.columns)})"
    for batch in batches(5_000):
        connection.execute("BEGIN")
        connection.executemany(insert, [row(record) for record in batch])
        connection.execute("COMMIT")
