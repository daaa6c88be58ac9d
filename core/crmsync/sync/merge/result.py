"""Verdicts -> the columns of `merged`: hub row, link, what is to be written, conflicts. SQL over threeway's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmsync.mapping import identifier, literal
from crmsync.mapping.lists import ELEMENT, kept
from crmsync.sync.merge.model import Group, Place
from crmsync.sync.merge.values import piece, pieces
from crmsync.sync.merge.verdict import CONFLICTS, MOVES, TAKES, WRITES, Verdict, any_of

CONFLICT = "STRUCT(fields VARCHAR[], base VARCHAR, hub VARCHAR, remote VARCHAR, winner VARCHAR)"


def result(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """The SELECT that makes the rows of `merged`; lists are made only where something is in them."""
    rows = [
        f"CASE WHEN {_taken(place)} THEN w{place.number} ELSE v{place.number} END AS {identifier(place.field.name)}"
        for place in placed
    ]
    writing = any_of(map(_written, placed))
    columns = [
        "hub_id AS _id",
        "remote_id AS _remote_id",
        *rows,
        f"{any_of(map(_taken, placed))} AS _changed",
        f"{_base(placed)} AS _base",
        f"{_shown(placed)} AS _shown",
        "_base IS DISTINCT FROM old_base OR _shown IS DISTINCT FROM old_shown AS _moved",
        f"CASE WHEN {writing} THEN {_names(placed)} ELSE []::VARCHAR[] END AS _write",
        f"CASE WHEN {writing} THEN {_sent(placed)} END AS _sent",
        f"{_conflicts(groups, placed)} AS _conflicts",
        "ending AS _ending",
    ]
    return "SELECT\n  " + ",\n  ".join(columns) + "\nFROM judged"


def _in(group: int, verdicts: Iterable[Verdict]) -> str:
    return f"g{group} IN ({', '.join(f'{verdict:d}' for verdict in verdicts)})"


def _taken(place: Place) -> str:
    """SQL: whether the hub's value becomes the CRM's."""
    return f"(x{place.number} AND {_in(place.group, TAKES)})"


def _written(place: Place) -> str:
    """SQL: whether the hub's value is to be written to the CRM."""
    return f"(x{place.number} AND {_in(place.group, WRITES)})" if place.field.writable else "false"


def _base(placed: Sequence[Place]) -> str:
    return _link(placed, {p.number: f"CASE WHEN {_taken(p)} THEN c{p.number} ELSE h{p.number} END" for p in placed}, "b")


def _shown(placed: Sequence[Place]) -> str:
    return _link(placed, {p.number: f"c{p.number}" for p in placed}, "s")


def _link(placed: Sequence[Place], after: dict[int, str], before: str) -> str:
    """SQL: a text of the link: `after` where a group moves, else what stood there, if anything did."""
    entries = []
    for place in placed:
        n, moves = place.number, _in(place.group, MOVES)
        value = piece(place.field, f"CASE WHEN {moves} THEN {after[n]} ELSE {before}{n} END")
        entries.append(f"CASE WHEN {moves} OR NOT f{n} THEN {value} END")
    return pieces(entries)


def _names(placed: Sequence[Place]) -> str:
    return _present([f"CASE WHEN {_written(place)} THEN {literal(place.field.name)} END" for place in placed])


def _sent(placed: Sequence[Place]) -> str:
    return pieces([f"CASE WHEN {_written(p)} THEN {piece(p.field, f'h{p.number}')} END" for p in placed])


def _conflicts(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """SQL: the conflicts of a pair; of one that is gone on a side, the whole of it."""
    found = []
    for number, group in enumerate(groups):
        members = [place for place in placed if place.group == number]
        winner = (
            f"CASE WHEN {_in(number, (Verdict.REMOTE,))} THEN 'remote' "
            f"WHEN {_in(number, (Verdict.HUB, Verdict.KEEP))} THEN 'hub' END"
        )
        conflict = _conflict(members, _sides(members, "h"), _sides(members, "c"), winner)
        found.append(f"CASE WHEN {_in(number, CONFLICTS)} THEN {conflict} END")
    hub = f"CASE WHEN NOT hub_gone THEN {_sides(placed, 'h')} END"
    remote = f"CASE WHEN NOT remote_gone THEN {_sides(placed, 'c')} END"
    several = any_of(_in(number, CONFLICTS) for number in range(len(groups)))
    return (
        f"CASE WHEN ending = 'conflict' THEN [{_conflict(placed, hub, remote, 'NULL')}] "
        f"WHEN {several} THEN {_present(found)} ELSE []::{CONFLICT}[] END"
    )


def _conflict(places: Sequence[Place], hub: str, remote: str, winner: str) -> str:
    names = ", ".join(literal(place.field.name) for place in places)
    base = pieces([f"CASE WHEN NOT f{p.number} THEN {piece(p.field, f'b{p.number}')} END" for p in places])
    return f"{{'fields': [{names}], 'base': {base}, 'hub': {hub}, 'remote': {remote}, 'winner': {winner}}}::{CONFLICT}"


def _sides(places: Sequence[Place], side: str) -> str:
    """SQL: the JSON text of one side's plain values."""
    return pieces([piece(place.field, f"{side}{place.number}") for place in places])


def _present(entries: Sequence[str]) -> str:
    """SQL: the list of those entries that are not NULL."""
    return kept(f"[{', '.join(entries)}]", f"{ELEMENT} IS NOT NULL")
