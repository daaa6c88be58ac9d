"""The account's limits, kept by all processes of the machine together.

A `rate` of N in any P seconds is N permits. A permit is held while its request is in flight and free again P seconds
after the *answer*: two requests on one permit reach the provider at least P seconds apart, whatever the network does,
so that no window of P seconds ever sees more than N. `concurrent` is the same with P = 0. A dead process's permits
count as answered when its death is noticed. A `budget` is a counter that the provider's own header corrects.

Limits: one machine. Processes share when they use the same host, credentials and limits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crmsync.clock import Clock
from crmsync.errors import BudgetSpent, ConfigError
from crmsync.http.gate import Gate
from crmsync.http.permits import Ledger
from crmsync.spec.model import Pool

TOLD_S = 0.5  # shorter waits are not worth an event

Waits = Callable[[str, float], None]


@dataclass(slots=True)
class Permit:
    """The right to send one request. Set `headers` to those of its answer, or `unused` where nobody was reached."""

    taken_at: float
    slots: list[tuple[Gate, int]]
    periods: list[tuple[Gate, float]]
    headers: Mapping[str, str] = field(default_factory=dict)
    unused: bool = False


class Pools:
    """The pools of one account. `holds_s`: no request is in flight for longer."""

    def __init__(
        self, pools: Mapping[str, Pool], path: Path | None, clock: Clock, holds_s: float, warn: Callable[[str], None]
    ) -> None:
        ordered = sorted(pools.values(), key=lambda pool: pool.name)
        self._gates = {pool.name: Gate(pool, index, holds_s) for index, pool in enumerate(ordered)}
        self._ledger = _ledger(path, [gate.size for gate in self._gates.values()], warn)
        self._clock = clock
        self._own = {p.name: asyncio.Semaphore(p.concurrent) for p in ordered if p.concurrent}
        self._queues: dict[tuple[str, ...], asyncio.Lock] = {}

    def close(self) -> None:
        self._ledger.close()

    @asynccontextmanager
    async def permit(self, uses: Iterable[str], cost: int, waits: Waits) -> AsyncIterator[Permit]:
        """Hold one permit of each default pool and each in `uses`. `waits` hears of waits that are worth telling.

        Raises BudgetSpent where waiting would last till the budget's reset.
        """
        gates = self._chosen(uses)
        names = tuple(gate.pool.name for gate in gates)
        async with AsyncExitStack() as stack:
            async with self._queues.setdefault(names, asyncio.Lock()):  # first come, first served
                for name in names:
                    if name in self._own:  # requests of this process wait here, without polling
                        await stack.enter_async_context(self._own[name])
                permit = await self._wait_for(gates, cost, waits)
            try:
                yield permit
            finally:
                self._give_back(permit)

    def block(self, pool: str | None, uses: Iterable[str], wait_s: float) -> None:
        """Nobody takes a permit of `pool` (None: of any that the request used) for `wait_s` seconds."""
        until = self._clock.monotonic() + wait_s
        with self._ledger as ledger:
            for gate in self._named(pool, uses):
                blocked, since, used = ledger.head(gate.index)
                ledger.set_head(gate.index, (max(blocked, until), since, used))

    def spend(self, pool: str | None, uses: Iterable[str], who: str) -> BudgetSpent:
        """The provider says that the budget is used up: so it is, till its reset. Returns the error that tells."""
        spent = [gate for gate in self._named(pool, uses) if gate.pool.budget]
        with self._ledger as ledger:
            for gate in spent:
                gate.spend(ledger, self._clock.now())
            return spent[0].spent(ledger) if spent else BudgetSpent(f"the quota of {who} is used up")

    def _named(self, pool: str | None, uses: Iterable[str]) -> list[Gate]:
        return [self._gates[pool]] if pool in self._gates else self._chosen(uses)

    def _chosen(self, uses: Iterable[str]) -> list[Gate]:
        wanted = set(uses)
        return [gate for name, gate in self._gates.items() if gate.pool.default or name in wanted]

    async def _wait_for(self, gates: list[Gate], cost: int, waits: Waits) -> Permit:
        waited_s = 0.0
        while not isinstance(taken := self._take(gates, cost), Permit):
            wait_s, name = taken
            if wait_s > TOLD_S or waited_s <= TOLD_S < waited_s + wait_s:
                waits(f"limit {name}", wait_s)
            await self._clock.sleep(wait_s)
            waited_s += wait_s
        return taken

    def _take(self, gates: list[Gate], cost: int) -> Permit | tuple[float, str]:
        """All permits at once or none, so that two requests never wait for each other."""
        now, wall = self._clock.monotonic(), self._clock.now()
        with self._ledger as ledger:
            wait_s, name = max(((g.wait(ledger, now, wall, cost), g.pool.name) for g in gates), default=(0.0, ""))
            if wait_s > 0:
                return wait_s, name
            slots = [(gate, gate.occupy(ledger, now)) for gate in gates if gate.size]
            periods = [(gate, gate.count(ledger, cost)) for gate in gates if gate.pool.budget]
        return Permit(now, slots, periods)

    def _give_back(self, permit: Permit) -> None:
        now = self._clock.monotonic()
        with self._ledger as ledger:
            for gate, index in permit.slots:
                gate.release(ledger, index, permit.taken_at, now, unused=permit.unused)
            for gate, since in permit.periods:
                gate.correct(ledger, since, permit.headers)


def pool_file(state_dir: Path, host: str, identity: str, pools: Mapping[str, Pool]) -> Path:
    """The file that all processes with the same host, credentials and limits share."""
    shape = ";".join(f"{p.name}:{p.rate}/{p.per_s}:{p.concurrent}:{p.budget}" for _, p in sorted(pools.items()))
    digest = hashlib.sha256(f"{host}\0{identity}\0{shape}".encode()).hexdigest()
    return state_dir / f"{''.join(c if c.isalnum() else '-' for c in host)}-{digest[:16]}.permits"


def _ledger(path: Path | None, sizes: list[int], warn: Callable[[str], None]) -> Ledger:
    try:
        return Ledger(path, sizes)
    except OSError as error:
        warn(f"limits are not shared with other processes: {path} cannot be used ({error.strerror})")
    try:
        return Ledger(None, sizes)
    except OSError as error:
        raise ConfigError(f"no folder for temporary files can be written: {error.strerror}") from None
