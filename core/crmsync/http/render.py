"""A request of the spec and values -> what goes on the wire. Pure.

Values are percent-encoded in paths and queries, lists are comma-joined there; in a body a value keeps its JSON type.
Literals inside a text are quoted. An entry whose placeholder has no value is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec

from crmsync.errors import BadRequest
from crmsync.http.paths import as_text
from crmsync.http.wire import Message
from crmsync.spec import bind
from crmsync.spec.model_stream import Request


class Literals(list[str]):
    """Values of people's own that a query may hold: inside a text each of them is a literal, as in SQL.

    It stands in single quotes, and one in it is doubled, so that no value ends its literal, whatever it is.
    """


def render(request: Request, values: Mapping[str, Any], base_url: str, url: str | None = None) -> Message:
    """The message for `request`; `url`, a link of an answer, stands for path and query."""
    headers = {"Accept": "application/json", "User-Agent": "crmsync"}
    body = None
    if request.body is not None:
        body = msgspec.json.encode(bind.fill(request.body, values, joined))
        headers["Content-Type"] = "application/json"
    headers |= {name: _header(name, value) for name, value in bind.fill(request.headers, values, joined).items()}
    target = url or base_url.rstrip("/") + _path(request, values) + _query(request, values)
    return Message(request.method, target, headers, body)


def joined(value: Any) -> str:
    """A value inside a text."""
    if isinstance(value, Literals):
        return ",".join(f"'{text.replace(chr(39), chr(39) * 2)}'" for text in value)
    return ",".join(map(as_text, value)) if isinstance(value, list | tuple) else as_text(value)


def _header(name: str, value: Any) -> str:
    text = joined(value)
    if not (text.isascii() and text.isprintable()):  # a line break would begin a header of its own
        raise BadRequest(f"a value that does not fit into the header {name}")
    return text


def _path(request: Request, values: Mapping[str, Any]) -> str:
    path = bind.fill(request.path, values, lambda value: quote(joined(value), safe=""))
    if path is None:
        lacking = sorted(name for name in bind.names(request.path) if values.get(name) is None)
        raise BadRequest(f"{request.method} {request.path} lacks a value for ${', $'.join(lacking)}")
    if any(unquote(segment) in (".", "..") for segment in path.split("/")):  # they would lead elsewhere
        raise BadRequest(f"{request.method} {request.path}: a value that is a path of its own")
    return str(path)


def _query(request: Request, values: Mapping[str, Any]) -> str:
    query = bind.fill(request.query, values, joined)
    if not query:
        return ""
    pairs = [(name, joined(value)) for name, value in query.items()]
    return ("&" if "?" in request.path else "?") + urlencode(pairs, quote_via=quote, safe=",")
