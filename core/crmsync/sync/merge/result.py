"""What moves -> the columns of `merged`: hub row, link, what is to be written, conflicts. SQL."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.mapping import identifier, literal
from crmsync.mapping.lists import ELEMENT, kept, mapped
from crmsync.store import plain
from crmsync.sync.merge.model import Group, Place
from crmsync.sync.merge.values import piece, pieces
from crmsync.sync.merge.verdict import CONFLICTS, Verdict, among, any_of, flips

CONFLICT = "STRUCT(fields VARCHAR[], base VARCHAR, hub VARCHAR, remote VARCHAR, policy VARCHAR, winner VARCHAR)"


def result(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """The SELECT that makes the rows of `merged`; lists are made only where something is in them."""
    rows = [
        f"CASE WHEN t{p.number} THEN w{p.number} ELSE v{p.number} END AS {identifier(p.field.name)}" for p in placed
    ]
    writable = [place for place in placed if place.field.writable]
    writing = any_of(f"o{place.number}" for place in writable)
    columns = [
        "hub_id AS _id",
        "remote_id AS _remote_id",
        *rows,
        f"{any_of(f't{place.number}' for place in placed)} AS _changed",
        f"CASE WHEN _changed THEN {_names(placed, 't')} ELSE [] END::VARCHAR[] AS _taken",
        f"{pieces(_pieces(placed, 'nb', 'n'))} AS _base",
        f"{pieces(_pieces(placed, 'ns', 'n'))} AS _shown",
        "_base IS DISTINCT FROM old_base OR _shown IS DISTINCT FROM old_shown AS _moved",
        f"CASE WHEN {writing} THEN {_names(writable, 'o')} ELSE [] END::VARCHAR[] AS _write",
        f"CASE WHEN {writing} THEN {pieces(_pieces(placed, 'h', 'o'))} END AS _sent",
        f"{_conflicts(groups, placed)} AS _conflicts",
        "ending AS _ending",
    ]
    return "SELECT\n  " + ",\n  ".join(columns) + "\nFROM moved"


def _pieces(places: Sequence[Place], value: str, present: str = "") -> list[str]:
    """SQL: the entries of a JSON text of the columns called `value`, where those called `present` hold."""
    texts = [(place.number, piece(place.field, f"{value}{place.number}")) for place in places]
    return [f"CASE WHEN {present}{n} THEN {text} END" if present else text for n, text in texts]


def _names(places: Sequence[Place], which: str) -> str:
    """SQL: the list of the names of those where the columns called `which` hold."""
    names = [f"CASE WHEN {which}{place.number} THEN {literal(place.field.name)} END" for place in places]
    return kept(f"[{', '.join(names)}]", f"{ELEMENT} IS NOT NULL")


def sides(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """SQL: of a pair with a conflict, the entries of its JSON texts, as lists of the whole row."""
    conflicting = any_of(
        ["ending = 'conflict'", *(f"g{number} IN {among(CONFLICTS)}" for number in range(len(groups)))]
    )
    base = [f"CASE WHEN NOT f{p.number} THEN {piece(p.field, f'b{p.number}')} END" for p in placed]
    hub = zip(placed, _pieces(placed, "h"), strict=True)  # where words are alike, the one that it has
    lists = {
        "fields": [literal(place.field.name) for place in placed],
        "base": base,
        "hub": [piece(p.field, plain(f"v{p.number}", p.field.type)) if p.field.words else h for p, h in hub],
        "remote": _pieces(placed, "c"),
    }
    struct = ", ".join(f"{literal(name)}: [{', '.join(entries)}]" for name, entries in lists.items())
    return f"CASE WHEN {conflicting} THEN {{{struct}}} END"


def _conflicts(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """SQL: the conflicts of a pair; of one that is gone on a side, the whole of it.

    Each is cut out of `sides`, since the fields of a group stand side by side: expressions of its own for each group
    would cost more to plan than all the rest of the statement.
    """
    gone = f"CASE WHEN ending = 'conflict' THEN {Verdict.HELD:d} ELSE 0 END"
    spans, last = [_span(gone, literal("hold"), 1, len(placed))], 0
    for number, group in enumerate(groups):
        first, last = last + 1, last + len(group.fields)
        fresh = any_of(f"f{place.number}" for place in placed if place.group == number)
        spans.append(_span(f"g{number}", _policy(group, fresh), first, last))
    those = kept(f"[{', '.join(spans)}]", f"{ELEMENT}.verdict IN {among(CONFLICTS)}")
    verdict = f"{ELEMENT}.verdict"
    winner = (
        f"CASE WHEN {verdict} = {Verdict.REMOTE:d} THEN 'remote' "
        f"WHEN {verdict} IN {among((Verdict.HUB, Verdict.KEEP))} THEN 'hub' END"
    )
    conflict = (
        f"{{'fields': sides.fields[{ELEMENT}.a:{ELEMENT}.z], 'base': {_cut('base')}, "
        f"'hub': CASE WHEN NOT hub_gone THEN {_cut('hub')} END, "
        f"'remote': CASE WHEN NOT remote_gone THEN {_cut('remote')} END, "
        f"'policy': {ELEMENT}.policy, 'winner': {winner}}}"
    )
    return f"CASE WHEN sides IS NOT NULL THEN {mapped(those, conflict)} ELSE [] END::{CONFLICT}[]"


def _span(verdict: str, policy: str, first: int, last: int) -> str:
    return f"{{'verdict': {verdict}, 'policy': {policy}, 'a': {first}, 'z': {last}}}"


def _policy(group: Group, fresh: str) -> str:
    """SQL: the policy that was asked; `flips`, where none was."""
    policy, first = literal(group.rule.policy), literal(group.rule.first)
    asked = policy if policy == first else f"CASE WHEN {fresh} THEN {first} ELSE {policy} END"
    return f"CASE WHEN {flips(group.fields)} THEN 'flips' ELSE {asked} END"


def _cut(side: str) -> str:
    """SQL: the JSON text of those entries that lie in the span; of none, there is no joined text."""
    return f"'{{' || coalesce(array_to_string(sides.{side}[{ELEMENT}.a:{ELEMENT}.z], ','), '') || '}}'"
