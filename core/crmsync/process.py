"""Who a process is: its number and its birth together, since numbers are given out again."""

from __future__ import annotations

import os
from pathlib import Path


def birth(pid: int) -> int:
    """When a process began, in ticks since boot; 0 where that is unknown, or it is dead but not buried."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (OSError, ValueError):
        return 0
    return 0 if state in (b"Z", b"X") else int(rest[18])


def is_alive(pid: int, born: int) -> bool:
    """Whether the process that began then still runs; a later one with the same number is another."""
    if pid < 0:
        return False  # a damaged record; kill would take it for a group
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass  # somebody else's, but alive
    except (ProcessLookupError, OverflowError):
        return False
    return birth(pid) == born
