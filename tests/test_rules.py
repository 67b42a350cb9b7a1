"""One test a hard rule: who passes, who does not, and at the edge."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from matcher import ask as asks
from matcher import score, search, trades
from matcher.ask import Ask, ask_of
from matcher.columns import Columns
from matcher.grid import METRES_PER_DEGREE
from matcher.ledger import Ledger, Shift
from matcher.model import DAY_MS, HOUR_MS, Entry, Hours, Pay, Place, ProfileRecord
from matcher.rules import RULES
from matcher.settings import MarketSettings
from tests import builders

SETTINGS = MarketSettings()
ZONE_MS = SETTINGS.zone_offset_ms
NOON_MS = 1_795_406_400_000  # Monday 2026-11-23 12:00 in the market
WORK_DATE = date(2026, 11, 24)
END_MS = NOON_MS + 28 * HOUR_MS


def posting(**over: Any) -> Any:
    """Tomorrow 08:00-16:00."""
    return builders.posting(NOON_MS, starts_in_ms=20 * HOUR_MS, **over)


def ask(now_ms: int = NOON_MS, radius_m: float = 60_000, asked: tuple[str, ...] = (), **over: Any) -> Ask:
    return ask_of("j", posting(**over), radius_m=radius_m, asked=frozenset(asked), now_ms=now_ms, settings=SETTINGS)


def town(*docs: dict[str, Any], **record: Any) -> Columns:
    columns = Columns()
    for n, over in enumerate(docs):
        columns.put(ProfileRecord(id=f"p{n}", v=1, schema=1, doc=builders.profile(**over), **record))
    return columns


def passing(code: str, columns: Columns, asked: Ask) -> list[bool]:
    """Whom the rule does not keep out; whoever no rule keeps out is found."""
    assert code in {rule.code for rule in RULES}
    why = [{code for code, _ in search.excluded_by(columns, asked, row)} for row in range(columns.size)]
    assert sorted(search.everybody(columns, asked)) == [row for row, codes in enumerate(why) if not codes]
    return [code not in codes for codes in why]


def held(start_ms: int, hours: float, north: float = 0.0) -> Shift:
    """A shift somebody holds, `north` degrees from the posting's place."""
    return Shift(start_ms, start_ms + int(hours * HOUR_MS), builders.HERE.lat + north, builders.HERE.lon)


def born(years: int, days: int = 0) -> date:
    return WORK_DATE.replace(year=WORK_DATE.year - years) + timedelta(days=days)


def test_registered() -> None:
    columns = town({}, {})
    columns.remove("p0")
    assert passing("registered", columns, ask()) == [False, True]


def test_trade_itself_or_a_close_one() -> None:
    close = trades.close_trades("porter", asks.CLOSE_TRADE)
    near = next(t for t in close if t != "porter")
    far = next(t for t in trades.trades() if t not in close)
    columns = town({"trades": ["porter"]}, {"trades": [near]}, {"trades": [far]}, {"trades": []})
    assert passing("trade", columns, ask()) == [True, True, False, False]


def test_the_seventh_trade_counts_as_the_first() -> None:
    close = set(trades.close_trades("porter", asks.CLOSE_TRADE))
    others = [t for t in trades.trades() if t not in close][:10]
    columns = town({"trades": [*others, "porter"]}, {"trades": others}, {"trades": [*others, "porter"]})
    assert passing("trade", columns, ask()) == [True, False, True]
    columns.put(ProfileRecord(id="p0", v=2, schema=1, doc=builders.profile(trades=others)))
    columns.compact()
    assert sorted(columns.ids[row] for row in search.everybody(columns, ask())) == ["p2"]


def test_place_within_both_radii() -> None:
    km3 = Place(lat=builders.HERE.lat + 3_000 / METRES_PER_DEGREE, lon=builders.HERE.lon)
    columns = town({}, {"place": km3}, {"place": km3, "radius_m": 2_900})
    assert passing("place", columns, ask()) == [True, True, False]
    assert passing("place", columns, ask(radius_m=2_900)) == [True, False, False]


def test_what_is_refused_is_never_offered() -> None:
    assert trades.trades()["porter"].hazard == "heavy_lifting"
    columns = town({}, {"refused": ["heavy_lifting"]}, {"refused": ["porter"]}, {"refused": ["heights", "welder"]})
    assert passing("refused", columns, ask()) == [True, False, False, True]
    assert passing("refused", columns, ask(hazards=["heights"])) == [True, False, False, False]


