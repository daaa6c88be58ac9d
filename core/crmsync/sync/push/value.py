"""The value that finds the record of a create again: that of a field, or our own key, the hub's row."""

from __future__ import annotations

from crmsync.mapping import literal
from crmsync.spec.model_write import Write

KEY = "key"  # what `identify.by` says where records hold our own key


def value_of(write: Write, fields: str) -> str:
    """SQL over a row of crmsync.intents, whose JSON is at `fields`: the value, NULL where nothing finds the record."""
    if write.unique is None or write.by is None:
        return "NULL::VARCHAR"
    return "hub_id" if write.by == KEY else f"nullif(trim({fields}->>{literal(write.by)}), '')"
