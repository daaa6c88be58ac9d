"""What a spec says of writing to one stream, as frozen values: its operations, and how an answer tells what they did.

Nothing here reads files, talks to a provider or knows SQL. For templates and paths see model.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.spec.bind import Template
from crmsync.spec.model_stream import Place, Request


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer tells what became of each item of its request.

    `by`: `order`: the i-th of `results` is about item i, and `ok` is what it meets where it was applied. `key`: an
    entry of `results` has at `key` the key of its item, one of `errors` at `error_keys` or `error_ids` those it is
    about; an item in neither is unknown. `all`: all or nothing; `ids` are the ids in order, and entries of `errors`
    that meet `only` have at `index` the place, from 0, of the item that was at fault. `whole`: the status is
    everyone's, unless there are `errors`; of a single item, `results` is the path of what is told of it.

    `results`, `errors` and `ids` are paths of the whole answer; `id` is about an entry of `results`, `existing`, `code`
    and `message` about one that failed: of `errors`, or, by `order`, of `results`. `code` goes through the spec's
    `errors`; the status that a rule names is not that of an item.
    """

    by: str  # order | key | all | whole
    results: str = "$"
    ok: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    id: str | None = None
    existing: str | None = None  # path of the id of the record that stands in the way
    errors: str | None = None
    error_keys: str | None = None
    error_ids: str | None = None
    ids: str | None = None
    index: str | None = None
    only: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    message: str | None = None
    record: bool = False  # entries of `results` are records as a read gives them, with the fields that were written


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to write records: up to `request.batch` of them in a request, whose `$items` each are `request.item`.

    `layout` `table`: the request has `$columns` and `$rows` instead, whose first columns are `keys`. `constants` are
    cells that every item has, whatever is written.
    """

    request: Request
    outcome: Outcome
    layout: str = "object"  # object | table
    keys: Mapping[str, Template] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    idempotent: bool = False  # the same `$key` twice makes one record

    @property
    def shows(self) -> Place | None:
        """Where its answers hold the records that were written; None where they don't."""
        return Place(self.outcome.results, self.request.one) if self.outcome.record else None


@dataclass(frozen=True, slots=True)
class Write:
    """How a stream is written. None: the provider offers no such operation, or this connection has no use for it.

    `new` says by which one records are made. `unique` is the provider's field that finds a record again, which is put
    in for `$unique`, and `by` the field whose value stands there (`$value`); `key`: our own. Without `unique` nothing
    finds a record again; `lacks` is the option that would name it. `refuses`: the provider makes no second record with
    a value that one has.
    """

    create: Operation | None = None
    update: Operation | None = None
    upsert: Operation | None = None
    archive: Operation | None = None
    new: str = "create"  # create | upsert
    by: str | None = None
    unique: str | None = None
    lacks: str | None = None
    refuses: bool = False
    links: tuple[LinkWrite, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether a record is made once even where an answer is lost."""
        made = self.upsert if self.new == "upsert" else self.create
        return self.unique is not None or made is None or made.idempotent


@dataclass(frozen=True, slots=True)
class LinkWrite:
    """How the links of a field are written, which no record takes: `$id` to `$ref`; `clear` ends one to `$old`."""

    field: str
    write: Operation
    clear: Operation
