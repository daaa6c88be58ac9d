"""The protocols: JSON-2, JSON-RPC, XML-RPC, and what a browser uses; their envelopes and their errors."""

import xmlrpc.client

import pytest

PARTNER = "/json/2/res.partner"
LEAD = "crm.lead"


def xml(api, service, method, *args, path="/xmlrpc/2/"):
    """An XML-RPC call; raises Fault."""
    answer = api.send("POST", path + service, xmlrpc.client.dumps(args, method).encode(), content_type="text/xml")
    assert answer.status == 200
    return xmlrpc.client.loads(answer.body.decode())[0][0]


def kw(api, model, method, *args, **named):
    return ("crm", 5, api.key, model, method, args, named)


@pytest.mark.parametrize("version", [17, 18, 19, 20, 21])
def test_each_version_tells_which_it_is(fresh, version):
    """By `common.version` always; by two plain paths from 19 on, which until then lead to the login page or nowhere."""
    api = fresh(version=version)
    told = api.service("common", "version").json["result"]
    assert told["server_version_info"] == [version, 0, 0, "final", 0, ""]
    plain, other = api.send("GET", "/json/version"), api.send("GET", "/web/version")
    if version >= 19:
        assert plain.json == other.json == {"version_info": [version, 0, 0, "final", 0, ""], "version": f"{version}.0"}
    else:
        assert (plain.status, other.status) == (303, 404)
        assert plain.headers["Location"].startswith("/web/login")
        assert api.send("GET", "/web/login").status == 200
    assert api.send("POST", f"{PARTNER}/search", {"domain": []}).status == (200 if version >= 19 else 303)


def test_a_hosted_server_may_have_a_word_for_its_version(api):
    """No number."""
    api.odoo.switches.series = "saas~18.4"
    assert api.service("common", "version").json["result"]["server_version_info"][:2] == ["saas~18", 4]
    assert api.send("GET", "/json/version").json["version"] == "saas~18.4"


def test_an_unknown_version_cannot_be_had(fresh):
    """There are 17 to 21."""
    with pytest.raises(ValueError, match="no server of version 16"):
        fresh(version=16)


