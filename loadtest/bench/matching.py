"""How long the decision takes, how exact it is and how much memory it needs: writes reports/bench.json.

The decision is `plan.wave`: hard rules, exact scores, ranked offers with reasons. A local posting has place, trade,
hours, pay and age conditions and a median of at least 100 survivors; a wide one looks through the whole city at once.
Every size runs in a process of its own. Figures are medians over repeats of the same postings, with the least and the
greatest beside them.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import uvloop

from loadtest.bench import exactness, memories, population
from loadtest.bench.population import NOON_MS, Kind
from matcher import plan, search
from matcher.plan import Wave
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights
from matcher.waves import RADII_M
from matcher.wide import WideSearch

Json = dict[str, Any]
SEED: Final = 7
REPEATS: Final = 5
LOCAL_POSTINGS: Final = 1_000
WIDE_POSTINGS: Final = 200
WARM_POSTINGS: Final = 200
LEAST_SURVIVORS: Final = 120
"""Median asked of a sample, so that the postings measured have 100 at least."""
EXACT_PROFILES: Final = 10_000
EXACT_POSTINGS: Final = 1_000
CITY_WAVE: Final = len(RADII_M) + 1
WEIGHTS: Final = Weights()


def rss_gb(field: str) -> float:
    """Memory of this process in GB: VmRSS is what is resident now, VmHWM the most it ever was (Linux)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024 / 1e9


async def decide(memory: Replica, wide: WideSearch, held: HeldPosting) -> Wave:
    """One posting's wave, decided as the dispatcher does: a wide question on a thread."""
    waves, too_wide = plan.decide(memory, [plan.question(memory, held, NOON_MS)], WEIGHTS)
    if not too_wide:
        return waves[0]
    found = await wide.find(memory, too_wide[0], WEIGHTS)
    (chosen,) = plan.share(memory.columns, [found], memory.settings.live_cap)
    return plan.wave_of(memory.columns, chosen, WEIGHTS)


def decide_all(memory: Replica, postings: Sequence[HeldPosting]) -> tuple[list[float], list[float]]:
    """Milliseconds of each decision, and how late a timer of every millisecond was in the loop beside it."""

    async def lag(late_ms: list[float]) -> None:
        while True:
            begun = time.perf_counter_ns()
            await asyncio.sleep(0.001)
            late_ms.append((time.perf_counter_ns() - begun) / 1e6 - 1)

    async def work() -> tuple[list[float], list[float]]:
        wide, wall_ms, late_ms = WideSearch(), list[float](), list[float]()
        beside = asyncio.create_task(lag(late_ms))
        for held in postings:
            begun = time.perf_counter_ns()
            await decide(memory, wide, held)
            wall_ms.append((time.perf_counter_ns() - begun) / 1e6)
            await asyncio.sleep(0)
        beside.cancel()
        wide.close()
        return wall_ms, late_ms

    return uvloop.run(work())


def spread(values: Sequence[float]) -> Json:
    """Median, least and greatest over the repeats."""
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def timed(memory: Replica, postings: Sequence[HeldPosting]) -> Json:
    """p50 and p99 in milliseconds over the postings, for each repeat; the lag of the loop beside it."""
    runs = [decide_all(memory, postings) for _ in range(REPEATS)]
    return {
        f"p{q}_{name}": spread([float(np.percentile(run[which], q)) for run in runs])
        for which, name in enumerate(("ms", "loop_lag_ms"))
        for q in (50, 99)
    }


def found(memory: Replica, postings: Sequence[HeldPosting]) -> Json:
    """What the postings have to choose from: candidates looked at, survivors, offers made (medians), radii used."""
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
        "survivors_median": statistics.median(passed),
        "survivors_max": max(passed),
        "radius_m_used": {str(int(r)): radii.count(r) for r in sorted(set(radii))},
    }


