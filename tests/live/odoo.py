"""What is asked of Odoo, beside what crmsync asks: what differs between versions, and what proxies may change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from crmsync.sandbox import Simulator
from crmsync_odoo.simulator import OdooSimulator
from crmsync_odoo.simulator.site import VERSIONS
from live.account import Account, Probe, View, itself
from live.asked import Known
from live.crm import Built, Crm, NoAccount, Options
from live.shape import Fact

METHODS = {"search_read", "read", "fields_get", "context_get", "version", "authenticate"}
REFUSED = {"no_such_method", "_no_such_method"}  # whatever they are asked
ALL = {"active_test": False, "lang": "en_US"}
UNKNOWN, ANONYMOUS = "0" * 40, {"Authorization": "", "X-Odoo-Database": ""}


def enter(built: Built, client: httpx.Client, options: Options) -> Account:
    """By API key; where there is no JSON-2, by a login as well. `values` has the server's version."""
    url = str(options["base_url"]).rstrip("/")
    version, modern = _version(client, url)
    protocol = "json2" if modern and options.get("protocol") != "jsonrpc" else "jsonrpc"
    values = {**options, "version": version, "protocol": protocol}
    bare = Account(built({"protocol": protocol}), client, url, {}, values, _reads)
    if protocol == "json2":
        headers = {"Authorization": f"bearer {options['api_key']}", "X-Odoo-Database": str(options["database"])}
        return replace(bare, headers=headers)
    if not options.get("login"):
        raise NoAccount("This Odoo has no JSON-2: set ODOO_LOGIN, too.")
    uid = bare.ask(_login(bare, "")).json().get("result")
    if not uid:
        raise NoAccount("Odoo knows no such login, or the API key is wrong or has ended.")
    return replace(bare, values={**values, "uid": uid})


def doubts(account: Account, known: Known) -> Iterator[Probe]:
    """All that could be asked without changing anything."""
    yield Probe("the version by JSON", "GET", "/json/version", headers=ANONYMOUS)
    yield Probe("the version by JSON-RPC", "POST", "/jsonrpc", _rpc("common", "version", []), ANONYMOUS)
    yield from _times(account, known)
    yield from _mistakes(account)
    if account.values["protocol"] == "json2":
        body = {"fields": ["name"], "limit": 1}
        path = "/json/2/res.partner/search_read"
        yield Probe("no key", "POST", path, body, {"Authorization": ""})
        yield Probe("a key that is unknown", "POST", path, body, {"Authorization": f"bearer {UNKNOWN}"})
        yield Probe("another database", "POST", path, body, {"X-Odoo-Database": "no-such-database"})
        yield Probe("what is no JSON", "POST", path, b"{")
    else:
        yield _login(account, "a login with a wrong key", api_key=UNKNOWN)
        yield _login(account, "a login to another database", database="no-such-database")


def simulator(account: Account) -> Simulator:
    """A server of the same version."""
    return OdooSimulator(200, seed=2, version=min(max(account.values["version"], VERSIONS.start), VERSIONS.stop - 1))


def _times(account: Account, known: Known) -> Iterator[Probe]:
    """What comparisons mean, of times that are kept in microseconds and shown in seconds; and the order of ids."""
    record = next(iter(known.records.get("contact", [])), None)
    if record is None:
        return
    then = datetime.fromisoformat(record["write_date"])
    for name, operator, moment in (
        ("from the second on in which a record changed", ">=", then),
        ("before the second behind that", "<", then + timedelta(seconds=1)),
        ("at that second", "=", then),
        ("after that second", ">", then),
        ("until that second", "<=", then),
    ):
        domain = [["id", "=", record["id"]], ["write_date", operator, f"{moment:%Y-%m-%d %H:%M:%S}"]]
        yield _search(account, f"changes {name}", domain, view=_found)
    yield _search(account, "the order of ids", [], limit=50, view=_rising)


