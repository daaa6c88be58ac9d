"""Durations as specs write them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(duration: str) -> float:
    """`30s`, `15m`, `1h`, `7d` in seconds."""
    match = _DURATION.fullmatch(duration)
    if not match:
        raise ValueError(f"not a duration: {duration!r}")
    return int(match[1]) * _UNITS[match[2]]
