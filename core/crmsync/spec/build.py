"""A checked document and the values known so far -> Spec. Called again when the account's facts are known.

The document must have passed check.py: shapes are taken for granted here. Secrets are not put in: the templates of
`auth` keep their placeholders, so that a Spec may be printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crmsync.spec import bind
from crmsync.spec.build_fields import texts
from crmsync.spec.build_requests import Requests
from crmsync.spec.build_stream import Streams
from crmsync.spec.duration import seconds
from crmsync.spec.model import ErrorPaths, ErrorRule, Objects, Option, Pool, Spec
from crmsync.spec.transport import GIVEN, Transport, within
from crmsync.spec.values import Values, constants, known_of
from crmsync.spec.ways import Ways


def options(tree: Mapping[str, Any]) -> dict[str, Option]:
    """The options that a connection may set."""
    return {name: _option(name, line or {}) for name, line in tree.get("config", {}).items()}


def build(tree: Mapping[str, Any], objects: Objects, values: Mapping[str, Any]) -> Spec:
    """The spec with `values` (options by name, then account facts) put in; other placeholders stay.

    `objects` are the canonical objects: they give the types of fields that they name.
    """
    declared, shared = options(tree), constants(tree.get("vars", {}), {})
    known = known_of(declared, shared, values)
    top = Values(shared, known).put_in(tree)
    nulls = tuple(top.get("nulls", [None]))
    hosts = set(_hosts(top))
    base_url = str(known.get("base_url") or "")
    ways = Ways(bind.expand(tree.get("auth", {}), shared), tree.get("config", {}), base_url)
    # In the envelope `$model`, `$method` and `$args` are the call's, whatever else has such a name.
    envelope = Values({name: value for name, value in shared.items() if name not in GIVEN}, known)
    requests = Requests(Transport(envelope.put_in(tree.get("transport", {}))))
    streams = Streams(tree, objects, known, nulls, requests)
    return Spec(
        name=top["name"],
        title=top.get("title", top["name"]),
        version=str(top.get("version", "0")),
        options=declared,
        hosts=tuple(sorted(hosts)),
        known_hosts=tuple(sorted(hosts.union(_hosts(tree)))),
        base_url=base_url,
        auth=tuple(
            ways.way(name, line)
            for name, line in top.get("auth", {}).items()
            if bind.holds(line.get("when", {}), known)
        ),
        check=requests.check(top["check"], tree["check"]["account"]),
        discover=requests.discover(top["discover"]) if "discover" in top else None,
        pools={name: pool for name, line in top.get("limits", {}).items() if (pool := _pool(name, line))},
        error=_error_paths(top.get("error", {}), requests.transport.error),
        rules=tuple(_rule(rule) for rule in top.get("errors", [])),
        nulls=nulls,
        clear=bind.plain(top.get("clear")),
        empty=tuple(top.get("empty", [204])),
        lookups={n: requests.lookups(line, top.get("discover", {})) for n, line in top.get("lists", {}).items()},
        streams={name: streams.stream(name) for name in tree["streams"]},
    )


def _hosts(node: Any) -> Iterator[str]:
    """Every host that the spec itself names: the only ones that a URL from an answer may point to."""
    if isinstance(node, str):
        found = re.search(r"(?:^|\s)https://([A-Za-z0-9.-]+)(?=[:/?#]|$)", node) if "https:" in node else None
        if found and "$" not in urlsplit(found[0].strip()).netloc:
            yield found[1].lower()
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in ("title", "authorize"):  # the browser goes there, we do not
                yield from _hosts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _hosts(value)


def _option(name: str, line: Mapping[str, Any]) -> Option:
    if "by" in line:
        return Option(name=name, default=line)  # its default depends on another option
    return Option(
        name=name,
        title=line.get("title", ""),
        type=line.get("type", "text"),
        default=line.get("default"),
        required=line.get("required", False),
        secret=line.get("secret", False),
        choice=tuple(line.get("choice", ())),
        probe=Requests().probe(line["probe"]) if "probe" in line else None,
    )


def _pool(name: str, line: Mapping[str, Any]) -> Pool | None:
    """The limit; None where its number is an option that is not set, or 0: no limit."""
    kind = next(k for k in ("rate", "budget", "concurrent") if k in line)
    number = _number(line[kind])
    if not number:
        return None
    zone = line.get("zone", "UTC")
    return Pool(
        name=name,
        rate=number if kind == "rate" else None,
        per_s=seconds(line.get("per", "1s")),
        budget=number if kind == "budget" else None,
        resets=line.get("resets", "24h"),
        zone="UTC" if any(bind.names(zone)) else zone,  # until the account's zone is known
        concurrent=number if kind == "concurrent" else None,
        default=line.get("default", False),
        remaining=line.get("remaining"),
    )


def _number(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value.get("else")  # a pick by a fact that is not known yet
    return None if value is None or any(bind.names(value)) else int(value)


def _error_paths(line: Mapping[str, Any], outer: str | None) -> ErrorPaths:
    code = tuple(within(outer, path) for path in texts(line.get("code")))
    message, trace = (within(outer, line[key]) if key in line else None for key in ("message", "trace"))
    return ErrorPaths(code, message, trace, outer)


def _rule(line: Mapping[str, Any]) -> ErrorRule:
    return ErrorRule(
        outcome=line["is"],
        status=texts(line.get("status")),
        code=texts(line.get("code")),
        when=bind.plain(line.get("when", {})),
        wait_s=seconds(line["wait"]) if "wait" in line else None,
        pool=line.get("pool"),
        exhausted_after_s=seconds(line["exhausted_after"]) if "exhausted_after" in line else None,
        budget=line.get("budget"),
        hint=line.get("hint"),
        options=tuple(line.get("options", ())),
        existing=texts(line.get("existing")),
    )
