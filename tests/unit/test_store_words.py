"""Laws of value maps: what is written and read back is no edit, whatever words a team maps to which."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.store import alike, ours, theirs
from effort import examples

WORDS = ["a", "b", "c", "d", "it's"]
MAPS = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS))
CON = duckdb.connect(":memory:", config={"threads": 1})


@given(MAPS)
@settings(max_examples=examples(40, 2000), deadline=None)
def test_hub_and_crm_agree_on_every_word(mapped: dict[str, str]) -> None:
    """The CRM gets its word; what it shows then is alike to what the hub has; and what it shows anyway is stable."""
    pairs = tuple(mapped.items())
    read_back, kept, stable, once = (
        ours(pairs, theirs(pairs, "w")),
        theirs(pairs, alike(pairs, "w")),
        alike(pairs, ours(pairs, "w")),
        alike(pairs, alike(pairs, "w")),
    )
    columns = ", ".join([theirs(pairs, "w"), ours(pairs, "w"), alike(pairs, "w"), read_back, kept, stable, once])
    rows = CON.execute(f"SELECT w, {columns} FROM (SELECT unnest($words) AS w)", {"words": WORDS}).fetchall()
    for word, written, shown, same, read_back, kept, stable, once in rows:
        assert written == mapped.get(word, word)
        assert (read_back, kept, stable, once) == (same, written, shown, same)
        if word in mapped.values():
            assert shown == next(hub for hub, crm in mapped.items() if crm == word)


def test_nothing_stays_nothing() -> None:
    """NULL is no word."""
    for turned in (ours, theirs, alike):
        assert CON.execute(f"SELECT {turned((('a', 'b'),), 'NULL')}").fetchall() == [(None,)]
