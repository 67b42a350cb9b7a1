"""Columns, week masks and the FAISS index, against plain Python."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher import trades
from matcher.chains import Chains
from matcher.columns import Columns
from matcher.index import VectorIndex
from matcher.model import Hours, Pay, Place, ProfileRecord
from matcher.row import certificate_number, day_number
from matcher.weeks import HALF_HOURS, shift_mask, week_mask
from tests import builders

ZONE_MS = 8 * 3_600_000
MONDAY_MS = 1_795_363_200_000  # 2026-11-23 00:00 in the market's zone


def record(id_: str, **over: object) -> ProfileRecord:
    return ProfileRecord(id=id_, v=1, schema=1, doc=builders.profile(**over))


def half_hours(mask: np.ndarray) -> set[int]:
    return {n for n in range(HALF_HOURS) if int(mask[n >> 6]) >> (n & 63) & 1}


def test_monday_is_a_monday() -> None:
    assert date.fromordinal(date(1970, 1, 1).toordinal() + (MONDAY_MS + ZONE_MS) // 86_400_000) == date(2026, 11, 23)


def test_no_window_means_any_time() -> None:
    assert half_hours(week_mask([])) == set(range(HALF_HOURS))


def test_window_covers_the_half_hours_inside_it() -> None:
    assert half_hours(week_mask([Hours(days=[1], start="06:00", end="07:30")])) == {12, 13, 14}
    assert half_hours(week_mask([Hours(days=[1], start="06:10", end="07:20")])) == {13}
    assert half_hours(week_mask([Hours(days=[1], start="06:10", end="06:20")])) == set()


def test_window_across_midnight_and_week_end() -> None:
    assert half_hours(week_mask([Hours(days=[7], start="23:00", end="01:00")])) == {6 * 48 + 46, 6 * 48 + 47, 0, 1}
    assert len(half_hours(week_mask([Hours(days=[2], start="08:00", end="08:00")]))) == 48


@given(st.integers(0, 7 * 1440 - 1), st.integers(1, 16 * 60))
def test_shift_touches_every_half_hour_it_lies_in(start_minute: int, minutes: int) -> None:
    start_ms = MONDAY_MS + start_minute * 60_000
    expected = {(m // 30) % HALF_HOURS for m in range(start_minute, start_minute + minutes)}
    assert half_hours(shift_mask(start_ms, start_ms + minutes * 60_000, ZONE_MS)) == expected


def test_rows_grow_keep_their_number_and_leave_tombstones() -> None:
    columns = Columns()
    for n in range(3_000):
        assert columns.put(record(f"p{n}", pay=Pay(fen=n))) == n
    assert columns.put(record("p5", pay=Pay(fen=9_999))) == 5
    assert (columns.size, int(columns.pay_fen[5]), int(columns.pay_fen[2_999])) == (3_000, 9_999, 2_999)
    columns.remove("p7")
    columns.remove("nobody")
    assert "p7" not in columns.row_of
    assert not columns.alive[7]
    assert columns.size == 3_000
    assert columns.put(record("p7")) == 3_000


def test_trades_certificates_and_wishes() -> None:
    columns = Columns()
    kind = next(iter(trades.certificates()))
    row = columns.put(
        record(
            "p",
            trades=["porter", "not-in-the-lexicon"],
            pay=Pay(fen=16_000, unit="day"),
            place=Place(lat=36.1, lon=120.4),
            certificates=[builders.certificate(kind, date(2026, 11, 23)), builders.certificate("unheard-of")],
        )
    )
    assert columns.trades[row].tolist() == [trades.bit("porter") + 1, 0, 0, 0, 0, 0]
    assert columns.pay_fen[row] == 2_000
    assert columns.certificates[row] == 1 << certificate_number(kind)
    assert columns.expiry_kind[row].tolist() == [certificate_number(kind), 0]
    assert columns.expiry_day[row].tolist() == [day_number(date(2026, 11, 23)), 0]


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 99), max_size=5)), max_size=60))
def test_chains_hold_what_was_put_last(history: list[tuple[int, list[int]]]) -> None:
    chains, firsts, held = Chains([("item", "u2")]), np.zeros(10, dtype=np.uint32), {}
    for owner, items in history:
        held[owner] = items
        firsts[owner] = chains.put(int(firsts[owner]), [(item,) for item in items])
    for owner, items in held.items():
        assert chains.items(int(firsts[owner])) == [(item,) for item in items]
    owners, links = chains.flat(firsts)
    flat = sorted(zip(owners.tolist(), links["item"].tolist(), strict=True))
    assert flat == sorted((owner, item) for owner, items in held.items() for item in items)
    most = max([sum(len(items) for items in dict(history[:n]).values()) for n in range(1, len(history) + 1)] or [0])
    assert len(chains.held) <= 1 + most + 5


def test_index_scores_are_exact_and_in_the_order_asked() -> None:
    index = VectorIndex(builders.DIMENSION, "m")
    vectors = [builders.vector(n) for n in range(500)]
    for row, vector in enumerate(vectors):
        index.put(row, vector, "m")
    index.put(3, vectors[400], "m")
    rows = np.array([3, 10, 77, 400, 499], dtype=np.int64)
    query = builders.vector(1_000)
    expected = [float(query @ vectors[400 if r == 3 else r]) for r in rows]
    np.testing.assert_allclose(index.scores(query, rows), expected, atol=1e-5)
    assert index.scores(query, rows[:0]).shape == (0,)


def test_index_never_mixes_models() -> None:
    index = VectorIndex(builders.DIMENSION, "m")
    index.put(0, builders.vector(1), "another")
    index.put(2, builders.vector(1), "m")
    index.put(3, np.ones(8, dtype=np.float32), "m")
    scores = index.scores(builders.vector(1), np.arange(4, dtype=np.int64))
    np.testing.assert_allclose(scores, [0, 0, 1, 0], atol=1e-5)
    assert not index.scores(np.ones(8, dtype=np.float32), np.arange(4, dtype=np.int64)).any()
