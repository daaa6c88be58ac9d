"""Ranges: a list in the order of ids, cut into pieces that are read side by side. Pure bookkeeping, no requests.

Nobody knows how the ids lie, so cuts are tried: behind the last range ever further away, else in the middle of the
widest one. What the owner of the pages has not got yet is complete at any moment, so that reading may stop at any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge

WORTH = 4  # pages: a range that seems to hold fewer is not cut
_END = 1 << 64  # behind every id

Left = tuple[tuple[int, int | None], ...]  # the id that a range begins with, and the one that it ends before


class Disorder(Exception):
    """The ids of a list do not rise, so it cannot be cut."""


@dataclass(slots=True, eq=False)
class Range:
    """Ids from `at` on, up to below `end`, are still to be read; the owner has got those below `got`."""

    at: int
    end: int
    got: int
    taken: bool = False
    tried: bool = False  # a cut is on its way

    @property
    def is_open(self) -> bool:
        return self.at < self.end


class Ranges:
    """The ranges of one list. `first` is the list's first id, `step` how many ids a page spans."""

    def __init__(self, left: Left, first: int, step: int) -> None:
        self._all = [Range(at, _END if end is None else end, at) for at, end in left]
        self._first, self._step = first, max(step, 1)
        self._ceiling = _END  # nothing was found from here on

    @property
    def left(self) -> Left:
        """What the owner has not got yet, lowest first."""
        ends = sorted((each.got, each.end) for each in self._all)
        return tuple((got, None if end == _END else end) for got, end in ends)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be read."""
        return any(each.is_open for each in self._all)

    def take(self) -> Range | None:
        """A range that nobody reads."""
        for each in self._all:
            if not each.taken:
                each.taken = True
                return each
        return None

    def cut(self) -> tuple[Range, int] | None:
        """A range that is worth cutting, and the id to cut it at; None where there is none for now."""
        widths = [
            (min(each.end, self._ceiling) - each.at, each) for each in self._all if each.is_open and not each.tried
        ]
        width, widest = max(widths, key=lambda pair: pair[0], default=(0, None))
        if widest is None or width <= WORTH * self._step:
            return None
        widest.tried = True
        endless = widest.end == self._ceiling == _END
        return widest, widest.at + (max(widest.at - self._first, WORTH * self._step) if endless else width // 2)

    def found(self, whole: Range, cut: int, ids: Sequence[int]) -> Range | None:
        """What the ids of a page from `cut` on mean for `whole`: a range of its own, taken; None where there is none.

        Raises Disorder.
        """
        whole.tried = False
        if not ids:
            self._ceiling = min(cut, self._ceiling)
            return None
        _check(ids, cut)
        if not whole.at < cut < whole.end:
            return None  # its reader was faster
        new = Range(cut, whole.end, cut, taken=True)
        whole.end = cut
        self._all.append(new)
        return new

    def read(self, each: Range, ids: Sequence[int], following: int | None) -> int:
        """Note a page of `each`; `following` is the id to go on from, None at the end of the list.

        The id for `got`, when the owner has the page. Raises Disorder.
        """
        _check(ids, each.at)
        if following is not None and following <= (ids[-1] if ids else each.at):
            raise Disorder
        if ids:
            self._step = max(1, (self._step + ids[-1] - ids[0]) // 2)
        each.at = _END if following is None else following
        return each.at

    def until(self, each: Range, ids: Sequence[int]) -> int | None:
        """The id from which on a page that was just read belongs to the next range; None where all of it is ours."""
        return each.end if ids and ids[-1] >= each.end else None

    def got(self, each: Range, at: int) -> None:
        """The owner has everything of `each` below `at`."""
        each.got = at
        if at >= each.end:
            self._all.remove(each)


def _check(ids: Sequence[int], at: int) -> None:
    if (ids and ids[0] < at) or any(map(ge, ids, ids[1:])):
        raise Disorder
