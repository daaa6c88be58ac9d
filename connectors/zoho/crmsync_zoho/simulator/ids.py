"""Ids of 19 digits: the org's prefix, then numbers that rise over all its modules."""

from __future__ import annotations

BLOCK = 10**12  # what is behind the prefix
RECORDS_FROM = 500_000  # below are the ids of definitions and users
STEP = 50  # between untouched records of one module


def prefix(seed: int) -> int:
    """The seven digits that all ids of an org begin with; a seed's own."""
    return 4_150_868 + seed * 7_919 % 1_000_000


def definition_id(seed: int, area: int, number: int) -> str:
    """The id of a field, layout, user ...: each area has a thousand."""
    return str(prefix(seed) * BLOCK + area * 1_000 + number)


def is_id(text: object) -> bool:
    """Whether a text could be an id at all."""
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 19
