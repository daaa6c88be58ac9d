"""The one identifier quote and the one literal quote. No other module builds a quoted piece of SQL.

What a person runs on their data they bind as parameters; only names and values of the spec become SQL text.
"""

from __future__ import annotations

from crmsync.errors import SpecError


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier, whatever characters it has."""
    return '"' + _whole(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + _whole(text).replace("'", "''") + "'"


def pointer(*keys: str) -> str:
    """The JSON pointer of nested object keys, as a SQL literal: no character of a key is special."""
    return literal("".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys))


def _whole(text: str) -> str:
    """SQL text ends at a NUL in some clients, and half a surrogate pair cannot be sent at all."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise SpecError(f"a name or value of the spec has a character that SQL cannot hold: {text!r}")
    return text
