"""What to run, and with what."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from crmsync.config import Connection
from crmsync.secret import Redactor
from crmsync.store import Keys

Mode = Literal["pull", "push", "sync"]


def new_run_id() -> str:
    """An id for a run that begins now."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True)
class Job:
    """What to run: a connection, some of its streams (none named: all), and how.

    `state_dir` is where the rate limits that processes of this machine share are kept, `keys` are what tokens in the
    store are sealed with. `mode`: `pull` reads; `sync` also keeps the hub and the CRM in step; `push` is as `sync`, but
    takes nothing of the CRM's into the hub. `brake`: the share of a stream's records that may be marked as deleted, or
    archived. With `rehearse`, what a push or sync would write is planned, not written; with the id of a `plan`, nothing
    but what is in it is written. `source`: a file or a query, whose rows are pushed instead of the hub's. `redact`
    masks what is told of the job; it learns its secrets, and tokens as they come.
    """

    spec_file: Path
    connection: Connection
    state_dir: Path
    streams: Sequence[str] = ()
    mode: Mode = "pull"
    backfill: bool = False
    wait: bool = False
    brake: float | None = None
    rehearse: bool = False
    plan: str | None = None
    source: str | None = None
    keys: Keys = field(default_factory=Keys)
    redact: Redactor = field(default_factory=Redactor)
    run_id: str = field(default_factory=new_run_id)
