"""Meaning of an outcome: each `by` has its own words, and some it cannot do without. Part of check.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from crmsync.spec import bind
from crmsync.spec.schema_faults import Finding, near
from crmsync.spec.yaml import Path

Shape = Literal["table", "items", "ids", "one"]

_ENTRY = ("id", "record")
_FAILED = ("existing", "code", "message")
_WORDS = {
    "order": ("results", "ok", *_ENTRY, *_FAILED),
    "key": ("results", "key", *_ENTRY, "errors", "error_keys", "error_ids", *_FAILED),
    "all": ("ids", "errors", "index", "only", *_FAILED),
    "whole": ("results", "errors", *_ENTRY, *_FAILED),
}
_NEEDED = {"order": ("ok",), "key": ("key",), "all": ("ids", "errors", "index"), "whole": ()}
_OF_ERRORS = ("error_keys", "error_ids", "index", "only")


def outcome_findings(
    name: str, shape: Shape, line: Mapping[str, Any], at: Callable[..., Path], wrote: Callable[..., bool]
) -> Iterator[Finding]:
    """What is wrong with the outcome of the request `line`, which does `name` (`create`, …, `link.write`)."""

    def lacks(key: str, why: str) -> Iterator[Finding]:
        if not wrote("outcome", key):
            yield Finding((*at("outcome", "by")[:-1], f"{key}?"), "SP208", why)

    if not isinstance(line.get("outcome"), dict):
        if not wrote("outcome"):
            yield Finding((*at(), "outcome?"), "SP208", f"`{name}` has no `outcome`")
        return
    outcome = {key: value for key, value in line["outcome"].items() if value is not None}
    by = outcome.get("by")
    if by is None:
        yield from lacks("by", f"`outcome` needs `by`: {', '.join(_WORDS)}")
        return
    for key in outcome.keys() - {"by", *_WORDS[by]}:
        guess = near(key, _WORDS[by]) or f"; possible: {', '.join(_WORDS[by])}"
        yield Finding(at("outcome", key), "SP208", f"`by: {by}` has no `{key}`{guess}")
    for key in _NEEDED[by]:
        yield from lacks(key, f"`by: {by}` needs `{key}`")
    for key in _OF_ERRORS:
        if key in outcome and key in _WORDS[by] and "errors" not in _NEEDED[by]:
            yield from lacks("errors", f"`{key}` needs `errors`")
    if "errors" in outcome and by == "key" and not wrote("outcome", "error_ids"):
        yield from lacks("error_keys", "`errors` need `error_keys` or `error_ids`")
    yield from _fits(name, shape, line, by, outcome, at)
    if name in ("create", "upsert") and by != "all":
        yield from lacks("id", f"`{name}` needs `id`: of what record an item is")


def _fits(
    name: str, shape: Shape, line: Mapping[str, Any], by: str, outcome: Mapping[str, Any], at: Callable[..., Path]
) -> Iterator[Finding]:
    """The outcome is one of as many items as the request has."""
    if by == "key" and name.startswith("link."):
        yield Finding(at("outcome", "by"), "SP208", "the write of a link has no `$key`")
    elif by == "key" and "key" not in set(bind.names(line.get("item", line))):
        yield Finding(at("outcome", "by"), "SP208", "`by: key` needs `$key` in the request")
    if by == "whole" and name in ("create", "upsert") and "errors" in outcome:
        why = "where there are `errors`, `by: whole` sends the items again, and a record would be made twice"
        yield Finding(at("outcome", "errors"), "SP208", why)
    if by == "whole" and shape != "one":
        for key in ("results", *_ENTRY):
            if key in outcome:
                why = f"`by: whole` tells of no single item, so there is no `{key}` where a request has several"
                yield Finding(at("outcome", key), "SP208", why)
