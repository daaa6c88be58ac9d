"""Where the hub's values come from, and since when: what rankings and the newest are judged by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crmsync.config import Rule, Terms
from crmsync.store import FileStore, Pairing, Table
from crmsync.sync.merge.model import MergeField, groups
from crmsync.sync.merge.origin import bring_origins
from crmsync.sync.merge.side import Side, hub_of
from store_kit import edit

HUB = hub_of("deal", Terms().objects)
NOON, ONE, TWO = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (12, 13, 14))
WORDS = (("Won", "Closed"), ("Done", "Closed"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileStore]:
    opened = FileStore(tmp_path_factory.mktemp("origin") / "store.duckdb")
    opened.ensure(HUB)
    yield opened
    opened.close()


def side(rule: Rule, rank: tuple[str, ...] = ()) -> Side:
    """The connection `mine` with a name, an amount in a currency, and a stage with words of its own."""
    types = {"name": "text", "amount": "decimal", "currency": "text", "stage": "text"}
    made = groups([MergeField(n, t, rule, words=WORDS if n == "stage" else ()) for n, t in types.items()])
    return Side("mine", "deal", Pairing("mine", "deal", HUB, Table("mine", "deal", (), ("_id",)), ()), made, None, rank)


def origins(store: FileStore, of: Side, texts: str) -> tuple[list[Any], list[Any]]:
    """`_outranks` and `_hub_at` of a row that says Big, 7.5 EUR and Done; `texts` fill the store."""
    start = (
        "DELETE FROM crmsync.links; DELETE FROM crmsync.intents; DELETE FROM crmsync.conflicts; DELETE FROM crm.deal;"
    )
    row = "INSERT INTO crm.deal (_id, name, amount, currency, stage) VALUES ('h', 'Big', 7.5, 'EUR', 'Done');"
    edit(store.path, start + row + texts)
    store.engine.execute("CREATE OR REPLACE TEMP TABLE pairs AS SELECT 'h' AS hub_id, 'r' AS remote_id")
    store.lookup(HUB, "SELECT hub_id AS _id FROM pairs", "hub")
    bring_origins(store, of)
    (found,) = store.engine.rows("SELECT _outranks, _hub_at FROM origins")
    store.rest()
    return found


def link(connection: str, base: str, moved_at: str = "NULL") -> str:
    columns = "connection, stream, hub_id, base, moved_at, state"
    return (
        f"INSERT INTO crmsync.links ({columns}) VALUES ('{connection}', 'deal', 'h', '{base}', {moved_at}, 'linked');"
    )


ALL = '{"name":"Big","amount":7.5,"currency":"EUR","stage":"Done"}'
RANK = ("first", "mine", "last", "crm")


@pytest.mark.parametrize(
    ("rank", "texts", "outranks"),
    [
        (RANK, link("first", ALL), [False] * 3),
        (RANK, link("last", ALL), [True] * 3),
        (RANK, link("last", ALL) + link("first", ALL), [False] * 3),
        (RANK, link("last", ALL) + link("mine", ALL), [True] * 3),
        (RANK, link("stranger", ALL), [True] * 3),  # as good as an edit of the hub, which stands last
        (RANK, link("first", '{"name":"Big","amount":7.5,"currency":"USD"}'), [False, True, True]),
        (RANK, link("first", '{"amount":7.50,"stage":"Won"}'), [True, False, False]),  # alike to this CRM
        (RANK, link("first", "{}"), [True] * 3),
        (("crm", "mine"), "", [False] * 3),
        (("first", "mine"), "", [None] * 3),
        (("first", "mine"), link("first", ALL), [False] * 3),
        (("first", "crm"), link("first", ALL), [None] * 3),  # of itself the list knows nothing
        ((), link("first", ALL), [None] * 3),
    ],
)
def test_a_connection_is_ranked_against_whose_value_the_hub_has(
    store: FileStore, rank: tuple[str, ...], texts: str, outranks: list[Any]
) -> None:
    """Group by group; the highest of those that say the same counts."""
    assert origins(store, side(Rule("rank"), rank), texts)[0] == outranks
    assert origins(store, side(Rule("hold", "rank"), rank), texts)[0] == outranks


def intent(fields: str, at: str, state: str = "rejected") -> str:
    columns = "id, connection, stream, hub_id, fields, planned_at, state"
    return (
        f"INSERT INTO crmsync.intents ({columns}) VALUES (uuid(), 'mine', 'deal', 'h', '{fields}', '{at}', '{state}');"
    )


def conflict(hub: str, at: str, resolved: str = "NULL") -> str:
    columns = "id, connection, stream, hub_id, hub, opened_at, resolved_at"
    return (
        f"INSERT INTO crmsync.conflicts ({columns}) VALUES (uuid(), 'mine', 'deal', 'h', '{hub}', '{at}', {resolved});"
    )


@pytest.mark.parametrize(
    ("texts", "name_at"),
    [
        ("", None),
        (intent('{"name":"Big"}', f"{NOON}"), NOON),
        (intent('{"name":"Big"}', f"{ONE}") + intent('{"name":"Big","stage":"Won"}', f"{NOON}", "superseded"), NOON),
        (intent('{"name":"Small"}', f"{NOON}"), None),  # another edit
        (intent('{"stage":"Won"}', f"{NOON}"), None),
        (intent('{"name":"Big"}', f"{NOON}", "applied"), None),  # both agreed on that
        (conflict('{"name":"Big"}', f"{ONE}"), ONE),
        (conflict('{"name":"Big"}', f"{ONE}", "now()"), None),
        (conflict('{"name":"Big"}', f"{ONE}") + intent('{"name":"Big"}', f"{TWO}"), ONE),
    ],
)
def test_an_edit_of_the_hub_is_as_old_as_the_first_sync_that_saw_it(
    store: FileStore, texts: str, name_at: datetime | None
) -> None:
    """As an intent that was not carried out, or a conflict that waits; else it is noticed now."""
    _, (found, _, _) = origins(store, side(Rule("newest")), texts)
    assert found == name_at or (name_at is None and found > TWO)


@pytest.mark.parametrize(("moved_at", "counts"), [(f"'{NOON}'", True), ("NULL", True), (f"'{TWO}'", False)])
def test_a_time_that_the_editor_set_counts_if_it_is_of_this_edit(store: FileStore, moved_at: str, counts: bool) -> None:
    """One that was there when both sides agreed last is of another."""
    said = f"UPDATE crm.deal SET _updated_at = '{ONE}';" + intent('{"name":"Big"}', f"{NOON}")
    _, (found, _, _) = origins(store, side(Rule("newest")), said + link("mine", "{}", moved_at))
    assert found == (ONE if counts else NOON)
