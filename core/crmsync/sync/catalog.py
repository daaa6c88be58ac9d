"""What the provider says about itself, read once a run: the account, and its fields.

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
from crmsync.http import Answer, Client
from crmsync.http.paths import EACH_VALUE, as_text, steps, values_at
from crmsync.mapping import options_variable, set_keys_sql, set_lookup_sql
from crmsync.spec.model import Discover, Spec
from crmsync.spec.model_stream import META, Field, Stream, Transform
from crmsync.store import FileStore

ALL = "all"
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
    document, check = document_of(answer), spec.check
    found = [check.fixed] if check.account is None else values_at(document, check.account)
    if not found:
        raise UnexpectedAnswer(f"The provider's answer about the account has no {check.account}.")
    said = {name: next(iter(values_at(document, path)), None) for name, path in check.facts.items()}
    facts = {name: None if value in spec.nulls else value for name, value in said.items()}
    return Account(str(found[0]), facts, answer.server_time or datetime.now(UTC))


def pin(account: Account, known: str | None, connection: str) -> None:
    """Refuse to mix the data of two accounts in one mirror."""
    if known is not None and known != account.id:
        raise WrongAccount(
            f"The credentials of {connection} belong to account {account.id}; the store holds account {known}."
        )


async def read_fields(client: Client, spec: Spec, stream: Stream) -> tuple[Described, ...]:
    """All fields of a stream's records that can be read, as the provider describes them."""
    discover = spec.discover
    if discover is None:
        return ()
    document = document_of(await client.send(discover.request, stream.vars, stream=stream.name))
    found = (_described(discover, name, entry) for name, entry in _fields(discover, document))
    return tuple(item for item in found if discover.types.get(item.type, "text") is not None)


def needs_fields(stream: Stream, wanted: Collection[str] | str) -> bool:
    """Whether a run must ask for the description of fields at all."""
    return bool(wanted) or any(f.optional or f.transform.kind == "options" for f in stream.fields)


def with_custom(spec: Spec, stream: Stream, described: Sequence[Described], wanted: Collection[str] | str) -> Stream:
    """The stream with the fields that the connection asks for, and without those that the account lacks.

    A field that is not mapped is named in lower case, with `_raw` behind it where that name is taken. A description of
    no field at all takes away optional ones only.
    """
    there = {d.name for d in described}
    kept = [field for f in stream.fields if (field := _found(f, there))]
    mapped = {path for f in kept for path in f.at}
    taken = {name.lower() for name in (*META, *(f.name for f in kept))}
    for item in described:
        if item.name in mapped or (wanted != ALL and item.name not in wanted):
            continue
        name = _free_name(item.name, taken)
        taken.add(name)
        kept.append(_custom(item, name, spec))
    return replace(stream, fields=tuple(kept))


def lacking(stream: Stream, described: Sequence[Described]) -> list[Field]:
    """The fields that the spec counts on and the account does not have."""
    there = {d.name for d in described}
    return [field for field in stream.fields if not field.optional and _found(field, there) is None]


def unknown_fields(described: Sequence[Described], wanted: Collection[str] | str) -> list[str]:
    """The fields that a connection asks for and the account does not have, or cannot give."""
    there = {d.name for d in described}
    return [] if wanted == ALL else sorted(set(wanted) - there)


def set_options(store: FileStore, stream: Stream, described: Sequence[Described]) -> None:
    """Give the engine the labels of the options of each field that is read by them, and the way back."""
    options = {d.name: d.options for d in described}
    for field in stream.fields:
        if field.transform.kind == "options" and field.at:
            given = options.get(field.at[0], ())
            pairs = {"keys": [o.value for o in given], "labels": [o.label for o in given]}
            variable = options_variable(stream.name, field.name)
            store.engine.execute(set_lookup_sql(variable), pairs)
            store.engine.execute(set_keys_sql(variable), {**pairs, "scopes": [None] * len(given)})


def document_of(answer: Answer) -> Any:
    """An answer's body as Python objects; raises UnexpectedAnswer where it is no JSON."""
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


def _found(field: Field, there: Collection[str]) -> Field | None:
    """A field with those of its paths that the account has; without any, it is gone, or its default is all it has.

    A provider may refuse the whole request for one name that it does not know. So what would be written where it lacks
    is read only.
    """
    if not field.at or not (there or field.optional):
        return field
    at = tuple(path for path in field.at if _is_there(path, there))
    if field.to in field.at and field.to not in at:
        field = replace(field, dir="read", to=None)
    return replace(field, at=at) if at or field.default is not None else None


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
    type_ = spec.discover.types.get(item.type) or "text"
    path = item.name.replace(".", r"\.")
    return Field(name, type_, (path,), Transform(type_), nulls=spec.nulls, title=item.label)


def _text(item: Any, path: str) -> str | None:
    value = next(iter(values_at(item, path)), None)
    return None if value is None else as_text(value)
