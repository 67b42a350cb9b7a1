"""How the load comes and goes: workers connected at each second, and when postings are sent (pure).

dawn    04:30 to 07:00, compressed: from nobody to everybody at 06:00, postings as they come in the morning
steady  everybody within the ramp, then postings at an even rate
spike   half of everybody; in the middle the other half at once, and most of the postings within a tenth of the time
soak    steady, for long
"""

from __future__ import annotations

from random import Random
from typing import Final, Literal

from msgspec import Struct

from loadtest import behaviour

Kind = Literal["dawn", "steady", "spike", "soak"]
MORNING_MINUTES: Final = (behaviour.DAWN_MINUTE, 7 * 60)
RAMP_S: Final = 50.0
SPIKE_SHARE: Final = 0.8
SPIKE_AT: Final = (0.5, 0.6)


class Shape(Struct, frozen=True):
    """One run: `seconds` of load, and then `drain_s` until whoever was offered something has answered."""

    kind: Kind
    workers: int
    postings: int
    seconds: float
    drain_s: float
    seed: int = 1

    def workers_at(self, second: float) -> int:
        """How many are connected, or on their way."""
        if self.kind == "dawn":
            risen = (
                1.0 if self._minute(second) >= behaviour.PEAK_MINUTE else behaviour.present_share(self._minute(second))
            )
        elif self.kind == "spike":
            half = min(1.0, second / RAMP_S) / 2
            risen = 1.0 if second >= self.seconds * SPIKE_AT[0] else half
        else:
            risen = min(1.0, second / RAMP_S)
        return round(self.workers * risen)

    def over(self, second: float) -> bool:
        """Whether the run has ended."""
        return second >= self.seconds + self.drain_s

    def postings_at(self) -> list[float]:
        """When each posting is sent, in seconds from the start, in order."""
        draw = Random(self.seed)  # noqa: S311 - a load, not a secret
        return sorted(self._posting_at(draw) for _ in range(self.postings))

    def _posting_at(self, draw: Random) -> float:
        if self.kind == "dawn":
            minute = draw.uniform(*MORNING_MINUTES)  # from 04:30 to 08:00 they come evenly
            return (minute - MORNING_MINUTES[0]) / self._minutes_a_second
        if self.kind == "spike":
            from_, to = SPIKE_AT if draw.random() < SPIKE_SHARE else (0.0, 1.0)
            return draw.uniform(from_, to) * self.seconds
        return draw.uniform(min(RAMP_S, self.seconds / 2), self.seconds)

    @property
    def _minutes_a_second(self) -> float:
        return (MORNING_MINUTES[1] - MORNING_MINUTES[0]) / self.seconds

    def _minute(self, second: float) -> float:
        return MORNING_MINUTES[0] + second * self._minutes_a_second
