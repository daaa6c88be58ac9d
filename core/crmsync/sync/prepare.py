"""Prepare: a stream of the spec and a connection -> a Pull that is ready to run.

Custom fields are discovered, the mapping is compiled, the mirror is brought into shape, the checkpoint is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from crmsync.config import Connection
from crmsync.errors import Forbidden
from crmsync.events import Events, Note
from crmsync.http import Client
from crmsync.mapping import ReadPlan, compile_link, compile_read, compile_tombstones, type_of
from crmsync.spec.model import Spec
from crmsync.spec.model_stream import Field, Place, Stream, Transform
from crmsync.store import Column, FileStore, Lease
from crmsync.sync import catalog
from crmsync.sync.checkpoint import Checkpoint, decode
from crmsync.sync.journal import Journal
from crmsync.sync.lists import columns_of, read_lists, set_lists, without
from crmsync.sync.pull import Pull
from crmsync.sync.pull.land import Lander
from crmsync.sync.pull.mirror import Mirror, mirror_of
from crmsync.sync.pull.plan import restarted
from crmsync.sync.pull.rejects import Rejects
from crmsync.sync.source import Source
from crmsync.sync.worker import Worker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the streams of one run have in common."""

    spec: Spec
    account: catalog.Account
    connection: Connection
    client: Client
    store: FileStore
    worker: Worker
    events: Events

    def note(self, stream: str, message: str) -> None:
        self.events.emit(Note(self.connection.name, stream, "warning", message))


async def prepare(
    stream: Stream, around: Surroundings, lease: Lease, journal: Journal, *, backfill: bool, brake: float | None
) -> Pull:
    """Everything that one stream's pull needs; raises WrongAccount where the store holds another account's rows."""
    store, worker, name = around.store, around.worker, around.connection.name
    checkpoint, has_rejects = await worker.do(_stored, store, name, stream.name)
    catalog.pin(around.account, checkpoint.account, name)
    stream = await _with_fields(stream, around)
    stream, mirror = await _with_mirror(stream, around)
    plans = _plans(stream)
    source = Source(
        spec=around.spec,
        stream=stream,
        connection=name,
        client=around.client,
        events=around.events,
        names=plans[stream.full.request.place].names,
        clock=around.account.at,
        further=[part.names for part in plans[stream.full.request.place].parts],
    )
    return Pull(
        source=source,
        lander=Lander(store, mirror, lease, Rejects(store, lease, has_rejects), journal),
        worker=worker,
        checkpoint=_current(checkpoint, stream, around.account.id, backfill=backfill),
        plans=plans,
        links=[compile_link(stream, link) for link in stream.links],
        tombstone_plan=compile_tombstones(stream) if stream.tombstones else None,
        brake=next(b for b in (brake, around.connection.brake, stream.census.brake) if b is not None),
    )


def _stored(store: FileStore, connection: str, stream: str) -> tuple[Checkpoint, bool]:
    """How far the stream is read, and whether some of its records are rejected."""
    with store.open():
        return decode(store.checkpoint(connection, stream)), store.open_rejects(connection, stream) > 0


async def _with_fields(stream: Stream, around: Surroundings) -> Stream:
    """The stream with custom fields, if any are asked for, and without those that the account lacks."""
    wanted: Collection[str] | str = around.connection.fields.get(stream.name, ())
    described = await _described(stream, around, wanted)
    stream = await _with_lists(stream, around, described)
    if described is None:
        return stream
    for name in catalog.unknown_fields(described, wanted):
        around.note(stream.name, f"The account has no field {name!r} that can be read; it is left out.")
    for field in catalog.lacking(stream, described):
        paths = " or ".join(map(repr, field.at))
        around.note(stream.name, f"The account has no field {paths}: {field.name} is left out, its column as it was.")
    stream = catalog.with_custom(around.spec, stream, described, wanted)
    await around.worker.do(catalog.set_options, around.store, stream, described)
    return stream


