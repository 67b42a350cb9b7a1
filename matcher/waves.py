"""How many people to ask, for how long, how far away, and when to ask more (pure).

The numbers are DOMAIN's defaults: notify so many that at least k accept with 95 % probability, keep so many on standby
that all seats are filled with 90 % probability at 10 % no-shows, both from the binomial distribution.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Final

from msgspec import Struct

from matcher.model import HOUR_MS, MINUTE_MS, Award

CERTAINTY: Final = 0.95
STANDBY_CERTAINTY: Final = 0.90
NO_SHOW_RATE: Final = 0.10
DEFAULT_ACCEPTANCE_RATE: Final = 0.30
RADII_M: Final = (3_000, 6_000, 15_000, 60_000)
"""Radius by wave: near, a little further, the district, the city."""
LARGEST_WAVE: Final = 200


class Timing(Struct, frozen=True):
    """How long people have to answer, and when the next wave follows (milliseconds)."""

    reply_ms: int
    gap_ms: int


def at_least(k: int, n: int, rate: float) -> float:
    """P(X >= k) for X ~ Binomial(n, rate)."""
    return 1.0 - sum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k))


@lru_cache(maxsize=4096)
def people_to_ask(seats: int, rate: float) -> int:
    """Smallest n with P(Binomial(n, rate) >= seats) >= 95 %. Raises ValueError unless 0 < rate <= 1."""
    if not 0.0 < rate <= 1.0:
        raise ValueError(f"acceptance rate {rate} is not within (0, 1]")
    n = seats
    while n < LARGEST_WAVE and at_least(seats, n, rate) < CERTAINTY:
        n += 1
    return min(n, LARGEST_WAVE)


@lru_cache(maxsize=1024)
def standby_target(headcount: int) -> int:
    """How many to keep on standby: enough that all seats are filled with 90 % probability at 10 % no-shows; at least 1.
    5 -> 2, 10 -> 3, 20 -> 4."""
    n = headcount
    while at_least(headcount, n, 1 - NO_SHOW_RATE) < STANDBY_CERTAINTY:
        n += 1
    return max(1, n - headcount)


def timing(start_ms: int, now_ms: int, day_ends_ms: int) -> Timing:
    """Answer time (app) and wave gap by time to start; `day_ends_ms` is the local midnight that ends today."""
    left = start_ms - now_ms
    if left <= 2 * HOUR_MS:
        return Timing(2 * MINUTE_MS, 3 * MINUTE_MS)
    if left <= 6 * HOUR_MS:
        return Timing(3 * MINUTE_MS, 10 * MINUTE_MS)
    if start_ms <= day_ends_ms:
        return Timing(10 * MINUTE_MS, 20 * MINUTE_MS)
    return Timing(30 * MINUTE_MS, 60 * MINUTE_MS)


def radii_from(wave: int) -> tuple[int, ...]:
    """How far to look for wave 1, 2, 3, ...: its own radius first, then the wider ones."""
    return RADII_M[min(wave, len(RADII_M)) - 1 :]


def default_award(wanted: Award | None, start_ms: int, now_ms: int) -> Award:
    """`fair`, or `instant` when the posting asks for it or starts within the hour."""
    if wanted is not None:
        return wanted
    return "instant" if start_ms - now_ms <= HOUR_MS else "fair"


def midnight_after(now_ms: int, zone_offset_ms: int) -> int:
    """The next local midnight as an instant."""
    day_ms = 24 * HOUR_MS
    return ((now_ms + zone_offset_ms) // day_ms + 1) * day_ms - zone_offset_ms
