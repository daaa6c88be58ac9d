"""An answer -> what it means, by the spec's ordered rules; and the error that tells a person.

Statuses 2xx are good unless a rule names them or the answer has an error in its envelope; 2xx without JSON is
`unreadable`. Without a rule 3xx (redirects are never followed) and 4xx are `config`, the rest is `transient`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from crmsync.errors import (
    BadRequest,
    BudgetSpent,
    CrmsyncError,
    Forbidden,
    NotFound,
    ProviderDown,
    RestartNeeded,
    Unauthorized,
    UnexpectedAnswer,
    UnreadablePage,
)
from crmsync.http.answer import Answer, retry_after
from crmsync.http.pages import Head, compile_head
from crmsync.http.paths import as_text, meets, steps, values_at
from crmsync.spec.model import ErrorRule, Spec

GOOD = "good"
MESSAGE_MAX = 500  # characters of a stranger's text in a message of ours
_ID_MAX = 80  # characters of a code or an id
_ID_HEADERS = ("request-id", "correlation-id", "trace-id")
_PARSED_MAX_BYTES = 1 << 20  # a longer error body is no error body

ERRORS: dict[str, type[CrmsyncError]] = {
    "reconnect": Unauthorized,
    "refresh": Unauthorized,
    "forbidden": Forbidden,
    "config": BadRequest,
    "invalid": BadRequest,
    "conflict": BadRequest,
    "gone": NotFound,
    "restart": RestartNeeded,
    "exhausted": BudgetSpent,
    "throttled": BudgetSpent,
    "busy": ProviderDown,
    "transient": ProviderDown,
    "unreachable": ProviderDown,
    "unreadable": UnexpectedAnswer,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. Texts in it are redacted, cut and printable.

    `request_id` is for the provider's support. `existing`, of a conflict, is the id of the record that is in the way.
    """

    outcome: str  # GOOD or a key of ERRORS
    message: str = ""
    scopes: tuple[str, ...] = ()  # permissions that the provider misses
    told_wait_s: float | None = None  # Retry-After: it wins over the rule's wait
    rule: ErrorRule | None = None
    code: str | None = None
    request_id: str | None = None
    existing: str | None = None


def classify(answer: Answer, spec: Spec, now: datetime, redact: Callable[[str], str]) -> Verdict:
    """The first rule whose conditions all hold decides."""
    success = 200 <= answer.status < 300 and not (spec.error.outer and _has(answer.body, spec.error.outer))
    rules = [r for r in spec.rules if not success or (r.status and _any_fits(r.status, answer.status))]
    if (success and not rules) or answer.status in spec.empty:
        return _good(answer, spec, redact)
    document = _parsed(answer.body)
    codes = [as_text(v) for path in spec.error.code for v in values_at(document, path) if v is not None]
    rule = next((r for r in rules if _fits(r, answer.status, codes, document)), None)
    if rule is None and success:
        return _good(answer, spec, redact)
    return Verdict(
        outcome=rule.outcome if rule else ("config" if answer.status < 500 else "transient"),
        message=_message(answer, document, spec, redact),
        scopes=tuple(sorted({_clean(redact(text), 100) for text in _scopes(document)})),
        told_wait_s=retry_after(answer, now),
        rule=rule,
        code=_clean(redact(codes[0]), _ID_MAX) if codes else None,
        request_id=_request_id(answer, document, spec, redact),
        existing=_existing(document, rule),
    )


def error_of(verdict: Verdict, prefix: str, hint: str | None = None) -> CrmsyncError:
    """The error for a verdict that no further try mends."""
    if verdict.outcome == "forbidden" and verdict.scopes:
        hint = f"Grant the credentials: {', '.join(verdict.scopes)}"
    return ERRORS.get(verdict.outcome, BadRequest)(f"{prefix}: {verdict.message}", hint=hint)


def _good(answer: Answer, spec: Spec, redact: Callable[[str], str]) -> Verdict:
    start = answer.body.lstrip()[:1]
    json = start in b"{[" or "json" in answer.headers.get("content-type", "")
    if answer.status in spec.empty or not start or json:
        return Verdict(GOOD, request_id=_request_id(answer, None, spec, redact))  # its items may have failed
    return Verdict("unreadable", f"not JSON but {_message(answer, None, spec, redact)}")


@lru_cache(1024)  # asked by every answer, of every rule
def _any_fits(patterns: tuple[str, ...], status: int) -> bool:
    return any(_status_fits(pattern, status) for pattern in patterns)


def _fits(rule: ErrorRule, status: int, codes: list[str], document: Any) -> bool:
    return (
        (not rule.status or _any_fits(rule.status, status))
        and (not rule.code or any(_code_fits(pattern, code) for pattern in rule.code for code in codes))
        and meets(document, rule.when)
    )


def _status_fits(pattern: str, status: int) -> bool:
    return len(pattern) == 3 and all(p in ("x", s) for p, s in zip(pattern, str(status), strict=False))


def _code_fits(pattern: str, code: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith(".*") else code == pattern


def _has(body: bytes, path: str) -> bool:
    """Whether there is something where a failed call has its error. Looks at nothing else: the body may be a page."""
    try:
        return _teller(steps(path)[0])(body).more is True
    except UnreadablePage:
        return False  # the reader of the page tells


@lru_cache(16)
def _teller(key: str) -> Callable[[bytes], Head]:
    return compile_head(more=key)


def _parsed(body: bytes) -> Any:
    if len(body) > _PARSED_MAX_BYTES:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _message(answer: Answer, document: Any, spec: Spec, redact: Callable[[str], str]) -> str:
    texts = [v for v in values_at(document, spec.error.message) if v] if spec.error.message else []
    text = as_text(texts[0]) if texts else _described(answer)
    trace = _trace(document, spec, redact)
    told = f" (trace {trace})" if trace else ""
    return f"HTTP {answer.status}: {_clean(redact(text), MESSAGE_MAX)}{told}"


def _trace(document: Any, spec: Spec, redact: Callable[[str], str]) -> str | None:
    traces = values_at(document, spec.error.trace) if spec.error.trace else []
    return _clean(redact(as_text(traces[0])), _ID_MAX) if traces else None


def _existing(document: Any, rule: ErrorRule | None) -> str | None:
    paths = rule.existing if rule else ()
    return next((as_text(id_) for path in paths for id_ in values_at(document, path) if id_ is not None), None)


def _request_id(answer: Answer, document: Any, spec: Spec, redact: Callable[[str], str]) -> str | None:
    """As the body has it, else the header that is for it: providers name it alike, with words of their own before."""
    named = next((text for name, text in answer.headers.items() if name.endswith(_ID_HEADERS) and text), None)
    return _trace(document, spec, redact) or (_clean(redact(named), _ID_MAX) if named else None)


def _described(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "a redirect, which is never followed: check the base URL"
    text = answer.body[: 16 * MESSAGE_MAX].decode("utf-8", "replace").strip()
    if not text.startswith("<"):
        return text or "an empty answer"
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    return f"a web page titled {title[1].strip()!r}" if title else "a web page"


def _clean(text: str, longest: int) -> str:
    """One printable line: a stranger's text must not steer a terminal or forge a line of a log."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _scopes(document: Any) -> Iterator[str]:
    """Texts under any key that speaks of scopes, links aside."""
    for node in _maps(document, 6):
        for key, value in node.items():
            if "scope" in key.lower():
                texts = value if isinstance(value, list) else [value]
                yield from (t for t in texts if isinstance(t, str) and "://" not in t)


def _maps(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    if depth and isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _maps(value, depth - 1)
