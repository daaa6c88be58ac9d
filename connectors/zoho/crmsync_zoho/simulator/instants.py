"""Times as the API writes and reads them. Inside, a time is a whole number of seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_S = 86_400
QUARTER_S = 900  # every zone's offset, and every change of it, is a multiple of this
_IN_HOUR = tuple(f"{second // 60:02d}:{second % 60:02d}" for second in range(3600))
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")


class Zone:
    """The time zone of an org, in which it shows every time."""

    def __init__(self, name: str) -> None:
        self.name = name
        info = ZoneInfo(name)

        @lru_cache(4096)
        def quarter(number: int) -> tuple[str, int, str]:
            moment = datetime.fromtimestamp(number * QUARTER_S, info)
            offset = moment.strftime("%z")
            return moment.strftime("%Y-%m-%dT%H:"), moment.minute * 60, f"{offset[:3]}:{offset[3:]}"

        self._quarter = quarter
        self._info = info

    def iso(self, moment_s: int) -> str:
        """`2026-01-02T03:04:05+01:00`."""
        hour, start_s, offset = self._quarter(moment_s // QUARTER_S)
        return hour + _IN_HOUR[start_s + moment_s % QUARTER_S] + offset

    def isos(self, moments_s: Iterable[int]) -> list[str]:
        """Many times; a loop of its own, since pages of records need it most."""
        quarter, in_hour = self._quarter, _IN_HOUR
        shown = []
        for moment_s in moments_s:
            hour, start_s, offset = quarter(moment_s // QUARTER_S)
            shown.append(hour + in_hour[start_s + moment_s % QUARTER_S] + offset)
        return shown

    def at(self, moment: datetime) -> int:
        """Seconds of a local time without an offset."""
        return to_s(moment.replace(tzinfo=self._info))


def to_s(moment: datetime) -> int:
    return int(moment.replace(microsecond=0).timestamp())


def read_iso(text: str) -> int | None:
    """Seconds from a time with offset and without fractions; None when it is something else."""
    if not _ISO.fullmatch(text):
        return None
    try:
        return to_s(datetime.fromisoformat(text))
    except ValueError:
        return None


def read_http_date(text: str) -> int | None:
    """Seconds from `Thu, 15 Jan 2026 12:00:00 GMT`."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return to_s(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
