"""Wide questions: over so many people that answering one would hold up the loop.

They are answered one after the other on a thread of their own, within a budget of time, from what the columns were when
the thread began. The loop then looks again at those found, for records change meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from matcher import score, search
from matcher.index import VectorIndex
from matcher.plan import PAIRS_A_PLACE, SPARE_PAIRS, Found, Question, scored, still_pass, with_rows
from matcher.replica import Replica
from matcher.score import Weights
from matcher.search import Sight, Spans

BUDGET_S: Final = 0.25
"""Longest time for one question; who was not looked at by then is not asked in this wave."""
AT_ONCE: Final = 50_000
"""Candidates between two looks at the clock."""


class WideSearch:
    """Answers wide questions. Use from one loop."""

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self.budget_s = budget_s
        self.cut = 0
        """Questions whose time was up before everybody had been looked at."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wide")

    async def find(self, memory: Replica, q: Question, weights: Weights) -> Found:
        """As `plan.look`, however many there are: the best of those who pass every rule, when the thread has ended
        too."""
        while True:
            c, q = memory.columns, with_rows(memory, q)
            numbering, sight = c.numbering, search.sight(c, q.ask)
            ends = time.monotonic() + self.budget_s
            look = partial(_look, sight, memory.index, q, weights, ends)
            try:
                found, was_cut = await asyncio.get_running_loop().run_in_executor(self._thread, look)
            except IndexError:
                if c.numbering == numbering:
                    raise
                continue
            if c.numbering == numbering:  # else every row is another's: look anew
                self.cut += was_cut
                return still_pass(memory, found)

    def close(self) -> None:
        """Lets the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _look(sight: Sight, index: VectorIndex, q: Question, weights: Weights, ends: float) -> tuple[Found, bool]:
    radii_m = q.radii_m
    while True:
        ask, radii_m = q.ask.within(radii_m[0]), radii_m[1:]
        at_hand = structs.replace(q, ask=ask, radii_m=radii_m)
        found = scored(index, sight.town, at_hand, q.first, weights)
        portions = _in_portions(search.spans(sight.by_cell, ask))
        for i, spans in enumerate(portions):
            rows = search.survivors(sight if i == 0 else sight._replace(strays=sight.strays[:0]), ask, spans)
            rows = rows[~search.among(rows, q.first)]
            found = _best(_together(found, scored(index, sight.town, at_hand, rows, weights)))
            cut = time.monotonic() > ends and i + 1 < len(portions)
            if cut:
                break
        if cut or len(found.rows) >= q.wanted:
            return found, cut
        if not radii_m:
            return _together(found, scored(index, sight.town, at_hand, q.ring, weights)), cut


def _in_portions(spans: Spans) -> list[Spans]:
    """The spans in portions of about AT_ONCE candidates; at least one portion."""
    ends = (spans[:, 1] - spans[:, 0]).cumsum()
    portions: NDArray[np.int64] = ends // AT_ONCE
    return np.split(spans, np.flatnonzero(np.diff(portions)) + 1)


def _together(one: Found, other: Found) -> Found:
    return Found(
        one.question,
        np.concatenate([one.rows, other.rows]),
        np.concatenate([one.similarity, other.similarity]),
        np.concatenate([one.totals, other.totals]),
    )


def _best(found: Found) -> Found:
    """As many as a wave may need when it competes."""
    return found.only(score.best(found.totals, SPARE_PAIRS + PAIRS_A_PLACE * found.question.wanted))
