"""A checked document and the values known so far -> Spec. Called again when the account's facts are known.

The document must have passed check.py: shapes are taken for granted here. Secrets are not put in: the templates of
`auth` keep their placeholders, so that a Spec may be printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from crmsync.spec import bind
from crmsync.spec.build_fields import field_of, on, record_of, texts, transform
from crmsync.spec.duration import seconds
from crmsync.spec.model import (
    Census,
    Check,
    Discover,
    ErrorPaths,
    ErrorRule,
    Field,
    Flag,
    Link,
    Lookup,
    Missing,
    Objects,
    Option,
    Pool,
    Probe,
    Reader,
    Request,
    Spec,
    Stream,
)
from crmsync.spec.transport import GIVEN, carried, inside, within
from crmsync.spec.ways import Ways

_APART = ("config", "vars", "streams", "defaults")
DEFAULT_SWEEP_S = 7 * 86400.0
DEFAULT_TOMBSTONES_S = 86400.0


def merge(inherited: Any, own: Any) -> Any:
    """Deep merge of two maps; `null` in `own` removes what it inherits."""
    if not (isinstance(inherited, dict) and isinstance(own, dict)):
        return own
    merged = {**inherited}
    for key, value in own.items():
        if value is None and key in inherited:
            del merged[key]
        else:
            merged[key] = merge(merged[key], value) if key in merged else value
    return merged


def options(tree: Mapping[str, Any]) -> dict[str, Option]:
    """The options that a connection may set."""
    return {name: _option(name, line or {}) for name, line in tree.get("config", {}).items()}


def build(tree: Mapping[str, Any], objects: Objects, values: Mapping[str, Any]) -> Spec:
    """The spec with `values` (options by name, then account facts) put in; other placeholders stay.

    `objects` are the canonical objects: they give the types of fields that they name.
    """
    shared = constants(tree.get("vars", {}), {})
    known = _known(tree, shared, values)
    top = _put_in({k: v for k, v in tree.items() if k not in (*_APART, "transport")}, shared, known)
    transport = _transport(tree, shared, known)
    nulls = tuple(top.get("nulls", [None]))
    hosts = set(_hosts(_put_in(tree, shared, known)))
    base_url = str(known.get("base_url") or "")
    ways = Ways(bind.expand(tree.get("auth", {}), shared), tree.get("config", {}), base_url)
    return Spec(
        name=top["name"],
        title=top.get("title", top["name"]),
        version=str(top.get("version", "0")),
        options=options(tree),
        hosts=tuple(sorted(hosts)),
        known_hosts=tuple(sorted(hosts.union(_hosts(tree)))),
        base_url=base_url,
        auth=tuple(
            ways.way(name, line, lambda do: _request(do, {}))
            for name, line in top.get("auth", {}).items()
            if bind.holds(line.get("when", {}), known)
        ),
        check=_check(top["check"], tree["check"]["account"], transport),
        discover=_discover(top["discover"], transport) if "discover" in top else None,
        pools={name: pool for name, line in top.get("limits", {}).items() if (pool := _pool(name, line))},
        error=_error_paths(top.get("error", {}), transport),
        rules=tuple(_rule(rule) for rule in top.get("errors", [])),
        nulls=nulls,
        empty=tuple(top.get("empty", [204])),
        lookups={n: _lookups(line, top.get("discover", {}), transport) for n, line in top.get("lists", {}).items()},
        streams={name: _stream(name, tree, objects, nulls, known, transport) for name in tree["streams"]},
    )


def constants(top: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Constants, each with those it names put in; check.py has refused circles."""
    pending = {**top, **own}
    for _ in range(len(pending)):
        pending = {name: bind.expand(value, pending) for name, value in pending.items()}
        if not any(name in pending for value in pending.values() for name in bind.names(value)):
            break
    return pending


# -- values ------------------------------------------------------------------------------------------------------------


