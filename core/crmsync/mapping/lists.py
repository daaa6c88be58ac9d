"""SQL over the elements of a list."""

from __future__ import annotations

ELEMENT = '"#"'  # the parameter of every lambda; a column of the same name would hide it, and none can have a `#`


def mapped(list_: str, value: str) -> str:
    """The list of `value`, an expression over ELEMENT."""
    return f"list_transform({list_}, lambda {ELEMENT}: {value})"


def kept(list_: str, condition: str) -> str:
    """The elements that meet `condition`, an expression over ELEMENT."""
    return f"list_filter({list_}, lambda {ELEMENT}: {condition})"
