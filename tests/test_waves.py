"""How many to ask and when, against the published table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.model import HOUR_MS
from matcher.waves import (
    HALL_M,
    LARGEST_WAVE,
    MINUTE_MS,
    Timing,
    at_least,
    default_award,
    midnight_after,
    minutes_to_fill,
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
    ("starts_in_ms", "app", "sms", "gap"),
    [
        (10 * MINUTE_MS, 2, 3, 3),
        (2 * HOUR_MS, 2, 3, 3),
        (2 * HOUR_MS + 1, 3, 10, 10),
        (6 * HOUR_MS, 3, 10, 10),
        (6 * HOUR_MS + 1, 10, 20, 20),
        (20 * HOUR_MS, 10, 20, 20),
        (20 * HOUR_MS + 1, 30, 60, 60),
        (72 * HOUR_MS, 30, 60, 60),
    ],
)
def test_answer_times_and_gap_by_time_to_start(starts_in_ms: int, app: int, sms: int, gap: int) -> None:
    found = timing(NOW_MS + starts_in_ms, NOW_MS, DAY_ENDS_MS)
    assert found == Timing(app * MINUTE_MS, sms * MINUTE_MS, found.call_ms, gap * MINUTE_MS)
    assert [found.reply_ms(c) for c in ("inbox", "push", "kiosk", "sms", "call")] == [
        *(found.app_ms,) * 3,
        found.sms_ms,
        found.call_ms,
    ]
    assert found.app_ms < found.sms_ms < found.call_ms


def test_each_wave_looks_further_and_the_last_over_the_whole_city() -> None:
    assert radii_from(1) == (HALL_M, 3_000, 6_000, 15_000, 60_000)
    assert radii_from(2) == (3_000, 6_000, 15_000, 60_000)
    assert radii_from(5) == radii_from(9) == (60_000,)


def test_the_expected_time_to_fill() -> None:
    gap = 3 * MINUTE_MS
    assert minutes_to_fill(1, 0, 0.3, 30, gap) is None, "nobody fits"
    assert minutes_to_fill(5, 10, 0.3, 30, gap) is None, "too few fit"
    assert minutes_to_fill(1, 100, 0.5, 30, gap) == 1
    quick, slow = minutes_to_fill(3, 100, 0.3, 30, gap), minutes_to_fill(3, 100, 0.3, 300, gap)
    assert (quick or 0) < (slow or 0)
    assert (minutes_to_fill(60, 400, 0.2, 30, gap) or 0) >= 3, "one wave of 200 does not do"


@given(st.integers(1, 60), st.integers(0, 500), st.floats(0.05, 0.9), st.floats(5, 600))
def test_slower_answers_never_fill_sooner_and_too_few_people_never(
    seats: int, people: int, rate: float, answer_s: float
) -> None:
    quick, slow = (minutes_to_fill(seats, people, rate, s, 10 * MINUTE_MS) for s in (answer_s, 2 * answer_s))
    assert (quick is None) == (people * rate < seats - 0.5)
    assert (slow is None) == (quick is None)
    assert 0 <= (quick or 0) <= (slow or 0)


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
