"""One stream as its rules see it: with `defaults` merged in, and with the place where each part was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crmsync.spec.inherit import merge
from crmsync.spec.model import ObjectField
from crmsync.spec.schema_faults import Finding
from crmsync.spec.yaml import Path


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stream's rules look things up in: the top of the spec, as far as its shape is right."""

    lists: Mapping[str, Any]
    pools: frozenset[str]
    discover: Mapping[str, Any] | None
    link: Mapping[str, Any] | None
    link_writes: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]  # `write` and `clear`: sound, and as written
    options: frozenset[str]
    carries: bool  # whether there is a transport for calls


@dataclass(frozen=True, slots=True)
class Sheet:
    """One stream: `line` is merged and sound, `written` merged only; `own` and `inherited` are its parts."""

    name: str
    line: Mapping[str, Any]
    written: Any
    own: Any
    inherited: Any
    canonical: Mapping[str, ObjectField]

    def at(self, *path: str | int) -> Path:
        """Where `path` of the merged stream was written, or the nearest thing around it."""
        if _depth(self.own, path) >= _depth(self.inherited, path):
            return ("streams", self.name, *path)
        return ("defaults", *path)

    def value(self, *path: str) -> Any:
        """What stands at `path`; None where there is nothing."""
        return _found(self.line, path)

    def part(self, *path: str) -> dict[str, Any]:
        """The map at `path`, without what is switched off; empty where there is none."""
        node = self.value(*path)
        return {k: v for k, v in node.items() if v is not None} if isinstance(node, dict) else {}

    def as_written(self, *path: str) -> Any:
        """What stands at `path`, right or wrong; None where there is nothing."""
        return _found(self.written, path)

    def wrote(self, *path: str) -> bool:
        """Whether there is something at `path`, right or wrong."""
        return self.as_written(*path) is not None

    def lacks(self, path: tuple[str, ...], why: str) -> Iterator[Finding]:
        if not self.wrote(*path):
            yield Finding((*self.at(*path[:-1]), f"{path[-1]}?"), "SP208", f"{why} in stream `{self.name}`")


def sheet(
    name: str, written: Mapping[str, Any], sound: Mapping[str, Any], canonical: Mapping[str, ObjectField]
) -> Sheet:
    """The stream `name` of a tree as written and of its sound part."""
    line = merge(sound.get("defaults") or {}, sound["streams"][name])
    own, inherited = written["streams"][name], written.get("defaults")
    return Sheet(name, line, merge(inherited, own), own, inherited, canonical)


def _found(node: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _depth(node: Any, path: tuple[str | int, ...]) -> int:
    for depth, key in enumerate(path):
        inside = key in node if isinstance(node, dict) else isinstance(node, list) and key in range(len(node))
        if not inside:
            return depth
        node = node[key]
    return len(path)
