"""What a lost create is known by: when a record looks like what was sent, and when it is near."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.quote import literal
from crmsync.sync.push.lost import like, near, texts
from effort import examples

WORDS = st.sampled_from([None, "", "!", "Acme", "ACME ", "Ac-me", "Beta", "+44 20", "(44)20", "Ä"])
ADDRESSES = st.sampled_from([None, "", "jo.hn@x.com", "John@x.com", "john@x.com"])
ROWS = st.tuples(WORDS, ADDRESSES, WORDS)
TYPES = ("text", "email", "text")
ENGINE = duckdb.connect()


def told(sent: tuple[str | None, ...], shown: tuple[str | None, ...], key: int | None, asked: int | None) -> list[bool]:
    tables = [
        f"(SELECT {texts([(f'{_sql(v)}', t) for v, t in zip(row, TYPES, strict=True)])[2:]}) {name}"
        for row, name in ((sent, "l"), (shown, "r"))
    ]
    (row,) = ENGINE.sql(f"SELECT {like(3, key)}, {near(3, asked)} FROM {', '.join(tables)}").fetchall()
    return list(row)


def _sql(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else literal(value)


def compared(value: str | None, type_: str) -> str:
    if type_ == "email":
        return (value or "").strip().lower()
    return "".join(c for c in (value or "").lower() if c.isalnum())


@settings(deadline=None, max_examples=examples(100, 2000))
@given(sent=ROWS, shown=ROWS, key=st.sampled_from([None, 1]), asked=st.booleans())
def test_a_record_is_like_a_row_by_its_key_or_by_all_its_texts_and_near_by_the_first(
    sent: tuple[str | None, ...], shown: tuple[str | None, ...], key: int | None, asked: bool
) -> None:
    """Case, blanks and signs count in addresses only, and what was not sent says nothing."""
    pairs = [(compared(a, t), compared(b, t)) for a, b, t in zip(sent, shown, TYPES, strict=True)]
    spoken = [a == b for a, b in pairs if a]
    by_key = key is not None and bool(pairs[1][0])

    alike, close = told(sent, shown, key, key if asked else None)
    assert alike == (pairs[1][0] == pairs[1][1] if by_key else bool(spoken) and all(spoken))
    assert close == (False if by_key and asked else spoken[0] if spoken else True)
