import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.errors import SpecError
from crmsync.quote import identifier, literal, pointer

names = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1)
hostile = st.sampled_from(['"', "'", '""', "';--", '"; DROP TABLE x; --', "a/b~c", "$.x", "[*]", "\\", "\n", "/*", "é"])


@given(names | hostile)
def test_an_identifier_names_exactly_one_column(name):
    """No name ends its quotes: the column that DuckDB makes has that name."""
    assert duckdb.sql(f"SELECT 1 AS {identifier(name)}").columns == [name]


@given(names | hostile)
def test_a_literal_is_exactly_its_text(text):
    """No text ends its quotes: DuckDB reads it back unchanged."""
    assert duckdb.execute(f"SELECT {literal(text)}").fetchone() == (text,)


@given(names | hostile, names | hostile)
def test_a_pointer_finds_exactly_its_keys(outer, inner):
    """No character of a key is special to a JSON pointer."""
    found = duckdb.execute(
        f"SELECT json_object($a, json_object($b, 'found')) ->> {pointer(outer, inner)}", {"a": outer, "b": inner}
    )

    assert found.fetchone() == ("found",)


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d"])
def test_what_sql_cannot_hold_is_refused(text):
    """NUL and half characters never reach SQL text."""
    with pytest.raises(SpecError):
        identifier(text)
    with pytest.raises(SpecError):
        literal(text)
