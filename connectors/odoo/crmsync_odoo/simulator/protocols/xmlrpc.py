"""XML-RPC: the oldest way in. It cannot say nothing, so what returns nothing is a fault, though it was done."""

from __future__ import annotations

import re
import xmlrpc.client
from typing import Any
from xml.parsers.expat import ExpatError

from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import errors
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.protocols.jsonrpc import TRACEBACK
from crmsync_odoo.simulator.protocols.services import dispatch
from crmsync_odoo.simulator.site import Site

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WARNINGS = ("UserError", "ValidationError", "MissingError", "RedirectWarning")


def answer(site: Site, request: SimRequest, service: str, *, numbered: bool) -> SimResponse:
    """`POST /xmlrpc/2/<service>`; without the 2 (not `numbered`), fault codes are texts."""
    try:
        arguments, name = xmlrpc.client.loads(request.body.decode())
    except (ExpatError, xmlrpc.client.ResponseError, UnicodeDecodeError):
        return SimResponse(400, {"Content-Type": "text/plain"}, b"Invalid XML")
    try:
        site.check(request)
        body = _marshalled(dispatch(site, service, name, arguments))
    except OdooError as error:
        fault = _numbered(error) if numbered else _named(error)
        body = xmlrpc.client.dumps(fault, methodresponse=True)
    return SimResponse(200, {"Content-Type": "text/xml"}, body.encode())


def _marshalled(result: Any) -> str:
    try:
        return _CONTROL.sub("", xmlrpc.client.dumps((result,), methodresponse=True))
    except (TypeError, OverflowError) as error:
        raise errors.builtin(type(error).__name__, str(error)) from None


def _numbered(error: OdooError) -> xmlrpc.client.Fault:
    kind = error.name.rpartition(".")[2]
    if kind in _WARNINGS:
        return xmlrpc.client.Fault(2, error.message)
    if kind in ("AccessDenied", "AccessError"):
        return xmlrpc.client.Fault(3 if kind == "AccessDenied" else 4, error.message)
    return xmlrpc.client.Fault(1, error.told(TRACEBACK)["debug"])


def _named(error: OdooError) -> xmlrpc.client.Fault:
    kind = error.name.rpartition(".")[2]
    if kind in (*_WARNINGS, "AccessError"):
        return _fault(f"warning -- {kind}\n\n{error.message}", "")
    if kind == "AccessDenied":
        return _fault("AccessDenied", error.message)
    return _fault(error.message, error.told(TRACEBACK)["debug"])


def _fault(code: str, text: str) -> xmlrpc.client.Fault:
    return xmlrpc.client.Fault(code, text)  # type: ignore[arg-type]  # a text is what this server gives
