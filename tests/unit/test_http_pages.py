"""What the next request needs from a page, and the mending of bodies."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmsync.errors import UnreadablePage
from crmsync.http.pages import Head, compile_head, repair

PAGE = compile_head(next="paging.next.after", total="total", records="results", id="id")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (b'{"results":[]}', Head()),
        (b'{"total":3,"results":[{"id":"1"},{"id":2}]}', Head(None, None, 3, ("1", "2"), 2)),
        (b'{"results":[],"paging":{"next":{"after":"x","link":"y"}}}', Head("x")),
        (b'{"results":[],"paging":{"next":{"after":12}}}', Head("12")),
        (b'{"results":[],"paging":{"next":null}}', Head()),
        (b'{"results":[],"paging":{"next":{"after":""}}}', Head()),
        (b'{"results":[],"paging":{"next":{"after":false}}}', Head()),
        (b'{"results":[{"id":9007199254740993123}],"total":"7"}', Head(None, None, 7, ("9007199254740993123",), 1)),
        (b'{"results":[{"id":null},{}, {"x":[{}],"id":"3"}]}', Head(ids=("3",), entries=3)),
    ],
)
def test_a_head_has_cursor_total_and_ids(body, head):
    """As texts, whether the provider writes numbers or texts; absent is None."""
    assert PAGE(body) == head


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"results":[',
        b'{"results":[]} x',
        b"[]",
        b"null",
        b"{}",
        b'{"results":null}',
        b'{"results":{}}',
        b'{"results":"x"}',
        b'{"results":[1]}',
        b'{"results":[[]]}',
        b'{"results":[null]}',
        b'{"results":[{"id":{}}]}',
        b'{"results":[{"id":1.5}]}',
        b'{"results":[],"paging":[]}',
        b'{"results":[],"paging":{"next":{"after":true}}}',
        b'{"results":[],"total":"many"}',
        b'{"results":[],"total":{}}',
        b'{"results":[],"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"results":[{"x":"\\ud800"}]}',
    ],
)
def test_a_page_of_another_shape_is_an_error_never_an_empty_page(body):
    """And the error holds the body, so that it can be kept."""
    with pytest.raises(UnreadablePage) as caught:
        PAGE(body)

    assert caught.value.body == body


def test_a_page_may_be_the_list_itself():
    """`records: $`."""
    read = compile_head(records="$", id="properties.key")

    assert read(b'[{"properties":{"key":5}},{"properties":null}]').ids == ("5",)
    with pytest.raises(UnreadablePage):
        read(b"{}")


def test_ids_are_found_in_lists_within_lists():
    """`records: results[].stages`."""
    read = compile_head(records="results[].stages", id="id")

    assert read(b'{"results":[{"stages":[{"id":"1"},{"id":"2"}]},{"stages":[{"id":"3"}]}]}').ids == ("1", "2", "3")


@pytest.mark.parametrize(("value", "more"), [("true", True), ("false", False), ("null", False), ('"x"', True)])
def test_more_ends_at_null_and_false(value, more):
    """And at an absent key."""
    read = compile_head(more="info.more_records")

    assert read(f'{{"info":{{"more_records":{value}}}}}'.encode()).more is more
    assert read(b"{}").more is False


def test_a_name_with_a_dot_is_a_name():
    """`@odata\\.nextLink`."""
    assert compile_head(next=r"@odata\.nextLink")(b'{"@odata.nextLink":"u"}').next == "u"


def test_nothing_asked_is_nothing_read():
    """But JSON it must be."""
    assert compile_head()(b'{"a":1}') == Head()


@given(JSON)
def test_a_good_body_is_not_changed(document):
    """Byte for byte, unless it has a NUL or half a surrogate pair."""
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only)
        try:
            body = text.encode()
        except UnicodeEncodeError:
            continue
        if "\\u0000" not in text and _is_unicode(document):
            assert repair(body) == body


@given(JSON)
def test_a_mended_body_differs_only_in_nuls_and_surrogates(document):
    """Every string is what it was without its NULs, and with U+FFFD for a lone surrogate."""
    body = repair(json.dumps(document).encode())

    assert msgspec.json.decode(body) == msgspec.json.decode(json.dumps(_mended(document)).encode())


@example([b"\\u", b"\\u0000", b"0000"])
@given(st.lists(st.sampled_from([b"\\", b"\\u", b"0000", b"\\u0000", b"\\ud800", b"\\udc00", b"d8", b"\0", b"\xff"])))
def test_pieces_of_escapes_never_make_a_new_nul(pieces):
    """Taking one out must not put another together."""
    body = repair(b"".join(pieces))

    assert b"\0" not in body
    assert repair(body) == body


@given(st.binary())
def test_a_mended_body_is_always_unicode(body):
    """Whatever came."""
    repair(body).decode()


def _is_unicode(document):
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _mended(document):
    if isinstance(document, str):
        return document.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(document, list):
        return [_mended(item) for item in document]
    if isinstance(document, dict):
        return {_mended(key): _mended(value) for key, value in document.items()}
    return document
