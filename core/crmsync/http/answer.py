"""What a provider answered, as a value; and the two headers that tell time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, its body decoded. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def server_time(self) -> datetime | None:
        """The provider's clock in whole seconds: the Date header."""
        return http_date(self.headers.get("date", ""))


def http_date(text: str) -> datetime | None:
    """An HTTP date in UTC, None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):  # whatever a stranger may write there
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds that the Retry-After header asks for, given as seconds or as a date of the provider's clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = http_date(text) if text else None
    if moment is None:
        return None
    return max((moment - (answer.server_time or now)).total_seconds(), 0.0)
