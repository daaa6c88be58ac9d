"""Callbacks on their way to whoever asked for them. Nothing is sent: a test takes them and delivers them itself."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from crmsync_zoho.simulator.org import Org


@dataclass(slots=True)
class Callback:
    """One request that Zoho would make; `due_s` is when it arrives."""

    url: str
    body: dict[str, Any] = field(repr=False)
    due_s: float


class Outbox:
    """Callbacks that were not taken yet, in the order of their causes."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._waiting: list[Callback] = []
        self._dice = random.Random(org.seed)

    def add(self, url: str, body: dict[str, Any]) -> None:
        """Send this; it arrives late or twice where that is switched on."""
        delivery = self._org.switches.delivery
        for _ in range(1 + delivery.twice):
            late_s = delivery.late_s() if callable(delivery.late_s) else delivery.late_s
            self._waiting.append(Callback(url, body, self._org.clock.now().timestamp() + late_s))

    def take(self) -> list[Callback]:
        """What has arrived since the last call, in the order of arrival."""
        now_s = self._org.clock.now().timestamp()
        arrived = [callback for callback in self._waiting if callback.due_s <= now_s]
        self._waiting = [callback for callback in self._waiting if callback.due_s > now_s]
        arrived.sort(key=lambda callback: callback.due_s)
        if self._org.switches.delivery.shuffled:
            self._dice.shuffle(arrived)
        return arrived
