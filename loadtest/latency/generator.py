"""The open loop: connected people, and postings sent at the moments of a Poisson process.

Latency counts from the moment at which a posting was to be sent, so a service, or a generator, that falls behind is
measured with its delay. Nothing of the service runs in this process.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import numpy as np
from msgspec import Struct
from redis.exceptions import ResponseError

from loadtest.latency import city
from loadtest.latency.city import City
from loadtest.latency.lines import HttpPool, request
from loadtest.latency.outcome import Outcome, Run, processor_s
from loadtest.latency.people import People
from loadtest.machine import load_average
from loadtest.stage import Stage
from matcher.store import Store, opened

LINES: Final = 128
"""HTTP connections of the employers; workers answer on their sockets."""
ANSWERED_WITHIN_S: Final = 6.0
"""After the last posting of a run: the last ones think, and what is late may still come."""
BEGINS_IN_S: Final = 0.2
WARM_S: Final = 5.0
"""Before the first rate, at a quarter of it."""
CLEAR_AT_ONCE: Final = 50
SETTLED_S: Final = 12.0
"""Before each rate: the append-only file that was rewritten is freed in steps meanwhile."""
PARTS: Final = ("store", "match", "serve", "audit-log")
"""Processes of the service whose processor time is told."""


class Plan(Struct, frozen=True):
    """What to do: at which rates (postings a second), how long each, and when to end."""

    rates: Sequence[int]
    seconds: float
    stop_at_p99_ms: float
    rewrite_at: int
    """The rate in the middle of whose run the store rewrites its append-only file."""
    seed: int = 1


class Generator:
    """Everything that one process does."""

    def __init__(self, plan: Plan, held: City, store: Store, employers: HttpPool, pids: Mapping[str, int]) -> None:
        self.plan, self.city, self.store = plan, held, store
        self.employers = employers
        self.people = People(held.workers, self._heard, plan.seed)
        self.run = Run({}, 0.0, 0.0)
        self._pids = {**pids, "generator": os.getpid()}
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
        for id_, doc in city.postings(len(due_s), self.plan.seed + nth, list(self.city.employers), now_ms):
            token = self.city.employers[doc.employer]
            payloads.append((id_, request("POST", "/v1/postings", token, city.body_of(id_, doc))))
        self.people.forget()
        hello = request("GET", "/v1/session", next(iter(self.city.employers.values())))
        await self.employers.fill(LINES, hello)
        rewrites = await self._rewrites()
        gc.collect()
        gc.freeze()
        begun, begun_ms = time.perf_counter() + BEGINS_IN_S, (time.time() + BEGINS_IN_S) * 1000
        dues = {id_: begun + at for (id_, _), at in zip(payloads, due_s.tolist(), strict=True)}
        self.run = run = Run(dues, begun, begun_ms)
        cpu = {name: processor_s(pid) for name, pid in self._pids.items()}
        rewriting = asyncio.create_task(self._rewrite_within(seconds / 2)) if rewrite else None
        await self._send(payloads, run)
        run.sent_s, run.load_average_after = time.perf_counter() - begun, load_average()
        cpu = {name: processor_s(pid) - cpu[name] for name, pid in self._pids.items()}
        await asyncio.sleep(ANSWERED_WITHIN_S)
        if rewriting is not None:
            await rewriting
        run.rewrites = await self._rewrites() - rewrites
        run.lines_ended = self.people.ended
        run.appendfsync = str((await self.store.commands.config_get("appendfsync"))["appendfsync"])
        entries = await self._entries([id_ for id_, _ in payloads])
        people = self.people
        return run.outcome(
            rate, entries, frozenset(people.tokens), cpu, people.answers, people.answered_ms, people.given
        )

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
                self.employers.send(payload, partial(run.posted, run.due_s[id_]))
                following[:] = [nxt] if (nxt := next(left, None)) is not None else []
                now = time.perf_counter()
            done.set_result(None)

        tick()
        await done

    async def _rewrite_within(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._rewrite()

    async def _rewrites(self) -> int:
        """How many rewrites the store has begun, once the last one has ended. Raises RuntimeError where it failed."""
        await self._until_rewritten()
        state = await self.store.commands.info("persistence")
        if state["aof_last_bgrewrite_status"] != "ok":
            raise RuntimeError(f"rewriting the append-only file: {state['aof_last_bgrewrite_status']}")
        return int(state["aof_rewrites"])

    async def _rewrite(self) -> None:
        with suppress(ResponseError):  # it has begun one by itself, for its file had doubled
            await self.store.commands.bgrewriteaof()

    async def _entries(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), 500):
            some = ids[first : first + 500]
            found |= dict(zip(some, await self.store.entries_of(some, [None] * len(some)), strict=True))
        return found

    async def clear(self) -> None:
        """Takes every posting back and has the append-only file rewritten, so that each rate begins with the same city:
        which of them doubled the file was luck, and a rewrite goes on for a fifth of a run."""
        ids = [*await self.store.postings_in("open"), *await self.store.postings_in("filled")]
        for first in range(0, len(ids), CLEAR_AT_ONCE):
            await self.store.call_many([("withdraw", [id_, "clerk"]) for id_ in ids[first : first + CLEAR_AT_ONCE]])
            await asyncio.sleep(0.05)
        await self._rewrite()
        await self._until_rewritten()
        await asyncio.sleep(min(SETTLED_S, self.plan.seconds))

    async def _until_rewritten(self) -> None:
        while True:
            state = await self.store.commands.info("persistence")
            if not state["aof_rewrite_in_progress"]:
                return
            await asyncio.sleep(0.1)


async def generate(plan: Plan, held: City, stage: Stage, say: Callable[[str], None]) -> list[Outcome]:
    """Runs the plan on a service with this city; an outcome a rate, until one is past `stop_at_p99_ms`."""
    settings = stage.settings
    outcomes: list[Outcome] = []
    async with opened(settings.store_url, settings.market) as store:
        employers = HttpPool(settings.host, settings.port)
        pids = {name: stage.pid_of(name) or 0 for name in PARTS}
        generator = Generator(plan, held, store, employers, pids)
        begun = time.perf_counter()
        await generator.people.connect(settings.host, settings.port)
        say(f"{len(held.workers)} workers connected in {time.perf_counter() - begun:.1f} s")
        await generator.measure(max(1, plan.rates[0] // 4), min(WARM_S, plan.seconds), len(plan.rates))
        for nth, rate in enumerate(plan.rates):
            await generator.clear()
            outcomes.append(await generator.measure(rate, plan.seconds, nth, rewrite=rate == plan.rewrite_at))
            say(outcomes[-1].words())
            if outcomes[-1].p99_ms > plan.stop_at_p99_ms:
                break
        generator.people.close()
        employers.close()
    return outcomes
