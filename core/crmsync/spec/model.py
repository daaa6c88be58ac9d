"""What a spec says of a CRM and an account of it, as frozen values; of each stream: model_stream.py.

Options, ways to authenticate, limits, what errors mean, how fields are described. Nothing here reads files, talks to a
provider or knows SQL. A `Template` is a JSON-like value that may hold `$placeholders` (see bind.py). A path is the
text of the spec (`a.b`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crmsync.spec.bind import Template
from crmsync.spec.model_stream import Field, Request, Stream

LANGUAGE = 1
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
    existing: tuple[str, ...] = ()  # of a conflict: paths of the id of the record that stands in the way


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
    clear: Any = None  # what is written to clear a field


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A field of a canonical object: its type and the sentence that becomes the column's comment."""

    type: str
    title: str


Objects = Mapping[str, Mapping[str, ObjectField]]

# Fields that are merged as one value: halves of it make an amount in another currency, a stage of another pipeline.
BONDS = (("amount", "currency"), ("pipeline", "stage", "status"))
UNITS = {"amount": "currency"}  # a value -> what it is counted in
