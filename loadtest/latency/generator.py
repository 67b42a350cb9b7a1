"""The open loop, a process of its own: connected people, and postings sent at the moments of a Poisson process.

Latency counts from the moment at which a posting was to be sent, so a service, or a generator, that falls behind is
measured with its delay. Started by `run` with a plan as JSON; writes an outcome a rate.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import uvloop
from msgspec import Struct

from loadtest.latency import city
from loadtest.latency.city import City
from loadtest.latency.lines import HttpPool, request
from loadtest.latency.outcome import Outcome, Run, processor_s
from loadtest.latency.people import People
from matcher.store import Store, opened

LINES: Final = 128
ANSWERED_WITHIN_S: Final = 8.0
"""After the last posting of a run: the last ones think, and what is late may still come."""
WARM_S: Final = 5.0
CLEAR_AT_ONCE: Final = 50
SETTLED_S: Final = 3.0


class Plan(Struct, frozen=True):
    """What to do: where, with whom, at which rates (postings a second) and for how long each."""

    host: str
    port: int
    store_url: str
    market: str
    city: City
    rates: list[int]
    seconds: float
    stop_at_p99_ms: float
    rewrite_at: list[int]
    """Rates in the middle of whose run the store rewrites its append-only file."""
    pids: dict[str, int]
    seed: int


class Generator:
    """Everything that one process does."""

    def __init__(self, plan: Plan, store: Store, pool: HttpPool) -> None:
        self.plan, self.store, self.pool = plan, store, pool
        self.people = People(pool, plan.city.workers, self._heard, plan.seed)
        self.run = Run({}, 0.0)
        self._employers = list(plan.city.employers)
        self._loop = asyncio.get_running_loop()

    def _heard(self, posting: str, profile: str, wave: int, came_s: float) -> None:
        self.run.heard(posting, profile, wave, came_s)

    async def measure(self, rate: int, seconds: float, nth: int, *, rewrite: bool = False) -> Outcome:
        """One rate."""
        rng = np.random.default_rng(self.plan.seed + nth)
        due_s = np.cumsum(rng.exponential(1 / rate, int(rate * seconds * 1.2) + 10))
        due_s = due_s[due_s < seconds]
        payloads = []
        now_ms = time.time_ns() // 1_000_000
        for id_, doc in city.postings(len(due_s), self.plan.seed + nth, self._employers, now_ms):
            token = self.plan.city.employers[doc.employer]
            payloads.append((id_, request("POST", "/v1/postings", token, city.body_of(id_, doc))))
        self.people.forget()
        gc.collect()
        gc.freeze()
        begun = time.perf_counter() + 0.2
        self.run = run = Run({id_: begun + at for (id_, _), at in zip(payloads, due_s.tolist(), strict=True)}, begun)
        cpu = {name: processor_s(pid) for name, pid in self.plan.pids.items()}
        if rewrite:
            self._loop.call_later(seconds / 2, lambda: asyncio.ensure_future(self._rewrite()))
        await self._send(payloads, run)
        run.sent_s = time.perf_counter() - begun
        cpu = {name: processor_s(pid) - cpu[name] for name, pid in self.plan.pids.items()}
        await asyncio.sleep(ANSWERED_WITHIN_S)
        entries = await self._entries([id_ for id_, _ in payloads])
        return run.outcome(rate, entries, frozenset(self.plan.city.workers), cpu, self.people.answers)

    async def _send(self, payloads: list[tuple[str, bytes]], run: Run) -> None:
        """Sends each posting when it is due, and ends after the last one."""
        done: asyncio.Future[None] = self._loop.create_future()
        left = iter(payloads)
        following = [next(left)]

        def tick() -> None:
            now = time.perf_counter()
            while following:
                id_, payload = following[0]
                if run.due_s[id_] > now:
                    self._loop.call_later(run.due_s[id_] - now, tick)
                    return
                run.lag_ms.append((now - run.due_s[id_]) * 1000)
                self.pool.send(payload, partial(run.posted, run.due_s[id_]))
                following[:] = [nxt] if (nxt := next(left, None)) is not None else []
                now = time.perf_counter()
            done.set_result(None)

        tick()
        await done

    async def _rewrite(self) -> None:
        await self.store.commands.bgrewriteaof()
        self.run.rewrites += 1

    async def _entries(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), 500):
            some = ids[first : first + 500]
            found |= dict(zip(some, await self.store.entries_of(some, [None] * len(some)), strict=True))
        return found

    async def clear(self) -> None:
        """Takes every posting back, so that each rate begins with the same city."""
        ids = [*await self.store.postings_in("open"), *await self.store.postings_in("filled")]
        for first in range(0, len(ids), CLEAR_AT_ONCE):
            await self.store.call_many([("withdraw", [id_, "clerk"]) for id_ in ids[first : first + CLEAR_AT_ONCE]])
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLED_S)


async def generate(plan: Plan, told: Path) -> None:
    """Runs the plan; each outcome is a line of the file."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with opened(plan.store_url, plan.market) as store:
        pool = HttpPool(plan.host, plan.port)
        await pool.open(LINES)
        generator = Generator(plan, store, pool)
        begun = time.perf_counter()
        await generator.people.connect(plan.host, plan.port)
        print(f"{len(plan.city.workers)} workers connected in {time.perf_counter() - begun:.1f} s", flush=True)
        await generator.measure(max(1, plan.rates[0] // 4), WARM_S, 999)
        await generator.clear()
        with told.open("wb") as file:
            for nth, rate in enumerate(plan.rates):
                outcome = await generator.measure(rate, plan.seconds, nth, rewrite=rate in plan.rewrite_at)
                file.write(msgspec.json.encode(outcome) + b"\n")
                file.flush()
                print(outcome.words(), flush=True)
                if outcome.p99_ms > plan.stop_at_p99_ms:
                    break
                await generator.clear()
        generator.people.close()
        pool.close()


def main() -> None:
    """`python -m loadtest.latency.generator PLAN OUTCOMES`."""
    gc.disable()  # no pause of ours is to be taken for one of theirs
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    uvloop.run(generate(plan, Path(sys.argv[2])))


if __name__ == "__main__":
    main()
