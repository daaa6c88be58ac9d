"""What a line inherits: maps are merged, and a null switches off what stands there otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(inherited: Any, own: Any) -> Any:
    """Deep merge of two maps; `null` in `own` removes what it inherits. An outcome with a `by` inherits nothing."""
    if not (isinstance(inherited, dict) and isinstance(own, dict)):
        return own
    merged = {**inherited}
    for key, value in own.items():
        if value is None and key in inherited:
            del merged[key]
        else:
            merged[key] = merge(merged[key], value) if key in merged and not _whole(key, value) else value
    return merged


def _whole(key: str, value: Any) -> bool:
    return key == "outcome" and isinstance(value, dict) and value.get("by") is not None


def on(line: Mapping[str, Any]) -> dict[str, Any]:
    """`line` without the keys that a null switches off."""
    return {key: value for key, value in line.items() if value is not None}
