"""dlt as its own guide to performance says: Arrow tables of many rows, Parquet between the stages.

httpx and orjson fetch; the data is declared free of duplicates, which saves a step of the merge. dlt's pools of workers
are left at one: the pages of a list come one after the other, and more processes cost more CPU here, not less.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import dlt
import orjson
import pyarrow as pa

from benchmarks.contenders.columns import table
from benchmarks.contenders.pages import batches


@dlt.resource(
    name="contact",
    primary_key="id",
    write_disposition={"disposition": "merge", "strategy": "delete-insert", "deduplicated": True},
)
def contact() -> Iterator[pa.Table]:
    """Tables of 10,000 records."""
    for rows in batches(10_000, orjson.loads):
        yield table(rows)


target = dlt.destinations.duckdb(str(Path(sys.argv[1]).absolute()))
dlt.pipeline("crm", destination=target, dataset_name="crm").run(contact(), loader_file_format="parquet")
