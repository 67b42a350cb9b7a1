"""Open postings of an invented city, and vectors, for a matcher's memory that is filled without a store."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs
from numpy.random import Generator
from numpy.typing import NDArray

from loadtest import population
from loadtest.population import NOON_MS
from matcher import trades
from matcher.model import HOUR_MS, Pay, Posting, PostingRecord

DIMENSION: Final = 256
EMPLOYERS: Final = tuple(f"firm-invented-{n}" for n in range(8))
MANY_DO: Final = 12
"""Trades counted as popular."""


class Kind(Struct, frozen=True):
    """What a posting asks for. Local ones have place, trade, hours, pay and age conditions."""

    wave: int = 1
    ages: bool = True
    piece: bool = False
    popular: bool = False
    """Only trades that many people do."""


def posting_records(n: int, seed: int, kind: Kind | None = None) -> list[PostingRecord]:
    """`n` open postings of tomorrow, all of one kind."""
    rng, kind = np.random.default_rng(seed), kind or Kind()
    where = population.places(rng, n)
    named = _popular(rng, n) if kind.popular else population.trades_drawn(rng, n)
    return [
        _record(rng, f"j{seed}-{i}", trade, spot, kind)
        for i, (trade, spot) in enumerate(zip(named, where, strict=True))
    ]


def _popular(rng: Generator, n: int) -> list[str]:
    shares = population.trade_shares()
    most = sorted(shares, key=lambda trade: -shares[trade])[:MANY_DO]
    return [most[i] for i in rng.integers(MANY_DO, size=n)]


def _record(rng: Generator, id_: str, trade: str, where: population.Where, kind: Kind) -> PostingRecord:
    headcount = population.headcount(rng)
    start_ms = NOON_MS + (12 + int(rng.choice([5, 6, 7, 8, 13, 18]))) * HOUR_MS
    shift_h = int(rng.choice([3, 4, 8, 9]))
    wished = population.wished_fen(trade)
    pay = Pay(fen=int(wished * shift_h * rng.uniform(0.95, 1.3)), unit="piece" if kind.piece else "shift")
    doc = Posting(
        employer=EMPLOYERS[int(id_.rpartition("-")[2]) % len(EMPLOYERS)],
        site=where.site,
        trade=trade,
        text="虚构岗位",
        headcount=headcount,
        start_ms=start_ms,
        end_ms=start_ms + shift_h * HOUR_MS,
        place=where.place,
        pay=pay,
        valid_until_ms=start_ms,
    )
    if kind.ages:
        doc = structs.replace(doc, age_min=18, age_max=int(rng.choice([50, 55, 60])))
    counters: dict[str, Any] = dict.fromkeys(
        ("offered", "open_offers", "taken", "called", "waiting", "standby", "standby_target"), 0
    )
    return PostingRecord(
        id=id_,
        v=1,
        schema=1,
        doc=doc,
        state="open",
        award="fair",
        terms=1,
        wave=kind.wave - 1,
        headcount=headcount,
        start_ms=doc.start_ms,
        end_ms=doc.end_ms,
        valid_until_ms=doc.valid_until_ms,
        **counters,
    )


def unit_vectors(names: list[str], rng: Generator) -> NDArray[np.float32]:
    """A unit vector by trade: near its trade's own direction, the more so the plainer the words."""
    own = np.array([_direction(name) for name in names], dtype=np.float32)
    vectors = own + rng.standard_normal(own.shape, dtype=np.float32) * np.float32(0.06)
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@cache
def _direction(trade: str) -> NDArray[np.float32]:
    direction = np.random.default_rng(trades.bit(trade)).standard_normal(DIMENSION, dtype=np.float32)
    unit: NDArray[np.float32] = direction / np.linalg.norm(direction)
    return unit
