"""Other ways to bring all contacts into a DuckDB file; each a program: `python -m benchmarks.contenders.NAME FILE`."""
