"""Secrets: a type that never shows its value by accident, and the masking of texts that leave a process.

A `Secret` shows as `***` wherever it is printed, formatted, logged, copied or pickled; `reveal` is the only way in.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"
PREFIX_LENGTH = 12  # providers and people quote the start of a token; so much of it is masked too
LONG = 16  # shorter secrets have no start worth masking: it would hit ordinary words


class Secret:
    """A text that only `reveal` shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. To be called at the last moment, where it is used."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (MASK,)  # a pickle holds no secret

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self


class Redactor:
    """Masks known secrets in texts, in every form in which they are seen in the wild; `redact(text)`."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Mask these too from now on: tokens come while a run goes on."""
        known = self._known.union(s.reveal() for s in secrets) - {""}
        if known == self._known:
            return
        self._known = known
        values = sorted(known, key=len, reverse=True)
        forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        starts = [re.escape(v[:PREFIX_LENGTH]) + r"[\w.~+/=%-]*" for v in values if len(v) > LONG]
        # Host names and some headers are lower-cased on their way into a message
        self._pattern = re.compile("|".join([*map(re.escape, forms), *starts]), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """`text` with every known secret masked."""
    return Redactor(secrets)(text)


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from (quote(_bytes(value)), quote(_bytes(value), safe=""), quote_plus(_bytes(value)))
    for shift in range(3):
        yield from _base64_forms(_bytes(value), shift)


def _base64_forms(value: bytes, shift: int) -> Iterator[str]:
    """The part of a base64 text that `value` alone decides when it stands `shift` bytes (mod 3) after the start.

    `Basic` credentials are an example: there a user name and a colon come first.
    """
    whole = base64.b64encode(bytes(shift) + value).decode()
    first = (0, 2, 3)[shift]
    last = (shift + len(value)) * 8 // 6  # characters after this one also hold bits of what follows
    certain = whole[first:last]
    if len(certain) >= 6:  # less is no secret, and too likely to hit something else
        yield certain
        yield certain.replace("+", "-").replace("/", "_")


def _bytes(value: str) -> bytes:
    """An environment variable that is no UTF-8 comes with lone surrogates."""
    return value.encode("utf-8", "surrogatepass")