def _known(tree: Mapping[str, Any], shared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Options, their defaults where unset, then facts. None: an option without a value. Secrets are left out."""
    declared = options(tree)
    secret = {name for name, option in declared.items() if option.secret}
    given = {name: value for name, value in values.items() if value is not None and name not in secret}
    known = {**{name: None for name, o in declared.items() if o.default is None and name not in secret}, **given}
    pending = {n: bind.expand(o.default, shared) for n, o in declared.items() if n not in known and n not in secret}
    for _ in range(len(pending)):  # a default may name other options
        pending = {name: bind.bind(default, known) for name, default in pending.items()}
        ready = {name: d for name, d in pending.items() if not any(bind.names(d)) and not isinstance(d, dict)}
        known |= bind.plain(ready)
    return {**dict.fromkeys(pending), **known}


def _put_in(line: Mapping[str, Any], shared: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Constants and known values in their places; those in a request's path are URL-encoded."""
    return bind.bind(_paths(bind.expand(line, shared), known), known)


def _paths(node: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_paths(item, known) for item in node]
    if not isinstance(node, dict):
        return node
    return {k: _path(v, known) if k in ("do", "token") else _paths(v, known) for k, v in node.items()}


def _path(do: Any, known: Mapping[str, Any]) -> Any:
    method, _, target = do.partition(" ") if isinstance(do, str) else ("", "", "")
    if method not in ("GET", "POST"):
        return do  # an entry of a body that happens to have this name
    start = re.match(r"\$[a-z_][a-z0-9_]*(?=/)", target)  # an option that holds a URL: as it is
    head, tail = (start[0], target[start.end() :]) if start else ("", target)
    encoded = {n: quote(bind.as_text(v), safe="") for n, v in known.items() if v is not None}
    return f"{method} {head}{bind.bind(tail, encoded)}"


def _hosts(node: Any) -> Iterator[str]:
    """Every host that the spec itself names: the only ones that a URL from an answer may point to."""
    if isinstance(node, str):
        found = re.search(r"(?:^|\s)https://([A-Za-z0-9.-]+)(?=[:/?#]|$)", node)
        if found and "$" not in urlsplit(found[0].strip()).netloc:
            yield found[1].lower()
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in ("title", "authorize"):  # the browser goes there, we do not
                yield from _hosts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _hosts(value)


# -- the top of a spec -------------------------------------------------------------------------------------------------


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
        probe=_probe(line["probe"]) if "probe" in line else None,
    )


def _probe(line: Mapping[str, Any]) -> Probe:
    return Probe(_request({"do": line["do"]}, {}), line["json"], line["is"], line["else"])


def _check(line: Mapping[str, Any], account: str, transport: Mapping[str, Any]) -> Check:
    """`account` as it was written: with a placeholder it is a value and no path."""
    fixed = any(bind.names(account))
    return Check(
        request=_request(line, transport),
        account=None if fixed else inside(transport, line["account"]),
        fixed=line["account"] if fixed else None,
        facts={name: inside(transport, path) for name, path in line.get("facts", {}).items()},
    )


def _discover(line: Mapping[str, Any], transport: Mapping[str, Any]) -> Discover:
    options = {key: str(path) for key, path in line["options"].items()} if "options" in line else None
    return Discover(
        request=_request(line, transport),
        name=line.get("name"),
        type=line["type"],
        label=line.get("label", line.get("name")),
        types=line["types"],
        options=options,
        readonly=_flag(line["readonly"]) if "readonly" in line else None,
        length=line.get("length"),
    )


def _flag(line: Any) -> Flag:
    return Flag(line["at"], line.get("as") == "not") if isinstance(line, dict) else Flag(line)


def _lookups(written: Any, discover: Mapping[str, Any], transport: Mapping[str, Any]) -> tuple[Lookup, ...]:
    """A list; of several requests, the further ones are merged over the first."""
    first, *rest = written if isinstance(written, list) else [written]
    return tuple(_lookup(line, discover, transport) for line in [first, *(merge(first, line) for line in rest)])


def _lookup(line: Mapping[str, Any], discover: Mapping[str, Any], transport: Mapping[str, Any]) -> Lookup:
    stream, _, field = line.get("options", "").partition(".")
    paths = {"key": discover["options"]["value"], "value": discover["options"]["label"]} if stream else line
    return Lookup(
        request=None if stream else _request(line, transport),
        key=str(paths["key"]),
        value=str(paths["value"]),
        within=line.get("within"),
        also=tuple(_also(column, how) for column, how in line.get("also", {}).items()),
        options=(stream, field) if stream else None,
    )


def _also(name: str, line: Any) -> Field:
    """A further column of a list: a path, or a line with `at`, or a `case`."""
    line = line if isinstance(line, dict) else {"at": line}
    how = line if "case" in line else line.get("as", "text")
    return Field(name, "text", texts(line.get("at")), transform(how))


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


def _error_paths(line: Mapping[str, Any], transport: Mapping[str, Any]) -> ErrorPaths:
    outer = transport.get("error")
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
    )


