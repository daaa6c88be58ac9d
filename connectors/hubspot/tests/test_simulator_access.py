"""Tokens, scopes, OAuth and the account."""

from urllib.parse import urlencode

import msgspec
import pytest

from crmsync.sandbox import SimRequest

LIST = "/crm/v3/objects/contacts"


@pytest.fixture
def form(portal):
    """Posts a form to the token endpoint of a version."""

    def post(path, **fields):
        app = portal.app
        given = {"client_id": app.client_id, "client_secret": app.client_secret, **fields}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = portal.handle(SimRequest("POST", path, (), headers, urlencode(given).encode()))
        return answer.status, msgspec.json.decode(answer.body) if answer.body else None

    return post


@pytest.fixture
def tokens(portal, form):
    """What consent and the exchange of the code give."""
    code = portal.authorize("oauth", "crm.objects.contacts.read")
    status, body = form(
        "/oauth/2026-03/token", grant_type="authorization_code", code=code, redirect_uri=portal.app.redirect_uri
    )
    assert status == 200
    return body


def test_an_unknown_token_is_refused(api):
    """401 with the API's words; a missing one too."""
    api.token = "pat-na1-nobody"
    answer = api.get(LIST)
    assert (answer.status, answer.json["category"]) == (401, "INVALID_AUTHENTICATION")
    assert answer.json["message"].startswith("Authentication credentials not found. This API supports OAuth 2.0")
    assert answer.json["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]


def test_an_expired_token_is_told_apart(api, portal, clock):
    """The message says since when."""
    portal.expire()
    answer = api.get(LIST)
    assert (answer.status, answer.json["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert answer.json["message"] == "The OAuth token used to make this call expired 75 second(s) ago."
    assert answer.json["context"] == {"expire time": ["2026-01-15T11:58:45.000Z"]}


def test_a_revoked_token_is_unknown(api, portal):
    """From one request to the next."""
    portal.revoke()
    assert api.get(LIST).status == 401


@pytest.mark.parametrize(
    ("method", "target", "scope"),
    [
        ("GET", LIST, "crm.objects.contacts.read"),
        ("POST", f"{LIST}/search", "crm.objects.contacts.read"),
        ("POST", f"{LIST}/batch/read", "crm.objects.contacts.read"),
        ("POST", f"{LIST}/merge", "crm.objects.contacts.write"),
        ("DELETE", "/crm/v3/objects/deals/1", "crm.objects.deals.write"),
        ("GET", "/crm/v3/properties/companies", "crm.schemas.companies.read"),
        ("POST", "/crm/v3/properties/companies", "crm.schemas.companies.write"),
        ("GET", "/crm/v3/owners", "crm.objects.owners.read"),
    ],
)
def test_a_missing_scope_is_named(api, portal, method, target, scope):
    """403, with the scope in the error's context."""
    api.token = portal.grant("oauth")
    answer = api.send(method, target, {})
    assert (answer.status, answer.json["category"]) == (403, "MISSING_SCOPES")
    assert answer.json["errors"][0]["context"] == {"requiredGranularScopes": [scope]}


def test_definitions_are_open_to_readers_of_objects(api, portal):
    """`crm.objects.X.read` is enough for them, and the account needs no scope but the token."""
    api.token = portal.grant("crm.objects.deals.read")
    targets = ["/crm/v3/properties/deals", "/crm/v3/pipelines/deals", "/account-info/v3/details"]
    assert [api.get(target).status for target in targets] == [200, 200, 200]


def test_a_code_works_once(portal, form, tokens):
    """The exchange has the documented shape; access tokens are long."""
    assert {key: type(value) for key, value in tokens.items()} == {
        "token_type": str, "access_token": str, "refresh_token": str, "expires_in": int, "hub_id": int, "scopes": list,
        "user_id": int, "id_token": type(None), "token_use": str,
    }  # fmt: skip
    assert len(tokens["access_token"]) > 400
    status, body = form(
        "/oauth/v3/token", grant_type="authorization_code", code="code-1", redirect_uri=portal.app.redirect_uri
    )
    assert (status, body["status"]) == (400, "BAD_AUTH_CODE")


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
def test_a_token_lasts_half_an_hour_and_is_refreshed(api, clock, form, tokens, version):
    """The refresh token comes back unchanged."""
    api.token = tokens["access_token"]
    assert api.get(LIST).status == 200
    clock.advance(1800)
    assert api.get(LIST).json["category"] == "EXPIRED_AUTHENTICATION"
    refresh = tokens["refresh_token"]
    status, body = form(f"/oauth/{version}/token", grant_type="refresh_token", refresh_token=refresh)
    api.token = body["access_token"]
    assert (status, body["refresh_token"], api.get(LIST).status) == (200, refresh, 200)


def test_the_endpoint_takes_json_too(portal, tokens):
    """As one of the official clients sends it."""
    app = portal.app
    given = {
        "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app.client_id,
        "client_secret": app.client_secret,
    }  # fmt: skip
    headers = {"content-type": "application/json"}
    request = SimRequest("POST", "/oauth/2026-03/token", (), headers, msgspec.json.encode(given))
    assert portal.handle(request).status == 200


def test_only_the_oldest_version_reads_the_query(portal, tokens):
    """Later ones insist on the body."""
    app = portal.app
    query = [
        ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]), ("client_id", app.client_id),
        ("client_secret", app.client_secret),
    ]  # fmt: skip
    statuses = [portal.handle(SimRequest("POST", f"/oauth/{v}/token", query)).status for v in ("v1", "v3")]
    assert statuses == [200, 400]


@pytest.mark.parametrize(
    ("fields", "error", "status"),
    [
        ({"refresh_token": "gone"}, "invalid_grant", "BAD_REFRESH_TOKEN"),
        ({"client_id": "x"}, "invalid_client", "BAD_CLIENT_ID"),
        ({"client_secret": "x"}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
    ],
)
def test_refusals_are_shaped_as_oauth_has_them(form, tokens, fields, error, status):
    """400 with `error`, `error_description`, `status` and `message`."""
    given = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **fields}
    code, body = form("/oauth/v1/token", **given)
    assert (code, body["error"], body["status"]) == (400, error, status)
    assert body["error_description"] == body["message"]


def test_a_revoked_refresh_token_leaves_access_tokens_alive(api, form, tokens):
    """Those run out by themselves."""
    refresh = tokens["refresh_token"]
    assert form("/oauth/2026-03/token/revoke", token=refresh, token_type_hint="refresh_token") == (200, None)
    status, body = form("/oauth/2026-03/token", grant_type="refresh_token", refresh_token=refresh)
    assert (status, body["status"]) == (400, "BAD_REFRESH_TOKEN")
    api.token = tokens["access_token"]
    assert api.get(LIST).status == 200


def test_tokens_can_be_looked_into(api, form, tokens, clock):
    """Introspection, the legacy addresses, and the scopes of a static token."""
    clock.advance(100)
    _, seen = form("/oauth/2026-09/token/introspect", token=tokens["access_token"])
    assert (seen["active"], seen["expires_in"], seen["scopes"]) == (True, 1700, tokens["scopes"])
    assert form("/oauth/v3/token/introspect", token="x") == (200, {"active": False})
    assert api.get(f"/oauth/v1/access-tokens/{tokens['access_token']}").json["hub_id"] == tokens["hub_id"]
    assert api.send("DELETE", f"/oauth/v1/refresh-tokens/{tokens['refresh_token']}").status == 204
    info = api.post("/oauth/v2/private-apps/get/access-token-info", {"tokenKey": api.token}).json
    assert info["hubId"] == tokens["hub_id"]
    assert "crm.objects.contacts.read" in info["scopes"]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_the_account_tells_who_it_is(api, portal, version):
    """What a connection check reads."""
    assert api.get(f"/account-info/{version}/details").json == {
        "portalId": portal.portal.id,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": ["EUR", "GBP"],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def test_owners_are_listed_and_looked_up(api, portal):
    """By id or by user id; records name the id."""
    owners = api.get("/crm/v3/owners?limit=20").json
    first = owners["results"][0]
    assert len(owners["results"]) == 20
    assert owners["paging"]["next"]["after"].isdecimal()
    assert api.get(f"/crm/owners/2026-03/{first['userId']}?idProperty=userId").json == first
    assert api.get(f"/crm/v3/owners/{first['userId']}").status == 404
    assert api.get(f"/crm/v3/owners?email={first['email']}").json["results"] == [first]
    named = {record["properties"].get("hubspot_owner_id") for record in portal.live("contacts").values()} - {None}
    assert named <= {owner.id for owner in portal.portal.owners}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404), ("GET", "/crm/v3/objects", 400), ("GET", "/crm/v2/objects/contacts", 404),
        ("GET", "/crm/v4/objects/contacts", 404), ("PUT", LIST, 404), ("GET", "/crm/v3/objects/butterflies", 400),
        ("GET", "/crm/v3/objects/contacts/x", 404), ("POST", "/crm/v3/associations/contacts/companies/batch/read", 404),
    ],
)  # fmt: skip
def test_a_wrong_address_is_not_a_missing_record(api, method, target, status):
    """Unknown routes answer in HTML, unknown types with 400, unknown ids with a category."""
    answer = api.send(method, target, {})
    assert answer.status == status
    html = answer.headers["Content-Type"].startswith("text/html")
    assert html is (status == 404 and target != "/crm/v3/objects/contacts/x")


@pytest.mark.parametrize("name", ["butterflies", "2-999"])
def test_an_unknown_type_is_named(api, name):
    """In the API's words."""
    assert api.get(f"/crm/v3/objects/{name}").json["message"] == f"Unable to infer object type from: {name}"
