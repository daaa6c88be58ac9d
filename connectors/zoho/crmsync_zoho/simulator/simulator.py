"""The simulator: one request in, one answer out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from email.utils import format_datetime

from crmsync.clock import Clock
from crmsync.sandbox import SimRequest, SimResponse
from crmsync_zoho.simulator.answers import Refused, not_found, refusal
from crmsync_zoho.simulator.call import read_call
from crmsync_zoho.simulator.control import ZONE, Control
from crmsync_zoho.simulator.routes import Routes

REQUESTS_KEPT = 2_000


class ZohoSimulator(Control):
    """An org that answers HTTP requests."""

    def __init__(self, records: int = 100, seed: int = 0, clock: Clock | None = None, zone: str = ZONE) -> None:
        super().__init__(records, seed, clock, zone)
        self.requests: deque[SimRequest] = deque(maxlen=REQUESTS_KEPT)
        self._routes = Routes(self._services)

    def handle(self, request: SimRequest) -> SimResponse:
        with self._lock:
            self.requests.append(request)
            if self.switches.on_request is not None:
                self.switches.on_request(request)
            self._services.settle()
            answer = self.faults.around(request, self._answer)
            date = format_datetime(self.clock.now(), usegmt=True)
            return replace(answer, headers={"Date": date, **answer.headers})

    def _answer(self, request: SimRequest) -> SimResponse:
        call = read_call(request)
        try:
            answer = None if call is None else self._routes.answer(call)
            if answer is None:
                raise not_found()
        except Refused as refused:
            retry_s = self.switches.limits.retry_after_s
            answer = refusal(refused)
            if refused.code == self.switches.limits.throttle_code and retry_s is not None:
                answer = replace(answer, headers={**answer.headers, "Retry-After": str(retry_s)})
        if call is None or call.area == "oauth" or answer.status == 401:
            return answer
        return replace(answer, headers={**self._services.quota.headers(), **answer.headers})
