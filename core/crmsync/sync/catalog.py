"""What the provider says about itself, read once a run: the account, its fields, and its look-up lists.

These are small documents, so they are read as Python objects; records never are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from crmsync.errors import UnexpectedAnswer, WrongAccount
from crmsync.http import Client
from crmsync.http.paths import EACH_VALUE, as_text, meets, steps, values_at
from crmsync.mapping import list_variable, options_variable, set_lookup_sql
from crmsync.spec.model import META, Discover, Field, Lookup, Spec, Stream, Transform
from crmsync.store import FileStore

ALL = "all"
_PARENT = re.compile(r"\^(.+)")
_NAME_MAX = 63


@dataclass(frozen=True, slots=True)
class Account:
    """Whose data it is, the facts that the spec's fields use, and the provider's clock when it was asked."""

    id: str
    facts: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a field: what records hold, what people see, and all that the provider says of it."""

    value: str
    label: str
    entry: Any


@dataclass(frozen=True, slots=True)
class Described:
    """A field as the provider describes it; `length`: the most characters that it holds."""

    name: str
    type: str
    label: str
    options: tuple[Option, ...]
    readonly: bool = False
    length: int | None = None


async def read_account(client: Client, spec: Spec) -> Account:
    """Ask who we are; proves credentials and host as well."""
    answer = await client.send(spec.check.request, {}, stream="")
    document, check = _json(answer), spec.check
    found = [check.fixed] if check.account is None else values_at(document, check.account)
    if not found:
        raise UnexpectedAnswer(f"The provider's answer about the account has no {check.account}.")
    facts = {name: next(iter(values_at(document, path)), None) for name, path in check.facts.items()}
    return Account(str(found[0]), facts, answer.server_time or datetime.now(UTC))


def pin(account: Account, known: str | None, connection: str) -> None:
    """Refuse to mix the data of two accounts in one mirror."""
    if known is not None and known != account.id:
        raise WrongAccount(
            f"The credentials of {connection} belong to account {account.id}; the store holds account {known}."
        )


async def read_fields(client: Client, spec: Spec, stream: Stream) -> tuple[Described, ...]:
    """All fields of a stream's records, as the provider describes them."""
    discover = spec.discover
    if discover is None:
        return ()
    document = _json(await client.send(discover.request, stream.vars, stream=stream.name))
    return tuple(_described(discover, name, entry) for name, entry in _fields(discover, document))


def needs_fields(stream: Stream, wanted: Collection[str] | str) -> bool:
    """Whether a run must ask for the description of fields at all."""
    return bool(wanted) or any(f.optional or f.transform.kind == "options" for f in stream.fields)


def with_custom(spec: Spec, stream: Stream, described: Sequence[Described], wanted: Collection[str] | str) -> Stream:
    """The stream with the fields that the connection asks for, and without optional ones that the account lacks.

    A field that is not mapped is named in lower case, with `_raw` behind it where that name is taken.
    """
    there = {d.name for d in described}
    kept = [f for f in stream.fields if not f.optional or any(_is_there(path, there) for path in f.at)]
    mapped = {path for f in kept for path in f.at}
    taken = {name.lower() for name in (*META, *(f.name for f in kept))}
    for item in described:
        if item.name in mapped or (wanted != ALL and item.name not in wanted):
            continue
        name = _free_name(item.name, taken)
        taken.add(name)
        kept.append(_custom(item, name, spec))
    return replace(stream, fields=tuple(kept))


def unknown_fields(described: Sequence[Described], wanted: Collection[str] | str) -> list[str]:
    """The fields that a connection asks for and the account does not have."""
    there = {d.name for d in described}
    return [] if wanted == ALL else sorted(set(wanted) - there)


def set_options(store: FileStore, stream: Stream, described: Sequence[Described]) -> None:
    """Give the engine the labels of the options of each field that is read by them."""
    options = {d.name: d.options for d in described}
    for field in stream.fields:
        if field.transform.kind == "options":
            given = options.get(field.at[0], ())
            _set(store, options_variable(stream.name, field.name), [o.value for o in given], [o.label for o in given])