def test_a_trade_recognised_in_the_words_counts_as_one_named() -> None:
    columns = town({"trades": ["accountant"], "recognised": ["porter"]}, {"trades": ["accountant"]})
    assert passing("trade", columns, ask()) == [True, False]


def test_distance_is_within_a_thousandth_of_the_great_circle() -> None:
    lat, lon = 36.9, 119.9
    columns = town({"place": Place(lat=lat, lon=lon)})
    a, b = np.radians([builders.HERE.lat, builders.HERE.lon]), np.radians([lat, lon])
    haversine = np.sin((b[0] - a[0]) / 2) ** 2 + np.cos(a[0]) * np.cos(b[0]) * np.sin((b[1] - a[1]) / 2) ** 2
    expected = 2 * 6_371_009 * np.arcsin(np.sqrt(haversine))
    rows, similarity = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32)
    found = score.parts(columns.town(()), ask(), rows, similarity).metres[0]
    assert found == pytest.approx(expected, rel=5e-3)  # over 80 km; within a city's radius it is closer still


def test_hours_hold_the_whole_shift() -> None:
    columns = town(
        {},
        {"hours": [Hours(days=[2], start="08:00", end="16:00")]},
        {"hours": [Hours(days=[2], start="08:00", end="15:30")]},
        {"hours": [Hours(days=[1], start="08:00", end="16:00")]},
    )
    assert passing("hours", columns, ask()) == [True, True, False, False]


def test_pay_reaches_the_wish() -> None:
    columns = town({"pay": Pay(fen=2_500)}, {"pay": Pay(fen=2_501)}, {"pay": Pay(fen=20_000, unit="day")})
    assert passing("pay", columns, ask(pay=Pay(fen=20_000, unit="day"))) == [True, False, True]
    assert passing("pay", columns, ask(pay=Pay(fen=100, unit="piece"))) == [True, True, True]


def test_working_age_is_counted_on_the_work_date() -> None:
    columns = town({"born": born(16)}, {"born": born(16, 1)})
    assert passing("working_age", columns, ask()) == [True, False]


def test_minors_do_no_hazardous_work() -> None:
    columns = town({"born": born(18)}, {"born": born(18, 1)})
    assert passing("minor_hazard", columns, ask(hazards=["heights"])) == [True, False]
    harmless = next(t.id for t in trades.trades().values() if t.hazard is None)
    assert passing("minor_hazard", columns, ask(trade=harmless)) == [True, True]


def test_age_limits_include_their_years() -> None:
    columns = town({"born": born(50)}, {"born": born(51, 1)}, {"born": born(51)}, {"born": born(25, 1)})
    assert passing("age", columns, ask(age_min=25, age_max=50)) == [True, True, False, False]


def test_the_city_may_limit_the_age_on_building_sites() -> None:
    builder = next(t.id for t in trades.trades().values() if t.domain == "construction")
    columns = town({"born": born(60)}, {"born": born(61, 1)}, {"born": born(61)}, {"born": born(70)})
    limited = structs.replace(SETTINGS, building_age_max=60)
    for trade, settings, expected in (
        (builder, limited, [True, True, False, False]),
        (builder, SETTINGS, [True] * 4),
        ("porter", limited, [True] * 4),
    ):
        doc = posting(trade=trade)
        asked = ask_of("j", doc, radius_m=60_000, asked=frozenset(), now_ms=NOON_MS, settings=settings)
        assert passing("building_age", columns, asked) == expected, trade


def test_certificate_must_still_count_on_the_work_date() -> None:
    columns = town(
        {"certificates": [builders.certificate("forklift")]},
        {"certificates": [builders.certificate("forklift", WORK_DATE)]},
        {"certificates": [builders.certificate("forklift", WORK_DATE - timedelta(days=1))]},
        {},
    )
    assert passing("certificate", columns, ask(certificates=["forklift"])) == [True, True, False, False]
    assert passing("certificate", columns, ask(certificates=["unheard-of"])) == [False] * 4


def test_the_fourth_certificate_that_runs_out_is_looked_at_too() -> None:
    kinds = list(trades.certificates())[:5]
    valid = [builders.certificate(kind, WORK_DATE) for kind in kinds]
    ended = [*valid[:4], builders.certificate(kinds[4], WORK_DATE - timedelta(days=1))]
    columns = town({"certificates": valid}, {"certificates": ended})
    assert passing("certificate", columns, ask(certificates=kinds)) == [True, False]
    assert passing("certificate", columns, ask(certificates=kinds[:4])) == [True, True]


