"""How near the assignment comes to the optimum, and how long it takes: 1,000 postings, 20,000 workers.

The pairs are those of an invented city: everybody whom the rules let be asked for each posting, with the scores. How
many are wanted is scaled so that the offers people have room for are 0.6 to 5 times as many. The optimum is a linear
program's (its corners are whole numbers); greedy gives each posting in turn its best people who have room left.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from loadtest import population
from loadtest.bench import memories, open_postings
from loadtest.bench.open_postings import Kind
from loadtest.population import NOON_MS
from matcher import plan
from matcher.assign import assigned
from matcher.plan import Found, Question
from matcher.score import Weights

POSTINGS: Final = 1_000
WORKERS: Final = 20_000
SUPPLY_TO_DEMAND: Final = (0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0)
SEEDS: Final = (1, 2, 3)
REPEATS: Final = 5
KINDS: Final = (Kind(wave=5, popular=True), Kind(wave=5))
"""City-wide: half of the postings for trades that many do, half for any."""


class Case(Struct, frozen=True):
    """Who may be asked for each posting, with scores; how many each wants; how many offers each row has room for."""

    rows: Sequence[NDArray[np.int64]]
    scores: Sequence[NDArray[np.float32]]
    wanted: Sequence[int]
    room: NDArray[np.uint8]

    def assigned(self) -> list[NDArray[np.int64]]:
        """Positions chosen for each posting."""
        return assigned(self.rows, self.scores, self.wanted, [self.room[some] for some in self.rows])

    def total(self, chosen: Sequence[NDArray[np.int64]]) -> float:
        """The sum of the scores of what was chosen."""
        return float(sum(scores[c].sum(dtype=np.float64) for scores, c in zip(self.scores, chosen, strict=True)))


def optimum(case: Case) -> float:
    """The greatest sum of scores that the limits allow."""
    rows = np.concatenate(case.rows)
    if not len(rows):
        return 0.0
    of, ones, at = (
        np.repeat(np.arange(len(case.rows)), [len(r) for r in case.rows]),
        np.ones(len(rows)),
        np.arange(len(rows)),
    )
    limits = [
        csr_matrix((ones, (of, at)), shape=(len(case.rows), len(rows))),
        csr_matrix((ones, (rows, at)), shape=(len(case.room), len(rows))),
    ]
    bounds = np.concatenate([case.wanted, case.room])
    found = linprog(-np.concatenate(case.scores), A_ub=vstack(limits), b_ub=bounds, bounds=(0, 1), method="highs")
    return -float(found.fun)


def greedy(case: Case) -> float:
    """What is reached posting by posting."""
    left, reached = case.room.astype(np.int64), 0.0
    for rows, scores, wanted in zip(case.rows, case.scores, case.wanted, strict=True):
        free = np.flatnonzero(left[rows] > 0)
        taken = free[np.argsort(-scores[free], kind="stable")[:wanted]]
        left[rows[taken]] -= 1
        reached += float(scores[taken].sum(dtype=np.float64))
    return reached


def city(seed: int) -> tuple[list[Found], NDArray[np.uint8]]:
    """Who may be asked for each posting of an invented city, and the offers each row has room for."""
    memory = memories.empty()
    memories.fill(memory, population.workers(WORKERS, seed), seed)
    each = POSTINGS // len(KINDS)
    records = [r for n, kind in enumerate(KINDS) for r in open_postings.posting_records(each, seed * 10 + n, kind)]
    questions: list[Question] = [plan.question(memory, h, NOON_MS) for h in memories.hold(memory, records, seed)]
    found = [f for q in questions if isinstance(f := plan.look(memory, q, Weights()), Found)]
    return found, memory.settings.live_cap - memory.columns.live_offers


def scaled(found: Sequence[Found], room: NDArray[np.uint8], supply_to_demand: float) -> Case:
    """The case whose postings want so many that supply is this many times demand; supply counts who may be asked."""
    reached = np.unique(np.concatenate([f.rows for f in found]))
    seats = np.array([f.question.held.record.headcount for f in found])
    wanted = np.maximum(1, np.round(seats * (room[reached].sum() / supply_to_demand / seats.sum())))
    return Case([f.rows for f in found], [f.totals for f in found], wanted.astype(int).tolist(), room)


def measure() -> dict[str, Any]:
    """Every case with its loss, what greedy loses and the time; the worst of each on top."""
    cases = []
    for seed in SEEDS:
        found, room = city(seed)
        for supply_to_demand in SUPPLY_TO_DEMAND:
            case = scaled(found, room, supply_to_demand)
            best, times_ms = optimum(case), []
            for _ in range(REPEATS):
                begun = time.perf_counter_ns()
                chosen = case.assigned()
                times_ms.append((time.perf_counter_ns() - begun) / 1e6)
            cases.append(
                {
                    "seed": seed,
                    "supply_to_demand": supply_to_demand,
                    "pairs": sum(len(rows) for rows in case.rows),
                    "wanted": sum(case.wanted),
                    "loss_pct": round(100 * (1 - case.total(chosen) / best), 4),
                    "greedy_loss_pct": round(100 * (1 - greedy(case) / best), 2),
                    "ms": round(statistics.median(times_ms), 2),
                    "ms_min": round(min(times_ms), 2),
                    "ms_max": round(max(times_ms), 2),
                }
            )
    return {
        "postings": POSTINGS,
        "workers": WORKERS,
        "assign_1000x20k_ms": max(c["ms"] for c in cases),
        "assign_loss_pct": max(c["loss_pct"] for c in cases),
        "greedy_loss_pct": max(c["greedy_loss_pct"] for c in cases),
        "cases": cases,
    }
