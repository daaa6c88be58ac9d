"""Holding: leases of what a run writes, waited for where that is wanted, and kept alive while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from crmsync.clock import Clock
from crmsync.errors import AlreadyRunning, StoreError
from crmsync.events import Events, Note
from crmsync.store import FileStore, Lease
from crmsync.sync.stopping import unless
from crmsync.sync.worker import Worker

T = TypeVar("T")

HEARTBEAT_S = 15.0
_WAIT_S = 1.0  # between two looks at a lease that somebody else holds


@dataclass(slots=True)
class Holding:
    """The leases of one run. `async with` it: every few seconds others are told that their holder lives."""

    store: FileStore
    worker: Worker
    clock: Clock
    stop: asyncio.Event
    events: Events
    connection: str
    leases: list[Lease] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def take(self, stream: str, take: Callable[[], Lease], *, wait: bool) -> Lease:
        """The lease that `take` gives; see `once_free`."""
        lease = await self.once_free(stream, take, wait=wait)
        self.leases.append(lease)
        return lease

    async def once_free(self, stream: str, call: Callable[[], T], *, wait: bool) -> T:
        """The result of `call`, which takes a lease; with `wait`, once its holder has let it go.

        Only the wait can be stopped, else a lease might be taken and forgotten. Raises AlreadyRunning without `wait`.
        """
        told = False
        while True:
            try:
                return await self.worker.do(call)
            except AlreadyRunning as error:
                if not wait:
                    raise
                if not told:
                    self.events.emit(Note(self.connection, stream, "info", f"{error.message} Waiting for it."))
                    told = True
                await self.worker.do(self.store.rest)
                await unless(self.stop, self.clock.sleep(_WAIT_S))

    async def __aenter__(self) -> Holding:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self.leases:
                try:
                    await self.worker.do(self.store.heartbeat, tuple(self.leases))
                except StoreError as error:  # what goes on beside a run is not what ends it
                    self.events.emit(Note(self.connection, "", "warning", error.message))
