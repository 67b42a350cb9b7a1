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
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct

from loadtest.bench.timing import Json, apart, machine
from loadtest.latency import charts, city, claims, people
from loadtest.latency.generator import Plan, generate
from loadtest.latency.outcome import INFINITE_MS, Outcome
from loadtest.stage import Stage

CONNECTED: Final = 10_000
SECONDS: Final = 60.0
BENDS_MS: Final = 200.0
"""The rate at which the 99th percentile passes this is the greatest one."""
STARTS_WITHIN_S: Final = 600.0
SPARE_FILES: Final = 1_000
SEED: Final = 7


class Scale(Struct, frozen=True):
    """One size of the city: the rate that is asked for, and those that are tried."""

    name: str
    profiles: int
    connected: int
    target: int
    rates: Sequence[int]
    seconds: float = SECONDS


SCALES: Final = (
    Scale("100k", 100_000, CONNECTED, 200, (200, 300, 350, 400, 450, 500)),
    Scale("1m", 1_000_000, CONNECTED, 100, (100, 150, 200, 250, 300)),
)


def measure(scale: Scale) -> Json:
    """Outcomes of one scale, a rate each."""
    allow_files(scale.connected + SPARE_FILES)
    gc.disable()  # no pause of ours is to be taken for one of theirs
    with tempfile.TemporaryDirectory(prefix="kz-latency-") as folder:
        begun = time.monotonic()
        held = city.prepare(Path(folder), scale.profiles, scale.connected, SEED)
        print(f"{scale.name}: a city of {scale.profiles} in {time.monotonic() - begun:.0f} s", flush=True)
        plan = Plan(scale.rates, scale.seconds, BENDS_MS, scale.target)
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
    """The figures asked for by name. Without a rate below the bend the greatest rate is 0."""
    at = next((o for o in outcomes if o.rate == scale.target), None)
    below = [o.rate for o in outcomes if o.p99_ms <= BENDS_MS]
    return {
        f"p50_{scale.name}_ms": at.p50_ms if at else None,
        f"p99_{scale.name}_ms": at.p99_ms if at else None,
        f"unserved_{scale.name}_pct": at.unserved_pct if at else None,
        f"max_rate_{scale.name}": max(below, default=0),
    }


def conditions(scales: Sequence[Scale]) -> Json:
    """Under what everything was measured."""
    return {
        "store": "embedded Valkey, appendfsync always, rewritten before each rate and in the middle of the target rate",
        "generator": "one process on the same machine; latency from the intended send time",
        "target_rates": {scale.name: scale.target for scale in scales},
        "seconds_a_rate": {scale.name: scale.seconds for scale in scales},
        "connected_workers": {scale.name: scale.connected for scale in scales},
        "connected_are": "in a hall; one in so many elsewhere with 今天能干 on",
        "one_elsewhere_of": city.EVERY_ELSEWHERE,
        "market_settings_lifted": city.LIFTED,
        "headcounts": list(city.HEADCOUNTS),
        "shifts_days_ahead": list(city.DAYS),
        "accepts": people.ACCEPTS,
        "answers_after_s": list(people.THINKS_S),
        "infinite_ms": INFINITE_MS,
        "profile_vectors": "invented directions a trade; those of postings are the shipped model's",
    }


def report(scales: Sequence[Scale], postings_of_claims: int, reports: Path) -> Json:
    """Everything measured; charts beside it."""
    at_start, begun, by_name = machine(), time.monotonic(), {}
    told: dict[str, Any] = {}
    claimed = apart(claims.measure, postings_of_claims)
    _say(f"claims: {claimed}")
    for scale in scales:
        outcomes = msgspec.convert(apart(measure, scale)["outcomes"], list[Outcome])
        by_name[scale.name] = outcomes
        told |= figures(scale, outcomes)
    unserved = [told[f"unserved_{scale.name}_pct"] for scale in scales]
    return told | {
        "unserved_pct": max((pct for pct in unserved if pct is not None), default=None),
        "claims_per_s": claimed["claims_per_s"],
        "claims": claimed,
        "rates": {name: msgspec.to_builtins(outcomes) for name, outcomes in by_name.items()},
        "charts": charts.draw(by_name, reports),
        "conditions": conditions(scales),
        "took_s": round(time.monotonic() - begun),
        "machine": at_start,
    }


def main(
    scales: Sequence[Scale] = SCALES, postings_of_claims: int = claims.POSTINGS, reports: Path = Path("reports")
) -> int:
    """Measures and writes reports/latency.json; 0 when nothing was wrong, however fast it was."""
    reports.mkdir(exist_ok=True)
    held = report(scales, postings_of_claims, reports)
    (reports / "latency.json").write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")
    _say(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int)}, indent=1))
    return 0 if held["claims"]["wrong"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
