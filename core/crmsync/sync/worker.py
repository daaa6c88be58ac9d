"""The engine's thread: mapping and store calls block, so they run here, one at a time, beside the event loop.

One thread a process, because two engines in one process cannot open one file, and because DuckDB works outside
Python's lock: fetching and mapping overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs blocking calls in order, in one thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")

    async def do(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `call` in the thread; its result or its error.

        A cancelled caller does not leave a call running behind its back: it waits for the end, then is cancelled.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: call(*args, **kwargs))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        self._pool.shutdown()
