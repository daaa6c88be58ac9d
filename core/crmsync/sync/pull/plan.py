"""Plan: spec + checkpoint -> the next window to read. Pure: the same checkpoint always gives the same window.

Order: a full read, or one of ids, where one is due or was left open; the census behind them; changes; tombstones.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from crmsync.spec.model_stream import Stream
from crmsync.sync.checkpoint import Changes, Checkpoint, Full, Ids, Tombstones
from crmsync.sync.model import Phase, Position, Window

_SKEW_S = 60.0  # between the clocks of a provider's servers


def next_window(
    stream: Stream, checkpoint: Checkpoint, now: datetime, done: Collection[Phase] = ()
) -> tuple[Checkpoint, Window] | None:
    """The next window, and the checkpoint that opens it; None when everything due is read.

    `now` is the provider's clock, in whole seconds; `done` names the phases that this run has been through.
    """
    checkpoint = _believed(stream, checkpoint, now)
    full = checkpoint.full
    if "full" not in done and (full.is_open or _due(full.next_at, now)):
        if not full.is_open:
            checkpoint = _opened(stream, checkpoint, now)
            full = checkpoint.full
        return checkpoint, Window("full", Position(page=full.page, after_id=full.after_id, ranges=full.ranges))
    ids = checkpoint.ids
    if stream.census.reader is not None and "ids" not in done:
        if ids.started_at is None and _due(ids.next_at, now):
            ids = Ids(started_at=now, as_of=ids.as_of, next_at=_after(now, stream.census.reader.every_s))
        if ids.started_at is not None:
            checkpoint = msgspec.structs.replace(checkpoint, ids=ids, census=False)
            return checkpoint, Window("ids", Position(page=ids.page, after_id=ids.after_id))
    if checkpoint.census and "census" not in done:
        return checkpoint, Window("census", Position())
    if stream.changes is not None and "changes" not in done:
        return checkpoint, _changes(stream.changes.overlap_s, checkpoint, now)
    stones = checkpoint.tombstones
    if stream.tombstones is not None and "tombstones" not in done:
        if stones.started_at is None and _due(stones.next_at, now):
            next_at = _after(now, stream.tombstones.every_s)
            stones = Tombstones(started_at=now, as_of=stones.as_of, next_at=next_at)
        if stones.started_at is not None:
            position = Position(page=stones.page, after_id=stones.after_id)
            since = None if stones.as_of is None else _before(min(stones.as_of, now), stream.tombstones.overlap_s)
            window = Window("tombstones", position, since, stones.started_at)
            return msgspec.structs.replace(checkpoint, tombstones=stones), window
    return None


def _opened(stream: Stream, checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """The checkpoint with a full read begun. Its ids are for the census; one that has a reading of its own is due."""
    full, counted = checkpoint.full, stream.census.reader
    known = full.sweep or full.as_of is not None
    opened = Full(
        started_at=now,
        sweep=known and counted is None,
        as_of=full.as_of,
        next_at=_after(now, stream.full.every_s),
    )
    ids = checkpoint.ids
    if counted is not None:
        ids = Ids(as_of=ids.as_of) if known else Ids(next_at=_after(now, counted.every_s))
    return msgspec.structs.replace(checkpoint, full=opened, ids=ids)


def restarted(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint with a full read due at once: asked for, or because the fields changed."""
    again = Full(sweep=checkpoint.full.sweep or checkpoint.full.as_of is not None)
    return msgspec.structs.replace(checkpoint, full=again, census=False)


def _believed(stream: Stream, checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """A provider's clock that went back was wrong before: what was read up to when is unknown, so all is read again."""
    slack_s = _SKEW_S + (stream.changes.overlap_s if stream.changes else 0.0)
    upper = checkpoint.changes.upper
    if upper is None or upper <= now + timedelta(seconds=slack_s):
        return checkpoint
    return msgspec.structs.replace(restarted(checkpoint), ids=Ids(), changes=Changes(), tombstones=Tombstones())


def _after(now: datetime, every_s: float | None) -> datetime | None:
    return None if every_s is None else now + timedelta(seconds=every_s)


def _before(moment: datetime, overlap_s: float) -> datetime:
    return moment - timedelta(seconds=overlap_s)


def _due(next_at: datetime | None, now: datetime) -> bool:
    return next_at is None or now >= next_at


def _changes(overlap_s: float, checkpoint: Checkpoint, now: datetime) -> Window:
    changes = checkpoint.changes
    if changes.open_upper is not None and changes.open_lower is not None:
        position = Position(changes.page, changes.after_id, changes.read, changes.parts, changes.missed)
        return Window("changes", position, changes.open_lower, changes.open_upper, changes.token)
    since = _before(min(changes.upper or now, now), overlap_s)
    return Window("changes", Position(), since, now, changes.token)
