"""Credentials -> headers."""

import pytest

from crmsync.errors import ConfigError
from crmsync.http.auth import chosen, headers
from crmsync.secret import Secret
from crmsync.spec.model import Auth
from http_server import BEARER, a_spec

PAIR = Auth("pair", "header", ("user", "key"), {"X-User": "$user", "X-Key": "$key"})


def test_the_first_way_whose_needs_are_set_is_taken():
    """A later one may be complete too."""
    spec = a_spec(auth=(BEARER, PAIR))

    assert chosen(spec, "acme", {"token": Secret("t"), "user": "u", "key": Secret("k")}) is BEARER
    assert chosen(spec, "acme", {"token": Secret(""), "user": "u", "key": Secret("k")}) is PAIR


def test_lacking_credentials_name_the_variables_to_set():
    """Of every way, for this connection."""
    with pytest.raises(ConfigError) as caught:
        chosen(a_spec(auth=(BEARER, PAIR)), "acme-eu", {"user": "u"})

    first, second, sandbox = caught.value.hint.splitlines()
    assert first == "Set with: export ACME_EU_TOKEN=…"
    assert second == "Or with: export ACME_EU_USER=… ACME_EU_KEY=…"
    assert sandbox.endswith("crmsync run --connector acme --sandbox")


def test_a_spec_without_auth_sends_no_credentials():
    """An open API."""
    assert headers(chosen(a_spec(auth=()), "acme", {}), {}) == {}


def test_headers_reveal_the_secret():
    """Here and nowhere else."""
    assert headers(BEARER, {"token": Secret("abc")}) == {"Authorization": "Bearer abc"}


@pytest.mark.parametrize("token", ["abc\n", "abc ", "a\r\nX: 1", "tokén", "abc\x00", '"abc"\t'])
def test_a_token_that_was_copied_badly_is_refused_without_showing_it(token):
    """Else the provider would answer 401, or worse."""
    with pytest.raises(ConfigError) as caught:
        headers(BEARER, {"token": Secret(token)})

    assert token.strip() not in f"{caught.value} {caught.value.hint}"