def _mistakes(account: Account) -> Iterator[Probe]:
    """Odoo answers them with 500, or with 200, and with names of its own."""
    yield _search(account, "a field that is not there", [], fields=["no_such_field"])
    yield _search(account, "a condition on a field that is not there", [["no_such_field", "=", 1]])
    yield _search(account, "an order by a field that is not there", [], order="no_such_field")
    yield _search(account, "a language that is not installed", [], context={"lang": "xx_XX"})
    yield _search(account, "an id that is no number", [["id", "in", ["nobody"]]])
    yield _search(account, "more ids than crmsync asks for at once", [["id", "in", list(range(1, 2001))]], limit=1)
    yield _call(account, "ids as texts", "res.partner.read", {"ids": ["1"], "fields": ["name"]}, view=_found)
    yield _call(account, "a model that is not there", "no.such.model.search_read", {"domain": []})
    yield _call(account, "a method that is not there", "res.partner.no_such_method", {})
    yield _call(account, "a private method", "res.partner._no_such_method", {})


def _search(account: Account, name: str, domain: list[Any], view: View = itself, **more: Any) -> Probe:
    args = {"domain": domain, "fields": ["name"], "order": "id", "limit": 2, "context": ALL, **more}
    return _call(account, name, "res.partner.search_read", args, view)


def _call(account: Account, name: str, call: str, args: dict[str, Any], view: View = itself) -> Probe:
    model, _, method = call.rpartition(".")
    if account.values["protocol"] == "json2":
        return Probe(name, "POST", f"/json/2/{model}/{method}", args, view=view)
    database, uid, key = (account.values[option] for option in ("database", "uid", "api_key"))
    ids = [args["ids"]] if "ids" in args else []
    named = {key: value for key, value in args.items() if key != "ids"}
    body = _rpc("object", "execute_kw", [database, uid, key, model, method, ids, named])
    return Probe(name, "POST", "/jsonrpc", body, view=lambda answer: {**answer, "result": view(answer.get("result"))})


def _login(account: Account, name: str, **other: str) -> Probe:
    options = {**account.values, **other}
    body = _rpc("common", "authenticate", [options["database"], options["login"], options["api_key"], {}])
    return Probe(name, "POST", "/jsonrpc", body, view=lambda answer: Fact("in" if answer.get("result") else "not in"))


def _rpc(service: str, method: str, args: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": service, "method": method, "args": args}}


def _found(records: Any) -> Fact:
    return Fact("found" if records else "nothing")


def _rising(records: Any) -> Fact:
    ids = [record["id"] for record in records]
    return Fact("ids rise" if ids == sorted(ids) else "ids do not rise")


def _version(client: httpx.Client, url: str) -> tuple[int, bool]:
    """The server's major version, and whether it has JSON-2. A hosted one may call itself `saas~18.4`."""
    told = client.get(f"{url}/json/version")
    modern = told.is_success and "json" in told.headers.get("content-type", "")
    if not modern:
        told = client.post(f"{url}/jsonrpc", json=_rpc("common", "version", []))
    try:
        answer = told.json() if modern else told.json()["result"]
        number = re.search(r"\d+", str(answer["version" if modern else "server_version"]))
    except (ValueError, KeyError):
        number = None
    if number is None:
        raise NoAccount(f"{url} does not answer as an Odoo does.")
    return int(number[0]), modern


def _reads(probe: Probe) -> bool:
    if probe.method == "GET":
        return True
    _, two, model_method = probe.target.partition("/json/2/")
    if two:
        return model_method.rpartition("/")[2] in METHODS | REFUSED
    params = json.loads(probe.body if isinstance(probe.body, bytes) else json.dumps(probe.body))["params"]
    method = params["args"][4] if params["method"] == "execute_kw" else params["method"]
    return probe.target.endswith("/jsonrpc") and method in METHODS | REFUSED


ODOO = Crm("odoo", ("base_url", "database", "api_key"), enter, doubts, simulator, unused=("size_field", "rate"))
