"""Who may call: passwords, keys, sessions, rights and rules."""

from datetime import timedelta

import pytest

from crmsync.sandbox.clock import START
from crmsync_odoo.simulator.access import ADMIN_KEY, API_KEY, PASSWORD

SEARCH, EVERYTHING = "/json/2/res.partner/search", {"domain": []}


def status(api, key):
    return api.send("POST", SEARCH, EVERYTHING, authorization=f"Bearer {key}").status


def test_bad_credentials_are_false_and_no_error(each):
    """A password or a key is good; the user's number comes back."""
    login = each.odoo.options["login"]

    def ask(*args):
        return [each.service("common", method, "crm", *args, {}).json["result"] for method in ("authenticate", "login")]

    assert ask(login, API_KEY) == [5, 5]
    assert ask("admin@lantern.example", PASSWORD) == [2, 2]
    for bad in (("nobody", API_KEY), (login, "wrong"), (login, ""), (login, ADMIN_KEY), ("__system__", "x")):
        assert ask(*bad) == [False, False]


def test_a_wrong_password_in_a_call_is_denied(each):
    """By name."""
    answer = each.service("object", "execute_kw", "crm", 5, "wrong", "res.partner", "search", [[]], {})
    assert answer.json["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


def test_a_key_ends_at_its_time_and_then_looks_like_any_other_bad_one(api, odoo, clock):
    """Expired, revoked, unknown, of another scope, of an archived user, a password: the same 401."""
    odoo.grant("short", expires=START + timedelta(hours=1))
    odoo.grant("scoped", scope="odoo.plugin.outlook")
    odoo.grant("former", uid=14)
    assert [status(api, key) for key in ("short", API_KEY, ADMIN_KEY)] == [200, 200, 200]
    clock.advance(3600)
    odoo.revoke()
    for key in ("short", API_KEY, "unknown", "scoped", "former", PASSWORD):
        answer = api.send("POST", SEARCH, EVERYTHING, authorization=f"bearer {key}")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert (answer.json["name"], answer.json["message"]) == ("werkzeug.exceptions.Unauthorized", "Invalid apikey")
    assert api.send("POST", SEARCH, EVERYTHING, authorization="").status == 401


def test_a_key_of_another_database_is_no_key(fresh):
    """Each database has its own."""
    api = fresh(databases=("crm", "other"))
    other = api.odoo.site.databases["other"]
    other.access.keys.pop(API_KEY)
    assert api.send("POST", SEARCH, EVERYTHING, x_odoo_database="other").status == 401
    assert api.send("POST", SEARCH, EVERYTHING, x_odoo_database="crm").status == 200
    assert len(other.models["res.partner"].table.touched) == 15


def test_databases_are_listed_unless_that_is_forbidden(fresh):
    """By both ways."""
    api = fresh(databases=("crm", "a"))
    assert api.service("db", "list").json["result"] == ["a", "crm"]
    assert api.send("POST", "/web/database/list", {"params": {}}).json["result"] == ["a", "crm"]
    assert api.service("db", "db_exist", "a").json["result"] is True
    api.odoo.switches.list_databases = False
    for answer in (api.service("db", "list"), api.send("POST", "/web/database/list", {}), api.service("db", "drop")):
        assert answer.json["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


def test_a_session_is_opened_by_a_password_and_by_no_key(api):
    """A cookie lets calls through until it is destroyed; without one the session has expired."""

    def post(path, params, cookie=""):
        return api.send("POST", path, {"id": 1, "params": params}, cookie=f"a=b; session_id={cookie}")

    login = {"db": "crm", "login": "admin@lantern.example", "password": PASSWORD}
    for secret in (ADMIN_KEY, "wrong"):
        answer = post("/web/session/authenticate", {**login, "password": secret}).json
        assert answer["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    opened = post("/web/session/authenticate", login)
    cookie = opened.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert (opened.json["result"]["uid"], opened.json["result"]["db"]) == (2, "crm")
    call = {"model": "res.partner", "method": "read", "args": [[1]], "kwargs": {"fields": ["name"]}}
    path = "/web/dataset/call_kw/res.partner/read"
    assert post(path, call, cookie).json["result"] == [{"id": 1, "name": "My Company"}]
    assert post("/web/session/get_session_info", {}, cookie).json["result"]["uid"] == 2
    assert "result" not in post("/web/session/destroy", {}, cookie).json
    error = post(path, call, cookie).json["error"]
    assert (error["code"], error["message"]) == (100, "Odoo Session Expired")
    assert error["data"]["name"] == "odoo.http.SessionExpiredException"


def test_rights_are_refused_by_model_and_deed(api, odoo):
    """In the server's words, as 403."""
    odoo.forbid("res.partner", "unlink")
    odoo.forbid("ir.model.data", "read")
    made = odoo.create("res.partner", {"name": "Ann"})
    with pytest.raises(api.Refused) as raised:
        api.call("res.partner", "unlink", [made])
    assert raised.value.status == 403
    assert raised.value.message == "You are not allowed to delete 'Contact' (res.partner) records."
    with pytest.raises(api.Refused, match="not allowed to access 'Model Data'"):
        api.call("ir.model.data", "search_read", domain=[])
    assert api.load("res.partner", ["id", "name"], ["crmsync.ann", "Ann"])["ids"]  # needs no such right
    odoo.unlink("res.partner", made)


def test_a_rule_hides_records_from_searches_and_refuses_them_to_reads(api, odoo):
    """Lost access looks like a deletion, until one reads by id."""
    mine, other = (odoo.create("crm.lead", {"name": name, "user_id": user}) for name, user in (("a", 5), ("b", 6)))
    odoo.restrict("crm.lead", [["user_id", "=", 5]])
    assert api.search("crm.lead", [["id", ">=", mine]]) == [mine]
    assert api.call("crm.lead", "search_count", domain=[["id", ">=", mine]]) == 1
    for call in ({"method": "read"}, {"method": "write", "vals": {"name": "x"}}, {"method": "unlink"}):
        with pytest.raises(api.Refused, match="AccessError"):
            api.call("crm.lead", ids=[mine, other], **call)
    assert odoo.ids("crm.lead", [["id", ">=", mine]]) == [mine, other]
    odoo.restrict("crm.lead", None)
    assert api.search("crm.lead", [["id", ">=", mine]]) == [mine, other]
