"""Mapping: a spec compiles to SQL text. Pure: no database, no network; only the spec and names go in."""

from crmsync.mapping.labels import keys_variable, set_keys_sql
from crmsync.mapping.links import LinkPlan, compile_link
from crmsync.mapping.lookups import list_variable, options_variable, set_lookup_sql
from crmsync.mapping.outcome import OutcomePlan, compile_outcome
from crmsync.mapping.read import Column, ReadPlan, compile_read, compile_tombstones
from crmsync.mapping.types import duckdb_type, type_of
from crmsync.mapping.write import WritePlan, compile_write
from crmsync.quote import identifier, literal

__all__ = [
    "Column",
    "LinkPlan",
    "OutcomePlan",
    "ReadPlan",
    "WritePlan",
    "compile_link",
    "compile_outcome",
    "compile_read",
    "compile_tombstones",
    "compile_write",
    "duckdb_type",
    "identifier",
    "keys_variable",
    "list_variable",
    "literal",
    "options_variable",
    "set_keys_sql",
    "set_lookup_sql",
    "type_of",
]
