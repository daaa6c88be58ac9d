"""The services that JSON-RPC and XML-RPC share: `common`, `db` and `object`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmsync_odoo.simulator import calls, errors
from crmsync_odoo.simulator.database import Database
from crmsync_odoo.simulator.orm.env import Env
from crmsync_odoo.simulator.site import Site

DB_SERVICE_UNTIL = 19


def dispatch(site: Site, service: object, name: object, arguments: Sequence[Any]) -> Any:
    """What a service's method returns."""
    match service, name, list(arguments):
        case "common", "version" | "about", _:
            return version_info(site)
        case "common", "authenticate" | "login", [database, login, secret, *_]:
            return site.database(database).access.login(login, secret) or False
        case "object", "execute_kw", [database, uid, secret, model, method, *rest]:
            return _execute(_opened(site, database, uid, secret), uid, model, method, *rest[:2])
        case "object", "execute", [database, uid, secret, model, method, *rest]:
            return _execute(_opened(site, database, uid, secret), uid, model, method, rest)
        case "db", _, _ if site.version <= DB_SERVICE_UNTIL:
            return _db(site, name, arguments)
    if service not in ("common", "object"):
        raise errors.builtin("KeyError", repr(service))
    raise errors.builtin("NameError", f"Method not available {name}")


def version_info(site: Site) -> dict[str, Any]:
    series = site.switches.series or f"{site.version}.0"
    major, _, minor = series.rpartition(".")
    return {
        "server_version": series,
        "server_version_info": [int(major) if major.isdecimal() else major, int(minor), 0, "final", 0, ""],
        "server_serie": series,
        "protocol_version": 1,
    }


def execute_kw(database: Database, uid: int, model: object, method: object, args: Any, kwargs: Any) -> Any:
    """Call a method by position: the first argument of one that works on records is their ids."""
    found_model = database.model(str(model))
    if found_model is None:
        raise errors.user_error(f"Object {model} doesn't exist")
    found = calls.public(database, found_model, str(method))
    if found is None:
        raise errors.builtin("AttributeError", f"The method '{model}.{method}' does not exist")
    named: dict[str, Any] = dict(kwargs or {})
    context = named.pop("context", None) or {}
    rest, ids = list(args or ()), []
    if (found.on_records or found.name == "create") and not rest:  # create is told to look at its first argument
        raise errors.builtin("IndexError", "list index out of range")
    if found.on_records:
        given, *rest = rest
        ids = list(given) if isinstance(given, list | tuple) else [given]
    try:
        bound = found.bound(rest, named)
    except TypeError as error:
        raise errors.builtin("TypeError", f"{found.name}() {error}") from None
    result = calls.perform(_env(database, uid, context), found_model, found, ids, bound)
    return result[0] if found.name == "create" and isinstance(rest[0], Mapping) else result


def _env(database: Database, uid: int, context: Any) -> Env:
    return database.env(uid, context if isinstance(context, Mapping) else {})


def _opened(site: Site, name: object, uid: object, secret: object) -> Database:
    database = site.database(name)
    if not database.access.is_user(uid, secret):
        raise errors.denied()
    return database


def _execute(database: Database, uid: int, model: object, method: object, args: Any = (), kwargs: Any = None) -> Any:
    return execute_kw(database, uid, model, method, args, kwargs)


def _db(site: Site, name: object, arguments: Sequence[Any]) -> Any:
    match name:
        case "list":
            return site.listed()
        case "db_exist":
            return bool(arguments) and arguments[0] in site.databases
        case "server_version":
            return f"{site.version}.0"
    raise errors.denied()  # what is left needs the master password
