"""What a test may turn: how the org misbehaves, and what nobody outside knows for sure about the real one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from crmsync.sandbox import SimRequest

Lag = float | Callable[[str, str], float]  # seconds, or a function of (module, id)


@dataclass(slots=True)
class Limits:
    """What the org may use; `on = False` lets everything through. None: as the edition has it."""

    on: bool = True
    credits: int | None = None  # in any 24 h
    concurrent: int | None = None  # calls at once
    heavy: int = 10  # of these, calls of the kinds that are counted apart
    retry_after_s: int | None = None  # a header of the refusals
    throttle_status: int = 429
    throttle_code: str = "TOO_MANY_REQUESTS"


@dataclass(slots=True)
class Paging:
    """How far a listing goes."""

    page_max: int = 200
    pages_reach: int = 2_000  # records that `page` can reach
    tokens_reach: int = 100_000  # records that page tokens can reach
    token_s: int = 86_400
    tokens: Literal["offset", "keyset", "snapshot"] = "offset"  # what a page token stands for
    tokens_bound_to_time: bool = True  # to the value of If-Modified-Since too
    coql_max: int = 2_000
    coql_reach: int = 100_000
    coql_columns: int = 50
    coql_in: int = 50
    coql_depth: int = 2  # lookups that a column may reach through
    search_reach: int = 2_000
    search_conditions: int = 10
    bulk_page: int = 200_000


@dataclass(slots=True)
class Delivery:
    """How callbacks arrive."""

    late_s: float | Callable[[], float] = 0.0
    twice: bool = False
    shuffled: bool = False
    lost: Callable[[str, str], bool] | None = None  # (module, id) -> whether nobody is told of this change


@dataclass(slots=True)
class Bulk:
    """How bulk jobs go; each step takes `step_s`."""

    step_s: float = 5.0
    error: str = ""  # new exports end as failures with this message
    rows_max: int = 25_000  # of a file of an import
    columns_max: int = 200
    zip_bytes_max: int = 25 << 20
    downloads: int = 10  # a minute
    result_columns: tuple[str, str, str] = ("RECORD_ID", "STATUS", "ERRORS")


@dataclass(slots=True)
class Switches:
    """Set at any time; the defaults are a well-behaved org."""

    limits: Limits = field(default_factory=Limits)
    paging: Paging = field(default_factory=Paging)
    delivery: Delivery = field(default_factory=Delivery)
    bulk: Bulk = field(default_factory=Bulk)
    lag: Lag = 0.0  # until the search index sees a change; lists and COQL see it at once
    mandatory: set[tuple[str, str]] = field(default_factory=set)  # (module, field) that the layout demands
    check_duplicates: bool = False  # an insert is refused when the module's check field matches
    match_case: bool = False  # of texts, when records are matched or compared
    equal_writes_touch: bool = True  # a write of the values that stand there moves the time of change
    stamps_behind_s: int = 0  # a write's time of change lies so far back when it is seen: commits take time
    restore_touches: bool = False  # a restored record has a new time of change
    lookups_of_deleted: bool = False  # a lookup of a deleted record still shows it
    unknown_fields_refused: bool = False  # names in `fields` and in rows that are no fields
    open_picklists: bool = True  # values outside of the list are taken, Stage and Pipeline apart
    pipelines: bool = True  # off: deals need no pipeline, and any stage will do
    pipeline_as_object: bool = False  # records show the pipeline as {name, id}
    lookups_by_name: bool = True  # a deal's account may be written as {"name": ..}, which makes one
    scope_status: int = 401  # of OAUTH_SCOPE_MISMATCH
    http_dates: bool = True  # If-Modified-Since may be an RFC 1123 date; off: such a header is ignored
    zulu: bool = True  # `Z` will do as an offset
    bearer: bool = False  # Authorization: Bearer is accepted
    coql_lookup_names: bool = True  # off: lookups come as {id} alone
    count_costs: int = 1  # credits of a record count; one source says 50
    deleted_costs: int = 1  # credits of a page of deleted records; one source says 2
    partial_status: int = 207  # of writes with both good and bad rows
    approval_state: bool = True  # results of writes carry $approval_state
    refuse: Callable[[str, str, str], dict[str, Any] | None] | None = None  # (operation, module, id) -> row error
    locked: set[tuple[str, str]] = field(default_factory=set)  # (module, id): writes get RECORD_LOCKED
    wrong_region: bool = False  # the org is in another region: tokens and codes are unknown here
    location: str = "us"  # where consent says that the org is
    on_request: Callable[[SimRequest], None] | None = None  # called before each request is handled


def random_lag(low_s: float, high_s: float, seed: int = 0) -> Callable[[str, str], float]:
    """A lag of its own for each change, the same in each run."""
    dice = random.Random(seed)
    return lambda _module, _id: dice.uniform(low_s, high_s)
