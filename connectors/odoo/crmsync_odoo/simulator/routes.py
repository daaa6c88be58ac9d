"""From a path to what answers it."""

from __future__ import annotations

from urllib.parse import unquote

from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import answers
from crmsync_odoo.simulator.protocols import json2, jsonrpc, web, xmlrpc
from crmsync_odoo.simulator.site import Site

JSON2_SINCE = 19


def route(site: Site, request: SimRequest) -> SimResponse:
    """Answer a request, or tell that there is nothing."""
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    answer = _get(site, request, parts) if request.method == "GET" else None
    if answer is None:
        answer = _post(site, request, parts) if request.method == "POST" else None
    if answer is not None:
        return answer
    if request.method == "POST" and "json" in request.headers.get("content-type", ""):
        return jsonrpc.not_found(site, request)
    return answers.html(404, "404 Not Found")


def _get(site: Site, request: SimRequest, parts: list[str]) -> SimResponse | None:
    modern = site.version >= JSON2_SINCE
    match parts:
        case ["web", "version"] if modern:
            return web.version(site)
        case ["json", "version"] if modern:
            return web.version(site)
        case ["json", "2", *rest] if modern:
            return json2.answer(site, request, rest)
        case ["json", *_]:
            return answers.redirect(f"/web/login?redirect={request.path}")
        case ["doc-bearer", name] if modern and name.endswith(".json"):
            return web.documentation(site, request, name.removesuffix(".json"))
        case ["web", "login"]:
            return answers.login_page()
        case [""] | ["web"] | ["odoo"]:
            return answers.redirect("/web/login")
    return None


def _post(site: Site, request: SimRequest, parts: list[str]) -> SimResponse | None:
    match parts:
        case ["json", "2", *rest] if site.version >= JSON2_SINCE:
            return json2.answer(site, request, rest)
        case ["json", *_]:
            return answers.redirect(f"/web/login?redirect={request.path}")
        case ["jsonrpc"]:
            return jsonrpc.answer(site, request)
        case ["xmlrpc", "2", service]:
            return xmlrpc.answer(site, request, service, numbered=True)
        case ["xmlrpc", service]:
            return xmlrpc.answer(site, request, service, numbered=False)
        case ["web", "webclient", "version_info"]:
            return web.client_version(site, request)
        case ["web", "database", "list"]:
            return web.databases(site, request)
        case ["web", "session", "authenticate"]:
            return web.authenticate(site, request)
        case ["web", "session", "get_session_info"]:
            return web.session_info(site, request)
        case ["web", "session", "destroy"]:
            return web.destroy(site, request)
        case ["web", "dataset", "call_kw", *_]:
            return web.dataset(site, request)
    return None
