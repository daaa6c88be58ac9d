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
from crmsync.spec.duration import seconds
from crmsync.spec.model import (
    Census,
    Check,
    Discover,
    ErrorPaths,
    ErrorRule,
    Field,
    Link,
    Lookup,
    Missing,
    ObjectField,
    Objects,
    Option,
    Pool,
    Reader,
    Record,
    Request,
    Spec,
    Stream,
    Transform,
)
from crmsync.spec.ways import Ways

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
    top = _put_in({k: v for k, v in tree.items() if k not in ("config", "vars", "streams", "defaults")}, shared, known)
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
        auth=tuple(ways.way(name, line, _request) for name, line in top.get("auth", {}).items()),
        check=Check(_request(top["check"]), top["check"]["account"], top["check"].get("facts", {})),
        discover=_discover(top["discover"]) if "discover" in top else None,
        pools={name: pool for name, line in top.get("limits", {}).items() if (pool := _pool(name, line))},
        error=_error_paths(top.get("error", {})),
        rules=tuple(_rule(rule) for rule in top.get("errors", [])),
        nulls=nulls,
        empty=tuple(top.get("empty", [204])),
        lookups={name: _lookup(name, line) for name, line in top.get("lists", {}).items()},
        streams={name: _stream(name, tree, objects, nulls, known) for name in tree["streams"]},
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


def _set(line: Mapping[str, Any]) -> dict[str, Any]:
    """`line` without the keys that a null switches off."""
    return {key: value for key, value in line.items() if value is not None}


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(bind.plain(bind.as_text(v)) for v in (value if isinstance(value, list) else [value]))


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
    )


def _discover(line: Mapping[str, Any]) -> Discover:
    return Discover(
        request=_request(line),
        name=line["name"],
        type=line["type"],
        label=line.get("label", line["name"]),
        types=line["types"],
        options=line.get("options"),
    )


def _lookup(name: str, line: Mapping[str, Any]) -> Lookup:
    also = {column: transform(rule) for column, rule in line.get("also", {}).items()}
    return Lookup(name, _request(line), line["key"], line["value"], line.get("within"), also)


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


def _error_paths(line: Mapping[str, Any]) -> ErrorPaths:
    return ErrorPaths(_texts(line.get("code")), line.get("message"), line.get("trace"))


def _rule(line: Mapping[str, Any]) -> ErrorRule:
    return ErrorRule(
        outcome=line["is"],
        status=_texts(line.get("status")),
        code=_texts(line.get("code")),
        when=bind.plain(line.get("when", {})),
        wait_s=seconds(line["wait"]) if "wait" in line else None,
        pool=line.get("pool"),
    )


def _request(line: Mapping[str, Any]) -> Request:
    line = _set(line)
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
        one="id" in bind.names([line[key] for key in ("do", "query", "headers", "body") if key in line]),
    )


# -- a stream ----------------------------------------------------------------------------------------------------------


def _stream(
    name: str, tree: Mapping[str, Any], objects: Objects, nulls: tuple[Any, ...], known: Mapping[str, Any]
) -> Stream:
    merged = merge(tree.get("defaults", {}), tree["streams"][name])
    templates = constants(tree.get("vars", {}), merged.get("vars") or {})
    local = {**known, "stream": name}
    line = _set(_put_in(merged, templates, local))
    read, deletes, canonical = _set(line["read"]), _set(line.get("deletes", {})), objects.get(name, {})
    census = _set(deletes.get("census", {}))
    sweep_s = seconds(census["every"]) if "every" in census else DEFAULT_SWEEP_S
    own = {n: bind.plain(bind.bind(value, local)) for n, value in templates.items()}
    fields = [field_of(n, at, canonical.get(n), nulls) for n, at in line["fields"].items() if at is not None]
    links = [_link(f.name, line["fields"][f.name], tree, templates, local) for f in fields if f is not None]
    return Stream(
        name=name,
        record=_record(line.get("record", {}), nulls),
        fields=tuple(f for f in fields if f is not None),
        full=_reader(read["full"], sweep_s),
        changes=_reader(read["changes"]) if "changes" in read else None,
        by_id=_request(read["by_id"]) if "by_id" in read else None,
        tombstones=_reader(deletes["tombstones"], DEFAULT_TOMBSTONES_S) if "tombstones" in deletes else None,
        census=Census(float(census.get("brake", "2%").rstrip("%")) / 100),
        cursor=own.get("cursor"),
        vars={**{n: v for n, v in local.items() if v is not None}, **own},
        links=tuple(link for link in links if link is not None),
    )


