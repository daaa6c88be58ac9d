"""A pair of which a side is gone: put away, marked, in conflict, or forgotten; never lost in silence."""

from __future__ import annotations

from functools import cache
from typing import Any

from merge_engine import NEVER, MergeEngine, Pair, fields_of

BASE: dict[str, Any] = {"name": "ann", "company_id": "c1", "amount": 5, "currency": "EUR"}
EDITED = BASE | {"amount": 7}
HELD = {"policy": "hold", "winner": None}


@cache
def engine() -> MergeEngine:
    return MergeEngine(fields_of(name="text", company_id="ref", amount="integer", currency="text"))


def ending(pair: Pair) -> str | None:
    """The ending; nothing moves with one."""
    row = engine().one(pair)
    assert (row.changed, row.write, row.base) == (False, [], pair.base)
    assert bool(row.conflicts) == (row.ending == "conflict")
    return row.ending


def test_deleted_in_the_hub_archives_the_crms_record() -> None:
    """Nothing happened to it since both agreed."""
    assert ending(Pair(BASE, hub=None, remote=BASE)) == "archive"
    reformatted = Pair(BASE, shown=BASE | {"name": "Ann"}, hub=None, remote=BASE | {"name": "Ann"})
    assert ending(reformatted) == "archive"


def test_deleted_in_the_hub_and_changed_in_the_crm_is_a_conflict() -> None:
    """The conflict has the whole record, and no row of the hub."""
    pair = Pair(BASE, hub=None, remote=EDITED)
    assert ending(pair) == "conflict"
    expected = {"fields": list(BASE), "base": BASE, "hub": None, "remote": EDITED, **HELD}
    assert engine().one(pair).conflicts == [expected]


def test_deleted_in_the_crm_marks_the_link_and_the_hubs_row_stays() -> None:
    """A CRM's deletion takes nothing from the team."""
    pair = Pair(BASE, hub=BASE, remote=EDITED, deleted=True)
    assert ending(pair) == "mark"
    assert engine().one(pair).hub == BASE


def test_deleted_in_the_crm_and_changed_in_the_hub_is_a_conflict() -> None:
    """The conflict has the hub's row, and no record."""
    pair = Pair(BASE, hub=EDITED, remote=BASE, deleted=True)
    assert ending(pair) == "conflict"
    assert engine().one(pair).conflicts == [{"fields": list(BASE), "base": BASE, "hub": EDITED, "remote": None, **HELD}]


def test_deleted_on_both_sides_is_forgotten() -> None:
    """Even where one of them was edited before."""
    assert ending(Pair(BASE, hub=None, remote=EDITED, deleted=True)) == "forget"


def test_a_match_that_nobody_confirmed_puts_no_record_away() -> None:
    """Nothing was ever agreed on: the hub's row may have been the wrong one."""
    assert ending(Pair(NEVER, hub=None, remote=BASE)) == "conflict"
    assert engine().one(Pair("no JSON", hub=None, remote=BASE)).ending == "conflict"
    assert ending(Pair(NEVER, hub=BASE, remote=BASE, deleted=True)) == "mark"


def test_what_was_never_agreed_on_is_no_change() -> None:
    """A field that is new in the mapping tells nothing about the others."""
    new = {key: value for key, value in BASE.items() if key != "name"}
    assert ending(Pair(new, hub=None, remote=BASE)) == "archive"
    assert ending(Pair(new, hub=BASE, remote=BASE, deleted=True)) == "mark"


def test_a_reference_counts_as_changed_where_its_value_is_known() -> None:
    """What the CRM refers to may have no name in the hub yet; what the hub refers to has."""
    unknown = BASE | {"company_id": None}
    assert ending(Pair(BASE, hub=None, remote=unknown)) == "conflict"
    assert ending(Pair(BASE, hub=None, remote=unknown, remote_pending=["company_id"])) == "archive"
    new = BASE | {"company_id": "c2"}
    assert ending(Pair(BASE, hub=new, remote=BASE, deleted=True, hub_pending=["company_id"])) == "conflict"
