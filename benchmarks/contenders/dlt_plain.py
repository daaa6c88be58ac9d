"""dlt as it comes: its REST source, a DuckDB file, merge by primary key; no setting of ours."""

from __future__ import annotations

import sys

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.contenders.pages import PATH, QUERY, TOKEN, URL

source = rest_api_source(
    {
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
)
dlt.pipeline("crm", destination=dlt.destinations.duckdb(sys.argv[1]), dataset_name="crm").run(source)
