"""What was sent and what the CRM shows now -> base and shown of the link. SQL text only; nothing is run here."""

from __future__ import annotations

from collections.abc import Sequence

from crmsync.mapping import identifier, literal
from crmsync.store import plain
from crmsync.sync.merge.model import Group, MergeField, places
from crmsync.sync.merge.values import absent, entry, link, parsed, piece, pieces


def settle_sql(groups: Sequence[Group], *, created: bool = False) -> str:
    """The statement that makes the temporary table `settled` of writes that the CRM confirmed.

    `created`: the writes made the records. What was left out of them then is agreed to be what the CRM shows; so the
    hub's is the next edit. `written` has `left_out` BOOLEAN then, whether that is an amount of which nobody knew in
    which currency the CRM would count it, and `held` VARCHAR[], the fields that the CRM could not be told, where what
    it has made up is no edit of anybody's; nor is it in the fields that are merged with these.

    It reads the engine's tables `written` (`hub_id`, `remote_id`; `base` and `shown` of the link; `sent`, a JSON text
    of the fields that were sent: `_sent` of `merged`) and `remote`, as in threeway.py: what the CRM shows now.

    `settled` has `_id`, `_remote_id`, `_base`, `_shown`. Of the fields that were sent, base becomes what was sent and
    shown what the CRM has made of it, however different that is; all others stay, so that an edit that the CRM shows
    besides is found by the next merge. So does a reference that the CRM shows and that nobody knows in the hub. A
    write without a row in `remote` is not settled, since nobody knows what the CRM holds.
    """
    placed = [(place.number, place.field, groups[place.group]) for place in places(groups)]
    fields = [field for _, field, _ in placed]
    base = [_entry(f, entry("sent", f), "base", n, group, hub=True) for n, f, group in placed]
    shown = [_entry(f, plain(f"w{n}", f.type), "shown", n, group) for n, f, group in placed]
    return f"""CREATE OR REPLACE TEMP TABLE settled AS
WITH read AS (
  SELECT w.hub_id, w.remote_id, r._pending AS pending,
    {"w.left_out, w.held" if created else "false AS left_out, NULL::VARCHAR[] AS held"},
    {link("w", fields)} AS link, TRY({parsed("w.sent", fields)}) AS sent,
    TRY(json_keys(w.sent)) AS sending,
    {", ".join(f"r.{identifier(field.name)} AS w{n}" for n, field in enumerate(fields))}
  FROM written w JOIN remote r ON r._id = w.remote_id
)
SELECT hub_id AS _id, remote_id AS _remote_id,
  {pieces(base)} AS _base,
  {pieces(shown)} AS _shown
FROM read"""


def _entry(field: MergeField, after: str, before: str, number: int, group: Group, *, hub: bool = False) -> str:
    """SQL: the field in a text of the link: `after` where it was sent, else what stood there, if anything did.

    Of what was left out, it is what the CRM shows. What belongs to that and was empty in the hub still is, for `hub`.
    """
    name, measured = literal(field.name), " OR left_out" if field in (group.measured or ()) else ""
    known, mates = f"NOT coalesce(list_contains(pending, {name}), false)", [literal(f.name) for f in group.fields]
    seen = piece(field, plain(f"w{number}", field.type))
    left = f"WHEN (list_contains(held, {name}) AND {known}){measured} THEN {seen} "
    if len(mates) > 1:
        left += f"WHEN list_has_any(held, [{', '.join(mates)}]) THEN {piece(field, 'NULL') if hub else seen} "
    return (
        f"CASE WHEN list_contains(sending, {name}) AND {known} THEN {piece(field, after)} "
        f"WHEN NOT {absent('link', field)} THEN {piece(field, entry(f'link.{before}', field))} {left}END"
    )
