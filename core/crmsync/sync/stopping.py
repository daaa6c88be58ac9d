"""Stopping: work that is dropped where it waits, once a person asks for the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from crmsync.errors import Stopped

T = TypeVar("T")


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, or drop it where it waits when `stop` is set; raises Stopped then."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        if not stop.is_set():  # else nothing is begun, however short
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise stopped()
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


def stopped() -> Stopped:
    """What ends a run that somebody has asked to stop."""
    return Stopped("Stopped on request.", hint="Run the same command again: it goes on where it was.")
