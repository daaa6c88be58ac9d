"""The simulator: one request in, one answer out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from email.utils import format_datetime

from crmsync.clock import Clock
from crmsync.sandbox import SimRequest, SimResponse
from crmsync_hubspot.simulator.answers import Refused, correlation_id, html, refusal
from crmsync_hubspot.simulator.call import read_call
from crmsync_hubspot.simulator.control import Control
from crmsync_hubspot.simulator.portal import TIME_ZONE
from crmsync_hubspot.simulator.quota import Quota
from crmsync_hubspot.simulator.routes import Routes, is_search

REQUESTS_KEPT = 2_000


class HubSpotSimulator(Control):
    """A portal that answers HTTP requests."""

    def __init__(self, records: int = 100, seed: int = 0, clock: Clock | None = None) -> None:
        super().__init__(records, seed, clock)
        self.requests: deque[SimRequest] = deque(maxlen=REQUESTS_KEPT)
        self._quota = Quota(self.clock, self.switches.limits, TIME_ZONE, self.portal.id)
        self._routes = Routes(self.portal, self.access, self._quota, self._oauth, self._edits)
        self._answered = 0

    def handle(self, request: SimRequest) -> SimResponse:
        with self._lock:
            self.requests.append(request)
            if self.switches.on_request is not None:
                self.switches.on_request(request)
            self._answered += 1
            number = correlation_id(self._answered)
            answer = self.faults.around(request, lambda request: self._answer(request, number))
            date = format_datetime(self.clock.now(), usegmt=True)
            return replace(answer, headers={"Date": date, "X-HubSpot-Correlation-Id": number, **answer.headers})

    def _answer(self, request: SimRequest, number: str) -> SimResponse:
        if request.url_bytes > self.switches.url_bytes_max:
            return html(414, "414 Request-URI Too Large")
        call = read_call(request)
        if call is None:
            return html(404, "Page not found")
        try:
            answer = self._routes.answer(call) or html(404, "Page not found")
        except Refused as refused:
            answer = refusal(refused, number)
        limits = {} if answer.status in (401, 403) else self._quota.headers(search=is_search(call))
        return replace(answer, headers={**limits, **answer.headers})
