"""The assignment against the exact optimum of the same case: a linear program, whose corners are whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.bench.assignment import Case, greedy, optimum
from matcher.assign import RAISE, assigned


def drawn(seed: int, postings: int, people: int, wanted: tuple[int, int], pairs: tuple[int, int]) -> Case:
    """Rows and scores by posting, how many each wants, and everybody's room; good people are good everywhere."""
    rng = np.random.default_rng(seed)
    room = rng.integers(0, 3, people).astype(np.uint8)
    good = rng.random(people) * 0.4
    rows = [rng.choice(people, min(int(rng.integers(*pairs)), people), replace=False) for _ in range(postings)]
    scores = [(good[some] + 0.6 * rng.random(len(some)) ** 2).astype(np.float32) for some in rows]
    return Case(rows, scores, rng.integers(*wanted, postings).tolist(), room)


def chosen_within_the_limits(case: Case) -> list[np.ndarray]:
    chosen = case.assigned()
    assert all(len(positions) <= wanted for positions, wanted in zip(chosen, case.wanted, strict=True))
    asked = np.concatenate([some[positions] for some, positions in zip(case.rows, chosen, strict=True)])
    assert (np.bincount(asked.astype(np.int64), minlength=len(case.room)) <= case.room).all()
    assert all((np.diff(positions) > 0).all() for positions in chosen)
    return chosen


@pytest.mark.parametrize("wanted", [(1, 3), (3, 9), (8, 14), (12, 40)])
@pytest.mark.parametrize("seed", range(3))
def test_within_a_thousandth_of_the_optimum_whatever_supply_and_demand(seed: int, wanted: tuple[int, int]) -> None:
    case = drawn(seed, 60, 600, wanted, (20, 80))
    best = optimum(case)
    assert best * (1 + 1e-6) >= case.total(chosen_within_the_limits(case)) >= best * 0.999
    assert greedy(case) < best


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(1, 12), st.integers(1, 6))
def test_no_limit_is_broken_and_no_more_is_lost_than_promised(seed: int, postings: int, people: int, most: int) -> None:
    case = drawn(seed, postings, people, (0, most), (0, people + 1))
    chosen = chosen_within_the_limits(case)
    assert case.total(chosen) >= optimum(case) - RAISE * sum(len(positions) for positions in chosen) - 1e-5


def test_who_is_the_only_one_for_a_posting_is_left_to_it() -> None:
    rows = [np.array([0, 1]), np.array([0])]
    scores = [np.array([0.9, 0.8], dtype=np.float32), np.array([0.5], dtype=np.float32)]
    room = [np.ones(2, dtype=np.uint8), np.ones(1, dtype=np.uint8)]
    first, second = assigned(rows, scores, [1, 1], room)
    assert (first.tolist(), second.tolist()) == ([1], [0])


def test_nobody_there() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    case = Case([nobody] * 2, [nobody.astype(np.float32)] * 2, [1, 1], np.zeros(3, dtype=np.uint8))
    assert [len(positions) for positions in case.assigned()] == [0, 0]
