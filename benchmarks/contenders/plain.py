"""What many write first: json, a list of tuples, `executemany` into a table with a primary key, 5,000 rows a commit."""

from __future__ import annotations

import sys

import duckdb

from benchmarks.contenders.pages import COLUMNS, PROPERTIES, Record, batches


def row(record: Record) -> tuple[str | None, ...]:
    """The record's line of the table."""
    return record["id"], record["updatedAt"], *(record["properties"].get(name) for name in PROPERTIES)


with duckdb.connect(sys.argv[1]) as connection:
    columns = ", ".join(f"{name} VARCHAR" for name in COLUMNS)
    connection.execute(f"CREATE TABLE contact ({columns}, PRIMARY KEY (id))")
    insert = f"INSERT OR REPLACE INTO contact VALUES ({', '.join('?' for _ in COLUMNS)})"
    for batch in batches(5_000):
        connection.execute("BEGIN")
        connection.executemany(insert, [row(record) for record in batch])
        connection.execute("COMMIT")
