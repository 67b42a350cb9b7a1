"""Invented workers and postings of a city, drawn from one seed: the same for every run of the same size.

Places follow the ten districts by their inhabitants (census of 2020, in round numbers): half live in the town, half
around it. Trades follow a Zipf law over the lexicon. Nothing here is a real person, firm or record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs
from numpy.random import Generator
from numpy.typing import NDArray

from matcher import trades
from matcher.model import (
    HOUR_MS,
    Certificate,
    Hours,
    Pay,
    Place,
    Posting,
    PostingRecord,
    PresenceState,
    Profile,
    ProfileRecord,
    hourly_fen,
)

NOON_MS: Final = 1_795_406_400_000
"""Monday 2026-11-23 12:00 in the market: the moment of every decision measured."""
TODAY: Final = date(2026, 11, 23)
DIMENSION: Final = 256
MODEL: Final = "invented"
AT_ONCE: Final = 10_000
EMPLOYERS: Final = tuple(f"firm-invented-{n}" for n in range(8))
TOWNS: Final = (
    (36.067, 120.390, 0.49, 2.5), (36.092, 120.375, 1.10, 3.0), (36.160, 120.430, 0.74, 3.5),
    (36.110, 120.470, 0.50, 4.0), (35.960, 120.150, 1.90, 6.0), (36.307, 120.396, 1.11, 5.0),
    (36.389, 120.447, 1.34, 6.0), (36.264, 120.033, 0.99, 6.0), (36.787, 119.960, 1.19, 7.0),
    (36.889, 120.518, 0.72, 7.0),
)  # fmt: skip
"""Latitude, longitude, inhabitants in millions and how far the town reaches (km, one standard deviation)."""
WEEK: Final = [1, 2, 3, 4, 5, 6, 7]
WANTED_HOURS: Final[tuple[tuple[float, list[Hours]], ...]] = (
    (0.40, []),
    (0.20, [Hours(days=WEEK, start="05:00", end="19:00")]),
    (0.12, [Hours(days=WEEK[:5], start="07:00", end="18:00")]),
    (0.10, [Hours(days=WEEK[5:], start="06:00", end="22:00")]),
    (0.08, [Hours(days=WEEK, start="18:00", end="06:00")]),
    (0.06, [Hours(days=WEEK, start="05:30", end="12:10")]),
    (0.04, [Hours(days=WEEK[:5], start="17:30", end="23:30"), Hours(days=WEEK[5:], start="00:00", end="24:00")]),
)
HEADCOUNTS: Final = ((1, 1, 0.50), (2, 3, 0.30), (4, 10, 0.15), (11, 30, 0.05))
REFUSED: Final = (["heights"], ["heavy_lifting", "porter"], ["traffic", "machinery"], ["hot_work"])
MANY_DO: Final = 12
"""Trades counted as popular."""
TRADES_NAMED: Final = (1, 2, 3, 4, 5, 6, 8, 11)
TRADES_NAMED_SHARE: Final = (0.30, 0.28, 0.20, 0.10, 0.05, 0.04, 0.02, 0.01)


class Kind(Struct, frozen=True):
    """What a posting asks for. Local ones have place, trade, hours, pay and age conditions."""

    wave: int = 1
    ages: bool = True
    piece: bool = False
    popular: bool = False
    """Only trades that many people do."""


@cache
def _by_popularity() -> tuple[list[str], NDArray[np.float64]]:
    names = list(trades.trades())
    weight = 1.0 / (np.random.default_rng(20).permutation(len(names)) + 5.0)
    return names, np.cumsum(weight / weight.sum())


def _trades(rng: Generator, n: int, popular: bool = False) -> list[str]:
    names, cumulative = _by_popularity()
    if popular:
        shares = np.diff(cumulative, prepend=0.0)
        return [names[int(i)] for i in rng.choice(np.argsort(-shares)[:MANY_DO], n)]
    return [names[min(int(i), len(names) - 1)] for i in np.searchsorted(cumulative, rng.random(n))]


def _places(rng: Generator, n: int) -> tuple[list[float], list[float]]:
    """Degrees that 32-bit numbers hold exactly."""
    towns = np.array(TOWNS)
    town = towns[rng.choice(len(towns), n, p=towns[:, 2] / towns[:, 2].sum())]
    spread_km = town[:, 3] * np.where(rng.random(n) < 0.5, 1.0, 2.5)
    north, east = rng.standard_normal((2, n)) * spread_km / 111.2
    lat = (town[:, 0] + north).astype(np.float32)
    lon = (town[:, 1] + east / np.cos(np.radians(36.2))).astype(np.float32)
    return lat.tolist(), lon.tolist()


def _wished(trade: str) -> int:
    usual = trades.trades()[trade]
    return hourly_fen(Pay(fen=usual.pay_fen, unit=usual.pay_unit), 8.0) or 2_500  # type: ignore[arg-type]  # lexicon


def _certificates(rng: Generator, named: list[str]) -> list[Certificate]:
    needed = dict.fromkeys(c for name in named if (c := trades.trades()[name].certificate))
    held = []
    for kind in [*needed, *(["food"] if rng.random() < 0.1 else [])]:
        if rng.random() < 0.85:
            lasts = None if rng.random() < 0.4 else TODAY + timedelta(days=int(rng.integers(-60, 1_500)))
            held.append(Certificate(kind=kind, expires=lasts))
    return held


def workers(n: int, seed: int) -> Iterator[ProfileRecord]:
    """`n` records, one after the other."""
    rng = np.random.default_rng(seed)
    for first in range(0, n, AT_ONCE):
        yield from _some_workers(rng, first, min(AT_ONCE, n - first))


def _some_workers(rng: Generator, first: int, n: int) -> Iterator[ProfileRecord]:
    lat, lon = _places(rng, n)
    counts = rng.choice(TRADES_NAMED, n, p=TRADES_NAMED_SHARE).tolist()
    pool = iter(_trades(rng, sum(counts)))
    hours = rng.choice(len(WANTED_HOURS), n, p=[share for share, _ in WANTED_HOURS]).tolist()
    years = np.clip(rng.normal(46, 11, n), 15.5, 70)
    born = (TODAY.toordinal() - years * 365.25).astype(int).tolist()
    pay = np.exp(rng.normal(0, 0.2, n)).tolist()
    radius = rng.choice([5_000, 10_000, 15_000, 30_000, 60_000], n, p=[0.15, 0.35, 0.2, 0.2, 0.1]).tolist()
    presence = rng.choice(["away", "available", "in_hall"], n, p=[0.85, 0.12, 0.03]).tolist()
    paused, history = (rng.random(n) < 0.02).tolist(), rng.random(n).tolist()
    done, missed = rng.poisson(6, n).tolist(), rng.poisson(0.4, n).tolist()
    waited = (rng.exponential(6 * 24, n) * HOUR_MS).astype(int).tolist()
    channel = rng.choice(["", "push", "sms", "call", "kiosk"], n, p=[0.6, 0.1, 0.15, 0.1, 0.05]).tolist()
    group = rng.choice(["", "农村转移劳动力(虚构)"], n, p=[0.7, 0.3]).tolist()
    for i in range(n):
        named = list(dict.fromkeys(next(pool) for _ in range(counts[i])))
        doc = Profile(
            site="site-invented",
            trades=named,
            certificates=_certificates(rng, named),
            born=date.fromordinal(born[i]),
            place=Place(lat=lat[i], lon=lon[i]),
            radius_m=radius[i],
            hours=WANTED_HOURS[hours[i]][1],
            pay=Pay(fen=int(_wished(named[0]) * pay[i])),
            recognised=["porter"] if (first + i) % 37 == 5 and "porter" not in named else [],
            refused=REFUSED[(first + i) % len(REFUSED)] if (first + i) % 5 == 2 else [],
            group=group[i],
            channels=[channel[i]] if channel[i] else [],
        )
        state: PresenceState = presence[i]
        worked = history[i] < 0.7
        yield ProfileRecord(
            id=f"w{first + i:07d}",
            v=1,
            schema=1,
            doc=doc,
            presence=state,
            presence_until_ms=0 if state == "away" else NOON_MS + 6 * HOUR_MS,
            paused=paused[i],
            suspended_until_ms=_suspended_until(first + i),
            last_work_ms=NOON_MS - waited[i] if worked else 0,
            done=done[i] if worked else 0,
            done_in={named[0]: done[i]} if worked and done[i] else {},
            no_shows=missed[i] if worked else 0,
            model=MODEL,
        )


def _suspended_until(n: int) -> int:
    """One in 83 is suspended until tomorrow, as many were until an hour ago."""
    return {3: NOON_MS + 24 * HOUR_MS, 4: NOON_MS - HOUR_MS}.get(n % 83, 0)


def posting_records(n: int, seed: int, kind: Kind | None = None) -> list[PostingRecord]:
    """`n` open postings of tomorrow, all of one kind."""
    rng, kind = np.random.default_rng(seed), kind or Kind()
    lat, lon = _places(rng, n)
    return [
        _posting_record(rng, f"j{seed}-{i}", trade, Place(lat=lat[i], lon=lon[i]), kind)
        for i, trade in enumerate(_trades(rng, n, kind.popular))
    ]


def _posting_record(rng: Generator, id_: str, trade: str, place: Place, kind: Kind) -> PostingRecord:
    low, high, _ = HEADCOUNTS[int(rng.choice(len(HEADCOUNTS), p=[share for _, _, share in HEADCOUNTS]))]
    start_ms = NOON_MS + (12 + int(rng.choice([5, 6, 7, 8, 13, 18]))) * HOUR_MS
    shift_h = int(rng.choice([3, 4, 8, 9]))
    pay = Pay(fen=int(_wished(trade) * shift_h * rng.uniform(0.95, 1.3)), unit="piece" if kind.piece else "shift")
    headcount = int(rng.integers(low, high + 1))
    doc = Posting(
        employer=EMPLOYERS[int(id_.rpartition("-")[2]) % len(EMPLOYERS)],
        site="site-invented",
        trade=trade,
        text="虚构岗位",
        headcount=headcount,
        start_ms=start_ms,
        end_ms=start_ms + shift_h * HOUR_MS,
        place=place,
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
