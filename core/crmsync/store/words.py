"""Value maps: the hub's words for a field and a CRM's, each for the other. SQL text only.

A word that is not in the map is the same on both sides. Where several of the hub's words are one of the CRM's, the CRM
cannot tell them apart: they are compared as the first of them, so that writing one of them and reading it back is no
edit, and the hub keeps the word that it has. For any words ours(theirs(w)) = alike(w), alike(ours(w)) = ours(w) and
theirs(alike(w)) = theirs(w): what is written is `theirs`, what is read `ours`, and what is compared `alike`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmsync.quote import literal

Words = Sequence[tuple[str, str]]  # the hub's, the CRM's


def theirs(words: Words, value: str) -> str:
    """SQL: the CRM's word for the hub's word `value`."""
    return _case(dict(words), value)


def ours(words: Words, value: str) -> str:
    """SQL: the hub's word for the CRM's word `value`.

    One that is only among the hub's words is read as that: the CRM has a label that is called so.
    """
    return _case(_alike(words) | _first(words), value)


def alike(words: Words, value: str) -> str:
    """SQL: the first of the hub's words that are one word in the CRM, for the hub's word `value`."""
    return _case(_first(words) | _alike(words), value)


def _first(words: Words) -> dict[str, str]:
    """The first of the hub's words for each of the CRM's."""
    return {crm: hub for hub, crm in reversed(words)}


def _alike(words: Words) -> dict[str, str]:
    first = _first(words)
    return {hub: first[crm] for hub, crm in words}


def _case(words: Mapping[str, str], value: str) -> str:
    cases = "".join(f" WHEN {literal(word)} THEN {literal(other)}" for word, other in words.items() if word != other)
    return f"CASE {value}{cases} ELSE {value} END" if cases else value
