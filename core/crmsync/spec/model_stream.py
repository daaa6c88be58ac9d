"""What a spec says of one stream, as frozen values: its fields, and the requests that read it.

Nothing here reads files, talks to a provider or knows SQL. For templates and paths see model.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from crmsync.spec.bind import Template, names

if TYPE_CHECKING:
    from crmsync.spec.model_write import Write  # which is made of requests

TYPES = ("text", "email", "domain", "ref", "integer", "decimal", "boolean", "date", "timestamp", "set", "json")
META = ("_id", "_created_at", "_updated_at", "_archived", "_deleted_at", "_synced_at")


@dataclass(frozen=True, slots=True)
class Transform:
    """How a text becomes a value: `kind` names a row of the language's table of transforms, `arg` is its argument.

    The `else` of a case may be a Transform, too.
    """

    kind: str
    arg: Any = None

    @property
    def lists(self) -> frozenset[str]:
        """The look-up lists that it needs."""
        if self.kind == "list":
            return frozenset({str(self.arg["list"] if isinstance(self.arg, Mapping) else self.arg)})
        other = self.arg["else"] if self.kind == "case" else None
        return other.lists if isinstance(other, Transform) else frozenset()


@dataclass(frozen=True, slots=True)
class Field:
    """One line of `fields`: where a column's value stands in a record and how it is converted.

    A `case` is written by what it `sets`, and has no `to`. A name is written to both its paths, of which `to` is the
    first, unless `put` has its parts (`$first`, `$last`). A map that is put into a list changes the element that is
    read, and leaves the others.
    """

    name: str
    type: str  # one of TYPES
    at: tuple[str, ...]
    transform: Transform
    nulls: tuple[Any, ...] = ()
    on_bad: str = "hold"  # hold | keep | clear | reject
    default: Template = None  # to be filled: without a value for its placeholder there is no default
    optional: bool = False
    prefer: Mapping[str, Any] | None = None
    within: str | None = None
    title: str = ""
    dir: str = "both"  # both | read | write
    to: str | None = None  # path that is written; None: nowhere
    put: Template = None  # what is written there, with `$value`; None: the value itself
    sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of a case: value -> cells that make it so
    required: bool = False
    stand_in: str | None = None  # field whose local part stands in for a missing name


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record's own facts stand. `values` is the path of the object that holds the fields ("": the record)."""

    id: Field
    updated_at: Field | None = None
    created_at: Field | None = None
    archived: Field | None = None
    deleted: Mapping[str, Any] | None = None
    merged: str | None = None
    values: str = ""


class Place(NamedTuple):
    """Where an answer has its records: a list of them at `path`, or `one` that stands there itself."""

    path: str
    one: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of the spec. Templates are filled per page; `records` is the path of the records in the answer.

    `one`: it is about a single record, by `$id`, `$value` or `$fields` of its own instead of lists of them.
    """

    method: str
    path: str
    query: Mapping[str, Template] = field(default_factory=dict)
    headers: Mapping[str, Template] = field(default_factory=dict)
    body: Template = None
    records: str = "$"
    uses: tuple[str, ...] = ()
    cost: int = 1
    cost_items: int | None = None  # instead: a write costs 1 for up to so many items
    limit: int | None = None
    batch: int | None = None
    item: Template = None
    names_max: int | None = None
    page: str | None = None  # number | offset | keyset
    next: str | None = None
    more: str | None = None
    carried: bool = False  # by the spec's transport, whose envelope may hold secrets
    one: bool = False

    @property
    def place(self) -> Place:
        """Where its answers have their records."""
        return Place(self.records, self.one)

    def asks(self, name: str) -> bool:
        """Whether it has a place for `$name`."""
        return name in names([getattr(self, part.name) for part in fields(self)])


@dataclass(frozen=True, slots=True)
class Reader:
    """A way to read a stream: a `list` or a `window` over one request. Durations are seconds.

    `token` is where the last page of a list says from what the next reading of changes goes on.
    """

    by: str  # list | window
    request: Request
    bounds: str = "iso"  # epoch_ms | iso | sql
    overlap_s: float = 0.0
    total: str | None = None
    cap: int | None = None
    every_s: float | None = None
    id: str | None = None
    deleted_at: str | None = None
    token: str | None = None
    split: bool = False  # pages may be asked for from any id on


@dataclass(frozen=True, slots=True)
class Census:
    """A count of ids: what the mirror has and a completed full read had not is confirmed as deleted.

    With a `reader`, a list of ids only stands for the full read, and what the mirror lacks is read by its id.
    """

    brake: float = 0.02  # share of the live rows that one census may mark as deleted
    reader: Reader | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """How an answer says that records are linked to nothing: by entries of its list of errors, at the path `at`.

    `when` is what such an entry meets; `id`, where it is promised, the path of the ids that it is about.
    """

    at: str
    when: Mapping[str, Any]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Where a field's values stand that no record holds: `request` asks for the links of many records by their ids.

    `source` (`from` in the spec) is the path of the record's id, `ref` that of the ids it is linked to. Without
    `missing` (`missing_ok`), a record that an answer passes over is linked to nothing.
    """

    field: str
    request: Request
    source: str
    ref: str
    prefer: Mapping[str, Any] | None = None
    missing: Missing | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record of one provider."""

    name: str
    record: Record
    fields: tuple[Field, ...]
    full: Reader
    changes: Reader | None
    by_id: Request | None
    tombstones: Reader | None
    census: Census
    cursor: str | None = None
    vars: Mapping[str, Template] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    confirm: Request | None = None  # reads by id whatever its kind: who is there, but not by `by_id`, has left
    find: Request | None = None  # reads by what `write.unique` holds
    write: Write | None = None  # None: the stream is read only

    @property
    def names_max(self) -> int | None:
        """The most names that each of its requests takes; None: as many as there are."""
        requests = (self.full.request, self.changes and self.changes.request, self.by_id, self.find)
        return min((request.names_max for request in requests if request and request.names_max), default=None)

    @property
    def lists(self) -> frozenset[str]:
        """The look-up lists by which something of its records is read."""
        record = self.record
        read = (*self.fields, record.id, record.updated_at, record.created_at, record.archived)
        return frozenset(name for field in read if field for name in field.transform.lists)
