"""Times: inside, whole microseconds since 1970 in UTC, as the database keeps them; outside, texts of whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
YEAR = 365 * DAY
_SECONDS = tuple(f"{second // 60:02d}:{second % 60:02d}" for second in range(3600))


def text(us: int) -> str:
    """`2026-01-02 03:04:05`: the fraction is not shown."""
    hour, rest = divmod(us, HOUR)
    return _hour(hour) + _SECONDS[rest // SECOND]


def precise(us: int) -> str:
    """`2026-01-02 03:04:05.678901`, as webhooks show it; a whole second has no fraction."""
    fraction = us % SECOND
    return f"{text(us)}.{fraction:06d}" if fraction else text(us)


def day(us: int) -> str:
    """`2026-01-02`."""
    return text(us)[:10]


def to_us(moment: datetime) -> int:
    # Whole seconds and microseconds apart: a float of seconds is off by a microsecond now and then.
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond


def exact(written: str) -> int:
    """The time that a client may write: `2026-01-02 03:04:05`. Raises ValueError."""
    return to_us(datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))


@lru_cache(4096)
def _hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%d %H:")
