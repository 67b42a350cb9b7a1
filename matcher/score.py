"""The soft score: who fits best among those who may, and why, in words (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher.columns import PRESENCE, Columns
from matcher.model import DAY_MS
from matcher.rules import Ask, Rows, distance_m

Scores = NDArray[np.float32]
PRIOR_SHIFTS: Final = 10.0
PRIOR_RELIABILITY: Final = 0.92
"""New people start at the average: DOMAIN's no-show rate of 8 %, worth ten shifts."""
LONG_WAIT_DAYS: Final = 7.0
REASONS_SHOWN: Final = 3
SORTED_WHOLE: Final = 512
"""So few scores are sorted faster than the best are picked out first."""


class Weights(Struct, frozen=True):
    """How much each part counts; they add up to 1."""

    skill: float = 0.35
    near: float = 0.20
    pay: float = 0.10
    reliable: float = 0.10
    waited: float = 0.15
    present: float = 0.10


class Parts(Struct, frozen=True):
    """The parts of the score, each 0..1, one value a row, with the distances they come from."""

    distance_m: NDArray[np.float32]
    skill: Scores
    near: Scores
    pay: Scores
    reliable: Scores
    waited: Scores
    present: Scores

    def total(self, weights: Weights) -> Scores:
        """The weighted sum."""
        total: Scores = sum(
            (np.float32(getattr(weights, name)) * getattr(self, name) for name in Weights.__struct_fields__),
            start=np.zeros(len(self.skill), dtype=np.float32),
        )
        return total


def between(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """`np.clip` without its fixed cost, which counts with a few hundred values."""
    result: NDArray[Any] = np.minimum(np.maximum(values, low), high)
    return result


def parts(c: Columns, rows: Rows, ask: Ask, similarity: Scores) -> Parts:
    """`similarity` is the inner product of the posting's vector with each row's, -1..1."""
    metres = distance_m(c, rows, ask.lat, ask.lon)
    done = c.done[rows].astype(np.float32)
    missed = c.no_shows[rows].astype(np.float32)
    waited_ms = np.maximum(ask.now_ms - c.last_work_ms[rows], 0)
    here = (c.presence_until_ms[rows] > ask.now_ms).astype(np.float32)
    wish = np.maximum(c.pay_fen[rows].astype(np.float32), 1)
    above = between(ask.pay_fen / wish - 1, 0, 0.5) * 2 if ask.pay_fen else np.zeros(len(rows))
    return Parts(
        distance_m=metres,
        skill=between(similarity, 0, 1).astype(np.float32),
        near=np.exp(-metres / np.float32(5_000)),
        pay=above.astype(np.float32),
        reliable=(done + PRIOR_SHIFTS * PRIOR_RELIABILITY) / (done + missed + PRIOR_SHIFTS),
        waited=between(waited_ms / (LONG_WAIT_DAYS * DAY_MS), 0, 1).astype(np.float32),
        present=here * np.where(c.presence[rows] == PRESENCE["in_hall"], 1.0, 0.6).astype(np.float32),
    )


def best(total: Scores, wanted: int) -> list[int]:
    """Positions of the `wanted` highest totals, the highest first; of equal ones the earlier row."""
    if len(total) <= SORTED_WHOLE or wanted < 1:
        found: list[int] = (-total).argsort(kind="stable")[:wanted].tolist()
        return found
    some = np.flatnonzero(total >= np.partition(total, -wanted)[-wanted])
    found = some[(-total[some]).argsort(kind="stable")][:wanted].tolist()
    return found


def kilometres(metres: float) -> str:
    """`离你350米`, `离你2.1公里`."""
    return f"离你{round(metres / 10) * 10:.0f}米" if metres < 1_000 else f"离你{metres / 1_000:.1f}公里"


def reasons(c: Columns, rows: Rows, ask: Ask, p: Parts, chosen: Sequence[int], weights: Weights) -> list[list[str]]:
    """The reasons that count most for each chosen position of `rows`, in words; the distance is always told."""
    some, at = list(chosen), rows[list(chosen)]
    seen = zip(
        *(values[some].tolist() for values in (p.distance_m, p.skill, p.pay, p.reliable, p.waited, p.present)),
        *(values[at].tolist() for values in (c.done, c.last_work_ms, c.presence)),
        strict=True,
    )
    return [_told(Seen(*one), ask.now_ms, weights) for one in seen]


class Seen(NamedTuple):
    """What the reasons of one person come from: the parts of the score, then the row's own columns."""

    distance_m: float
    skill: float
    pay: float
    reliable: float
    waited: float
    present: float
    done: int
    last_work_ms: int
    presence: int


def _told(s: Seen, now_ms: int, weights: Weights) -> list[str]:
    told: list[tuple[float, str]] = []
    if s.skill >= 0.5:
        told.append((weights.skill * s.skill, "技能对口"))
    if s.pay >= 0.1:
        told.append((weights.pay * s.pay, f"工钱比你期望高{round(s.pay * 50)}%"))
    if s.done > 0:
        told.append((weights.reliable * s.reliable, f"干过{s.done}次零工"))
    if s.last_work_ms > 0 and s.waited * LONG_WAIT_DAYS >= 1:
        told.append((weights.waited * s.waited, f"{int((now_ms - s.last_work_ms) / DAY_MS)}天没接到活"))
    if s.present > 0:
        words = "你在大厅" if s.presence == PRESENCE["in_hall"] else "你今天能干"
        told.append((weights.present * s.present, words))
    told.sort(key=itemgetter(0), reverse=True)
    return [kilometres(s.distance_m), *(words for _, words in told[: REASONS_SHOWN - 1])]
