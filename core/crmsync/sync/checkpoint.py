"""How far a stream is read, as it stands in crmsync.checkpoints: JSON that a person can read and edit.

A checkpoint must never be newer than the rows it vouches for; each is committed together with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from crmsync.errors import UsageError
from crmsync.sync.model import Position, Window

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # without a zone it could not be compared


class Full(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reading of everything, complete as of `as_of`; open while `started_at` differs from it.

    `page` or `after_id` is where to go on, or `ranges`, the ranges of ids that are left, where it is read in several;
    `sweep`: the mirror had rows, so the ids met are compared with them.
    `next_at`: when everything is read again; none: at the next run.
    """

    started_at: Moment | None = None
    page: str | None = None
    after_id: str | None = None
    sweep: bool = False
    as_of: Moment | None = None
    next_at: Moment | None = None
    ranges: tuple[tuple[int, int | None], ...] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a full read is under way."""
        return self.started_at is not None and self.as_of != self.started_at


class Changes(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reading of changes: complete up to `upper`; the rest describes the window that is open, if any.

    `token` is what the next reading goes on from, where the provider gives one.
    """

    upper: Moment | None = None
    token: str | None = None
    page: str | None = None
    open_lower: Moment | None = None
    open_upper: Moment | None = None
    after_id: str | None = None
    read: int = 0
    parts: tuple[tuple[int, int], ...] | None = None
    missed: bool = False


class Tombstones(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reading of the provider's list of deleted records, complete as of `as_of`."""

    started_at: Moment | None = None
    page: str | None = None
    after_id: str | None = None
    as_of: Moment | None = None
    next_at: Moment | None = None


class Ids(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reading of ids only, for the census; complete as of `as_of`."""

    started_at: Moment | None = None
    page: str | None = None
    after_id: str | None = None
    as_of: Moment | None = None
    next_at: Moment | None = None


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """All there is to know to go on. `census`: ids that a finished reading did not meet are still to be asked for."""

    account: str | None = None
    fields: str | None = None
    full: Full = Full()
    ids: Ids = Ids()
    census: bool = False
    changes: Changes = Changes()
    tombstones: Tombstones = Tombstones()


def decode(text: str | None) -> Checkpoint:
    """A stored or hand-written checkpoint; raises UsageError with what is wrong in it."""
    if text is None:
        return Checkpoint()
    try:
        return msgspec.json.decode(text, type=Checkpoint)
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"Not a checkpoint: {error}.", hint="Look at one with: crmsync state show CONNECTION STREAM"
        ) from error


def encode(checkpoint: Checkpoint) -> str:
    """Checkpoint as JSON text."""
    return msgspec.json.encode(checkpoint).decode()


def forgotten(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint that knows only whose rows the mirror has: everything is read, and what is gone is found."""
    return Checkpoint(account=checkpoint.account, full=Full(sweep=True))


def phase(checkpoint: Checkpoint) -> str:
    """What the next run does first, in words."""
    if checkpoint.full.is_open:
        return "reading everything"
    if checkpoint.full.as_of is None:
        return "everything to read"
    if checkpoint.ids.started_at is not None:
        return "counting ids"
    if checkpoint.census:
        return "census to take"
    if checkpoint.changes.open_upper is not None:
        return "reading changes"
    return "up to date"


def advance(checkpoint: Checkpoint, window: Window, position: Position) -> Checkpoint:
    """The checkpoint after the rows up to `position` of `window` are in."""
    replace = msgspec.structs.replace
    if window.phase == "full":
        full = replace(checkpoint.full, page=position.page, after_id=position.after_id, ranges=position.ranges)
        if not position.done:
            return replace(checkpoint, full=full)
        full = replace(full, page=None, after_id=None, ranges=None, as_of=full.started_at)
        changes = checkpoint.changes
        if changes.upper is None or full.started_at is None or changes.upper < full.started_at:
            changes = Changes(upper=full.started_at, token=changes.token)
        if position.token:
            changes = replace(changes, token=position.token)
        return replace(checkpoint, full=full, census=full.sweep, changes=changes)
    if window.phase == "changes":
        if position.done:
            full = Full(sweep=True) if position.missed else checkpoint.full  # what could not be listed, a sweep finds
            return replace(checkpoint, changes=Changes(upper=window.upper, token=position.token), full=full)
        changes = Changes(
            upper=checkpoint.changes.upper,
            token=checkpoint.changes.token,
            page=position.page,
            open_lower=window.lower,
            open_upper=window.upper,
            after_id=position.after_id,
            read=position.read,
            parts=position.parts,
            missed=position.missed,
        )
        return replace(checkpoint, changes=changes)
    if window.phase == "ids":
        ids = replace(checkpoint.ids, page=position.page, after_id=position.after_id)
        if position.done:
            ids = Ids(as_of=ids.started_at, next_at=ids.next_at)
        return replace(checkpoint, ids=ids, census=position.done)
    if window.phase == "tombstones":
        stones = replace(checkpoint.tombstones, page=position.page, after_id=position.after_id)
        if position.done:
            stones = Tombstones(as_of=stones.started_at, next_at=stones.next_at)
        return replace(checkpoint, tombstones=stones)
    return replace(checkpoint, census=False) if position.done else checkpoint