def _link(
    field: str, line: Any, tree: Mapping[str, Any], templates: Mapping[str, Any], local: Mapping[str, Any]
) -> Link | None:
    """How the links of one field are read; None for a field that the record holds."""
    line = _set(line) if isinstance(line, dict) else {}
    if "link" not in line or "at" in line:
        return None
    of = {"primary": None, **bind.plain(line["link"])}
    read = _put_in(tree["link"]["read"], templates, {**local, **of})
    prefer = bind.fill(read.get("prefer"), {})  # without `primary`, what asks for it is no condition
    missing = Missing(**bind.plain(read["missing_ok"])) if "missing_ok" in read else None
    return Link(field, _request(read), read["from"], read["ref"], prefer or None, missing)


def _reader(line: Mapping[str, Any], every_s: float | None = None) -> Reader:
    line = _set(line)
    return Reader(
        by=line.get("by", "list"),
        request=_request(line),
        bounds=line.get("bounds", "iso"),
        overlap_s=seconds(line.get("overlap", "0s")),
        total=line.get("total"),
        cap=line.get("cap"),
        every_s=seconds(line["every"]) if "every" in line else every_s,
        id=line.get("id"),
        deleted_at=line.get("deleted_at"),
    )


def _record(line: Mapping[str, Any], nulls: tuple[Any, ...]) -> Record:
    line = {"id": "id", **_set(line)}

    def meta(key: str, kind: str) -> Field | None:
        if key not in line:
            return None
        own = line[key] if isinstance(line[key], dict) else {"at": line[key]}
        return field_of(f"_{key}", {"as": kind, **own, "type": kind}, None, nulls)

    id_ = meta("id", "text")
    assert id_ is not None
    return Record(
        id=id_,
        updated_at=meta("updated_at", "timestamp"),
        created_at=meta("created_at", "timestamp"),
        archived=meta("archived", "boolean"),
        deleted=bind.plain(line.get("deleted")),
        merged=line.get("merged"),
        values=line.get("values", ""),
    )


def field_of(name: str, line: Any, canonical: ObjectField | None, nulls: tuple[Any, ...]) -> Field | None:
    """One field line as a Field, or None where its place is an option that is not set."""
    line = _set(line) if isinstance(line, dict) else {"at": line}
    if any(bind.names(line.get("at", line.get("link")))):
        return None
    type_ = line.get("type") or (canonical.type if canonical else "text")
    return Field(
        name=name,
        type=type_,
        at=_texts(line.get("at")),
        transform=transform(line.get("as", type_)),
        nulls=(*nulls, *line.get("nulls", ())),
        on_bad=line.get("on_bad", "hold"),
        default=line.get("default"),
        optional=line.get("optional", False),
        prefer=bind.plain(line.get("prefer")),
        within=line.get("within"),
        title=line.get("title") or (canonical.title if canonical else ""),
    )


def transform(line: Any) -> Transform:
    """`email` or `{list: stage, take: status}` as a Transform; several keys become a map argument."""
    return Transform(line) if isinstance(line, str) else _transform(bind.plain(line))


def _transform(line: Mapping[str, Any]) -> Transform:
    if "case" in line:
        other = line["else"]
        return Transform("case", {**line, "else": _transform(other) if isinstance(other, dict) else other})
    kind = next(key for key in line if key != "take")
    return Transform(kind, line[kind] if len(line) == 1 else dict(line))
