"""Ranges with holes."""

from hypothesis import given
from hypothesis import strategies as st

from crmsync_hubspot.simulator.runs import Run


@given(st.integers(0, 9), st.integers(0, 30), st.sets(st.integers(-2, 40)), st.integers(-2, 40), st.integers(-2, 40))
def test_a_run_is_its_range_without_the_holes(start, size, holes, first, end):
    """Forwards, backwards, cut and counted."""
    run = Run(range(start, start + size), sorted(holes)).between(first, end)
    expected = [n for n in range(start, start + size) if n not in holes and first <= n < end]
    assert (list(run), list(reversed(run)), len(run)) == (expected, expected[::-1], len(expected))
