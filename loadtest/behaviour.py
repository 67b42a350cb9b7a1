"""How people behave, in the numbers of the trade: whether and when they see an offer, say yes, answer.

Everything is drawn from a generator that is passed in: the same draws in each run.
"""

from __future__ import annotations

from random import Random
from typing import Final

from msgspec import Struct

from matcher.model import Channel

DAWN_MINUTE: Final = 4 * 60 + 30
"""04:30, minutes from midnight: the first stand at the market."""
PEAK_MINUTE: Final = 6 * 60
OVER_MINUTE: Final = 10 * 60
PROMPT_S: Final = (1.0, 5.0)
PROMPT_MEDIAN_S: Final = 2.0
PROMPT_SIGMA: Final = 0.45
"""People who wait for an offer: the shape of the answers below, 5 to 60 s around 15, drawn together to 1 to 5 s."""


class Behaviour(Struct, frozen=True, kw_only=True):
    """What is known, or assumed, of how people act. Shares are of 1."""

    yes: float = 0.35
    """An offer seen, within `near_km` and at the wished pay, is accepted."""
    near_km: float = 2.0
    yes_less_a_km: float = 0.03
    yes_more_a_tenth_above: float = 0.05
    """For each tenth by which the pay is above the wish."""
    yes_less_a_tenth_below: float = 0.10
    push_seen: float = 0.70
    push_within_s: float = 60.0
    sms_seen: float = 0.40
    sms_within_s: float = 180.0
    hall_seen: float = 0.90
    hall_within_s: float = 60.0
    answer_median_s: float = 15.0
    answer_sigma: float = 0.7
    """Of the logarithm."""
    answer_least_s: float = 5.0
    answer_most_s: float = 60.0
    slow_from_age: int = 51
    slower_s: float = 20.0

    def chance_of_yes(self, distance_m: float, pay_fen: float, wished_fen: float) -> float:
        """Of an offer that was seen; pay and wish in fen an hour."""
        above = (pay_fen / wished_fen - 1.0) * 10 if wished_fen > 0 else 0.0
        by_pay = above * (self.yes_more_a_tenth_above if above > 0 else self.yes_less_a_tenth_below)
        far_km = max(0.0, distance_m / 1000 - self.near_km)
        return min(1.0, max(0.0, self.yes - far_km * self.yes_less_a_km + by_pay))

    def seen_after_s(self, draw: Random, channel: Channel) -> float | None:
        """Seconds until an offer is seen, or None when it is not. An open page is a phone at hand: as push."""
        seen, within_s = {
            "sms": (self.sms_seen, self.sms_within_s),
            "kiosk": (self.hall_seen, self.hall_within_s),
            "call": (self.hall_seen, self.hall_within_s),
        }.get(channel, (self.push_seen, self.push_within_s))
        return draw.uniform(0.0, within_s) if draw.random() < seen else None

    def answer_s(self, draw: Random, age: int) -> float:
        """Seconds from seeing an offer to the answer."""
        plain = self.answer_median_s * draw.lognormvariate(0.0, self.answer_sigma)
        bounded = min(self.answer_most_s, max(self.answer_least_s, plain))
        return bounded + (self.slower_s if age >= self.slow_from_age else 0.0)


def prompt_s(draw: Random) -> float:
    """Seconds from an offer to the answer of somebody who waits for it."""
    least, most = PROMPT_S
    return min(most, max(least, PROMPT_MEDIAN_S * draw.lognormvariate(0.0, PROMPT_SIGMA)))


def present_share(minute: float) -> float:
    """Of those who come in the morning, how many are there at a minute of the day: an S from 04:30 up to 06:00, and
    down again to nobody at 10:00."""
    if minute <= PEAK_MINUTE:
        return _smooth((minute - DAWN_MINUTE) / (PEAK_MINUTE - DAWN_MINUTE))
    return _smooth((OVER_MINUTE - minute) / (OVER_MINUTE - PEAK_MINUTE))


def _smooth(x: float) -> float:
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)
