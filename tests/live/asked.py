"""What crmsync itself asks: the requests of the spec, with few records a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from crmsync.http.paths import values_at
from crmsync.http.render import render
from crmsync.mapping import compile_read
from crmsync.spec.model_stream import Reader, Request, Stream
from crmsync.sync.source import as_sent, asking_for
from live.account import Account, Probe

LIMIT = 5  # records a page
LONG_AGO, FAR_AHEAD = datetime(2001, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
NOBODY = {"integer": "2000000000"}  # an id that no record has, by its transform
Note = Callable[[httpx.Response], None]


@dataclass
class Known:
    """What earlier answers told: by stream, the names of its fields and some of its records."""

    fields: dict[str, set[str]] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def ids(self, stream: str) -> list[str]:
        return [str(record["id"]) for record in self.records.get(stream, [])]


def what_crmsync_asks(account: Account, known: Known) -> Iterator[tuple[Probe, Note]]:
    """The questions in order, each with what is to be noted of its answer before the next one is made."""
    spec = account.spec
    yield probe_of(account, "the account", spec.check.request), _nothing
    for name, lookups in spec.lookups.items():
        for lookup in lookups:
            if lookup.request is not None:
                yield probe_of(account, f"list {name}", lookup.request), _nothing
    for stream in spec.streams.values():
        yield from _of_stream(account, stream, known)


def probe_of(account: Account, name: str, request: Request, **values: Any) -> Probe:
    """A request of the spec as a question; of a map, its values count and not its keys."""
    message = render(request, {**account.values, "limit": LIMIT, **values}, account.url)
    records = request.records if request.records.endswith("{}") else ""
    return Probe(
        name, message.method, message.url, message.body, message.headers,
        *([lambda document: values_at(document, records)] if records else []),
    )  # fmt: skip


def _of_stream(account: Account, stream: Stream, known: Known) -> Iterator[tuple[Probe, Note]]:
    name, spec = stream.name, account.spec
    if spec.discover is not None:
        discover = spec.discover

        def fields(answer: httpx.Response) -> None:
            found = values_at(_json(answer), discover.request.records.removesuffix("{}"))
            named = [list(each) if isinstance(each, dict) else values_at(each, f"[].{discover.name}") for each in found]
            known.fields[name] = {field for each in named for field in each}

        yield probe_of(account, f"{name}: its fields", discover.request, **stream.vars), fields

    def records(answer: httpx.Response) -> None:
        known.records[name] = values_at(_json(answer), f"{stream.full.request.records}[]")

    names = list(compile_read(_there(stream, known.fields.get(name)), stream.full.request.records).names)
    start = {"names": names, "after_id": as_sent(stream.record, "0")}
    yield _page(account, f"{name}: a page of the list", stream.full, start), records
    if stream.changes is not None:
        yield _page(account, f"{name}: a page of changes", stream.changes, start), _nothing
    if stream.tombstones is not None:
        yield _page(account, f"{name}: a page of the deleted", stream.tombstones, start), _nothing
    ids = [*known.ids(name), NOBODY.get(stream.record.id.transform.kind, _nobody(known.ids(name)))]
    if stream.by_id is not None:
        given = asking_for(stream.by_id, ids, stream.record)
        yield probe_of(account, f"{name}: by id, one missing", stream.by_id, names=names, **given), _nothing
    for link in stream.links:
        given = asking_for(link.request, ids, stream.record)
        yield probe_of(account, f"{name}: links of {link.field}, of a missing one too", link.request, **given), _nothing


def _page(account: Account, name: str, reader: Reader, start: dict[str, Any]) -> Probe:
    lower, upper = (_bound(moment, reader.bounds) for moment in (LONG_AGO, FAR_AHEAD))
    first = {"number": {"page": 1}, "offset": {"offset": 0}}.get(reader.request.page or "", {})
    return probe_of(account, name, reader.request, lower=lower, upper=upper, since=lower, **start, **first)


def _bound(moment: datetime, style: str) -> str:
    if style == "epoch_ms":
        return str(int(moment.timestamp() * 1000))
    return moment.isoformat(timespec="seconds") if style == "iso" else moment.strftime("%Y-%m-%d %H:%M:%S")


def _there(stream: Stream, fields: set[str] | None) -> Stream:
    """The stream without optional fields that the account does not have."""
    if fields is None:
        return stream
    kept = [f for f in stream.fields if not f.optional or any(path.split(".")[0] in fields for path in f.at)]
    return replace(stream, fields=tuple(kept))


def _nobody(ids: list[str]) -> str:
    """An id of the same form that no record has: they begin with what is the account's, and number from high."""
    return f"{ids[0][:-6]}000001" if ids and len(ids[0]) > 12 else "1"


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _nothing(_: httpx.Response) -> None:
    pass
