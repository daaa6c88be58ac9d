"""A range of indexes with holes, as long as that range but as small as its holes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise


class Run:
    """The numbers of `span` without those in `holes`, which rise."""

    def __init__(self, span: range, holes: Sequence[int]) -> None:
        self._span = span
        self._holes = holes[bisect_left(holes, span.start) : bisect_left(holes, span.stop)]

    def between(self, first: int, end: int) -> Run:
        """Those from `first` to below `end`."""
        start = max(self._span.start, first)
        return Run(range(start, max(start, min(self._span.stop, end))), self._holes)

    def __len__(self) -> int:
        return len(self._span) - len(self._holes)

    def __iter__(self) -> Iterator[int]:
        for piece in self._pieces():
            yield from piece

    def __reversed__(self) -> Iterator[int]:
        for piece in reversed(self._pieces()):
            yield from reversed(piece)

    def _pieces(self) -> list[range]:
        edges = [self._span.start - 1, *self._holes, self._span.stop]
        return [range(low + 1, high) for low, high in pairwise(edges)]
