"""What a line inherits: maps are merged, and a null switches off what stands there otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(inherited: Any, own: Any) -> Any:
    """Deep merge of two maps; `null` in `own` removes what it inherits."""
    if not (isinstance(inherited, dict) and isinstance(own, dict)):
        return own
    merged = {**inherited}
    for key, value in own.items():
        if value is None and key in inherited:
            del merged[key]
        else:
            merged[key] = merge(merged[key], value) if key in merged else value
    return merged


def shared(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A way to write with what all have in `common`: an outcome that tells in another way stands for itself."""
    if isinstance(outcome := own.get("outcome"), dict) and outcome.get("by") is not None:
        common = {key: value for key, value in common.items() if key != "outcome"}
    merged: dict[str, Any] = merge(dict(common), dict(own))
    return on(merged)


def on(line: Mapping[str, Any]) -> dict[str, Any]:
    """`line` without the keys that a null switches off."""
    return {key: value for key, value in line.items() if value is not None}
