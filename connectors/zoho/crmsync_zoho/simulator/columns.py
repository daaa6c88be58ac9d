"""Where the values of untouched records come from: functions of a record's index and of its hash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# As it is kept: a time is seconds since 1970, a lookup the other record's id, a choice of several a tuple.
Value = str | int | float | bool | tuple[str, ...] | None
Compute = Callable[[int, int], Value]  # index, hash -> value


@dataclass(frozen=True, slots=True)
class Pack:
    """Rows of values that belong together; a record's hash, shifted right by `shift` bits, picks one.

    Names with an underscore in front are for other columns only.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    shift: int

    def column(self, name: str) -> Compute:
        """The function that gives one of the values."""
        values, size, shift = [row[self.names.index(name)] for row in self.rows], len(self.rows), self.shift
        return lambda _, mixed: values[(mixed >> shift) % size]


@dataclass(frozen=True, slots=True)
class Link:
    """A lookup that untouched records have: the module, and which of its untouched records is meant."""

    module: str
    of: Callable[[int], int | None]
