"""Clash: creates that would reach a record that is another row's, because the CRM tells records apart by one value."""

from __future__ import annotations

from dataclasses import replace

from crmsync.mapping import identifier, literal
from crmsync.store import FileStore
from crmsync.store.schema import LINKS_BY_REMOTE
from crmsync.sync.merge.outbox import AMBIGUOUS
from crmsync.sync.merge.side import Side


def clashes(store: FileStore, side: Side, by: str | None, run_id: str) -> int:
    """Take those of the engine table `intents` that go by upsert and clash out of it; tell how many.

    Two rows of the hub with one value of the field `by` would become one record, and so would a row and another one
    that has its record already. The engine table `clashing` has them as they are to be noted: as rejected, with who is
    in the way.
    """
    field = next((field for field in side.fields if field.name == by), None)
    engine, upserts = store.engine, "intents WHERE way = 'upsert'"
    engine.execute("CREATE OR REPLACE TEMP TABLE owners (value VARCHAR, hub_id VARCHAR)")
    if field is not None:
        by_value = replace(side.mirror, key=(field.column,))
        store.lookup(by_value, f"SELECT DISTINCT value AS {identifier(field.column)} FROM {upserts}", "alike",
                     ("_id", field.column))  # fmt: skip
        store.lookup(LINKS_BY_REMOTE, f"SELECT DISTINCT {side.who()}, _id AS remote_id FROM alike", "taken", _LINK)
        engine.execute(
            f"INSERT INTO owners SELECT a.{identifier(field.column)}, t.hub_id FROM alike a "
            "JOIN taken t ON t.remote_id = a._id AND t.state = 'linked'"
        )
    engine.execute(f"INSERT INTO owners SELECT value, hub_id FROM {upserts}")
    others = "list_filter(o.ids, lambda id: id <> i.hub_id)"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE clashing AS SELECT i.id, 'rejected' AS state, {literal(AMBIGUOUS)} AS code, "
        f"'Further rows of the hub have the same value: ' || array_to_string({others}, ', ') AS message, "
        f"now() AS settled_at, {literal(run_id)} AS run_id FROM intents i "
        "JOIN (SELECT value, list(DISTINCT hub_id ORDER BY hub_id) AS ids FROM owners GROUP BY 1) o USING (value) "
        f"WHERE i.way = 'upsert' AND len({others}) > 0"
    )
    engine.execute("DELETE FROM intents WHERE id IN (SELECT id FROM clashing)")
    return int(engine.value("SELECT count(*) FROM clashing"))


_LINK = (*LINKS_BY_REMOTE.key, "hub_id", "state")
