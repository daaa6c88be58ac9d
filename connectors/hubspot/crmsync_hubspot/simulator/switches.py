"""What a test may turn: how the portal misbehaves, each way known from the real one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from crmsync.sandbox import SimRequest

Lag = float | Callable[[str, str], float]  # seconds, or a function of (kind, id)


@dataclass(slots=True)
class Limits:
    """Requests that the account may make; `on = False` lets everything through."""

    on: bool = True
    burst: int = 100  # in any 10 s
    search: int = 5  # in any second
    daily: int = 250_000  # until midnight of the account


@dataclass(slots=True)
class Switches:
    """Set at any time; the defaults are a well-behaved portal."""

    limits: Limits = field(default_factory=Limits)
    lag: Lag = 0.0  # until the search index sees a change
    stale_hits: bool = False  # a hit of the index shows the record as it is, even outside the filter
    disorder_s: float = 0.0  # how far a sort by time may be wrong
    ids_as_text: bool = False  # a sort by hs_object_id compares texts
    results_max: int = 10_000  # of one search
    merge_keeps_primary: bool = False  # the primary keeps its id instead of a new record being made
    read_follows_merges: bool = True  # a batch read of a merged-away id gives the survivor
    equal_writes_touch: bool = True  # a write of the values that stand there moves the time of change
    links_touch: bool = True  # a new primary company moves its contacts' time of change
    null_properties: bool = True  # properties that are asked for and unset come as null
    url_bytes_max: int = 16_384
    answers_lack: frozenset[str] = frozenset()  # properties that the answers to writes leave out
    partial_status: int = 207  # of batches with errors; the newest API's documents only list 200
    form: Callable[[str, str, str], str] | None = None  # (kind, property, value) -> the value as the portal keeps it
    refuse: Callable[[str, str, str], dict[str, object] | None] | None = None  # (operation, kind, id) -> error item
    locked: set[tuple[str, str]] = field(default_factory=set)  # (kind, id): writes are answered with 423
    on_request: Callable[[SimRequest], None] | None = None  # called before each request is handled


def random_lag(low_s: float, high_s: float, seed: int = 0) -> Callable[[str, str], float]:
    """A lag of its own for each change, the same in each run."""
    dice = random.Random(seed)
    return lambda _kind, _id: dice.uniform(low_s, high_s)