def test_paused() -> None:
    columns = town({}, paused=True)
    assert passing("paused", columns, ask()) == [False]


def test_suspended_until_a_moment() -> None:
    columns = town({})
    for until_ms, passes in ((NOON_MS + 1, False), (NOON_MS, True), (0, True), (NOON_MS + DAY_MS, False)):
        columns.put(ProfileRecord(id="p0", v=2, schema=1, doc=builders.profile(), suspended_until_ms=until_ms))
        assert passing("suspended", columns, ask()) == [passes], until_ms


def test_live_and_daily_caps() -> None:
    columns = town({}, {}, {})
    columns.live_offers[:] = [SETTINGS.live_cap - 1, SETTINGS.live_cap, 0]
    assert passing("live_cap", columns, ask()) == [True, False, True]
    today = Ledger(ZONE_MS).day(NOON_MS)
    columns.offers_today[:] = [SETTINGS.daily_cap - 1, SETTINGS.daily_cap, SETTINGS.daily_cap]
    columns.offers_day[:] = [today, today, today - 1]
    assert passing("daily_cap", columns, ask()) == [True, False, True]


@pytest.mark.parametrize(("hour", "minute", "quiet"), [(21, 29, False), (21, 30, True), (4, 59, True), (5, 0, False)])
def test_quiet_hours_spare_who_is_not_present(hour: int, minute: int, quiet: bool) -> None:
    now_ms = NOON_MS + (hour - 12) * HOUR_MS + minute * 60_000
    columns = town({}, {}, {})
    columns.presence[:] = [0, 1, 2]
    columns.presence_until_s[:] = [0, now_ms // 1000 + 1, now_ms // 1000]
    assert passing("quiet_hours", columns, ask(now_ms=now_ms)) == [not quiet, True, not quiet]


def test_not_asked_before() -> None:
    columns = town({}, {})
    assert passing("not_asked", columns, ask(asked=("p1",))) == [True, False]


def test_blocked_either_way() -> None:
    columns = town({}, {}, {})
    asked = structs.replace(ask(), blocked=frozenset({"p0", "p2", "erased"}))
    assert passing("not_blocked", columns, asked) == [False, True, False]


def test_calendar() -> None:
    columns = town({}, {}, {})
    asked = ask()
    columns.put_ledger("p0", 0, [held(END_MS, 1), held(0, 1)])
    columns.put_ledger("p1", 0, [held(0, 1), held(END_MS - 1, 1)])
    assert passing("calendar", columns, asked) == [True, False, True]
    columns.put_ledger("p1", 0, [])
    assert passing("calendar", columns, asked) == [True, True, True]


def test_travel_needs_time_before_and_after() -> None:
    columns = town({}, {}, {}, {}, {})
    start_ms, km = END_MS - 8 * HOUR_MS, 1 / 111.195
    minutes = 30 * 1_000 // SETTINGS.travel_m_per_minute
    for row, shift in enumerate(
        (
            held(start_ms - HOUR_MS - 10 * 60_000, 1, north=30 * km),
            held(start_ms - HOUR_MS - 10 * 60_000, 1),
            held(END_MS + 10 * 60_000, 1, north=30 * km),
            held(END_MS + (minutes - 1) * 60_000, 1, north=30 * km),
            held(END_MS + (minutes + 1) * 60_000, 1, north=30 * km),
        )
    ):
        columns.put_ledger(f"p{row}", 0, [shift])
    assert passing("travel", columns, ask()) == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("starts_in_h", "lasts_h", "passes"),
    [(8, 4, True), (8, 4.5, False), (12, 4, False), (14, 4, False), (17, 2, True), (32, 8, False), (36, 3, True)],
)
def test_rest_between_a_night_shift_and_the_next(starts_in_h: float, lasts_h: float, passes: bool) -> None:
    columns = town({})
    columns.put_ledger("p0", 0, [held(NOON_MS + int(starts_in_h * HOUR_MS), lasts_h)])
    assert passing("rest", columns, ask()) == [passes]  # tomorrow 08:00-16:00


