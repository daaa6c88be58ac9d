"""Keys of crmsync.yaml that nobody knows, and those that were meant. Part of settings.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from crmsync.errors import Fault
from crmsync.spec.yaml import Document, Path


def near(word: str, known: Collection[str]) -> str:
    """`; did you mean …?`, where something known is like `word`."""
    found = get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def guessed(word: str, known: Collection[str]) -> str:
    """The same, or all that is known where nothing is like `word`."""
    return near(word, known) or f"; possible here: {', '.join(known)}"


def unknown_keys(document: Document, path: Path, tree: Mapping[str, Any], known: Collection[str]) -> Iterator[Fault]:
    """The keys of `tree`, which stands at `path`, that are not `known`."""
    for key in tree:
        if key not in known:
            yield document.fault((*path, key), "CF010", f"unknown key {key!r}{guessed(key, known)}")
