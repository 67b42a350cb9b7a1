"""How many to ask and when, against the published table."""

from __future__ import annotations

import pytest

from matcher.model import HOUR_MS
from matcher.waves import (
    LARGEST_WAVE,
    MINUTE_MS,
    Timing,
    at_least,
    default_award,
    midnight_after,
    people_to_ask,
    radii_from,
    standby_target,
    timing,
)

NOW_MS = 1_772_395_200_000
"""Monday 2026-03-02, 04:00 in Qingdao."""
ZONE_MS = 8 * HOUR_MS

ASKED = {
    0.10: {1: 29, 3: 61, 5: 89, 10: 154},
    0.20: {1: 14, 3: 30, 5: 44, 10: 76},
    0.30: {1: 9, 3: 19, 5: 28, 10: 49},
    0.50: {1: 5, 3: 11, 5: 16, 10: 28},
}


@pytest.mark.parametrize(("rate", "row"), ASKED.items(), ids=str)
def test_people_to_ask_for_95_percent(rate: float, row: dict[int, int]) -> None:
    assert {seats: people_to_ask(seats, rate) for seats in row} == row


def test_one_fewer_would_not_do() -> None:
    for rate, row in ASKED.items():
        for seats, people in row.items():
            assert at_least(seats, people, rate) >= 0.95 > at_least(seats, people - 1, rate)


def test_a_wave_is_bounded() -> None:
    assert people_to_ask(500, 0.01) == LARGEST_WAVE
    assert people_to_ask(3, 1.0) == 3


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
def test_an_impossible_rate_is_told(rate: float) -> None:
    with pytest.raises(ValueError, match="acceptance rate"):
        people_to_ask(3, rate)


@pytest.mark.parametrize(("seats", "with_standby"), [(5, 7), (10, 13), (20, 24)])
def test_standby_for_90_percent(seats: int, with_standby: int) -> None:
    assert seats + standby_target(seats) == with_standby


def test_there_is_always_somebody_on_standby() -> None:
    assert all(standby_target(seats) >= 1 for seats in (1, 2, 3, 30, 300))


DAY_ENDS_MS = NOW_MS + 20 * HOUR_MS


@pytest.mark.parametrize(
    ("starts_in_ms", "reply", "gap"),
    [
        (10 * MINUTE_MS, 2, 3),
        (2 * HOUR_MS, 2, 3),
        (2 * HOUR_MS + 1, 3, 10),
        (6 * HOUR_MS, 3, 10),
        (6 * HOUR_MS + 1, 10, 20),
        (20 * HOUR_MS, 10, 20),
        (20 * HOUR_MS + 1, 30, 60),
        (72 * HOUR_MS, 30, 60),
    ],
)
def test_answer_time_and_gap_by_time_to_start(starts_in_ms: int, reply: int, gap: int) -> None:
    assert timing(NOW_MS + starts_in_ms, NOW_MS, DAY_ENDS_MS) == Timing(reply * MINUTE_MS, gap * MINUTE_MS)


def test_each_wave_looks_further_and_the_last_over_the_whole_city() -> None:
    assert radii_from(1) == (3_000, 6_000, 15_000, 60_000)
    assert radii_from(3) == (15_000, 60_000)
    assert radii_from(4) == radii_from(9) == (60_000,)


@pytest.mark.parametrize(
    ("wanted", "starts_in_ms", "award"),
    [
        (None, 60 * MINUTE_MS, "instant"),
        (None, 60 * MINUTE_MS + 1, "fair"),
        ("instant", 24 * HOUR_MS, "instant"),
        ("fair", 10 * MINUTE_MS, "fair"),
    ],
)
def test_award_when_the_posting_does_not_say(wanted: str | None, starts_in_ms: int, award: str) -> None:
    assert default_award(wanted, NOW_MS + starts_in_ms, NOW_MS) == award  # type: ignore[arg-type]


def test_the_local_midnight_that_ends_today() -> None:
    assert midnight_after(NOW_MS, ZONE_MS) == DAY_ENDS_MS
    assert midnight_after(DAY_ENDS_MS - 1, ZONE_MS) == DAY_ENDS_MS
    assert midnight_after(DAY_ENDS_MS, ZONE_MS) == DAY_ENDS_MS + 24 * HOUR_MS
