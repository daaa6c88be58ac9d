"""What passes between the steps of a sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from crmsync.mapping import LinkPlan
from crmsync.spec.model_stream import Place

if TYPE_CHECKING:
    from crmsync.sync.planning import Plan

Gone = tuple[str, datetime | None]  # an id, and when it went, as far as that is known
Phase = Literal["full", "ids", "census", "changes", "tombstones"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records: every one read ends as exactly one of applied, unchanged, rejected.

    `held` of them had a field held back; `deleted` counts rows marked as deleted.
    """

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    rejected: int = 0
    held: int = 0
    deleted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Written:
    """What a merge with the hub, and the writes that followed, came to.

    `merged` hub rows took something of the CRM's, `linked` ones were found to be a record of it. `created`, `updated`
    and `archived` are records of the CRM. Of the writes, `refused` were not accepted, and nobody knows yet whether
    `unknown` ones were done. `conflicts` are open when the run ends.
    """

    merged: int = 0
    linked: int = 0
    created: int = 0
    updated: int = 0
    archived: int = 0
    refused: int = 0
    unknown: int = 0
    conflicts: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a stream to read. `lower` and `upper` bound the time of change, or of deletion; none: everything.

    `token`, of the last reading, stands for `lower` where a provider remembers by itself what it has told.
    """

    phase: Phase
    position: Position
    lower: datetime | None = None
    upper: datetime | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a window from which reading can go on. `page` and `after_id` are the provider's own words.

    `read` counts the records met in this window so far. `parts` are what is left of a window that had to be split:
    bounds in milliseconds since 1970, both inclusive. `missed`: records are known to be there that could not be listed.
    `ranges` are what is left of a list that is read in pieces: the id that each begins with, and the one that it ends
    before; none: it cannot be.
    `done`: there is nothing behind it, and `token` is what the next reading goes on from.
    """

    page: str | None = None
    after_id: str | None = None
    read: int = 0
    parts: tuple[tuple[int, int], ...] | None = None
    missed: bool = False
    done: bool = False
    token: str | None = None
    ranges: tuple[tuple[int, int | None], ...] | None = None


@dataclass(frozen=True, slots=True)
class Further:
    """A body with further fields of a page's records: those of one part of the stream's plan, by its index."""

    part: int
    place: Place
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """An answer's body ("": it had none), the ids of its records, the position behind it, and the records' place.

    `entries` of a list counts those without an id, too. `until`: records from this id on are another page's, too, and
    count there. `further` has the fields that did not fit into one request.
    """

    body: str
    ids: Sequence[str]
    position: Position
    place: Place
    entries: int = 0
    until: int | None = None
    further: tuple[Further, ...] = ()

    @property
    def size(self) -> int:
        """The length of its texts."""
        return len(self.body) + sum(len(part.body) for part in self.further)


@dataclass(frozen=True, slots=True)
class LinkAnswers:
    """What the provider answered about one link of a batch's records."""

    plan: LinkPlan
    bodies: list[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages that are mapped and committed together, the position behind them, and what was told of their links."""

    pages: tuple[Page, ...]
    position: Position = Position()
    links: tuple[LinkAnswers, ...] = ()

    @property
    def bodies(self) -> list[str]:
        return [page.body for page in self.pages if page.body]

    def further(self, part: int) -> dict[Place, list[tuple[int, str]]]:
        """The bodies with the fields of one part, by place, each with the index of its page among `bodies`."""
        found: dict[Place, list[tuple[int, str]]] = {}
        for index, page in enumerate(page for page in self.pages if page.body):
            for more in page.further:
                if more.part == part and more.body:
                    found.setdefault(more.place, []).append((index, more.body))
        return found

    @property
    def place(self) -> Place:
        return next((page.place for page in self.pages if page.body), self.pages[0].place)


@dataclass(frozen=True, slots=True)
class Result:
    """How one stream's run ended: `status` is done, failed or stopped.

    `written` is None where it only read, `plan` where none was made.
    """

    run_id: str
    connector: str
    connection: str
    stream: str
    mode: str
    status: str
    counts: Counts
    requests: int
    retries: int
    waited_seconds: float
    seconds: float
    written: Written | None = None
    plan: Plan | None = None
    error: Mapping[str, str] | None = None
    exit_status: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        out: dict[str, Any] = {
            key: getattr(self, key) for key in ("run_id", "connector", "connection", "stream", "mode", "status")
        }
        out |= self.counts.as_dict()
        out |= self.written.as_dict() if self.written else {}
        out |= self.plan.as_dict() if self.plan else {}
        out |= {"requests": self.requests, "retries": self.retries}
        out |= {"waited_seconds": round(self.waited_seconds, 3), "seconds": round(self.seconds, 3)}
        return out | ({"error": dict(self.error)} if self.error else {})
