"""The invented city: the same for a seed, where people live, how often things come; and how its people behave."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import numpy as np
import pytest

from ingest import consent, gazetteer
from ingest.columns import Layout, layout
from ingest.profiles import read_profile
from ingest.sites import sites
from loadtest import behaviour, moving_in, population
from loadtest.behaviour import Behaviour
from matcher import trades
from matcher.model import age_on, hourly_fen, shift_hours

N = 20_000
PEOPLE = list(population.workers(N, 1))


def share(n: int) -> float:
    return n / N


def test_the_same_seed_gives_the_same_city() -> None:
    assert list(population.workers(300, 7)) == list(population.workers(300, 7))
    assert list(population.rows(300, 7)) == list(population.rows(300, 7))
    one, two = (population.urgent_posting(np.random.default_rng(3), "firm", 10**12) for _ in range(2))
    assert one == two
    assert list(population.workers(50, 7)) != list(population.workers(50, 8))


def test_people_live_in_the_district_of_their_site() -> None:
    in_site = Counter(p.doc.site for p in PEOPLE)
    whole = sum(population.INHABITANTS.values())
    for id_, site in sites().items():
        assert share(in_site[id_]) == pytest.approx(population.INHABITANTS[site.district] / whole, abs=0.01)
    own = [
        gazetteer.district_at(p.doc.place.lat, p.doc.place.lon) == sites()[p.doc.site].district for p in PEOPLE[:500]
    ]
    assert np.mean(own) > 0.9


def test_trades_come_as_often_as_in_the_trade() -> None:
    first = Counter(p.doc.trades[0] for p in PEOPLE)
    shares = population.trade_shares()
    assert sum(shares.values()) == pytest.approx(1)
    for trade in ("porter", "loader", "waiter", "electrician"):
        assert share(first[trade]) == pytest.approx(shares[trade], rel=0.25)
    assert share(sum(first[t] for t in sorted(shares, key=lambda t: -shares[t])[:10])) > 0.25


def test_ages_are_those_of_the_market() -> None:
    ages = [age_on(p.doc.born, population.TODAY) for p in PEOPLE]
    assert share(sum(age > 45 for age in ages)) == pytest.approx(0.5, abs=0.03)
    assert share(sum(age > 50 for age in ages)) == pytest.approx(0.33, abs=0.04)


def test_headcounts_are_those_of_the_market() -> None:
    rng = np.random.default_rng(1)
    seats = [population.headcount(rng) for _ in range(5_000)]
    for low, high, expected in population.HEADCOUNTS:
        assert np.mean([low <= n <= high for n in seats]) == pytest.approx(expected, abs=0.03)


def test_a_row_says_what_the_record_says() -> None:
    known = layout(tuple(next(population.rows(1, 1))[1]), {})
    assert isinstance(known, Layout)
    for record, (site, row) in zip(PEOPLE[:1_000], population.rows(N, 1), strict=False):
        read = read_profile(known.cells(row), site, sites()[site], population.TODAY, consent.read(), known.pay_unit)
        if age_on(record.doc.born, population.TODAY) < 16:
            assert [p.code for p in read.reading.problems] == ["under_16"]
            continue
        assert read.profile is not None, read.reading.problems
        doc, said = record.doc, read.profile
        assert set(doc.trades) <= set(said.trades)
        assert (said.born, said.radius_m, said.group, said.site) == (doc.born, doc.radius_m, doc.group, doc.site)
        assert (said.pay, said.channels, said.certificates) == (doc.pay, doc.channels, doc.certificates)
        assert said.hours == doc.hours[:1]
        assert said.place.lat == pytest.approx(doc.place.lat, abs=1e-6)


def test_pushes_hold_every_row_once_and_fit_into_a_request() -> None:
    names, sizes = [], []
    for site, rows in moving_in.pushes(3_000, 1):
        assert site in sites()
        names += [row["编号"] for row in rows]
        sizes.append(len(msgspec.json.encode(rows)))
    assert sorted(names) == [f"w{n:07d}" for n in range(3_000)]
    assert max(sizes) < 262_144


def test_urgent_postings_are_of_today_and_pay_the_minimum() -> None:
    rng, now = np.random.default_rng(1), population.NOON_MS
    for _ in range(300):
        doc = population.urgent_posting(rng, "firm", now)
        low, high = population.URGENT_H
        assert low * 3_600_000 - 1 <= doc.start_ms - now <= high * 3_600_000
        assert hourly_fen(doc.pay, shift_hours(doc)) >= population.LEAST_HOURLY_FEN
        needed = trades.trades()[doc.trade].certificate
        assert doc.certificates == ([needed] if needed else [])


# -- behaviour ---------------------------------------------------------------------------------------------------------


def test_acceptance_falls_with_the_way_and_rises_with_the_pay() -> None:
    habits = Behaviour()
    assert habits.chance_of_yes(2_000, 2_500, 2_500) == pytest.approx(0.35)
    assert habits.chance_of_yes(500, 2_500, 2_500) == pytest.approx(0.35)
    assert habits.chance_of_yes(5_000, 2_500, 2_500) == pytest.approx(0.26)
    assert habits.chance_of_yes(2_000, 2_750, 2_500) == pytest.approx(0.40)
    assert habits.chance_of_yes(2_000, 2_250, 2_500) == pytest.approx(0.25)
    assert habits.chance_of_yes(60_000, 2_500, 2_500) == 0
    assert habits.chance_of_yes(0, 25_000, 2_500) == 1


def test_who_sees_and_who_answers_when() -> None:
    habits, draw = Behaviour(), Random(1)
    for channel, seen, within in (("inbox", 0.7, 60), ("push", 0.7, 60), ("sms", 0.4, 180), ("kiosk", 0.9, 60)):
        after = [habits.seen_after_s(draw, channel) for _ in range(4_000)]  # type: ignore[arg-type]  # channels
        times = [s for s in after if s is not None]
        assert len(times) / 4_000 == pytest.approx(seen, abs=0.03)
        assert min(times) >= 0
        assert max(times) <= within
    young, old = ([habits.answer_s(draw, age) for _ in range(4_000)] for age in (30, 60))
    assert np.median(young) == pytest.approx(15, abs=1)
    assert np.median(old) == pytest.approx(35, abs=1)
    assert (min(young), max(young)) == (5, 60)
    prompt = [behaviour.prompt_s(draw) for _ in range(4_000)]
    assert (min(prompt), max(prompt)) == (1, 5)
    assert np.median(prompt) == pytest.approx(2, abs=0.1)


def test_the_morning() -> None:
    at = [behaviour.present_share(minute) for minute in range(24 * 60)]
    assert at[4 * 60 + 30] == at[10 * 60] == at[0] == at[-1] == 0
    assert at[6 * 60] == max(at) == 1
    assert at[5 * 60 + 15] == pytest.approx(0.5)
