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
    it has made up is no edit of anybody's.

    It reads the engine's tables `written` (`hub_id`, `remote_id`; `base` and `shown` of the link; `sent`, a JSON text
    of the fields that were sent: `_sent` of `merged`) and `remote`, as in threeway.py: what the CRM shows now.

    `settled` has `_id`, `_remote_id`, `_base`, `_shown`. Of the fields that were sent, base becomes what was sent and
    shown what the CRM has made of it, however different that is; all others stay, so that an edit that the CRM shows
    besides is found by the next merge. So does a reference that the CRM shows and that nobody knows in the hub. A
    write without a row in `remote` is not settled, since nobody knows what the CRM holds.
    """
    fields = [place.field for place in places(groups)]
    left_out = [f for group in groups for f in group.measured or ()]
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
  {pieces([_entry(f, entry("sent", f), "base", n, f in left_out) for n, f in enumerate(fields)])} AS _base,
  {pieces([_entry(f, plain(f"w{n}", f.type), "shown", n, f in left_out) for n, f in enumerate(fields)])} AS _shown
FROM read"""


def _entry(field: MergeField, after: str, before: str, number: int, left_out: bool) -> str:
    """SQL: the field in a text of the link: `after` where it was sent, else what stood there, if anything did."""
    name = literal(field.name)
    known = f"NOT coalesce(list_contains(pending, {name}), false)"
    left = f"list_contains(held, {name}) AND {known}" + (" OR left_out" if left_out else "")
    agreed = f"WHEN {left} THEN {piece(field, plain(f'w{number}', field.type))} "
    return (
        f"CASE WHEN list_contains(sending, {name}) AND {known} THEN {piece(field, after)} "
        f"WHEN NOT {absent('link', field)} THEN {piece(field, entry(f'link.{before}', field))} {agreed}END"
    )
