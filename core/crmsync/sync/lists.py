"""Look-up lists: small tables of keys and labels of the CRM, read once a run, as Python objects; records never are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crmsync.errors import Forbidden
from crmsync.http import Client, Head, compile_head
from crmsync.http.paths import as_text, meets, values_at
from crmsync.mapping import list_variable, set_keys_sql, set_lookup_sql
from crmsync.spec.model import Lookup, Spec
from crmsync.spec.model_stream import Field, Request, Stream, Transform
from crmsync.store import FileStore
from crmsync.sync.catalog import Described, document_of, read_fields
from crmsync.sync.model import Position
from crmsync.sync.paging import walk

Entry = dict[str, str | None]  # `key`, `value`, `within`, and the columns of `also`
_PARENT = re.compile(r"\^(.+)")
_NOTHING = Transform("case", {"case": (), "else": None})


@dataclass(frozen=True, slots=True)
class Lists:
    """The look-up lists of a stream; `refused` are those that the credentials may not read, and it can do without."""

    tables: Mapping[str, list[Entry]]
    refused: Mapping[str, Forbidden]


async def read_lists(client: Client, spec: Spec, stream: Stream, described: Sequence[Described] | None = None) -> Lists:
    """The look-up lists that a stream uses; `described` are its own fields, where they are known already.

    Raises Forbidden for a list that more depends on than labels beside their keys.
    """
    documents: dict[str, list[Any]] = {}
    known = {stream.name: described}
    tables: dict[str, list[Entry]] = {}
    refused: dict[str, Forbidden] = {}
    for name in sorted(stream.lists & set(spec.lookups)):
        try:
            tables[name] = await _table(client, spec, stream, spec.lookups[name], known, documents)
        except Forbidden as error:
            if name in _needed(stream):
                raise
            refused[name] = error
    return Lists(tables, refused)


def columns_of(stream: Stream, lists: Collection[str]) -> list[str]:
    """The columns that come from one of these lists."""
    return [field.name for field in stream.fields if not field.transform.lists.isdisjoint(lists)]


def without(stream: Stream, lists: Collection[str]) -> Stream:
    """The stream with nothing in the columns of these lists.

    They become other fields, so that everything is read again: now to empty them, and to fill them on a later day.
    """
    empty = columns_of(stream, lists)
    fields = (replace(f, at=(), transform=_NOTHING) if f.name in empty else f for f in stream.fields)
    return replace(stream, fields=tuple(fields))


def set_lists(store: FileStore, tables: Mapping[str, Sequence[Entry]]) -> None:
    """Give the engine each list as MAP variables: one a column, and one that leads from labels back to their keys."""
    for name, entries in tables.items():
        keys = [e["key"] for e in entries]
        for column in {c for entry in entries for c in entry} - {"key"}:
            labels = [e.get(column) for e in entries]
            store.engine.execute(set_lookup_sql(list_variable(name, column)), {"keys": keys, "labels": labels})
        back = {"keys": keys, "labels": [e["value"] for e in entries], "scopes": [e.get("within") for e in entries]}
        store.engine.execute(set_keys_sql(list_variable(name)), back)


def _needed(stream: Stream) -> frozenset[str]:
    """The lists that columns need which may not simply be empty."""
    return replace(stream, fields=tuple(f for f in stream.fields if f.on_bad != "clear")).lists


async def _table(
    client: Client,
    spec: Spec,
    stream: Stream,
    lookups: Sequence[Lookup],
    known: Mapping[str, Sequence[Described] | None],
    documents: dict[str, list[Any]],
) -> list[Entry]:
    """The entries of one list; `documents` are the answers so far, since lists in one answer need one request."""
    table: list[Entry] = []
    for lookup in lookups:
        if lookup.request is None:
            options = await _options(client, spec, lookup, known)
            table += [_entry(lookup, option, option, spec.nulls) for option in options]
            continue
        key = repr(replace(lookup.request, records=""))
        if key not in documents:
            documents[key] = [page async for page in _pages(client, spec, lookup.request, lookup.key, stream.name)]
        for document in documents[key]:
            table += _entries(lookup, lookup.request.records, document, spec.nulls)
    return table


async def _pages(client: Client, spec: Spec, request: Request, key: str, stream: str) -> AsyncIterator[Any]:
    """The documents that a list has its entries in."""
    head = compile_head(next=request.next, more=request.more, records=request.records, id=key)

    async def ask(values: dict[str, Any]) -> tuple[Any, Head]:
        answer = await client.send(request, {"limit": request.limit, **values}, stream=stream)
        if not answer.body and answer.status in spec.empty:
            return None, Head()
        return document_of(answer), head(answer.body)

    async for document, _, _ in walk(request, ask, Position()):
        yield document


async def _options(
    client: Client, spec: Spec, lookup: Lookup, known: Mapping[str, Sequence[Described] | None]
) -> list[Any]:
    """The options of a stream's field, as the provider describes them."""
    stream, name = lookup.options or ("", "")
    described = known.get(stream)
    if described is None:
        described = await read_fields(client, spec, spec.streams[stream])
    return [option.entry for field in described if field.name == name for option in field.options]


def _entries(lookup: Lookup, records: str, document: Any, nulls: Sequence[Any]) -> Iterator[Entry]:
    outer, _, inner = records.rpartition("[].")
    for parent in values_at(document, f"{outer}[]") if outer else [document]:
        for item in values_at(parent, f"{inner or records}[]"):
            yield _entry(lookup, item, parent, nulls)


def _entry(lookup: Lookup, item: Any, parent: Any, nulls: Sequence[Any]) -> Entry:
    entry: Entry = {"key": _text(item, lookup.key, nulls), "value": _text(item, lookup.value, nulls)}
    if lookup.within:
        up = _PARENT.fullmatch(lookup.within["at"])
        entry["within"] = _text(parent, up[1], nulls) if up else _text(item, lookup.within["at"], nulls)
    for column in lookup.also:
        entry[column.name] = _cell(column, item, nulls)
    return entry


def _cell(column: Field, item: Any, nulls: Sequence[Any]) -> str | None:
    if column.transform.kind == "case":
        rule = column.transform.arg
        held = (branch["is"] for branch in rule["case"] if meets(item, branch["when"]))
        value = next(held, rule["else"])
        return None if value is None else as_text(value)
    texts = [text for path in column.at if (text := _text(item, path, nulls)) is not None]
    if column.transform.kind == "person_name":
        return " ".join(text.strip() for text in texts if text.strip()) or None
    return next(iter(texts), None)


def _text(item: Any, path: str, nulls: Sequence[Any]) -> str | None:
    value = next(iter(values_at(item, path)), None)
    null = value is None or any(type(value) is type(null) and value == null for null in nulls)
    return None if null else as_text(value)
