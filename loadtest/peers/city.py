"""The people and the questions that everybody is asked: plain values that every peer can hold, and the exact answer.

Six conditions: place (the posting's circle and how far the person will go), trade, hours, pay, age, status. What else
the matcher asks (certificates, refusals, shifts held, blocks) binds nobody here, for not every peer could be told of
it; the matcher asks it all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from loadtest import population
from loadtest.bench import memories, open_postings, oracle
from loadtest.bench.open_postings import DIMENSION, Kind
from loadtest.population import NOON_MS, WANTED_HOURS
from matcher import trades
from matcher.ask import local_date, years_before
from matcher.model import PostingRecord, ProfileRecord
from matcher.row import trade_number

K: Final = 50
EDGE: Final = 0.005
"""People nearer than this share of a radius to its edge count neither for nor against anybody: not all draw the earth
alike."""
METRES: Final = oracle.KM_PER_DEGREE * 1000
RADIUS_CLASSES: Final = (5_000, 10_000, 15_000, 30_000, 60_000)
HOURS_CLASSES: Final = tuple(hours for *_, hours in WANTED_HOURS)
"""The different weeks that people want; a peer holds the number, so that none has to compare half-hours."""
ADULT: Final = 18
NUMBERS: Final = ("radius_m", "hours", "pay_fen", "born", "free")


class City(Struct, frozen=True):
    """A value a person and condition, by the person's number."""

    seed: int
    vectors: NDArray[np.float32]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    radius_m: NDArray[np.int64]
    """How far the person will go: one of RADIUS_CLASSES."""
    trades: list[list[int]]
    hours: NDArray[np.int64]
    """Number of the wanted week."""
    pay_fen: NDArray[np.int64]
    """Wished, an hour."""
    born: NDArray[np.int64]
    """Ordinal of the birth date."""
    free: NDArray[np.int64]
    """Status: 1 where offers may be made, 0 where paused or suspended."""

    def __len__(self) -> int:
        return len(self.free)

    def records(self, n: int | None = None) -> Iterator[ProfileRecord]:
        """The first `n` records that the values come from, or all, drawn anew: a million of them are a lot to keep."""
        return islice(map(_person, population.workers(len(self), self.seed)), n)


class Question(Struct, frozen=True):
    """A posting in the same plain values: who fits, best first by the vectors' inner product, K of them."""

    posting: PostingRecord
    vector: NDArray[np.float32]
    lat: float
    lon: float
    radius_m: int
    trades: list[int]
    hours: list[int]
    pay_fen: int
    born_from: int
    born_until: int

    @property
    def metres_east(self) -> float:
        """Length of a degree of longitude here."""
        return METRES * math.cos(math.radians(self.lat))


def _person(record: ProfileRecord) -> ProfileRecord:
    """Without what not every peer can be told."""
    return structs.replace(record, doc=structs.replace(record.doc, refused=[]))


def city(profiles: int, seed: int) -> City:
    """An invented city of this size."""
    rng, people = np.random.default_rng(seed), map(_person, population.workers(profiles, seed))
    week_of = {id(week): n for n, week in enumerate(HOURS_CLASSES)}
    named, numbers = list[list[int]](), np.zeros((profiles, len(NUMBERS)), dtype=np.int64)
    where, vectors = np.zeros((profiles, 2)), np.zeros((profiles, DIMENSION), dtype=np.float32)
    for first in range(0, profiles, population.AT_ONCE):
        some = list(islice(people, population.AT_ONCE))
        rows = slice(first, first + len(some))
        docs = [record.doc for record in some]
        vectors[rows] = open_postings.unit_vectors([doc.trades[0] for doc in docs], rng)
        where[rows] = [(doc.place.lat, doc.place.lon) for doc in docs]
        named += [[trade_number(t) for t in {*doc.trades, *doc.recognised}] for doc in docs]
        numbers[rows] = [
            (
                doc.radius_m,
                week_of[id(doc.hours)],
                oracle.per_hour(doc.pay, 8.0),
                doc.born.toordinal(),
                not record.paused and record.suspended_until_ms <= NOON_MS,
            )
            for record, doc in zip(some, docs, strict=True)
        ]
    columns = {name: np.ascontiguousarray(numbers[:, i]) for i, name in enumerate(NUMBERS)}
    return City(seed=seed, vectors=vectors, lat=where[:, 0].copy(), lon=where[:, 1].copy(), trades=named, **columns)


def questions(n: int, seed: int, radius_m: int) -> list[Question]:
    """Postings of trades that many do and that ask for no certificate."""
    records = open_postings.posting_records(4 * n, seed, Kind(popular=True))
    plain = [r for r in records if trades.trades()[r.doc.trade].certificate is None][:n]
    vectors = open_postings.unit_vectors([r.doc.trade for r in plain], np.random.default_rng(seed))
    return [_question(r, v, radius_m) for r, v in zip(plain, vectors, strict=True)]


def _question(record: PostingRecord, vector: NDArray[np.float32], radius_m: int) -> Question:
    doc, settings = record.doc, memories.SETTINGS
    day = local_date(doc.start_ms, settings.zone_offset_ms)
    oldest = [doc.age_max or 200]
    if trades.trades()[doc.trade].domain == "construction":
        oldest.append(settings.building_age_max)
    return Question(
        posting=record,
        vector=vector,
        lat=doc.place.lat,
        lon=doc.place.lon,
        radius_m=radius_m,
        trades=sorted(trade_number(t) for t in trades.trades() if oracle.able(doc.trade, [t])),
        hours=[n for n, week in enumerate(HOURS_CLASSES) if oracle.free_for(week, doc, settings)],
        pay_fen=oracle.per_hour(doc.pay, (doc.end_ms - doc.start_ms) / 3_600_000),
        born_from=years_before(day, min(oldest) + 1) + 1,
        born_until=years_before(day, max(doc.age_min or 0, ADULT)),
    )


class Exact(Struct, frozen=True):
    """The exact answer: how many fit, and those of the best K who live at no edge."""

    survivors: int
    best: frozenset[int]

    def recall(self, found: Sequence[int]) -> float:
        """Share of the best that was found; 1 where there is nobody to be found."""
        return len(self.best & set(found)) / len(self.best) if self.best else 1.0


def exact(c: City, some: Sequence[Question]) -> list[Exact]:
    """Looks at everybody, condition by condition, sharing no code with the matcher."""
    does = np.zeros((len(c), trades.MAX_TRADES + 1), dtype=bool)
    for n, named in enumerate(c.trades):
        does[n, named] = True
    return [_exact(c, does, q) for q in some]


def _exact(c: City, does: NDArray[np.bool_], q: Question) -> Exact:
    metres = np.hypot((c.lat - q.lat) * METRES, (c.lon - q.lon) * q.metres_east)
    reach = np.minimum(c.radius_m, q.radius_m)
    fits = (metres <= reach) & (c.free == 1) & np.isin(c.hours, q.hours) & (c.pay_fen <= q.pay_fen)
    fits &= (q.born_from <= c.born) & (c.born <= q.born_until)
    rows = np.flatnonzero(fits)
    rows = rows[does[rows][:, q.trades].any(axis=1)]
    best = rows[np.argsort(-(c.vectors[rows] @ q.vector), kind="stable")[:K]]
    inside = best[np.abs(metres[best] - reach[best]) > EDGE * reach[best]]
    return Exact(len(rows), frozenset(inside.tolist()))
