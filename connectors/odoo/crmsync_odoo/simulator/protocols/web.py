"""What a browser uses, as far as clients meet it: versions, pages, sessions, the list of databases."""

from __future__ import annotations

from typing import Any

from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import answers, calls, errors
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.protocols.json2 import bearer, chosen, refused
from crmsync_odoo.simulator.protocols.jsonrpc import SESSION_EXPIRED, Params, enveloped
from crmsync_odoo.simulator.protocols.services import execute_kw, version_info
from crmsync_odoo.simulator.site import Site


def version(site: Site) -> SimResponse:
    """`GET /web/version`, which is `GET /json/version` too."""
    told = version_info(site)
    return answers.json({"version_info": told["server_version_info"], "version": told["server_version"]})


def client_version(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/webclient/version_info`."""
    return enveloped(site, request, lambda _: version_info(site))


def databases(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/database/list`."""
    return enveloped(site, request, lambda _: site.listed())


def authenticate(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/session/authenticate`: a password opens a session, an API key does not."""
    headers: dict[str, str] = {}

    def call(params: Params) -> Any:
        database = site.database(params.get("db"))
        uid = database.access.by_password(params.get("login"), params.get("password"))
        if uid is None:
            raise errors.denied()
        cookie = database.access.open_session(uid)
        headers["Set-Cookie"] = f"session_id={cookie}; HttpOnly; Path=/"
        return _session(database, uid)

    return enveloped(site, request, call, headers)


def session_info(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/session/get_session_info`."""
    return enveloped(site, request, lambda _: _session(*_opened(site, request)))


def destroy(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/session/destroy`."""

    def call(_: Params) -> Any:
        database, _uid = _opened(site, request)
        database.access.sessions.pop(_cookie(request), None)

    return enveloped(site, request, call)


def dataset(site: Site, request: SimRequest) -> SimResponse:
    """`POST /web/dataset/call_kw`, with or without the method in the path."""

    def call(params: Params) -> Any:
        database, uid = _opened(site, request)
        arguments = params.get("args"), params.get("kwargs")
        return execute_kw(database, uid, params.get("model"), params.get("method"), *arguments)

    return enveloped(site, request, call)


def documentation(site: Site, request: SimRequest, name: str) -> SimResponse:
    """`GET /doc-bearer/<model>.json` and `/doc-bearer/index.json`: what can be called, and how."""
    database = chosen(site, request)
    if database is None:
        return answers.no_database()
    try:
        bearer(database, request)
        model = database.model(name)
        if name != "index" and model is None:
            raise errors.not_found(f"the model {name!r} does not exist")
    except OdooError as error:
        return refused(error)
    if model is not None:
        return answers.json(_documented(database, model))
    models = [{"model": each.name, "name": each.label} for each in database.models.values()]
    return answers.json({"models": models})


def _documented(database: Database, model: Model) -> dict[str, Any]:
    methods = {
        name: {
            "parameters": {key: {} for key in found.signature.parameters},
            "api": [] if found.on_records else ["model"],
        }
        for name, found in calls.methods_of(database, model).items()
    }
    fields = {name: field.described() for name, field in model.fields.items()}
    return {"model": model.name, "name": model.label, "fields": fields, "methods": methods}


def _opened(site: Site, request: SimRequest) -> tuple[Database, int]:
    """The session that the cookie means."""
    cookie = _cookie(request)
    for database in site.databases.values():
        if (uid := database.access.sessions.get(cookie)) is not None:
            return database, uid
    raise OdooError(SESSION_EXPIRED, "Session expired", 403)


def _cookie(request: SimRequest) -> str:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == "session_id"), "")


def _session(database: Database, uid: int) -> dict[str, Any]:
    users = database.models["res.users"].table
    return {
        "uid": uid,
        "db": database.name,
        "username": users.value(uid, "login"),
        "partner_id": users.value(uid, "partner_id"),
        "user_context": {"lang": users.value(uid, "lang") or False, "tz": users.value(uid, "tz") or False, "uid": uid},
        "server_version": f"{database.version}.0",
        "server_version_info": [database.version, 0, 0, "final", 0, ""],
    }
