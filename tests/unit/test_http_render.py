"""A request of the spec and values -> what goes on the wire."""

from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.errors import BadRequest
from crmsync.http.render import render
from crmsync.spec.model_stream import Request

BASE = "https://api.example.com/"
PAGE = Request("GET", "/objects/contacts", query={"limit": "$limit", "after": "$page", "properties": "$names"})
SEARCH = Request(
    "POST",
    "/search",
    headers={"X-Account": "$account"},
    body={"after": "$page", "limit": "$limit", "properties": "$names", "text": "fields: $names", "price": "$$5"},
)


def test_a_query_joins_lists_by_commas_and_drops_what_has_no_value():
    """The first page has no cursor."""
    url = render(PAGE, {"limit": 100, "names": ["email", "name"], "page": None}, BASE).url

    assert url == "https://api.example.com/objects/contacts?limit=100&properties=email,name"


def test_a_body_is_compact_json_whose_values_keep_their_types():
    """A list stays a list where it stands alone and is joined inside a text."""
    message = render(SEARCH, {"limit": 5, "names": ["a", "b"], "page": "x", "account": 7}, BASE)

    assert message.body == (
        b'{"after":"x","limit":5,"properties":["a","b"],"text":"fields: a,b","price":"$5"}'  # and $$ is a dollar
    )
    assert message.headers["Content-Type"] == "application/json"
    assert message.headers["X-Account"] == "7"


def test_booleans_are_written_as_json_writes_them():
    """`archived: true` is not `True`."""
    assert render(Request("GET", "/x", query={"archived": True}), {}, BASE).url.endswith("/x?archived=true")


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_value_survives_a_path_and_a_query(key, value):
    """Whatever it holds: slashes, dollars, line breaks, emoji."""
    request = Request("GET", "/objects/x$key", query={"q": "$value"})

    parts = urlsplit(render(request, {"key": key, "value": value}, BASE).url)

    assert unquote(parts.path) == f"/objects/x{key}"
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == {"q": value}


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=8))
def test_any_value_survives_a_body(value):
    """An entry without a value is left out."""
    body = render(replace(SEARCH, body={"x": "$x"}, headers={}), {"x": value}, BASE).body

    assert msgspec.json.decode(body) == ({} if value is None else {"x": value})


@pytest.mark.parametrize("key", ["..", "."])
def test_a_value_cannot_climb_out_of_its_path(key):
    """`/objects/..` is another endpoint."""
    with pytest.raises(BadRequest):
        render(Request("GET", "/objects/$key"), {"key": key}, BASE)


def test_a_path_without_its_value_is_refused():
    """It names what is lacking."""
    with pytest.raises(BadRequest, match=r"lacks a value for \$key"):
        render(Request("GET", "/objects/$key"), {}, BASE)


def test_a_header_value_cannot_begin_another_header():
    """No line break passes."""
    with pytest.raises(BadRequest):
        render(SEARCH, {"limit": 5, "names": [], "account": "7\r\nX-Evil: 1"}, BASE)


def test_a_link_stands_for_path_and_query():
    """Method, headers and body stay the spec's."""
    message = render(SEARCH, {"limit": 5, "account": "7"}, BASE, "https://api.example.com/next?after=2")

    assert (message.method, message.url) == ("POST", "https://api.example.com/next?after=2")
