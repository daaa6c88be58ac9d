"""Where the values of untouched records come from: functions of a record's index and of its hash.

A *pack* is a table of rows of values that belong together, such as a city and its country; `Shared` values are
taken from another record. Whatever is computed must need no escaping in JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import msgspec

Value = str | None
Compute = Callable[[int, int], Value]  # index, hash -> value
Fill = Callable[[Sequence[int], Sequence[int]], list[str]]  # indexes, hashes -> JSON texts

MASK = (1 << 64) - 1


class Group(Protocol):
    """Properties whose values come together."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def pick(self, name: str) -> Compute:
        """The function that gives one of them."""

    def fill(self, names: Sequence[str]) -> Fill:
        """The function that gives several of them as JSON members, for many records."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Rows of values that belong together; a record's hash, shifted right by `shift` bits, picks one."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    shift: int

    def pick(self, name: str) -> Compute:
        column, size, shift = [row[self.names.index(name)] for row in self.rows], len(self.rows), self.shift
        return lambda _, mixed: column[(mixed >> shift) % size]

    def fill(self, names: Sequence[str]) -> Fill:
        places, size, shift = [self.names.index(name) for name in names], len(self.rows), self.shift
        texts = [",".join(f'"{self.names[place]}":{json_text(row[place])}' for place in places) for row in self.rows]
        return lambda _, hashes: [texts[(mixed >> shift) % size] for mixed in hashes]


@dataclass(frozen=True, slots=True)
class Shared:
    """Values that a record takes from another one, if it has one; neighbours tend to share it."""

    other: Callable[[int], int | None]
    columns: Mapping[str, Callable[[int], str]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def pick(self, name: str) -> Compute:
        other, give = self.other, self.columns[name]
        return lambda index, _: None if (at := other(index)) is None else give(at)

    def fill(self, names: Sequence[str]) -> Fill:
        other, columns = self.other, self.columns

        @lru_cache(64)
        def text(at: int | None) -> str:
            return ",".join(f'"{name}":null' if at is None else f'"{name}":"{columns[name](at)}"' for name in names)

        return lambda indexes, _: [text(other(index)) for index in indexes]


def filled(compute: Compute) -> Fill:
    """The function that gives one computed value as JSON, for many records."""

    def fill(indexes: Sequence[int], hashes: Sequence[int]) -> list[str]:
        values = map(compute, indexes, hashes)
        return ["null" if value is None else f'"{value}"' for value in values]

    return fill


def mix(index: int, salt: int) -> int:
    """64 bits that look random."""
    mixed = ((index + salt) * 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) & MASK
    return mixed ^ (mixed >> 32)


def json_text(value: object) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value).decode()