async def read_lists(client: Client, spec: Spec, stream: Stream) -> dict[str, list[dict[str, str | None]]]:
    """The look-up lists that a stream uses; an entry has `key`, `value`, `within` and the columns of `also`."""
    used = stream.lists
    documents: dict[str, Any] = {}
    tables = {}
    for name, lookup in spec.lookups.items():
        if name not in used:
            continue
        key = repr(replace(lookup.request, records=""))  # lists in one answer need one request
        if key not in documents:
            documents[key] = _json(await client.send(lookup.request, {}, stream=stream.name))
        tables[name] = list(_entries(lookup, documents[key]))
    return tables


def set_lists(store: FileStore, tables: Mapping[str, Sequence[Mapping[str, str | None]]]) -> None:
    """Give the engine each list as MAP variables, one a column."""
    for name, entries in tables.items():
        for column in {c for entry in entries for c in entry} - {"key"}:
            _set(store, list_variable(name, column), [e["key"] for e in entries], [e.get(column) for e in entries])


def _json(answer: Any) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnexpectedAnswer(f"The provider's answer is not JSON: {error}.") from None


def _fields(discover: Discover, document: Any) -> Iterator[tuple[str, Any]]:
    """Each field's name and what is said of it; raises UnexpectedAnswer where the answer has no fields' place."""
    place = discover.request.records.removesuffix(EACH_VALUE)
    found = next(iter(values_at(document, place)), None)
    if discover.name is None and isinstance(found, dict):
        yield from found.items()
    elif discover.name is not None and isinstance(found, list):
        yield from ((_first(entry, discover.name), entry) for entry in found)
    else:
        raise UnexpectedAnswer(f"The provider's answer about fields has none at {discover.request.records}.")


def _described(discover: Discover, name: str, entry: Any) -> Described:
    paths, flag = discover.options, discover.readonly
    length = _first(entry, discover.length) if discover.length else ""
    return Described(
        name=name,
        type=_first(entry, discover.type),
        label=_first(entry, discover.label) if discover.label else name,
        options=tuple(
            Option(_first(option, paths["value"]), _first(option, paths["label"]), option)
            for option in values_at(entry, f"{paths['at']}[]")
        )
        if paths
        else (),
        readonly=flag is not None and (_first(entry, flag.at) == "true") is not flag.negated,
        length=int(length) if length.isdecimal() else None,
    )


def _first(entry: Any, path: str) -> str:
    """The text at `path`; empty where there is none."""
    return _text(entry, path) or ""


def _is_there(path: str, names: Collection[str]) -> bool:
    """Whether the field that a path leads through is among `names`; what leads through none is there."""
    through = steps(path)
    return not through or through[0] in names


def _free_name(name: str, taken: Collection[str]) -> str:
    clean = re.sub(r"[^a-z0-9_]", "_", name.lower())[:_NAME_MAX]
    clean = clean if re.match(r"[a-z_]", clean) else f"_{clean}"[:_NAME_MAX]
    free = clean
    while free in taken:
        free = f"{free[: _NAME_MAX - 4]}_raw"
    return free


def _custom(item: Described, name: str, spec: Spec) -> Field:
    assert spec.discover is not None
    type_ = spec.discover.types.get(item.type, "text")
    path = item.name.replace(".", r"\.")
    return Field(name, type_, (path,), Transform(type_), nulls=spec.nulls, title=item.label)


def _entries(lookup: Lookup, document: Any) -> Iterator[dict[str, str | None]]:
    outer, _, inner = lookup.request.records.rpartition("[].")
    for parent in values_at(document, f"{outer}[]") if outer else [document]:
        for item in values_at(parent, f"{inner or lookup.request.records}[]"):
            entry = {"key": _text(item, lookup.key), "value": _text(item, lookup.value)}
            if lookup.within:
                up = _PARENT.fullmatch(lookup.within["at"])
                entry["within"] = _text(parent, up[1]) if up else _text(item, lookup.within["at"])
            for column, rule in lookup.also.items():
                entry[column] = _case(rule, item)
            yield entry


def _case(rule: Transform, item: Any) -> str | None:
    held = (branch["is"] for branch in rule.arg["case"] if meets(item, branch["when"]))
    value = next(held, rule.arg["else"])
    return None if value is None else as_text(value)


def _text(item: Any, path: str) -> str | None:
    value = next(iter(values_at(item, path)), None)
    return None if value is None else as_text(value)


def _set(store: FileStore, variable: str, keys: Sequence[str | None], labels: Sequence[str | None]) -> None:
    store.engine.execute(set_lookup_sql(variable), {"keys": list(keys), "labels": list(labels)})