def test_json2_answers_with_bare_results(api):
    """No envelope; nothing is null; a create gives a list even for one."""
    made = api.send("POST", f"{PARTNER}/create", {"vals_list": {"name": "Ann"}})
    assert (made.status, made.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert api.send("POST", f"{PARTNER}/write", {"ids": made.json, "vals": {"phone": "1"}}).json is True
    assert api.send("POST", f"{PARTNER}/action_archive", {"ids": made.json}).body == b"null"
    assert api.send("POST", f"{PARTNER}/unlink", {"ids": made.json}).json is True
    assert api.send("POST", f"{PARTNER}/create", {"vals_list": []}).json == []


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        (f"{PARTNER}/search", b"{", 400, "werkzeug.exceptions.BadRequest"),
        (f"{PARTNER}/search", [], 400, "werkzeug.exceptions.BadRequest"),
        ("/json/2/no.model/search", {"domain": []}, 404, "werkzeug.exceptions.NotFound"),
        (f"{PARTNER}/nope", {}, 404, "werkzeug.exceptions.NotFound"),
        (PARTNER, {}, 404, "werkzeug.exceptions.NotFound"),
        (f"{PARTNER}/_write", {}, 403, "odoo.exceptions.AccessError"),
        (f"{PARTNER}/exists", {"ids": [1]}, 403, "odoo.exceptions.AccessError"),
        (f"{PARTNER}/search", {}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        (f"{PARTNER}/write", {"ids": [1]}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        (f"{PARTNER}/search", {"domain": [], "nope": 1}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        (f"{PARTNER}/search", {"domain": [], "ids": [1]}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        (f"{PARTNER}/write", {"ids": [1, 99_999], "vals": {"name": "x"}}, 404, "odoo.exceptions.MissingError"),
        (f"{PARTNER}/unlink", {"ids": [99_999]}, 404, "odoo.exceptions.MissingError"),
        (f"{PARTNER}/create", {"vals_list": [{"phone": "1"}]}, 422, "odoo.exceptions.ValidationError"),
        (f"{PARTNER}/read", {"ids": [1], "fields": ["nope"]}, 500, "builtins.ValueError"),
        (f"{PARTNER}/write", {"ids": [1], "vals": {"nope": 1}}, 500, "builtins.KeyError"),
        (f"{PARTNER}/unlink", {"ids": [3]}, 500, "odoo.exceptions.RedirectWarning"),
    ],
)
def test_json2_tells_errors_by_status_and_name(api, path, body, status, name):
    """Mistakes of a client may come with 500; a traceback stands in each."""
    answer = api.send("POST", path, body)
    assert (answer.status, answer.json["name"]) == (status, name)
    assert set(answer.json) == {"name", "message", "arguments", "context", "debug"}
    assert answer.json["debug"].startswith("Traceback")


def test_json2_names_what_is_wrong(api):
    """The words that a client may look for."""

    def told(path, body):
        return api.send("POST", path, body).json["message"]

    assert told(f"{PARTNER}/write", {"ids": [1]}) == "missing a required argument: 'vals'"
    assert told(f"{PARTNER}/search", {"domain": [], "ids": [1]}) == "cannot call res.partner.search with ids"
    missing = "Record does not exist or has been deleted.\n(Record: res.partner(99999,), User: 5)"
    assert told(f"{PARTNER}/unlink", {"ids": [99_999]}) == missing
    assert api.send("GET", f"{PARTNER}/search").json["message"].startswith("Did you mean POST")


def test_json2_wants_json_and_a_database(fresh):
    """Else it answers with pages, whatever the key."""
    api = fresh(databases=("crm", "other"))
    assert api.send("POST", f"{PARTNER}/search", {"domain": []}, content_type="text/plain").status == 415
    for headers in ({}, {"x_odoo_database": "third"}):
        answer = api.send("POST", f"{PARTNER}/search", {"domain": []}, **headers)
        assert (answer.status, b"X-Odoo-Database" in answer.body) == (404, True)
        assert answer.headers["Content-Type"].startswith("text/html")
    assert api.send("POST", f"{PARTNER}/search", {"domain": []}, x_odoo_database="crm").status == 200


def test_json_rpc_answers_200_with_an_envelope(each):
    """The id comes back; what returns nothing gives neither result nor error."""
    made = each.service("object", "execute_kw", *kw(each, "res.partner", "create", {"name": "Ann"}))
    assert (made.status, set(made.json)) == (200, {"jsonrpc", "id", "result"})
    assert isinstance(made.json["result"], int)
    done = each.service("object", "execute_kw", *kw(each, "res.partner", "action_archive", [made.json["result"]]))
    assert done.json == {"jsonrpc": "2.0", "id": 7}
    assert each.rpc("res.partner", "create", [{"name": "a"}, {"name": "b"}])[0] > made.json["result"]
    assert each.service("object", "execute", "crm", 5, each.key, "res.partner", "read", 1, ["name"]).json["result"] == [
        {"id": 1, "name": "My Company"}
    ]


@pytest.mark.parametrize(
    ("model", "method", "args", "name"),
    [
        ("no.model", "search", ([],), "odoo.exceptions.UserError"),
        ("res.partner", "nope", (), "builtins.AttributeError"),
        ("res.partner", "_write", (), "odoo.exceptions.AccessError"),
        ("res.partner", "read", (), "builtins.IndexError"),
        ("res.partner", "search", (), "builtins.TypeError"),
        ("res.partner", "search", ([["nope", "=", 1]],), "builtins.ValueError"),
        ("res.partner", "unlink", ([99_999],), "odoo.exceptions.MissingError"),
        ("res.partner", "unlink", ([3],), "odoo.exceptions.RedirectWarning"),
    ],
)
def test_json_rpc_tells_errors_by_name(each, model, method, args, name):
    """The code is 200 until 18 and 0 from 19 on; a create wants its rows by position."""
    answer = each.service("object", "execute_kw", *kw(each, model, method, *args))
    error = answer.json["error"]
    assert (answer.status, error["code"], error["message"]) == (
        200,
        200 if each.version < 19 else 0,
        "Odoo Server Error",
    )
    assert error["data"]["name"] == name
    with pytest.raises(each.Refused, match="IndexError"):
        each.rpc("res.partner", "create", vals_list=[{"name": "x"}])


def test_json_rpc_has_three_services(fresh):
    """That of databases went with 20."""
    assert fresh(version=19).service("db", "list").json["result"] == ["crm"]
    assert fresh(version=20).service("db", "list").json["error"]["data"]["name"] == "builtins.KeyError"
    api = fresh()
    for service, method in (("nope", "x"), ("common", "nope"), ("object", "nope")):
        assert "error" in api.service(service, method).json
    assert api.send("POST", "/jsonrpc", {"id": 1}).json["error"]["data"]["name"] == "builtins.TypeError"
    assert api.send("POST", "/jsonrpc", b"<xml>").status == 400
    assert api.send("POST", "/nowhere", {"id": 1}).json["error"]["code"] == 404
    assert api.send("GET", "/nowhere").status == 404


def test_a_wrong_database_looks_like_a_fault_of_the_database_server(each):
    """Which must not be taken for something that passes."""
    for method, args in (("authenticate", ("nope", "a", "b", {})), ("login", ("nope", "a", "b"))):
        error = each.service("common", method, *args).json["error"]["data"]
        assert error["name"] == "psycopg2.OperationalError"
        assert 'database "nope" does not exist' in error["message"]


def test_xml_rpc_cannot_say_nothing(each):
    """The fault comes after the deed."""
    lead = each.odoo.create(LEAD, {"name": "deal"})
    with pytest.raises(xmlrpc.client.Fault, match="cannot marshal None") as raised:
        xml(each, "object", "execute_kw", *kw(each, LEAD, "action_set_lost", [lead]))
    assert raised.value.faultCode == 1
    assert each.read(LEAD, lead, "active")["active"] is False


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("res.partner", "search", [["nope", "=", 1]]), 1),
        (("res.partner", "unlink", [99_999]), 2),
        (("res.partner", "create", {"phone": "1"}), 2),
        (("res.partner", "_x"), 4),
    ],
)
def test_xml_rpc_tells_errors_by_number_or_by_text(api, args, code):
    """The old path has texts for codes."""
    with pytest.raises(xmlrpc.client.Fault) as raised:
        xml(api, "object", "execute_kw", *kw(api, *args))
    assert raised.value.faultCode == code
    with pytest.raises(xmlrpc.client.Fault) as old:
        xml(api, "object", "execute_kw", *kw(api, *args), path="/xmlrpc/")
    assert str(old.value.faultCode).startswith("warning -- ") is (code > 1)
    with pytest.raises(xmlrpc.client.Fault) as denied:
        xml(api, "object", "execute_kw", "crm", 5, "wrong", "res.partner", "search", [])
    assert denied.value.faultCode == 3
    assert api.send("POST", "/xmlrpc/2/object", b"<", content_type="text/xml").status == 400


