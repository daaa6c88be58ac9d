"""Times as the API writes and reads them. Inside, a time is a whole number of milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

DAY_MS = 86_400_000
_SECONDS = tuple(f"{second // 60:02d}:{second % 60:02d}." for second in range(3600))
_MILLIS = tuple(f"{milli:03d}Z" for milli in range(1000))


def iso(ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`."""
    hour, rest = divmod(ms, 3_600_000)
    return _hour(hour) + _SECONDS[rest // 1000] + _MILLIS[rest % 1000]


def isos(times_ms: Iterable[int]) -> list[str]:
    """Many times; a loop of its own, since pages of records need it most."""
    hour, seconds, millis = _hour, _SECONDS, _MILLIS
    return [hour(ms // 3_600_000) + seconds[ms % 3_600_000 // 1000] + millis[ms % 1000] for ms in times_ms]


def to_ms(moment: datetime) -> int:
    # Whole seconds and microseconds apart: a float of seconds is off by a millisecond now and then.
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000


def read_ms(text: str) -> int | None:
    """Milliseconds from epoch milliseconds or from ISO; None when it is neither."""
    if text.removeprefix("-").isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


@lru_cache(4096)
def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H:")
