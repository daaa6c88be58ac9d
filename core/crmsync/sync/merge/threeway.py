"""Fields in groups -> the one statement that merges a slice of pairs, three ways. Pure; nothing is run here.

It reads the engine's tables
- `pairs`: `hub_id`, in no more than one of them, and `remote_id`; `base` and `shown`, JSON texts of the link (a field
  that `base` lacks was never agreed on);
- `origins`, where a policy asks for it: of each `hub_id`, by the numbers of the groups, `_outranks` BOOLEAN[], whether
  this connection stands above where the hub's values come from, and `_hub_at` TIMESTAMPTZ[], when they were edited
  (NULL: nobody knows);
- `hub`: `_id`, the fields, `_pending`;
- `remote`: `_id`, the fields in the hub's terms, `_updated_at` by the provider's clock, `_deleted_at`, `_pending`.
`_pending` VARCHAR[] names the references whose record has no counterpart yet: they wait, the rest goes on.

It makes `merged`, a row a pair; a pair without a row in `remote` has none, since nobody knows what the CRM holds:
- `_id`, `_remote_id` and the fields: the hub's row as it is to be, `_changed`, whether it must be written, and `_taken`
  VARCHAR[], the fields that it takes from the CRM;
- `_base`, `_shown`: the link's texts as they are to be, and `_moved`, whether they must be written;
- `_write` VARCHAR[], the fields to be written to the CRM, and `_sent`, their values as a JSON text (NULL: none), with
  the edits of their groups that the CRM lets nobody write: these are agreed to differ when the others are confirmed;
- `_conflicts`: of each, its `fields`, the texts of `base`, `hub` and `remote`, and the `winner` where a policy decided;
- `_ending`: where a side is gone, `archive` (the hub's row was deleted, so the CRM's is put away), `mark` (the CRM's
  was deleted, the hub's row stays), `conflict` (the other side changed meanwhile) or `forget` (both are gone); else
  NULL. Nothing but a conflict comes with an ending.

What is written to the CRM moves base and shown when it is confirmed (settle.py). Until then the same pair gives the
same row, so a lost intent is planned again.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.mapping import identifier
from crmsync.store import alike, plain
from crmsync.sync.merge.model import Group, MergeField, Place, places
from crmsync.sync.merge.result import result, sides
from crmsync.sync.merge.values import absent, compared, entry, link
from crmsync.sync.merge.verdict import MOVES, TAKES, WRITES, among, ending, verdict

_ORIGINS = " LEFT JOIN origins o ON o.hub_id = p.hub_id"


def merge_sql(groups: Sequence[Group], *, take: bool = True) -> str:
    """The statement that makes the temporary table `merged` of a stream's pairs; it fails on no value of theirs.

    Without `take` the hub takes nothing of the CRM's: whatever it would take waits.

    It costs some 40 ms for 12 fields, however few the pairs, and 10 µs of CPU for each (17 with a conflict), of which
    half is joining the rows and parsing the texts.

    Steps over the same rows, each of which computes a column once. Their names have the field's number, so that no
    field's name can meet them: `v` and `w` are the hub's value and the CRM's as they are, `h`, `c`, `b` and `s` the
    plain values of hub, CRM, base and shown.
    """
    placed = places(groups)
    return f"""CREATE OR REPLACE TEMP TABLE merged AS
WITH read AS (
  {_read(groups, placed)}
), plain AS (
  {_plain(placed)}
), compared AS (
  {_compared(placed)}
), judged AS (
  {_judged(groups, placed, take)}
), moved AS (
  {_moved(groups, placed)}
)
{result(groups, placed)}"""


def _read(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """Pairs with their rows, and the link's texts as values."""
    fields = [place.field for place in placed]
    names = [(place.number, identifier(place.field.name)) for place in placed]
    rows = ", ".join(f"h.{name} AS v{n}, r.{name} AS w{n}" for n, name in names)
    asked = any(group.ranked or group.dated for group in groups)
    known = "o._outranks AS outranks, o._hub_at AS hub_at, r._updated_at AS remote_at,\n    " if asked else ""
    return f"""SELECT p.hub_id, p.remote_id, p.base AS old_base, p.shown AS old_shown,
    h._id IS NULL AS hub_gone, r._deleted_at IS NOT NULL AS remote_gone,
    {known}list_concat(h._pending, r._pending) AS pending, h._flipping AS flipping, {link("p", fields)} AS link,
    {rows}
  FROM pairs p JOIN remote r ON r._id = p.remote_id LEFT JOIN hub h ON h._id = p.hub_id{_ORIGINS if asked else ""}"""


