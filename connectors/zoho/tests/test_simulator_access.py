"""Tokens, scopes and OAuth."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from crmsync_zoho.simulator.oauth import REFRESH_TOKEN

FORM = {"content-type": "application/x-www-form-urlencoded", "host": "sim.example:8124"}


def token(api, how="form", **more):
    """Ask the token endpoint, with the app's secrets."""
    app = api.org.app
    given = {"client_id": app.client_id, "client_secret": app.client_secret, **more}
    if how == "query":
        return api.send("POST", f"/oauth/v2/token?{urlencode(given)}", headers={"host": "sim.example:8124"})
    return api.send("POST", "/oauth/v2/token", urlencode(given).encode(), FORM)


def refresh(api, text=REFRESH_TOKEN, **more):
    return token(api, grant_type="refresh_token", refresh_token=text, **more)


def consent(api, **more):
    """What comes back from the browser."""
    app = api.org.app
    query = {
        "response_type": "code", "client_id": app.client_id, "redirect_uri": app.redirect_uris[0],
        "scope": "ZohoCRM.modules.ALL,ZohoCRM.org.READ", "access_type": "offline", "state": "s1", **more,
    }  # fmt: skip
    answer = api.get(f"/oauth/v2/auth?{urlencode(query)}")
    return answer, {
        key: value[0] for key, value in parse_qs(urlsplit(answer.headers.get("Location", "")).query).items()
    }


@pytest.mark.parametrize("how", ["form", "query"])
def test_a_refresh_gives_a_token_that_works_here(api, how):
    """From a form or from the query; `api_domain` is where the simulator is; the refresh token stays."""
    body = token(api, how, grant_type="refresh_token", refresh_token=REFRESH_TOKEN).json
    assert set(body) == {"access_token", "scope", "api_domain", "token_type", "expires_in"}
    assert (body["api_domain"], body["token_type"], body["expires_in"]) == ("http://sim.example:8124", "Bearer", 3600)
    api.token = body["access_token"]
    assert api.get("org").status == 200


