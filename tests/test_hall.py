"""Who is in the hall, by trade, after any coming and going."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matcher.hall import Hall

STEPS = st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(1, 5), max_size=3, unique=True), st.booleans()))


@given(STEPS)
def test_rows_are_those_who_came_last_with_one_of_the_trades(steps: list[tuple[int, list[int], bool]]) -> None:
    hall, here = Hall(), {}
    for row, trades, comes in steps:
        if comes:
            hall.put(row, tuple(trades))
            here[row] = trades
        else:
            hall.remove(row)
            here.pop(row, None)
        for wanted in ([1], [2, 3], [1, 2, 3, 4, 5], []):
            assert hall.rows(wanted).tolist() == sorted(r for r, t in here.items() if set(t) & set(wanted))
    assert len(hall) == len(here)
