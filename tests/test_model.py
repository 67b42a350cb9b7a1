"""The types and tables of the trade against the design, and the small sums beside them."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import msgspec
import pytest

from matcher import codec, model, moves
from matcher.model import HOUR_MS, Certificate, Hours, Pay, Posting, Presence, Profile, age_on, hourly_fen, shift_hours
from tests import design
from tests.builders import EMPLOYER, employer, person, posting, profile, site

DAWN_MS = 1_772_399_400_000


@pytest.mark.parametrize(
    ("allowed", "states", "wanted"),
    [
        (moves.POSTING_MOVES, model.PostingState, design.POSTING),
        (moves.OFFER_MOVES, model.OfferState, design.OFFER),
        (moves.ACCEPTANCE_MOVES, model.AcceptanceState, design.ACCEPTANCE),
        (moves.ASSIGNMENT_MOVES, model.AssignmentState, design.ASSIGNMENT),
    ],
    ids=["posting", "offer", "acceptance", "assignment"],
)
def test_moves_are_those_of_the_design(allowed: Any, states: Any, wanted: dict[str, set[str]]) -> None:
    assert {state: set(to) for state, to in allowed.items()} == wanted
    assert set(get_args(states)) == set(wanted)


def test_a_seat_and_its_time_are_held_until_given_up() -> None:
    given_up = {"released", "no_show"}
    assert model.SEAT_HOLDING == model.CALENDAR_HOLDING == set(design.ASSIGNMENT) - given_up == design.HOLDING


@pytest.mark.parametrize("kind", ["profile", "posting", "person", "employer", "site"])
def test_documents_survive_the_codec(kind: str) -> None:
    doc: Any = {
        "profile": profile(certificates=[Certificate(kind="forklift", expires=date(2027, 1, 31))]),
        "posting": posting(DAWN_MS),
        "person": person(),
        "employer": employer(),
        "site": site(),
    }[kind]
    assert codec.decode(codec.pack(doc), type(doc)) == doc
    assert msgspec.json.decode(msgspec.json.encode(doc), type=type(doc)) == doc


@pytest.mark.parametrize(
    "wrong",
    [
        {"headcount": 0},
        {"headcount": 501},
        {"headcount": 1.5},
        {"headcount": "5"},
        {"start_ms": 1_772_399_400},
        {"pay": {"fen": -1, "unit": "day"}},
        {"pay": {"fen": 100, "unit": "week"}},
        {"pay": {"fen": 200.5, "unit": "day"}},
        {"place": {"lat": 91, "lon": 120}},
        {"place": {"lat": 36}},
        {"employer": "a b"},
        {"employer": ""},
        {"employer": "x" * 65},
        {"text": ""},
        {"text": "长" * 2001},
        {"age_min": 15},
        {"award": "lottery"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_posting_that_does_not_fit_is_told(wrong: dict[str, Any]) -> None:
    document = msgspec.to_builtins(posting(DAWN_MS)) | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(document, Posting)


@pytest.mark.parametrize(
    "wrong",
    [
        {"born": "1980-13-01"},
        {"born": 1980},
        {"radius_m": 499},
        {"trades": [""]},
        {"trades": ["porter"] * 21},
        {"hours": [{"days": [], "start": "06:00", "end": "18:00"}]},
        {"hours": [{"days": [8], "start": "06:00", "end": "18:00"}]},
        {"hours": [{"days": [1], "start": "24:00", "end": "18:00"}]},
        {"hours": [{"days": [1], "start": "6:00", "end": "18:00"}]},
        {"channels": ["pigeon"]},
        {"name": "虚构人"},
    ],
    ids=str,
)
def test_a_profile_that_does_not_fit_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(profile()) | wrong, Profile)


def test_a_window_may_end_at_midnight() -> None:
    assert msgspec.convert({"days": [7], "start": "18:00", "end": "24:00"}, Hours).end == "24:00"


@pytest.mark.parametrize(
    ("pay", "hours", "fen"),
    [
        (Pay(fen=2_000, unit="hour"), 8, 2_000),
        (Pay(fen=20_000, unit="day"), 8, 2_500),
        (Pay(fen=20_000, unit="shift"), 3, 6_666),
        (Pay(fen=522_000, unit="month"), 8, 3_000),
        (Pay(fen=50, unit="piece"), 8, 0),
        (Pay(fen=20_000, unit="day"), 0, 0),
    ],
)
def test_pay_by_the_hour(pay: Pay, hours: float, fen: int) -> None:
    assert hourly_fen(pay, hours) == fen


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (date(2026, 5, 1), 16),
        (date(2026, 4, 30), 15),
        (date(2027, 4, 30), 16),
        (date(2010, 5, 1), 0),
        (date(2010, 4, 30), -1),
    ],
)
def test_age_is_completed_years(day: date, age: int) -> None:
    assert age_on(date(2010, 5, 1), day) == age


def test_born_on_a_leap_day() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_a_shift_across_midnight_has_its_length() -> None:
    assert shift_hours(posting(DAWN_MS, starts_in_ms=15 * HOUR_MS, lasts_ms=9 * HOUR_MS)) == 9.0


def test_presence_has_three_states_and_a_bounded_number() -> None:
    assert set(get_args(model.PresenceState)) == {"away", "available", "in_hall"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"state": "in_hall", "queue_no": 0}, Presence)


def test_samples_cannot_be_mistaken_for_people() -> None:
    assert person().telephone.startswith("100")
    assert "虚构" in person().name
    assert "虚构" in employer().name
    assert posting(DAWN_MS).employer == EMPLOYER
