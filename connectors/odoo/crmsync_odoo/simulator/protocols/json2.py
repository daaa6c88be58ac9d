"""JSON-2: a path for each method, arguments by name, bare results, errors by status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crmsync.sandbox import SimRequest, SimResponse
from crmsync_odoo.simulator import answers, calls, errors
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.errors import OdooError
from crmsync_odoo.simulator.orm.model import Model
from crmsync_odoo.simulator.site import Site

TRACEBACK = '  File "/usr/lib/python3/dist-packages/odoo/addons/rpc/controllers/json2.py", line 78, in web_json_2_rpc'


def answer(site: Site, request: SimRequest, parts: Sequence[str]) -> SimResponse:
    """`POST /json/2/<model>/<method>`."""
    try:
        if request.method != "POST" or len(parts) != 2:
            raise errors.not_found("Did you mean POST /json/2/<model>/<method>?")
        if "json" not in request.headers.get("content-type", ""):
            return answers.html(415, "415 Unsupported Media Type")
        database = chosen(site, request)
        if database is None:
            return answers.no_database()
        uid = bearer(database, request)
        body = _body(request)
        site.check(request)
        return answers.json(_call(database, uid, parts, body))
    except OdooError as error:
        return refused(error)


def chosen(site: Site, request: SimRequest) -> Database | None:
    """The database of the header, or the only one."""
    wanted = request.headers.get("x-odoo-database")
    if wanted is None and len(site.databases) == 1:
        return next(iter(site.databases.values()))
    return site.databases.get(wanted or "")


def bearer(database: Database, request: SimRequest) -> int:
    """The user whose API key the request bears."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
    uid = database.access.by_key(key.strip())
    if uid is None:
        raise _unauthorized("Invalid apikey")
    return uid


def refused(error: OdooError) -> SimResponse:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return answers.json(error.told(TRACEBACK), error.status, headers)


def _unauthorized(message: str) -> OdooError:
    return OdooError("werkzeug.exceptions.Unauthorized", message, 401)


def _body(request: SimRequest) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OdooError("werkzeug.exceptions.BadRequest", f"could not parse the body as json: {error}", 400) from None
    if not isinstance(body, dict):
        raise OdooError("werkzeug.exceptions.BadRequest", "could not parse the body, it must be a json object", 400)
    return body


def _call(database: Database, uid: int, parts: Sequence[str], body: dict[str, Any]) -> Any:
    model_name, name = parts
    model = database.model(model_name)
    if model is None:
        raise errors.not_found(f"the model {model_name!r} does not exist")
    found = calls.public(database, model, name)
    if found is None:
        raise errors.not_found(f"The method '{model_name}.{name}' does not exist")
    named = {key: value for key, value in body.items() if key not in ("ids", "context")}
    ids = _ids(model, found, body.get("ids") or ())
    try:
        bound = found.bound((), named)
    except TypeError as error:
        raise errors.unprocessable(str(error)) from None
    return calls.perform(database.env(uid, body.get("context") or {}), model, found, ids, bound)


def _ids(model: Model, found: calls.Method, given: Any) -> Sequence[Any]:
    if given and not found.on_records:
        raise errors.unprocessable(f"cannot call {model.name}.{found.name} with ids")
    return given if isinstance(given, list | tuple) else [given]
