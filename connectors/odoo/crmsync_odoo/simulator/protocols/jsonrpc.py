"""JSON-RPC: every answer has status 200 and an envelope; what returns nothing has neither result nor error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import answers, errors
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.protocols.services import dispatch
from crmsync_odoo.simulator.site import Site

TRACEBACK = '  File "/usr/lib/python3/dist-packages/odoo/http.py", line 2114, in _transactioning'
SESSION_EXPIRED = "odoo.http.SessionExpiredException"
_CODES = {SESSION_EXPIRED: (100, "Odoo Session Expired"), "werkzeug.exceptions.NotFound": (404, "404: Not Found")}
Params = dict[str, Any]


def answer(site: Site, request: SimRequest) -> SimResponse:
    """`POST /jsonrpc`."""

    def call(params: Params) -> Any:
        missing = [name for name in ("service", "method", "args") if name not in params]
        if missing:
            raise errors.builtin("TypeError", f"jsonrpc() missing required arguments: {', '.join(missing)}")
        return dispatch(site, params["service"], params["method"], params["args"])

    return enveloped(site, request, call)


def enveloped(
    site: Site, request: SimRequest, call: Callable[[Params], Any], headers: dict[str, str] | None = None
) -> SimResponse:
    """Open the envelope, call, and put the result into one. `headers` may be filled by the call."""
    try:
        envelope = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        envelope = None
    if not isinstance(envelope, dict):
        return SimResponse(400, {"Content-Type": "text/plain; charset=utf-8"}, b"Invalid JSON data")
    shown: dict[str, Any] = {"jsonrpc": "2.0", "id": envelope.get("id")}
    try:
        site.check(request)
        result = call(envelope.get("params") or {})
    except OdooError as error:
        shown["error"] = _error(site, error)
    else:
        shown |= {} if result is None else {"result": result}
    return answers.json(shown, headers=headers)


def not_found(site: Site, request: SimRequest) -> SimResponse:
    """An unknown path that was asked for in JSON."""

    def call(_: Params) -> Any:
        raise errors.not_found("404: Not Found")

    return enveloped(site, request, call)


def _error(site: Site, error: OdooError) -> dict[str, Any]:
    code, message = _CODES.get(error.name, (0 if site.version >= 19 else 200, "Odoo Server Error"))
    return {"code": code, "message": message, "data": error.told(TRACEBACK)}