def test_rest_before_a_night_shift() -> None:
    columns = town({}, {})
    columns.put_ledger("p0", 0, [held(NOON_MS + 3 * HOUR_MS, 1)])  # until 16:00, and again at 22:00
    columns.put_ledger("p1", 0, [held(NOON_MS, 2)])  # until 14:00
    until_one = posting(start_ms=NOON_MS + 10 * HOUR_MS, end_ms=NOON_MS + 13 * HOUR_MS)
    until_midnight = posting(start_ms=NOON_MS + 10 * HOUR_MS, end_ms=NOON_MS + 12 * HOUR_MS)
    for doc, expected in ((until_one, [False, True]), (until_midnight, [True, True])):
        asked = ask_of("j", doc, radius_m=60_000, asked=frozenset(), now_ms=NOON_MS, settings=SETTINGS)
        assert passing("rest", columns, asked) == expected


def test_hours_of_a_day_add_up() -> None:
    columns, midnight_ms = town({}, {}, {}, {}), NOON_MS + 36 * HOUR_MS
    columns.put_ledger("p0", 0, [held(END_MS + HOUR_MS, 3)])  # 8 + 3
    columns.put_ledger("p1", 0, [held(END_MS + HOUR_MS, 3.25)])
    columns.put_ledger("p2", 0, [held(END_MS + HOUR_MS, 1.5), held(END_MS + 4 * HOUR_MS, 2)])
    columns.put_ledger("p3", 0, [held(midnight_ms - 3 * HOUR_MS, 6)])  # three hours of it are tomorrow's
    assert passing("daily_hours", columns, ask()) == [True, False, False, True]
    long_one = posting(start_ms=NOON_MS + 18 * HOUR_MS, end_ms=NOON_MS + 30 * HOUR_MS)
    asked = ask_of("j", long_one, radius_m=60_000, asked=frozenset(), now_ms=NOON_MS, settings=SETTINGS)
    columns.put_ledger("p0", 0, [])
    assert passing("daily_hours", columns, asked) == [True, False, False, False]


def test_every_exclusion_names_its_rule_in_chinese() -> None:
    columns = town({"pay": Pay(fen=9_999), "hours": [Hours(days=[1], start="08:00", end="09:00")]}, {})
    asked = ask()
    assert search.excluded_by(columns, asked, 0) == [
        ("hours", "这个时间不在愿意干活的时间里"),
        ("pay", "工钱低于期望"),
    ]
    assert search.excluded_by(columns, asked, 1) == []
    assert list(search.everybody(columns, asked)) == [1]


def test_every_rule_says_what_it_asks_and_has_a_sentence_of_its_own() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.words for rule in RULES}) == len(RULES) < 63
    assert all(rule.passes.__doc__ for rule in RULES)


def test_the_29th_of_february_counts_from_the_first_of_march() -> None:
    assert asks.years_before(date(2024, 2, 29), 17) == date(2007, 2, 28).toordinal()


@given(st.lists(st.tuples(st.sampled_from([20_000, 20_001]), st.integers(0, 300))))
def test_the_row_holds_the_last_day_with_offers_and_how_many_on_it(offers: list[tuple[int, int]]) -> None:
    columns = town({})
    for day, nth in offers:
        columns.put_offer("p0", day, nth)
        columns.put_offer("nobody", day, nth)
    columns.put_ledger("p0", 2, [])
    day, nth = max(offers, default=(0, 0))
    assert (columns.offers_day[0], columns.offers_today[0], columns.live_offers[0]) == (day, min(nth, 255), 2)
    row = columns.put(ProfileRecord(id="nobody", v=1, schema=1, doc=builders.profile()))
    assert (columns.offers_day[row], columns.offers_today[row]) == (day, min(nth, 255))


def test_ledger_follows_entries_whatever_their_order() -> None:
    ledger = Ledger(ZONE_MS)
    offer = Entry(offer="open", wave=1, terms=1, offered_ms=NOON_MS, deadline_ms=NOON_MS + 1, nth_today=3)
    shift = Shift(0, 10, 36.0, 120.0)
    ledger.put("j", "p", offer, shift)
    assert ledger.live == {"p": {"j": NOON_MS + 1}}
    seated = Entry(
        offer="accepted", wave=1, terms=1, offered_ms=NOON_MS, deadline_ms=NOON_MS + 1, nth_today=3, assignment="seated"
    )
    ledger.put("j", "p", seated, shift)
    assert (ledger.live, ledger.shifts) == ({}, {"p": {"j": shift}})
    assert ledger.forget("j") == {"p"}
    assert (ledger.entries, ledger.shifts) == ({}, {})
    assert ledger.day(NOON_MS + 12 * HOUR_MS) == ledger.day(NOON_MS) + 1 == (NOON_MS + ZONE_MS) // DAY_MS + 1