def test_xml_rpc_reads_the_same_without_control_characters(api):
    """Nor can it say them."""
    made = api.odoo.create("res.partner", {"name": "a\x01b"})
    assert xml(api, "common", "version")["server_serie"] == "19.0"
    assert xml(api, "object", "execute_kw", *kw(api, "res.partner", "read", [made], ["name"])) == [
        {"id": made, "name": "ab"}
    ]


def test_methods_are_documented_from_19_on(fresh):
    """With their parameters, and whether they take ids."""
    api = fresh()
    assert {"model": LEAD, "name": "Lead"} in api.send("GET", "/doc-bearer/index.json").json["models"]
    told = api.send("GET", f"/doc-bearer/{LEAD}.json").json
    assert list(told["methods"]["search_read"]["parameters"]) == [
        "domain",
        "fields",
        "offset",
        "limit",
        "order",
        "load",
    ]
    assert told["methods"]["search_read"]["api"] == ["model"]
    assert told["methods"]["write"] == {"parameters": {"vals": {}}, "api": []}
    assert "won_status" in told["fields"]
    assert api.send("GET", "/doc-bearer/no.model.json").status == 404
    assert api.send("GET", "/doc-bearer/index.json", authorization="bearer wrong").status == 401
    assert fresh(version=18).send("GET", "/doc-bearer/index.json").status == 404
