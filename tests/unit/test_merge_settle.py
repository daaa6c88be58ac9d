"""After a write: base is what was sent, shown what the CRM has made of it, and nothing is written twice."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from merge_engine import NEVER, MergeEngine, Pair, fields_of

BASE: dict[str, Any] = {"name": "ann", "phone": "1", "company_id": None, "amount": 5}


@cache
def engine() -> MergeEngine:
    return MergeEngine(fields_of(name="text", phone="text", company_id="ref", amount="decimal"))


def settled(pair: Pair, sent: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    ((base, shown),) = engine().settle([pair], [sent])
    return json.loads(base), json.loads(shown)


def test_base_becomes_what_was_sent_and_shown_what_the_crm_shows() -> None:
    """Only of the fields that were sent."""
    pair = Pair(BASE, remote=BASE | {"phone": "+49 2"})
    assert settled(pair, {"phone": "0049-2"}) == (BASE | {"phone": "0049-2"}, BASE | {"phone": "+49 2"})


def test_an_edit_that_the_answer_shows_besides_is_left_to_the_next_merge() -> None:
    """Somebody changed the name while the phone was written: it still goes to the hub."""
    pair = Pair(BASE, remote=BASE | {"phone": "2", "name": "bea"})
    base, shown = settled(pair, {"phone": "2"})
    assert (base["name"], shown["name"]) == ("ann", "ann")
    merged = engine().one(Pair(base, shown=shown, hub=BASE | {"phone": "2"}, remote=pair.remote))
    assert (merged.hub["name"], merged.write, merged.conflicts) == ("bea", [], [])


def test_a_field_is_agreed_on_by_its_first_write() -> None:
    """What was neither agreed on nor sent stays out of the link's texts."""
    assert settled(Pair(NEVER, remote={"phone": "2", "name": "x"}), {"phone": "2"}) == ({"phone": "2"}, {"phone": "2"})
    assert settled(Pair(None, remote={"phone": "2"}), {"phone": None}) == ({"phone": None}, {"phone": "2"})


def test_a_reference_that_nobody_knows_in_the_hub_is_not_settled() -> None:
    """What the CRM shows cannot be told in the hub's terms yet."""
    pair = Pair(BASE, remote=BASE | {"phone": "2"}, remote_pending=["company_id"])
    assert settled(pair, {"company_id": "c1", "phone": "2"})[0] == BASE | {"phone": "2"}


def test_a_text_of_what_was_sent_that_is_broken_settles_nothing() -> None:
    """The link stays as it was, so the next merge looks at the pair again."""
    assert settled(Pair(BASE, remote=BASE | {"phone": "2"}), "{") == (BASE, BASE)


def test_a_crm_that_reformats_is_written_to_once() -> None:
    """Telephone numbers, capitals, rounding: the hub keeps its form, and each further merge is quiet."""

    def reformat(values: Any) -> Any:
        return {key: v.upper() + "!" if isinstance(v, str) else v and round(v) for key, v in values.items()}

    before = [Pair(BASE, hub=BASE | {"name": "bea", "amount": 7.25}, remote=BASE), Pair(NEVER, hub=BASE, remote={})]
    after = engine().after(before, engine().merge(before), reformat=reformat)
    assert [pair.remote and pair.remote["name"] for pair in after] == ["BEA!", "ANN!"]
    assert [pair.hub and pair.hub["name"] for pair in after] == ["bea", "ann"]
    once_more = engine().after(
        after, engine().merge(after), reformat=reformat
    )  # what was equal from the start is agreed on now
    assert all(row.quiet for row in engine().merge(once_more))
    assert [pair.remote for pair in once_more] == [pair.remote for pair in after]


def test_a_crm_that_passes_over_a_value_is_written_to_once() -> None:
    """It answers that all is well and shows the old value: writing again would not help."""
    pair = Pair(BASE, hub=BASE | {"phone": "2"}, remote=BASE)
    (after,) = engine().after(
        [pair], engine().merge([pair]), reformat=lambda values: {key: BASE[key] for key in values}
    )
    assert engine().one(after).quiet
    assert after.hub and after.hub["phone"] == "2"
