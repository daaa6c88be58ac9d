"""Flips: fields that somebody in the CRM, a workflow say, turns back whenever we write them.

Without a hold each sync would write the same again, for ever. What was written so often in so short a time is held as a
conflict, and a person decides; from then on it counts anew.
"""

from __future__ import annotations

from crmsync.store import FileStore
from crmsync.store.schema import CONFLICTS_OF_ROW, INTENTS_OF_ROW
from crmsync.sync.merge.side import Side
from crmsync.sync.merge.values import document

WRITES = 3  # of one value to one field of one record
WITHIN = "INTERVAL 7 DAY"


def bring_flips(store: FileStore, side: Side) -> None:
    """Fill the engine table `flips` (`hub_id`, `flipping` VARCHAR[]) with those fields of `hub_rows`."""
    engine, who = store.engine, f"SELECT {side.who()}, hub_id FROM pairs"
    written = store.lookup(INTENTS_OF_ROW, who, "intended", ("hub_id", "action", "state", "fields", "settled_at"))
    often = written >= WRITES and engine.table(
        "often",
        "SELECT hub_id, fields, settled_at FROM intended "
        f"WHERE action = 'update' AND state = 'applied' AND settled_at > now() - {WITHIN} "
        f"QUALIFY count(*) OVER (PARTITION BY hub_id) >= {WRITES}",
    )
    if not often:
        engine.execute("CREATE OR REPLACE TEMP TABLE flips (hub_id VARCHAR, flipping VARCHAR[])")
        return
    store.lookup(CONFLICTS_OF_ROW, who, "disputes", ("hub_id", "fields", "resolved_at", "resolution"))
    fields = [field for group in side.groups for field in group.fields]
    at = "->('$.\"' || name || '\"')"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE flips AS SELECT hub_id, list(name) AS flipping FROM ("
        "SELECT o.hub_id, name FROM (SELECT *, unnest(json_keys(fields)) AS name FROM often) o "
        f"JOIN (SELECT _id, {document(fields, 'r')}::JSON AS now FROM hub_rows r) h ON h._id = o.hub_id "
        f"WHERE (o.fields{at})::VARCHAR = (h.now{at})::VARCHAR AND NOT EXISTS (FROM disputes d "
        "WHERE d.hub_id = o.hub_id AND d.resolution = 'person' AND list_contains(d.fields, name) "
        f"AND d.resolved_at >= o.settled_at) GROUP BY ALL HAVING count(*) >= {WRITES}) GROUP BY hub_id"
    )
