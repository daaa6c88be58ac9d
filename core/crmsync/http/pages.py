"""What the next request needs from a page's body, and nothing else: cursor, total, ids. The records stay text.

Compiled once a stream; msgspec skips everything that is not asked for, without making objects of it. It refuses
nesting deeper than about a thousand levels, which the engine behind it reads without harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from crmsync.errors import UnreadablePage
from crmsync.http.paths import EACH, steps

_NULS_OR_SURROGATES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ITSELF = ""  # in the place of EACH: the record stands there itself. No step of a path is empty
_ESCAPES = re.compile(rb"\\(?:u([dD][89abAB]..)\\u([dD][c-fC-F]..)|u([0-9a-fA-F]{4})|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """What a page tells about the next one, and by `token` about the next reading. `more`: None where it does not say.

    `entries` counts the records that are there, those without an id included.
    """

    next: str | None = None
    more: bool | None = None
    total: int | None = None
    ids: tuple[str, ...] = ()
    entries: int = 0
    token: str | None = None


def compile_head(
    *,
    next: str | None = None,  # noqa: A002 - the spec's own word
    more: str | None = None,
    total: str | None = None,
    records: str | None = None,
    id: str | None = None,  # noqa: A002
    one: bool = False,
    token: str | None = None,
) -> Callable[[bytes], Head]:
    """A reader of page bodies, from the spec's paths. Only what is given is read; `id` counts from a record.

    The reader raises UnreadablePage for what is not JSON, or where `records` is not a list of objects (with `one`: not
    an object).
    """
    tree: dict[str, Any] = {}
    cursor = str | int | bool | None
    for path, leaf in ((next, cursor), (more, Any), (total, int | str | None), (token, cursor)):
        if path is not None:
            _plant(tree, steps(path), leaf)
    each = (*steps(records), _ITSELF if one else EACH) if records is not None else ()
    if each:
        _plant(tree, each, {})
    if each and id is not None:
        _plant(tree, (*each, *steps(id)), str | int | None)
    decoder = msgspec.json.Decoder(_typed(tree))
    next_of, more_of, total_of, id_of, token_of = map(_getter, (next, more, total, id, token))

    def read(body: bytes) -> Head:
        page = _decoded(decoder, body)
        found = _nodes(page, each) if each else []
        return Head(
            next=_cursor(next_of(page), body) if next is not None else None,
            more=more_of(page) not in (None, False, "false") if more is not None else None,
            total=_count(total_of(page), body) if total is not None else None,
            ids=tuple([str(value) for value in map(id_of, found) if value is not None]) if id else (),
            entries=len(found),
            token=_cursor(token_of(page), body) if token is not None else None,
        )

    return read


@cache
def compile_value(path: str) -> Callable[[bytes], Any]:
    """A reader of what stands at `path` in a body, as Python objects; None where nothing does.

    The reader raises UnreadablePage for what is not JSON, or where something else leads there than objects.
    """
    tree: dict[str, Any] = {}
    _plant(tree, steps(path), Any)
    decoder, value_of = msgspec.json.Decoder(_typed(tree)), _getter(path)
    return lambda body: value_of(_decoded(decoder, body))


def repair(body: bytes) -> bytes:
    """`body` without NULs and with U+FFFD for what is not Unicode: lone surrogates, bytes that are no UTF-8.

    PostgreSQL refuses the first, JSON readers the others; nothing else changes.
    """
    if b"\0" in body:
        body = body.replace(b"\0", b"")
    if not body.isascii():
        body = body.decode("utf-8", "replace").encode()
    return _ESCAPES.sub(_mended, body) if _NULS_OR_SURROGATES.search(body) else body


def _mended(match: re.Match[bytes]) -> bytes:
    if match[0] == b"\\u":
        return rb"\x"  # no JSON, and must not become some when what follows it is taken out
    code = match[3]
    if code is None or not _NULS_OR_SURROGATES.match(match[0]):
        return match[0]  # a good pair, or another escape
    return b"" if code == b"0000" else rb"\ufffd"


def _plant(tree: dict[str, Any], path: tuple[str, ...], leaf: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree.setdefault(path[-1], leaf)


def _typed(tree: Any) -> Any:
    """The msgspec type of a tree: objects with just the keys that are read. What leads to the records must be there."""
    if not isinstance(tree, dict):
        return tree
    if EACH in tree:
        return list[_typed(tree[EACH])]  # type: ignore[misc]
    if _ITSELF in tree:
        return _typed(tree[_ITSELF])
    fields: list[Any] = []
    for key, node in sorted(tree.items(), key=lambda item: not _has_records(item[1])):
        if _has_records(node):
            fields.append((_attribute(key), _typed(node), msgspec.field(name=key)))
        else:
            fields.append((_attribute(key), _typed(node) | None, msgspec.field(name=key, default=None)))
    return msgspec.defstruct("Page", fields, gc=False)  # texts and numbers only; they would wake the collector


def _has_records(node: Any) -> bool:
    return isinstance(node, dict) and (EACH in node or _ITSELF in node or any(map(_has_records, node.values())))


def _attribute(key: str) -> str:
    return f"key_{key.encode().hex()}"  # JSON keys are any text, attributes are not


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except RecursionError:
        raise UnreadablePage("the page is nested too deep", body=body) from None
    except msgspec.ValidationError as error:
        raise UnreadablePage(f"the page has another shape: {error}", body=body) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadablePage(f"the page is not JSON: {error}", body=body) from None


def _getter(path: str | None) -> Callable[[Any], Any]:
    """Reads a path of attributes; compiled once, since it is called for every record."""
    names = tuple(map(_attribute, steps(path or "")))
    if len(names) == 1:
        return attrgetter(names[0])

    def get(node: Any) -> Any:
        for name in names:
            node = getattr(node, name, None)
        return node

    return get


def _nodes(page: Any, each: tuple[str, ...]) -> list[Any]:
    """The records, in the order of the page; one without an id is the mapping's business."""
    nodes = [page]
    for step in each:
        if step == EACH:
            nodes = [child for node in nodes for child in node]
        elif step != _ITSELF:
            name = _attribute(step)
            nodes = [getattr(node, name) for node in nodes]
    return nodes


def _cursor(value: str | int | bool | None, body: bytes) -> str | None:
    if value is True:
        raise UnreadablePage("the page's cursor is `true`", body=body)
    return None if value is None or value is False or value == "" else str(value)


def _count(value: int | str | None, body: bytes) -> int | None:
    try:
        return None if value is None else int(value)
    except ValueError:
        raise UnreadablePage("the page's total is not a number", body=body) from None
