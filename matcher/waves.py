"""How many people to ask, for how long, how far away, when to ask more, and how soon all seats are taken (pure).

The numbers are DOMAIN's defaults: notify so many that at least k accept with 95 % probability, keep so many on standby
that all seats are filled with 90 % probability at 10 % no-shows, both from the binomial distribution.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, comb, erf, log, sqrt
from typing import Final

from msgspec import Struct

from matcher.model import DAY_MS, HOUR_MS, MINUTE_MS, Award, Channel
from matcher.settings import MarketSettings

CERTAINTY: Final = 0.95
STANDBY_CERTAINTY: Final = 0.90
NO_SHOW_RATE: Final = 0.10
DEFAULT_ACCEPTANCE_RATE: Final = 0.30
HALL_M: Final = 0
"""Stands for the first circle: who is in the hall, wherever they live."""
RADII_M: Final = (3_000, 6_000, 15_000, 60_000)
"""Radius by wave: near, a little further, the district, the city. Sites are no walls: the circles reach neighbouring
sites by themselves."""
LARGEST_WAVE: Final = 200
SPREAD: Final = 0.7
"""Standard deviation of the logarithm of the time until a yes: DOMAIN's 5 to 60 s around 15."""
SPARING_FROM_MS: Final = 6 * HOUR_MS
"""Work that begins later has time for another wave: its first one leaves those who hold an offer to others."""
LONGEST_MINUTES: Final = 24 * 60


class Timing(Struct, frozen=True):
    """How long people have to answer by the way an offer reaches them, and when the next wave follows (ms)."""

    app_ms: int
    sms_ms: int
    call_ms: int
    gap_ms: int

    def reply_ms(self, channel: Channel) -> int:
        """The time for an answer on a channel; a clerk needs time to ring people up."""
        if channel == "sms":
            return self.sms_ms
        return self.call_ms if channel == "call" else self.app_ms


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
    """Answer times and wave gap by time to start; `day_ends_ms` is the local midnight that ends today."""
    left = start_ms - now_ms
    if left <= 2 * HOUR_MS:
        minutes = (2, 3, 15, 3)
    elif left <= 6 * HOUR_MS:
        minutes = (3, 10, 30, 10)
    elif start_ms <= day_ends_ms:
        minutes = (10, 20, 60, 20)
    else:
        minutes = (30, 60, 120, 60)
    return Timing(*(n * MINUTE_MS for n in minutes))


def has_time(start_ms: int, now_ms: int) -> bool:
    """Whether another wave can follow in time, so that the first need not ask everybody who might come."""
    return start_ms - now_ms > SPARING_FROM_MS


def radii_from(wave: int) -> tuple[int, ...]:
    """How far to look for wave 1, 2, 3, ...: its own radius first, then the wider ones. The first circle is the hall,
    the last one the city."""
    return (HALL_M, *RADII_M)[min(wave - 1, len(RADII_M)) :]


def minutes_to_fill(seats: int, people: int, rate: float, answer_s: float, gap_ms: int) -> int | None:
    """Whole minutes until so many have said yes as seats are open, as is to be expected; None where it is not.

    Waves of the usual size follow each other after `gap_ms` while there are `people` left. A yes takes a time whose
    logarithm is normal around `answer_s`.
    """
    sizes, left, wanted = [], people, float(seats)
    while left > 0 and wanted > 0.5:
        sizes.append(min(left, people_to_ask(ceil(wanted), rate)))
        left, wanted = left - sizes[-1], wanted - sizes[-1] * rate
    if sum(sizes) * rate < seats - 0.5:
        return None
    for minutes in range(1, LONGEST_MINUTES + 1):
        ages_s = (minutes * 60 - wave * gap_ms / 1000 for wave in range(len(sizes)))
        yes = sum(n * rate * _said(age_s, answer_s) for n, age_s in zip(sizes, ages_s, strict=True))
        if yes >= min(float(seats), 0.98 * sum(sizes) * rate):
            return minutes
    return None


def _said(age_s: float, answer_s: float) -> float:
    """The share of the yeses that have come after a time."""
    return 0.5 * (1 + erf(log(age_s / answer_s) / (SPREAD * sqrt(2)))) if age_s > 0 else 0.0


def default_award(wanted: Award | None, start_ms: int, now_ms: int) -> Award:
    """`fair`, or `instant` when the posting asks for it or starts within the hour."""
    if wanted is not None:
        return wanted
    return "instant" if start_ms - now_ms <= HOUR_MS else "fair"


def midnight_after(now_ms: int, zone_offset_ms: int) -> int:
    """The next local midnight as an instant."""
    day_ms = 24 * HOUR_MS
    return ((now_ms + zone_offset_ms) // day_ms + 1) * day_ms - zone_offset_ms


def is_quiet(now_ms: int, settings: MarketSettings) -> bool:
    """Whether nobody is to be woken at this moment."""
    minute = (now_ms + settings.zone_offset_ms) % DAY_MS // 60_000
    begins, ends = settings.quiet_from_minute, settings.quiet_until_minute
    return begins <= minute < ends if begins <= ends else minute >= begins or minute < ends
