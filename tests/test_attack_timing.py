"""The ruler of timing: it finds a leak, and does not cry wolf."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.attack import timing
from loadtest.attack.run import ROUNDS, SHORT_TURNS
from loadtest.attack.target import Outcome, Pairs
from loadtest.attack.timing import DOORS, ERROR_RATE, SAMPLES, by_chance, tells

COUNT = SAMPLES * ROUNDS * SHORT_TURNS
SPREAD_MS = 2.0


def seen(leak_ms: float, rng: np.random.Generator) -> dict[str, Pairs]:
    """What a run counts where one door answers the registered later by a leak, and the other does not."""
    registered, unknown = rng.normal(0.0, SPREAD_MS, (2, COUNT))
    leaking = int((registered + leak_ms > unknown).sum())
    return {"code": Pairs(int(rng.binomial(COUNT, 0.5)), COUNT), "telephone": Pairs(leaking, COUNT)}


@pytest.mark.parametrize(("leak_ms", "least"), [(1.0, 1.0), (0.34, 0.9)])
def test_a_leak_is_found(leak_ms: float, least: float) -> None:
    rng = np.random.default_rng(7)
    assert np.mean([tells(seen(leak_ms, rng)) for _ in range(200)]) >= least


def test_chance_is_that_of_a_coin() -> None:
    assert by_chance(5, 10) == by_chance(1, 2) == 1.0
    assert by_chance(0, 10) == by_chance(10, 10) == pytest.approx(2 / 2**10)
    assert by_chance(1, 10) == by_chance(9, 10) == pytest.approx(22 / 2**10)


def test_where_nothing_is_told_one_run_in_a_thousand_says_so() -> None:
    fewest = next(n for n in range(COUNT // 2) if by_chance(n, COUNT) >= ERROR_RATE / len(DOORS))
    assert fewest / COUNT == pytest.approx(0.468, abs=0.0005)
    a_door = by_chance(fewest - 1, COUNT)
    assert 0.8 * ERROR_RATE < 1 - (1 - a_door) ** len(DOORS) <= ERROR_RATE


def test_the_turns_count_together_and_each_door_for_itself() -> None:
    turn = Outcome(name="a", refused=True, tries=1, pairs={"code": Pairs(60, 120), "telephone": Pairs(73, 120)})
    assert not tells(turn.pairs)
    together = timing.pooled([turn] * ROUNDS * SHORT_TURNS)
    assert together == {"code": Pairs(1440, 2880), "telephone": Pairs(1752, 2880)}
    assert tells(together)
    assert "code 0.500 of 2880, telephone 0.608 of 2880" in timing.said(together)
