"""The same with Arrow: json, a table of columns, delete and insert, 5,000 rows a commit."""

from __future__ import annotations

import sys

import duckdb

from benchmarks.contenders.api import API
from benchmarks.contenders.columns import table
from benchmarks.contenders.pages import batches

with duckdb.connect(sys.argv[1]) as connection:
    connection.execute(f"CREATE TABLE contact ({API.declared})")
    for rows in batches(5_000):
        batch = table(rows)  # found by its name in the statements
        connection.execute("BEGIN")
        connection.execute("DELETE FROM contact t USING batch b WHERE t.id = b.id")
        connection.execute("INSERT INTO contact FROM batch")
        connection.execute("COMMIT")
