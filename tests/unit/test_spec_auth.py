"""Ways to authenticate: what a spec may say of them, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from crmsync.spec import build, load, yaml
from crmsync.spec.check import check
from crmsync.spec.model import Address, Auth, Pool, Spec

SPEC = """\
crmsync: 1
name: demo
config:
  region: {choice: [us, eu], default: us}
  base_url: {by: region, us: "https://api.us.example", eu: "https://api.eu.example"}
  accounts_url: {by: region, us: "https://accounts.us.example", eu: "https://accounts.eu.example"}
  client_id: {}
  client_secret: {secret: true}
  refresh_token: {secret: true}
  login: {}
  api_key: {secret: true}
auth:
  oauth:
    kind: oauth2
    needs: [client_id, client_secret]
    authorize: $accounts_url/auth
    authorize_extra: {prompt: consent}
    scope_join: ","
    scopes: [read.all, write.all]
    token: POST $accounts_url/token
    token_from_callback: server
    headers: {Authorization: Token $access_token}
    base_url: api_domain
    dead: {error: [gone, foreign], status: BAD}
    busy: {error: Slow down}
    refresh_limit: {rate: 10, per: 10m}
  session:
    kind: login
    needs: [login, api_key]
    do: POST /rpc
    body: {args: [$login, $api_key]}
    keep: {uid: result.uid}
    bad: false
check: {do: GET /me, query: {as: $uid}, account: id}
streams:
  contact:
    read: {full: {do: GET /people, query: {as: $uid}}}
    fields: {name: {at: name, type: text}}
"""


def faults(text: str) -> list[str]:
    return [fault.message for fault in check(yaml.parse(text, "s"), load.objects())]


def spec(**values: Any) -> Spec:
    return build.build(load.load_text(SPEC, "s").tree, load.objects(), values)


def way(name: str = "oauth", **values: Any) -> Auth:
    return next(way for way in spec(**values).auth if way.name == name)


def changed(old: str, new: str) -> str:
    assert SPEC.count(old) == 1, old
    return SPEC.replace(old, new)


def test_all_that_is_said_of_oauth_is_kept():
    """Addresses remember the option that they begin with: set by the operator, it is their word."""
    oauth = way().oauth

    assert oauth.token == Address("https://accounts.us.example/token", "accounts_url")
    assert oauth.authorize == Address("https://accounts.us.example/auth", "accounts_url")
    assert (oauth.scopes, oauth.scope_join) == (("read.all", "write.all"), ",")
    assert (oauth.dead, oauth.busy) == ({"error": ("gone", "foreign"), "status": ("BAD",)}, {"error": ("Slow down",)})
    assert oauth.refresh_limit == Pool("refresh", rate=10, per_s=600, default=True)
    assert (oauth.base_url, oauth.token_from_callback, oauth.region) == ("api_domain", "server", "region")
    assert way().headers == {"Authorization": "Token $access_token"}


def test_an_address_below_the_base_url_or_fixed_is_no_option_of_its_own():
    """The first is whose word the base URL is, the second the spec's."""
    below = load.load_text(changed("POST $accounts_url/token", "POST /token"), "s").tree
    fixed = load.load_text(changed("POST $accounts_url/token", "POST https://id.example/token"), "s").tree
    (first, _), (second, _) = (build.build(tree, load.objects(), {"region": "eu"}).auth for tree in (below, fixed))

    assert first.oauth.token == Address("https://api.eu.example/token", "base_url")
    assert second.oauth.token == Address("https://id.example/token", None)
    assert second.oauth.region == "region"  # that of the base URL


def test_the_base_url_and_the_hosts_follow_the_region():
    """The hosts of other regions are known, for an account that turns out to live there."""
    built = spec(region="eu")

    assert built.base_url == "https://api.eu.example"
    assert built.hosts == ("accounts.eu.example", "api.eu.example")
    assert built.known_hosts == (
        "accounts.eu.example",
        "accounts.us.example",
        "api.eu.example",
        "api.us.example",
    )


def test_what_a_login_keeps_is_filled_when_a_request_is_sent():
    """And its secrets stay placeholders until then."""
    login = way("session", api_key="s3cret").login

    assert (login.request.method, login.request.path, login.keep, login.bad) == (
        "POST",
        "/rpc",
        {"uid": "result.uid"},
        False,
    )
    assert login.request.body == {"args": ["$login", "$api_key"]}
    assert spec(login="ann").check.request.query == {"as": "$uid"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Token $access_token", "Token $client_secret", "`$client_secret` is a secret: headers of `oauth2` show"),
        (
            "    do: POST /rpc",
            "    do: POST /rpc/$api_key",
            "`$api_key` is a secret: only headers of `auth` and the body of a",
        ),
        ("GET /me, query: {as: $uid}", "GET /me, query: {a: $access_token}", "`$access_token` has no value in `check`"),
        ("consent}", "$client_secret}", "`$client_secret` is a secret"),
        ("    token: POST $accounts_url/token", "    token: POST $acounts_url/token", "unknown placeholder"),
        ("    token: POST $accounts_url/token", "    token: GET $accounts_url/token", "`token` must be a request such"),
        ("    token: POST $accounts_url/token\n", "", "the key `token` is missing in `oauth`"),
        (
            "    authorize: $accounts_url/auth",
            "    authorize: http://id.example",
            "`authorize` must be an address such",
        ),
        ("  client_id: {}\n", "", "`oauth2` needs an option `client_id`"),
        ("  refresh_token: {secret: true}", "  refresh_token: {}", "`refresh_token` must be a secret"),
        ("dead: {error: [gone, foreign]", "dead: {error: [5]", "entry 1 of `error` must be a text"),
        ("{rate: 10, per: 10m}", "{rate: 10}", "the key `per` is missing in `refresh_limit`"),
        ("    keep: {uid: result.uid}\n", "", "the key `keep` is missing in `session`"),
        ("keep: {uid: result.uid}", "keep: {login: result.uid}", "`login` is already an option in `config`"),
        ("keep: {uid: result.uid}", "keep: {page: result.uid}", "the name `page` is taken by the language"),
        ("    bad: false", "    bad: false\n    scopes: [a]", "unknown key `scopes`"),
        ("account: id", "account: id, facts: {uid: x}", "`uid` is already a fact of `check`"),
    ],
)
def test_a_mistake_in_a_way_is_told(old, new, message):
    """Secrets have one place a kind, tokens another, and what a request lacks is named."""
    assert any(fault.startswith(message) for fault in faults(changed(old, new))), faults(changed(old, new))


def test_the_right_ways_have_no_mistakes():
    """The base of the tests above."""
    assert faults(SPEC) == []
