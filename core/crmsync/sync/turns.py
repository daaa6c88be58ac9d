"""Turns: streams are read side by side, then written one after the other, parents first.

A child's references are ids of its parents' records, so these must be there. One after the other, because the steps of
a write share the engine's tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from graphlib import TopologicalSorter

from crmsync.spec.model import Objects


class Turns:
    """Whose turn it is to write: nobody's before all are read or have failed."""

    def __init__(self, streams: Iterable[str], objects: Objects) -> None:
        self._order = parents_first(streams, objects)
        self._read = {name: asyncio.Event() for name in self._order}
        self._gone = {name: asyncio.Event() for name in self._order}

    async def come(self, stream: str) -> None:
        """Wait, once `stream` is read, until it may write."""
        self._read[stream].set()
        for event in self._read.values():
            await event.wait()
        for earlier in self._order[: self._order.index(stream)]:
            await self._gone[earlier].wait()

    def leave(self, stream: str) -> None:
        """`stream` is over, whatever became of it."""
        self._read[stream].set()
        self._gone[stream].set()


def parents_first(streams: Iterable[str], objects: Objects) -> list[str]:
    """The streams, each behind those that its canonical object refers to."""
    names = list(streams)
    graph = {name: {to for to in names if f"{to}_id" in objects.get(name, ()) and to != name} for name in names}
    return list(TopologicalSorter(graph).static_order())