def _transport(tree: Mapping[str, Any], shared: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of calls. Its `$model`, `$method` and `$args` are the call's, whatever else has such a name."""
    apart = {name: value for name, value in shared.items() if name not in GIVEN}
    line: dict[str, Any] = _put_in(tree.get("transport", {}), apart, known)
    return line


def _request(line: Mapping[str, Any], transport: Mapping[str, Any]) -> Request:
    line = carried(on(line), transport)
    method, _, path = line["do"].partition(" ")
    return Request(
        method=method,
        path=path,
        query=line.get("query", {}),
        headers=line.get("headers", {}),
        body=line.get("body"),
        records=line.get("records", "$"),
        uses=tuple(line.get("uses", ())),
        cost=line.get("cost", 1),
        limit=line.get("limit"),
        batch=line.get("batch"),
        item=line.get("item"),
        names_max=line.get("names_max"),
        page=line.get("page"),
        next=line.get("next"),
        more=line.get("more"),
        carried=line.get("carried", False),
        one="id" in bind.names([line[key] for key in ("do", "query", "headers", "body") if key in line]),
    )


# -- a stream ----------------------------------------------------------------------------------------------------------


def _stream(
    name: str,
    tree: Mapping[str, Any],
    objects: Objects,
    nulls: tuple[Any, ...],
    known: Mapping[str, Any],
    transport: Mapping[str, Any],
) -> Stream:
    merged = merge(tree.get("defaults", {}), tree["streams"][name])
    templates = constants(tree.get("vars", {}), merged.get("vars") or {})
    local = {**known, "stream": name}
    line = on(_put_in(merged, templates, local))
    read, deletes, canonical = on(line["read"]), on(line.get("deletes", {})), objects.get(name, {})
    census = on(deletes.get("census", {}))
    counted = bool(census.keys() - {"every", "brake"})  # by a request of its own
    sweep_s = seconds(census["every"]) if "every" in census and not counted else DEFAULT_SWEEP_S
    own = {n: bind.plain(bind.bind(value, local)) for n, value in templates.items()}
    fields = [field_of(n, at, canonical.get(n), nulls) for n, at in line["fields"].items() if at is not None]
    links = [_link(f.name, line["fields"][f.name], tree, templates, local, transport) for f in fields if f is not None]
    return Stream(
        name=name,
        record=record_of(line.get("record", {}), nulls),
        fields=tuple(f for f in fields if f is not None),
        full=_reader(read["full"], transport, sweep_s),
        changes=_reader(read["changes"], transport) if "changes" in read else None,
        by_id=_request(read["by_id"], transport) if "by_id" in read else None,
        tombstones=_reader(deletes["tombstones"], transport, DEFAULT_TOMBSTONES_S) if "tombstones" in deletes else None,
        census=Census(
            brake=float(census.get("brake", "2%").rstrip("%")) / 100,
            reader=_reader(census, transport, DEFAULT_SWEEP_S) if counted else None,
        ),
        cursor=own.get("cursor"),
        vars={**{n: v for n, v in local.items() if v is not None}, **own},
        links=tuple(link for link in links if link is not None),
        confirm=_request(deletes["confirm"], transport) if "confirm" in deletes else None,
    )


def _link(
    field: str,
    line: Any,
    tree: Mapping[str, Any],
    templates: Mapping[str, Any],
    local: Mapping[str, Any],
    transport: Mapping[str, Any],
) -> Link | None:
    """How the links of one field are read; None for a field that the record holds."""
    line = on(line) if isinstance(line, dict) else {}
    if "link" not in line or "at" in line:
        return None
    of = {"primary": None, **bind.plain(line["link"])}
    read = _put_in(tree["link"]["read"], templates, {**local, **of})
    prefer = bind.fill(read.get("prefer"), {})  # without `primary`, what asks for it is no condition
    missing = Missing(**bind.plain(read["missing_ok"])) if "missing_ok" in read else None
    return Link(field, _request(read, transport), read["from"], read["ref"], prefer or None, missing)


def _reader(line: Mapping[str, Any], transport: Mapping[str, Any], every_s: float | None = None) -> Reader:
    line = carried(on(line), transport)
    return Reader(
        by=line.get("by", "list"),
        request=_request(line, transport),
        bounds=line.get("bounds", "iso"),
        overlap_s=seconds(line.get("overlap", "0s")),
        total=line.get("total"),
        cap=line.get("cap"),
        every_s=seconds(line["every"]) if "every" in line else every_s,
        id=line.get("id"),
        deleted_at=line.get("deleted_at"),
        token=line.get("token"),
        split=line.get("split", False),
    )
