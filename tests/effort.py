"""How many examples a property is tried with: a few in the check, many in the long form (`make thorough`)."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("CRMSYNC_THOROUGH"))


def examples(quick: int, thorough: int) -> int:
    """The number for this run."""
    return thorough if THOROUGH else quick