def section(profiles: int) -> Json:
    """One size: fills a memory and measures local and wide decisions, presence changes and memory."""
    memory = memories.empty()
    begun = time.perf_counter()
    memories.fill(memory, population.workers(profiles, SEED), SEED)
    filled_s = time.perf_counter() - begun
    c = memory.columns
    result: Json = {
        "profiles": len(c.row_of),
        "fill_s": round(filled_s, 1),
        "bytes_per_profile": round(c.nbytes / len(c.row_of), 1),
        "rss_gb": round(rss_gb("VmRSS"), 3),
        "peak_rss_gb": round(rss_gb("VmHWM"), 3),
        "week_masks": len(c.weeks),
        "rows_with_more": int(np.count_nonzero(c.table["more"])),
    }
    decide_all(memory, memories.hold(memory, population.posting_records(WARM_POSTINGS, SEED + 1), SEED))
    local = local_kind(memory)
    for name, n, kind in (("local", LOCAL_POSTINGS, local), ("wide", WIDE_POSTINGS, Kind(wave=CITY_WAVE))):
        held = memories.hold(memory, population.posting_records(n, SEED + 2 + kind.wave, kind), SEED + 3)
        result[name] = {"wave": kind.wave} | found(memory, held) | timed(memory, held)
    result |= strayed(memory, local)
    result["load_average"] = [round(x, 2) for x in os.getloadavg()]
    return result


def local_kind(memory: Replica) -> Kind:
    """Postings of trades that many do, in the first wave whose radius leaves enough survivors to choose from."""
    for wave in range(1, CITY_WAVE):
        kind = Kind(wave=wave, popular=True)
        held = memories.hold(memory, population.posting_records(WARM_POSTINGS, SEED + 5, kind), SEED + 3)
        if found(memory, held)["survivors_median"] >= LEAST_SURVIVORS:
            break
    return kind


def strayed(memory: Replica, local: Kind) -> Json:
    """The same local decisions while 2,000 people have moved since the index was built, and the work of filing them."""
    moved = population.workers(2_000, SEED + 9)
    for record in moved:
        memory.columns.put(record)
    held = memories.hold(memory, population.posting_records(LOCAL_POSTINGS, SEED + 4, local), SEED + 3)
    with_strays = timed(memory, held)
    begun = time.perf_counter()
    memory.columns.reindex()
    reindex_s = time.perf_counter() - begun
    begun = time.perf_counter()
    memory.compact()
    return {
        "local_with_2000_strays": with_strays,
        "reindex_s": round(reindex_s, 3),
        "compact_s": round(time.perf_counter() - begun, 3),
    }


def exact() -> Json:
    """Agreement with the oracle."""
    a = exactness.measure(EXACT_PROFILES, EXACT_POSTINGS, SEED)
    return {
        "profiles": EXACT_PROFILES,
        "postings": a.questions,
        "same_survivors": a.same_survivors,
        "survivors": a.survivors,
        "postings_with_more_than_50": a.more_than_50,
        "recall_at_50": a.recall_at_50,
    }


def machine() -> Json:
    """Where it ran."""
    return {
        "cpus": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "load_average": [round(x, 2) for x in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("faiss-cpu", "numpy", "msgspec")},
    }


def apart(work: Callable[..., Json], *args: Any) -> Json:
    """Runs the work in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def report() -> Json:
    """All sections; the figures asked for by name on top."""
    at_start = machine()
    exactly = apart(exact)
    _say(f"exact: {exactly}")
    small = apart(section, 100_000)
    _say(f"100k: {small}")
    large = apart(section, 1_000_000)
    _say(f"1M: {large}")
    return {
        "match_100k_p50_ms": small["local"]["p50_ms"]["median"],
        "match_100k_p99_ms": small["local"]["p99_ms"]["median"],
        "match_1m_p50_ms": large["local"]["p50_ms"]["median"],
        "match_1m_p99_ms": large["local"]["p99_ms"]["median"],
        "wide_1m_p99_ms": large["wide"]["p99_ms"]["median"],
        "recall_at_50": exactly["recall_at_50"],
        "same_survivors": exactly["same_survivors"],
        "bytes_per_profile": large["bytes_per_profile"],
        "rss_1m_gb": large["rss_gb"],
        "repeats": REPEATS,
        "exact": exactly,
        "at_100k": small,
        "at_1m": large,
        "machine": at_start,
    }


def _say(line: str) -> None:
    print(line, flush=True)


def main(reports: Path = Path("reports")) -> int:
    """Measures, writes reports/bench.json, and answers 0 when the matcher agreed with the oracle everywhere."""
    held = report()
    reports.mkdir(exist_ok=True)
    (reports / "bench.json").write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")
    _say(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int)}, indent=1))
    return 0 if held["recall_at_50"] == 1.0 and held["same_survivors"] == held["exact"]["postings"] else 1


if __name__ == "__main__":
    sys.exit(main())
