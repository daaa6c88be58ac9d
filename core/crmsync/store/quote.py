"""How names and texts become SQL in the store."""

from __future__ import annotations


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
