"""dlt as it comes: its REST source, a DuckDB file, merge by primary key.

A second argument names the format of the files between its stages: Parquet spares DuckDB the parsing of very long
INSERT statements.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.contenders.api import TOKEN, URL
from benchmarks.contenders.hubspot import PATH, QUERY

config: Any = {
    "client": {
        "base_url": URL,
        "auth": {"type": "bearer", "token": TOKEN},
        "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
    },
    "resources": [
        {
            "name": "contact",
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"path": PATH, "params": QUERY, "data_selector": "results"},
        }
    ],
}
file_format: Any = sys.argv[2] if len(sys.argv) > 2 else None
target = dlt.destinations.duckdb(str(Path(sys.argv[1]).absolute()))
dlt.pipeline("crm", destination=target, dataset_name="crm").run(rest_api_source(config), loader_file_format=file_format)
