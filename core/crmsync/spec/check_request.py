"""Meaning of one request: its address, its limits, how it goes on. Part of check.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crmsync.spec import bind
from crmsync.spec.schema_faults import Finding, later, near, shown
from crmsync.spec.scope import Scope
from crmsync.spec.yaml import Path

_WAYS = {"keyset": "after_id", "number": "page", "offset": "offset"}
_ADDRESS = re.compile(r"(?:/|https://[A-Za-z0-9.-]+(?:/|\Z))[^\s?#]*")


def request_findings(
    line: Mapping[str, Any],
    at: Callable[..., Path],
    scope: Scope,
    pools: Collection[str],
    options: Collection[str],
    *,
    carries: bool,
) -> Iterator[Finding]:
    """Everything that is wrong with the meaning of the request `line`; `at` gives the place of one of its keys.

    `carries`: the spec has a transport for calls.
    """
    if "limit" not in line:
        scope = replace(scope, allowed=scope.allowed - {"limit"})
    for key, value in line.items():
        yield from scope.findings(value, at(key))
    for index, pool in enumerate(line.get("uses", ())):
        if pool is not None and pool not in pools:
            yield Finding(at("uses", index), "SP203", f"there is no limit `{pool}`{near(pool, pools)}")
    if "call" in line and not carries:
        yield Finding(at("call"), "SP209", "a `call` needs the `transport` that carries it")
    if "do" in line and "call" in line:
        yield Finding(at("call"), "SP209", "a request is `do` or `call`, not both")
    if isinstance(line.get("do"), str):
        yield from address_findings(line["do"].partition(" ")[2], at("do"), scope, options)
    yield from _paged(line, at)


def ids_findings(line: Mapping[str, Any], at: Callable[..., Path], *, one: bool) -> Iterator[Finding]:
    """What is wrong with the way in which the request `line` asks for ids: many at once, or a single `one`."""
    used = set(bind.names({key: value for key, value in line.items() if key != "item"}))
    if "id" in used and not one:
        yield Finding(at(), "SP102", later("`$id` outside of `item`, one record a request,"))
    elif "id" in used:
        for key in ("batch", "item"):
            if key in line:
                why = f"`$id` outside of `item` asks for one record a request, so there is no `{key}`"
                yield Finding(at(key), "SP208", why)
    elif not used & {"ids", "items"}:
        ways = "`$ids`, `$items` or `$id`" if one else "`$ids` or `$items`"
        yield Finding(at(), "SP208", f"`{at()[-1]}` must ask for {ways}")
    if "items" in used and "item" not in line:
        yield Finding((*at(), "item?"), "SP208", "`$items` needs `item`")
    if "item" in line and "id" not in set(bind.names(line["item"])):
        yield Finding(at("item"), "SP208", "`item` must hold `$id`")


def _paged(line: Mapping[str, Any], at: Callable[..., Path]) -> Iterator[Finding]:
    """Each way to page asks for its own place, and knows where it ends."""
    way = line.get("page")
    if way not in _WAYS:
        return
    if _WAYS[way] not in set(bind.names(dict(line))):
        yield Finding(at("page"), "SP208", f"`page: {way}` must ask for `${_WAYS[way]}`")
    if way == "keyset":
        return
    if "next" in line:
        yield Finding(at("next"), "SP208", f"`page: {way}` counts by itself, so there is no `next`")
    if "more" not in line and "limit" not in line:
        why = f"`page: {way}` ends by `more` or at a page that is not full: `limit` is missing"
        yield Finding(at("page"), "SP208", why)


def address_findings(target: str, place: Path, scope: Scope, options: Collection[str]) -> Iterator[Finding]:
    """What is wrong with where a request goes."""
    target = str(bind.expand(target, scope.values))
    start = re.match(r"\$([a-z_][a-z0-9_]*)", target)
    if start and start[1] in options and target[start.end() :][:1] in ("", "/"):
        return  # an option that holds a URL
    if start and start[1] in scope.constants:
        return  # its circle is told where it is
    if not _ADDRESS.fullmatch(target):
        why = f"a request goes to a path (/...) or an https URL, not {shown(target)}"
        yield Finding(place, "SP209", why)
