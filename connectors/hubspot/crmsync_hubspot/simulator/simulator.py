"""The simulator: one request in, one answer out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from email.utils import format_datetime

from crmsync.clock import Clock, SystemClock
from crmsync.sandbox import Faults, SimRequest, SimResponse
from crmsync_hubspot.simulator.access import STATIC_TOKEN, Access
from crmsync_hubspot.simulator.answers import Refused, correlation_id, html, refusal
from crmsync_hubspot.simulator.call import read_call
from crmsync_hubspot.simulator.portal import TIME_ZONE, Portal
from crmsync_hubspot.simulator.quota import Quota
from crmsync_hubspot.simulator.routes import Routes, is_search
from crmsync_hubspot.simulator.switches import Switches

REQUESTS_KEPT = 2_000


class HubSpotSimulator:
    """A portal that answers HTTP requests. Edits from Python and requests may come from different threads."""

    def __init__(self, records: int = 100, seed: int = 0, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.portal = Portal(records, seed, self.clock)
        self.access = Access(self.clock)
        self.faults = Faults()
        self.requests: deque[SimRequest] = deque(maxlen=REQUESTS_KEPT)
        self._quota = Quota(self.clock, self.portal.switches.limits, TIME_ZONE, self.portal.id)
        self._routes = Routes(self.portal, self.access, self._quota)
        self._lock = threading.RLock()
        self._answered = 0

    @property
    def switches(self) -> Switches:
        return self.portal.switches

    @property
    def options(self) -> Mapping[str, str]:
        return {"token": STATIC_TOKEN}

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
        headers = self._quota.headers(search=is_search(call)) if answer.status not in (401, 403) else {}
        return replace(answer, headers={**headers, **answer.headers})
