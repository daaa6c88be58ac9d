"""Transactions that take their time: stamped when they begin, visible when they are committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.orm.writes import Writer


class SlowTransaction:
    """What is done in it is done at `commit`, with the time of its beginning; ids of new records are drawn at once."""

    def __init__(self, env: Env, lock: threading.RLock) -> None:
        self._env, self._lock = env, lock
        self._steps: list[Callable[[Writer], object]] = []

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """A new record; the id that it will have."""
        made = self._env.model(model)
        with self._lock:
            record_id = made.table.new_id()
        self._steps.append(lambda writer: writer.create(made, [dict(values)], [record_id]))
        return record_id

    def write(self, model: str, ids: Iterable[int], values: Mapping[str, Any]) -> None:
        """Change records. `commit` fails if somebody changed one of them meanwhile."""
        known, each = self._env.model(model), list(ids)

        def step(writer: Writer) -> None:
            if any(_moment(known.table.value(one, "write_date")) > self._env.now_us for one in each):
                raise errors.database("SerializationFailure", "could not serialize access due to concurrent update")
            writer.write(known, each, dict(values))

        self._steps.append(step)

    def unlink(self, model: str, ids: Iterable[int]) -> None:
        """Delete records."""
        known, each = self._env.model(model), list(ids)
        self._steps.append(lambda writer: writer.unlink(known, each))

    def commit(self) -> None:
        """Let it all be seen."""
        with self._lock, self._env.database.transaction(self._env):
            for step in self._steps:
                step(Writer(self._env))


def _moment(value: object) -> int:
    return value if isinstance(value, int) else 0
