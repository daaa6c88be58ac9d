"""Named points at which a test kills the process for real, to prove that what is committed holds.

`CRMSYNC_KILL_AT=commit.before:3` sends SIGKILL at the third passage of that point. Unset, a point costs nothing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()
_target = os.environ.get("CRMSYNC_KILL_AT", "")

POINTS = (
    "lease.taken",
    "fetch.answered",
    "land.mapped",
    "commit.begun",
    "commit.rows",
    "commit.before",
    "commit.after",
    "file.let_go",
    "stream.done",
)
PUSH_POINTS = ("push.prepared", "push.answered", "push.settled")  # those of a write, beside the commits above


def point(name: str) -> None:
    """Pass the fault point `name`."""
    if not _target:
        return
    _passed[name] += 1
    where, _, nth = _target.partition(":")
    if where == name and _passed[name] >= int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