async def _described(
    stream: Stream, around: Surroundings, wanted: Collection[str] | str
) -> Sequence[catalog.Described] | None:
    """The fields that the account has; None where the spec has no way to ask, or none is needed and none allowed."""
    if around.spec.discover is None:
        return None
    try:
        return await catalog.read_fields(around.client, around.spec, stream)
    except Forbidden:
        if catalog.needs_fields(stream, wanted):
            raise
        around.note(stream.name, "The credentials may not ask which fields there are: one that goes will not be told.")
        return None


async def _with_lists(stream: Stream, around: Surroundings, described: Sequence[catalog.Described] | None) -> Stream:
    """The stream with nothing in the columns whose list is refused, where it can do without.

    Each stream reads its own lists: what one may not read must not stop the others.
    """
    lists = await read_lists(around.client, around.spec, stream, described)
    await around.worker.do(set_lists, around.store, lists.tables)
    for name, error in lists.refused.items():
        columns = " and ".join(columns_of(stream, [name]))
        around.note(stream.name, f"Without {columns}: {error.message.rstrip('.')}. {error.hint}".strip())
    return without(stream, lists.refused)


async def _with_mirror(stream: Stream, around: Surroundings) -> tuple[Stream, Mirror]:
    """Bring the mirror's table into shape.

    A field whose type changed at the provider keeps its column's type: what fits is converted, what does not is held,
    and nothing that is stored is lost. A column that is filled no longer keeps its values.
    """

    def mirror(of: Stream) -> Mirror:
        plan = _plans(of)[of.full.request.place]
        title = f"{of.name} of {around.spec.title}"
        return mirror_of(around.connection.name, of.name, title, plan, leaves=of.confirm is not None)

    made = mirror(stream)
    differs = await around.worker.do(around.store.ensure, made.table)
    filled = {column.name for column in made.table.columns}
    kept = tuple(Column(name, type_) for name, type_ in differs.items() if name not in filled)
    changed = {name: type_ for name, type_ in differs.items() if name in filled}
    for name, type_ in changed.items():
        around.note(stream.name, f"The type of {name} changed; its column stays {type_}, what does not fit is held.")
    if changed:
        stream = replace(stream, fields=tuple(_as_stored(f.name, changed, f) for f in stream.fields))
        made = mirror(stream)
    return stream, replace(made, kept=kept)


def _as_stored(name: str, stored: Mapping[str, str], field: Field) -> Field:
    if name not in stored:
        return field
    type_ = type_of(stored[name])
    return replace(field, type=type_, transform=Transform(type_))


def _plans(stream: Stream) -> dict[Place, ReadPlan]:
    """The compiled mappings by the place of the records: requests of one stream may wrap them differently."""
    requests = (stream.full.request, stream.by_id, stream.find, stream.changes and stream.changes.request)
    write = stream.write
    writes = (write.create, write.update, write.upsert) if write else ()
    shown = {operation.shows for operation in writes if operation and operation.shows}
    places = {request.place for request in requests if request} | shown
    return {place: compile_read(stream, place.path, one=place.one) for place in places}


def _current(checkpoint: Checkpoint, stream: Stream, account: str, *, backfill: bool) -> Checkpoint:
    """The stored checkpoint, with a full read due where one is asked for or the mapping changed.

    An open full read goes on where it is: the same command after a kill must not start over.
    """
    fields = [replace(field, title="") for field in stream.fields]  # a new title changes no value
    meaning = (stream.record, fields, *stream.links)
    mapping = hashlib.sha256(repr(meaning).encode()).hexdigest()[:16]
    changed = checkpoint.fields is not None and checkpoint.fields != mapping
    checkpoint = msgspec.structs.replace(checkpoint, account=account, fields=mapping)
    if changed or (backfill and not checkpoint.full.is_open):
        return restarted(checkpoint)
    return checkpoint