def _plain(placed: Sequence[Place]) -> str:
    """Each value in the form in which it is compared. `f`: the field was never agreed on.

    The link's texts may be older than the map of words that there is now.
    """
    values = []
    for place in placed:
        n, field = place.number, place.field
        values += [
            f"{compared(field, f'v{n}')} AS h{n}, {plain(f'w{n}', field.type)} AS c{n}",
            f"{_agreed('link.base', field)} AS b{n}, {_agreed('link.shown', field)} AS s{n}",
            f"{absent('link', field)} AS f{n}",
        ]
    return _step("* EXCLUDE (link)", values, "read")


def _agreed(struct: str, field: MergeField) -> str:
    return alike(field.words, entry(struct, field))


def _compared(placed: Sequence[Place]) -> str:
    """`hx`, `cx`: the hub's value is an edit, the CRM's is one. `x`: one is, and they differ, so one must be carried.

    What was never agreed on counts as agreed to be empty: who has something edited it, unless both have the same. So
    a first match needs no case of its own.
    """
    edits, carried = [], []
    for n in (place.number for place in placed):
        differ = f"h{n} IS DISTINCT FROM c{n}"
        edits.append(
            f"h{n} IS DISTINCT FROM b{n} AND (NOT f{n} OR {differ}) AS hx{n}, "
            f"c{n} IS DISTINCT FROM CASE WHEN NOT f{n} THEN s{n} END AND (NOT f{n} OR {differ}) AS cx{n}"
        )
        carried.append(f"{differ} AND (hx{n} OR cx{n}) AS x{n}")
    return _step("*", carried, f"({_step('*', edits, 'plain')})")


def _judged(groups: Sequence[Group], placed: Sequence[Place], take: bool) -> str:
    """`g`: the verdict on each group, by its number. `ending`: what follows where a side is gone."""
    verdicts = [
        f"{verdict(group, number, [place for place in placed if place.group == number], take=take)} AS g{number}"
        for number, group in enumerate(groups)
    ]
    return _step("*", [f"{ending(placed)} AS ending", *verdicts], "compared")


def _moved(groups: Sequence[Group], placed: Sequence[Place]) -> str:
    """`t`: the hub takes the CRM's value. `o`: the hub's value goes out. `nb`, `ns`: base and shown as they are to be.

    `n`: the link has the field then.
    """
    moves = [f"g{number} IN {among(MOVES)} AS m{number}" for number in range(len(groups))]
    acts, after = [], []
    for place in placed:
        n, group = place.number, place.group
        acts.append(f"x{n} AND g{group} IN {among(TAKES)} AS t{n}")
        goes = f"x{n}" if place.field.writable else f"x{n} AND hx{n}"
        acts.append(f"{goes} AND g{group} IN {among(WRITES)} AS o{n}")
        after.append(
            f"CASE WHEN t{n} THEN c{n} WHEN m{group} THEN h{n} ELSE b{n} END AS nb{n}, "
            f"CASE WHEN m{group} THEN c{n} ELSE s{n} END AS ns{n}, m{group} OR NOT f{n} AS n{n}"
        )
    after.append(f"{sides(groups, placed)} AS sides")
    return _step("*", after, f"({_step('*', [*moves, *acts], 'judged')})")


def _step(kept: str, columns: Sequence[str], source: str) -> str:
    return f"SELECT {kept},\n    " + ",\n    ".join(columns) + f"\n  FROM {source}"
