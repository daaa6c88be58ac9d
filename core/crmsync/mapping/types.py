"""The language's types as DuckDB types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import SpecError

_DUCKDB: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "email": "VARCHAR",
        "domain": "VARCHAR",
        "ref": "VARCHAR",
        "integer": "BIGINT",
        "decimal": "DECIMAL(19,4)",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMPTZ",
        "set": "VARCHAR[]",
        "json": "JSON",
    }
)


def duckdb_type(type_: str) -> str:
    """The DuckDB type of a column whose type in the spec is `type_`."""
    if type_ not in _DUCKDB:
        raise SpecError(f"unknown type: {type_}")
    return _DUCKDB[type_]


def type_of(duckdb: str) -> str:
    """The type in the spec of a column that the store has as `duckdb`: text, where several are stored alike."""
    spelled = duckdb.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
    return next((name for name, stored in _DUCKDB.items() if stored == spelled), "text")
