"""Penalties that decay: what a late release, a no-show or a late withdrawal is worth, and until when it counts (pure).

Points halve every half-life, all at the same rate, so a sum of them decays as one: one instant tells everything, the
one at which it has come down to one point. The store does the same arithmetic (matcher/functions/penalties.lua).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log2
from typing import Final, Literal

from msgspec import Struct

PenaltyKind = Literal["late_release", "no_show", "late_withdraw"]
PenaltyRole = Literal["profile", "employer"]
PenaltyState = Literal["counts", "appealed", "upheld", "lifted"]
FADED: Final = 0.1
"""Points that nobody notices any more: until then a penalty is told to count."""


class Penalty(Struct, kw_only=True):
    """One penalty as stored; `points` are those of its first moment."""

    kind: PenaltyKind
    posting: str
    at_ms: int
    points: int
    state: PenaltyState
    appeal: str = ""
    decision: str = ""


def worth(penalties: Iterable[Penalty], now_ms: int, half_life_ms: int) -> float:
    """Points that all of them together are worth now; lifted ones are worth nothing."""
    counting = (p for p in penalties if p.state != "lifted")
    return float(sum(p.points * 2.0 ** ((p.at_ms - now_ms) / half_life_ms) for p in counting))


def down_to_ms(points: float, limit: float, now_ms: int, half_life_ms: int) -> int:
    """When points that are worth so much now will have decayed to a limit; in the past where they have."""
    return ceil(now_ms + half_life_ms * log2(points / limit)) if points > 0 else 0


def points_at(one_ms: int, now_ms: int, half_life_ms: int) -> float:
    """Points now, from the instant at which they are one; 0 where there is none (`one_ms` 0)."""
    return float(2.0 ** ((one_ms - now_ms) / half_life_ms)) if one_ms else 0.0
