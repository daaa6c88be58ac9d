"""The same with Arrow: json, a table of columns, delete and insert, 5,000 rows a commit."""

from __future__ import annotations

import sys

import duckdb

from benchmarks.contenders.columns import table
from benchmarks.contenders.pages import COLUMNS, batches

with duckdb.connect(sys.argv[1]) as connection:
    connection.execute(f"CREATE TABLE contact ({', '.join(f'{name} VARCHAR' for name in COLUMNS)})")
    for rows in batches(5_000):
        batch = table(rows)  # found by its name in the statements
        connection.execute("BEGIN")
        connection.execute("DELETE FROM contact t USING batch b WHERE t.id = b.id")
        connection.execute("INSERT INTO contact FROM batch")
        connection.execute("COMMIT")
