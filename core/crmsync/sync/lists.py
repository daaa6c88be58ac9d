"""Look-up lists: small tables of keys and labels of the CRM, read once a run, as Python objects; records never are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crmsync.http import Client, Head, compile_head
from crmsync.http.paths import as_text, meets, values_at
from crmsync.mapping import list_variable, set_lookup_sql
from crmsync.spec.model import Lookup, Spec
from crmsync.spec.model_stream import Field, Request, Stream
from crmsync.store import FileStore
from crmsync.sync.catalog import Described, document_of, read_fields
from crmsync.sync.model import Position
from crmsync.sync.paging import walk

Entry = dict[str, str | None]  # `key`, `value`, `within`, and the columns of `also`
_PARENT = re.compile(r"\^(.+)")


async def read_lists(
    client: Client, spec: Spec, stream: Stream, described: Sequence[Described] | None = None
) -> dict[str, list[Entry]]:
    """The look-up lists that a stream uses; `described` are its own fields, where they are known already."""
    documents: dict[str, list[Any]] = {}
    known = {stream.name: described}
    tables: dict[str, list[Entry]] = {}
    for name in sorted(stream.lists & set(spec.lookups)):
        tables[name] = []
        for lookup in spec.lookups[name]:
            if lookup.request is None:
                options = await _options(client, spec, lookup, known)
                tables[name] += [_entry(lookup, option, option, spec.nulls) for option in options]
                continue
            key = repr(replace(lookup.request, records=""))  # lists in one answer need one request
            if key not in documents:
                documents[key] = [page async for page in _pages(client, spec, lookup.request, lookup.key, stream.name)]
            for document in documents[key]:
                tables[name] += _entries(lookup, lookup.request.records, document, spec.nulls)
    return tables


def set_lists(store: FileStore, tables: Mapping[str, Sequence[Entry]]) -> None:
    """Give the engine each list as MAP variables, one a column."""
    for name, entries in tables.items():
        for column in {c for entry in entries for c in entry} - {"key"}:
            keys, labels = [e["key"] for e in entries], [e.get(column) for e in entries]
            store.engine.execute(set_lookup_sql(list_variable(name, column)), {"keys": keys, "labels": labels})


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