def test_a_token_lasts_an_hour_of_the_simulators_clock(api, clock):
    """Then 401 INVALID_TOKEN, as for any unknown one."""
    api.token = refresh(api).json["access_token"]
    clock.advance(3599)
    assert api.get("org").status == 200
    clock.advance(1)
    answer = api.get("org")
    assert (answer.status, answer.code, answer.details) == (401, "INVALID_TOKEN", {})


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"client_id": "1000.X"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client_secret"),
        ({"refresh_token": "1000.x"}, "invalid_code"),
        ({"grant_type": "password"}, "general_error"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_code"),
    ],
)
def test_errors_of_the_token_endpoint_have_status_200(api, more, error):
    """And one key."""
    answer = token(api, **{"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, **more})
    assert (answer.status, answer.json) == (200, {"error": error})


def test_another_region_knows_nothing(api, org):
    """The client is unknown there, and so is any token."""
    org.switches.wrong_region = True
    assert refresh(api).json == {"error": "invalid_client"}
    assert api.get("org").code == "INVALID_TOKEN"


def test_ten_tokens_in_ten_minutes_and_no_more(api, org, clock):
    """HTTP 400 with other words; later again; unless limits are off."""
    org.switches.limits.on = True
    assert [refresh(api).status for _ in range(11)] == [200] * 10 + [400]
    assert refresh(api).json["error"] == "Access Denied"
    clock.advance(600)
    assert refresh(api).status == 200
    org.switches.limits.on = False
    assert {refresh(api).status for _ in range(12)} == {200}


def test_a_sixteenth_token_ends_the_first(api):
    """Fifteen live ones a refresh token."""
    tokens = [refresh(api).json["access_token"] for _ in range(16)]
    assert [api.get("org", {"authorization": f"Zoho-oauthtoken {t}"}).status for t in tokens] == [401] + [200] * 15


def test_a_self_clients_code_works_once_and_without_redirect(api, org, clock):
    """For three minutes, unless made for longer; it brings a refresh token."""
    code, late = org.self_client_code(), org.self_client_code()
    body = token(api, grant_type="authorization_code", code=code).json
    assert refresh(api, body["refresh_token"]).json["api_domain"] == "http://sim.example:8124"
    assert token(api, grant_type="authorization_code", code=code).json == {"error": "invalid_code"}
    clock.advance(180)
    assert token(api, grant_type="authorization_code", code=late).json == {"error": "invalid_code"}
    longer = org.self_client_code(lasts_s=600)
    clock.advance(599)
    assert "access_token" in token(api, grant_type="authorization_code", code=longer).json


def test_consent_redirects_with_a_code_and_where_to_bring_it(api, org):
    """State and region come back; the code needs the same address."""
    org.switches.location = "eu"
    answer, back = consent(api)
    uri = org.app.redirect_uris[0]
    assert answer.status == 302
    assert (back["state"], back["location"], back["accounts-server"]) == ("s1", "eu", "https://www.zohoapis.com")
    assert token(api, grant_type="authorization_code", code=back["code"], redirect_uri="http://evil.example").json == {
        "error": "invalid_redirect_uri"
    }
    code = consent(api)[1]["code"]
    body = token(api, grant_type="authorization_code", code=code, redirect_uri=uri).json
    assert body["scope"] == "ZohoCRM.modules.ALL ZohoCRM.org.READ"
    assert "refresh_token" in body


def test_without_offline_access_there_is_no_refresh_token(api, org):
    """An hour, and that is it."""
    code = consent(api, access_type="online")[1]["code"]
    uri = org.app.redirect_uris[0]
    assert "refresh_token" not in token(api, grant_type="authorization_code", code=code, redirect_uri=uri).json


@pytest.mark.parametrize(("verifier", "works"), [("a" * 43, True), ("b" * 43, False), ("", False)])
def test_a_challenge_needs_its_verifier(api, org, verifier, works):
    """PKCE by S256."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"a" * 43).digest()).rstrip(b"=").decode()
    code = consent(api, code_challenge=challenge, code_challenge_method="S256")[1]["code"]
    uri = org.app.redirect_uris[0]
    given = {"code": code, "redirect_uri": uri, "code_verifier": verifier}
    assert ("access_token" in token(api, grant_type="authorization_code", **given).json) is works


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"client_id": "x"}, "invalid_client"),
        ({"redirect_uri": "http://x.example"}, "invalid_redirect_uri"),
        ({"scope": ""}, "general_error"),
    ],
)
def test_consent_is_refused(api, more, error):
    """Nothing is sent to an address that was not registered."""
    answer, _ = consent(api, **more)
    assert (answer.status, answer.json) == (200, {"error": error})


def test_a_revoked_refresh_token_ends_its_tokens(api, org):
    """So does the oldest of too many."""
    access = refresh(api).json["access_token"]
    assert api.send("POST", f"/oauth/v2/token/revoke?token={REFRESH_TOKEN}").json == {"status": "success"}
    assert refresh(api).json == {"error": "invalid_code"}
    assert api.get("org", {"authorization": f"Zoho-oauthtoken {access}"}).status == 401
    texts = [
        token(api, grant_type="authorization_code", code=org.self_client_code()).json["refresh_token"]
        for _ in range(21)
    ]
    assert [refresh(api, text).json.get("error") for text in texts[:2]] == ["invalid_code", None]


@pytest.mark.parametrize("header", ["", "Zoho-oauthtoken", "Basic abc", "Bearer 1000.x.y"])
def test_a_call_needs_a_token_of_its_kind(api, header):
    """Bearer is no such kind, whatever the token endpoint says."""
    answer = api.get("org", {"authorization": header})
    assert (answer.status, answer.code) == (401, "AUTHENTICATION_FAILURE")


def test_bearer_is_accepted_where_that_is_switched_on(api, org):
    """Some seem to have seen it."""
    org.switches.bearer = True
    assert api.get("org", {"authorization": f"Bearer {api.token}"}).status == 200


@pytest.mark.parametrize(
    ("scope", "method", "target", "allowed"),
    [
        ("ZohoCRM.modules.ALL", "GET", "Contacts?fields=Email", True),
        ("zohocrm.modules.contacts.read", "GET", "Contacts?fields=Email", True),
        ("ZohoCRM.modules.contacts.READ", "GET", "Deals?fields=Amount", False),
        ("ZohoCRM.modules.contacts.READ", "POST", "Contacts", False),
        ("ZohoCRM.modules.contacts.CREATE", "POST", "Contacts", True),
        ("ZohoCRM.modules.contacts.CREATE", "POST", "Contacts/upsert", False),
        ("ZohoCRM.modules.ALL", "GET", "Contacts/search?word=a", False),
        ("ZohoCRM.modules.ALL", "GET", "settings/fields?module=Contacts", False),
        ("ZohoCRM.settings.fields.READ", "GET", "settings/fields?module=Contacts", True),
        ("ZohoCRM.coql.READ", "POST", "coql", False),
        ("ZohoCRM.org.READ", "GET", "org", True),
        ("ZohoCRM.modules.ALL", "GET", "actions/watch", False),
    ],
)
def test_scopes_are_demanded(api, org, scope, method, target, allowed):
    """OAUTH_SCOPE_MISMATCH with 401, or 403 in some sources; COQL needs the module's too."""
    api.token = org.grant(scope)
    body = {"data": [{"Last_Name": "A"}], "select_query": "select id from Contacts where id > 1"}
    answer = api.send(method, target, body if method == "POST" else None)
    assert (answer.status in (200, 201)) is allowed
    if not allowed:
        assert (answer.status, answer.code) == (401, "OAUTH_SCOPE_MISMATCH")
        org.switches.scope_status = 403
        assert api.send(method, target, body if method == "POST" else None).status == 403


def test_coql_works_with_both_scopes(api, org):
    """Its own and that of the module."""
    api.token = org.grant("ZohoCRM.coql.READ", "ZohoCRM.modules.contacts.READ")
    assert api.ask("select id from Contacts where id > 1").status == 200
    assert api.ask("select id from Deals where id > 1").code == "OAUTH_SCOPE_MISMATCH"


def test_tokens_may_end_in_the_middle_of_a_listing(api, org):
    """A new one goes on where the old one was: page tokens belong to the user."""
    api.token = refresh(api).json["access_token"]
    page = api.get("Contacts?fields=Email&per_page=20").json["info"]["next_page_token"]
    org.expire_all()
    assert api.get(f"Contacts?fields=Email&per_page=20&page_token={page}").code == "INVALID_TOKEN"
    api.token = refresh(api).json["access_token"]
    assert api.get(f"Contacts?fields=Email&per_page=20&page_token={page}").status == 200


def test_the_servers_are_told(api):
    """Where each region has its accounts."""
    assert api.get("/oauth/serverinfo").json["locations"] == {"us": "https://www.zohoapis.com"}
