"""What a spec says, as frozen values. Nothing here reads files, talks to a provider or knows SQL.

Long because whatever a spec can say stands here, in one place to look it up.
A `Template` is a JSON-like value that may hold `$placeholders` (see bind.py). A path is the text of the spec (`a.b`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from crmsync.spec.bind import names

Template = Any

LANGUAGE = 1
TYPES = ("text", "email", "domain", "ref", "integer", "decimal", "boolean", "date", "timestamp", "set", "json")
META = ("_id", "_created_at", "_updated_at", "_archived", "_deleted_at", "_synced_at")
RESERVED_CONNECTIONS = (
    "crm",
    "crmsync",
    "main",
    "store",
    "temp",
    "system",
    "memory",
    "information_schema",
    "pg_catalog",
)


@dataclass(frozen=True, slots=True)
class Probe:
    """How the provider is asked for an option: `found` if an answer in JSON has something at `json`, else `other`."""

    request: Request
    json: str
    found: str
    other: str


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a connection; `variable` tells what the environment calls it."""

    name: str
    title: str = ""
    type: str = "text"  # text | integer
    default: Template = None
    required: bool = False
    secret: bool = False
    choice: tuple[str, ...] = ()
    probe: Probe | None = None


def variable(connection: str, option: str) -> str:
    """The environment variable of a connection's option: `<CONNECTION>_<OPTION>`."""
    return re.sub(r"\W", "_", f"{connection}_{option}").upper()


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
    """One line of `fields`: where a column's value stands in a record and how it is converted."""

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

    `one`: it asks for a single record, by `$id`.
    """

    method: str
    path: str
    query: Mapping[str, Template] = field(default_factory=dict)
    headers: Mapping[str, Template] = field(default_factory=dict)
    body: Template = None
    records: str = "$"
    uses: tuple[str, ...] = ()
    cost: int = 1
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

    @property
    def names_max(self) -> int | None:
        """The most names that each of its requests takes; None: as many as there are."""
        requests = (self.full.request, self.changes and self.changes.request, self.by_id)
        return min((request.names_max for request in requests if request and request.names_max), default=None)

    @property
    def lists(self) -> frozenset[str]:
        """The look-up lists by which something of its records is read."""
        record = self.record
        read = (*self.fields, record.id, record.updated_at, record.created_at, record.archived)
        return frozenset(name for field in read if field for name in field.transform.lists)


@dataclass(frozen=True, slots=True)
class Check:
    """The request that proves a connection: `account` and `facts` are paths in its answer.

    `fixed` stands for the account where no answer names it, such as the name of a database.
    """

    request: Request
    account: str | None
    facts: Mapping[str, str]
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """Where something says true or false; `negated`: it says the opposite."""

    at: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Discover:
    """How the provider describes its fields, by paths; without `name` they are a map by name."""

    request: Request
    name: str | None
    type: str
    label: str | None
    types: Mapping[str, str | None]  # None: it cannot be read with the others
    options: Mapping[str, str] | None = None
    readonly: Flag | None = None
    length: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A small table of keys and labels, read once a run.

    Without a `request`, `options` names a stream and its field whose options the entries are.
    """

    request: Request | None
    key: str
    value: str
    within: Mapping[str, str] | None = None
    also: tuple[Field, ...] = ()
    options: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """A limit of the account: exactly one of `rate` (in any `per_s`), `budget` (until `resets`), `concurrent`."""

    name: str
    rate: int | None = None
    per_s: float = 1.0
    budget: int | None = None
    resets: str = "24h"
    zone: str = "UTC"
    concurrent: int | None = None
    default: bool = False
    remaining: str | None = None  # answer header that tells what is left of the budget


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One line of `errors`: what an answer means. The first rule whose conditions all hold decides."""

    outcome: str  # `is` in the spec
    status: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)
    wait_s: float | None = None
    pool: str | None = None
    exhausted_after_s: float | None = None  # throttled for so long, the `budget` is taken to be used up
    budget: str | None = None
    hint: str | None = None  # what a person does about it
    options: tuple[str, ...] = ()  # that a person should look at


@dataclass(frozen=True, slots=True)
class ErrorPaths:
    """Where an error answer tells code, message and trace id.

    An answer that has something at `outer` failed, whatever its status.
    """

    code: tuple[str, ...] = ()
    message: str | None = None
    trace: str | None = None
    outer: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that is no path of the API. `option`: the one it begins with; set by the operator, it is their word."""

    url: str
    option: str | None = None


Signs = Mapping[str, tuple[str, ...]]  # path in an answer -> texts there; one of them at one of the paths is a sign


@dataclass(frozen=True, slots=True)
class OAuth:
    """How tokens are come by (RFC 6749). Options are named `client_id`, `client_secret` and `refresh_token`."""

    token: Address
    grant: str = "code"  # code | client_credentials
    client: str = "body"  # body | basic: where the client's own credentials go
    authorize: Address | None = None
    authorize_extra: Mapping[str, Template] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    scope_join: str = " "
    base_url: str | None = None  # path in the token's answer
    token_from_callback: str | None = None  # the callback's parameter that names the server to ask
    dead: Signs = field(default_factory=dict)  # a person must connect again
    busy: Signs = field(default_factory=dict)  # asked too often
    refresh_limit: Pool | None = None
    region: str | None = None  # the option by which addresses are picked


@dataclass(frozen=True, slots=True)
class Login:
    """One request whose answer has values that later requests need: `keep` names their paths."""

    request: Request
    keep: Mapping[str, str]
    bad: Any = None  # this value means that the credentials are wrong


@dataclass(frozen=True, slots=True)
class Auth:
    """One way to authenticate; it applies when all `needs` are set. `oauth` and `login` belong to those kinds."""

    name: str
    kind: str  # header | oauth2 | login
    needs: tuple[str, ...]
    headers: Mapping[str, Template]
    oauth: OAuth | None = None
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """A connector. Built by build.py from a checked document and the values known so far.

    `base_url` is where paths go; empty where it stands nowhere. `hosts` are those of the values known so far,
    `known_hosts` those of every value that an option may have.
    """

    name: str
    title: str
    version: str
    options: Mapping[str, Option]
    hosts: tuple[str, ...]
    auth: tuple[Auth, ...]
    check: Check
    discover: Discover | None
    pools: Mapping[str, Pool]
    error: ErrorPaths
    rules: tuple[ErrorRule, ...]
    nulls: tuple[Any, ...]
    empty: tuple[int, ...]
    lookups: Mapping[str, tuple[Lookup, ...]]  # the entries of several requests make one list
    streams: Mapping[str, Stream]
    base_url: str = ""
    known_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A field of a canonical object: its type and the sentence that becomes the column's comment."""

    type: str
    title: str


Objects = Mapping[str, Mapping[str, ObjectField]]
