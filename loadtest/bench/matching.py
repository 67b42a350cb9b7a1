"""How long the decision takes on memories of 100,000 and a million profiles.

The decision is what the dispatcher does for one posting: hard rules, exact scores, ranked offers with reasons, a wide
question on its thread. A local posting has place, trade, hours, pay and age conditions and a median of at least 100
survivors; a wide one has hardly a condition and looks through the whole city for a trade that many do. Figures are
medians over repeats of the same postings, with the least and the greatest beside them.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import uvloop

from loadtest import population
from loadtest.bench import cold, memories, open_postings
from loadtest.bench.open_postings import Kind
from loadtest.bench.timing import Json, memory_gb, spread
from loadtest.machine import load_average
from loadtest.population import NOON_MS
from matcher import plan, search
from matcher.plan import Wave
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights
from matcher.waves import RADII_M
from matcher.wide import WideSearch

SEED: Final = 7
REPEATS: Final = 5
LOCAL_POSTINGS: Final = 1_000
WIDE_POSTINGS: Final = 100
WARM_POSTINGS: Final = 200
LEAST_SURVIVORS: Final = 120
"""Median asked of a sample, so that the postings measured have 100 at least."""
MOVED: Final = 2_000
CITY_WAVE: Final = len(RADII_M) + 1
WIDE: Final = Kind(wave=CITY_WAVE, ages=False, piece=True, popular=True)
WEIGHTS: Final = Weights()


async def decide(memory: Replica, wide: WideSearch, held: HeldPosting) -> Wave:
    """One posting's wave, decided as the dispatcher does."""
    waves, too_wide = plan.decide(memory, [plan.question(memory, held, NOON_MS)], WEIGHTS)
    if not too_wide:
        return waves[0]
    found = await wide.find(memory, too_wide[0], WEIGHTS)
    (chosen,) = plan.share(memory.columns, [found], memory.settings.live_cap)
    return plan.wave_of(memory.columns, chosen, WEIGHTS)


async def _lag(late_ms: list[float]) -> None:
    while True:
        begun = time.perf_counter_ns()
        await asyncio.sleep(0.001)
        late_ms.append((time.perf_counter_ns() - begun) / 1e6 - 1)


async def _decide_all(memory: Replica, postings: Sequence[HeldPosting]) -> tuple[list[float], list[float]]:
    wide, times_ms, late_ms = WideSearch(), list[float](), list[float]()
    beside = asyncio.create_task(_lag(late_ms))
    for held in postings:
        begun = time.perf_counter_ns()
        await decide(memory, wide, held)
        times_ms.append((time.perf_counter_ns() - begun) / 1e6)
        await asyncio.sleep(0)
    beside.cancel()
    wide.close()
    return times_ms, late_ms


def decide_all(memory: Replica, postings: Sequence[HeldPosting]) -> tuple[list[float], list[float]]:
    """Milliseconds of each decision, and how late a timer of a millisecond was in the same loop."""
    return uvloop.run(_decide_all(memory, postings))


def timed(memory: Replica, postings: Sequence[HeldPosting]) -> Json:
    """p50 and p99 in milliseconds over the postings, for each repeat; the lag of the loop beside it."""
    runs = [decide_all(memory, postings) for _ in range(REPEATS)]
    return {
        f"p{q}_{name}": spread([float(np.percentile(run[which], q)) for run in runs])
        for which, name in enumerate(("ms", "loop_lag_ms"))
        for q in (50, 99)
    }


def found(memory: Replica, postings: Sequence[HeldPosting]) -> Json:
    """What the postings have to choose from: candidates looked at, survivors (medians), radii used, how many are
    wide."""
    looked, passed, radii = [], [], []
    for held in postings:
        q = plan.question(memory, held, NOON_MS)
        for radius_m in filter(None, q.radii_m):  # but the hall
            ask = q.ask.within(radius_m)
            rows = search.everybody(memory.columns, ask)
            if len(rows) >= q.wanted:
                break
        looked.append(search.candidates(search.spans(memory.columns.by_cell, ask)))
        passed.append(len(rows))
        radii.append(ask.radius_m)
    return {
        "postings": len(postings),
        "candidates_median": statistics.median(looked),
        "candidates_max": max(looked),
        "survivors_median": statistics.median(passed),
        "survivors_max": max(passed),
        "wide": sum(n > plan.NARROW for n in looked),
        "radius_m_used": {str(int(r)): radii.count(r) for r in sorted(set(radii))},
    }


def local_kind(memory: Replica) -> Kind:
    """Postings of trades that many do, in the first wave whose radius leaves enough survivors to choose from."""
    for wave in range(1, CITY_WAVE):
        kind = Kind(wave=wave, popular=True)
        held = memories.hold(memory, open_postings.posting_records(WARM_POSTINGS, SEED + 5, kind), SEED + 3)
        if found(memory, held)["survivors_median"] >= LEAST_SURVIVORS:
            break
    return kind


def section(memory: Replica) -> Json:
    """Local and wide decisions on one memory, and bytes a profile."""
    c = memory.columns
    result: Json = {
        "profiles": len(c.row_of),
        "bytes_per_profile": round(c.nbytes / len(c.row_of), 1),
        "rss_gb": memory_gb("VmRSS"),
        "week_masks": len(c.weeks),
    }
    plan.warm()
    decide_all(memory, memories.hold(memory, open_postings.posting_records(WARM_POSTINGS, SEED + 1), SEED))
    local = local_kind(memory)
    for name, n, kind in (("local", LOCAL_POSTINGS, local), ("wide", WIDE_POSTINGS, WIDE)):
        held = memories.hold(memory, open_postings.posting_records(n, SEED + 2 + kind.wave, kind), SEED + 3)
        result[name] = {"wave": kind.wave} | found(memory, held) | timed(memory, held)
    return result | strayed(memory, local) | {"load_average": load_average()}


def strayed(memory: Replica, local: Kind) -> Json:
    """The same local decisions while many people have moved since the index was built, and the work of filing them."""
    for record in population.workers(MOVED, SEED + 9):
        memory.columns.put(record)
    held = memories.hold(memory, open_postings.posting_records(LOCAL_POSTINGS, SEED + 4, local), SEED + 3)
    result: Json = {"strays": memory.columns.strays, "local_with_strays": timed(memory, held)}
    for name, work in (("reindex_s", memory.columns.reindex), ("compact_s", memory.compact)):
        begun = time.perf_counter()
        work()
        result[name] = round(time.perf_counter() - begun, 3)
    return result


def small(profiles: int) -> Json:
    """On a memory filled without a store."""
    memory = memories.empty()
    memories.fill(memory, population.workers(profiles, SEED), SEED)
    return section(memory)


def large(profiles: int) -> Json:
    """On a memory loaded from a real store's snapshot, after cold starts of store and matcher."""
    with tempfile.TemporaryDirectory(prefix="kz-bench-") as folder:
        starts, memory = cold.measure(profiles, Path(folder))
    return {"cold": starts} | section(memory)
