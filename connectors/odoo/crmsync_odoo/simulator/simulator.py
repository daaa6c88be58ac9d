"""The simulator: one request in, one answer out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from email.utils import format_datetime

from crmsync.clock import Clock
from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import answers, lead_methods, methods  # noqa: F401 - registers what can be called
from crmsync_odoo.simulator.control import Control
from crmsync_odoo.simulator.routes import route

REQUESTS_KEPT = 2_000


class OdooSimulator(Control):
    """A server that answers HTTP requests. Of several databases the first has the records."""

    def __init__(
        self, records: int = 100, seed: int = 0, clock: Clock | None = None, version: int = 19,
        databases: Sequence[str] = ("crm",),
    ) -> None:  # fmt: skip
        super().__init__(records, seed, clock, version, databases)
        self.requests: deque[SimRequest] = deque(maxlen=REQUESTS_KEPT)

    def handle(self, request: SimRequest) -> SimResponse:
        with self._lock:
            self.requests.append(request)
            if self.switches.on_request is not None:
                self.switches.on_request(request)
            answer = self.faults.around(request, self._answer)
            date = format_datetime(self.clock.now(), usegmt=True)
            return replace(answer, headers={"Date": date, "Server": "Werkzeug/2.2.2", **answer.headers})

    def _answer(self, request: SimRequest) -> SimResponse:
        limit = self.switches.limit
        if limit is not None and not limit.take(self.clock.monotonic()):
            page = answers.html(429, "429 Too Many Requests")
            return replace(page, headers={**page.headers, "Retry-After": str(int(limit.per_s))})
        return route(self.site, request)
