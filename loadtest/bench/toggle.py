"""How soon a worker's presence counts: from the HTTP request until it has changed a match.

The whole house runs as a user starts it. It is quiet all day, so that only who is present is asked; every worker lives
where one posting waits that nobody else is near. Saying "available" over HTTP is what brings the posting's wave about:
the time runs until the event of that wave, with the worker in it, is read from the store.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np

from loadtest.bench.timing import Json
from loadtest.clients import Api
from loadtest.stage import Stage
from matcher.model import HOUR_MS, Employer, Pay, Place, Posting, Profile
from matcher.store import PostingWrite, Store, opened
from server import sessions

TOGGLES: Final = 200
SITE: Final = "bench"
TRADE: Final = "porter"
EMPLOYER: Final = "bench-firm"
APART_DEGREES: Final = 0.02
"""Neighbours are 1.8 km away or more, and nobody goes farther than 500 m."""
WITHIN_S: Final = 60.0


def place(n: int) -> Place:
    """Where worker n lives and posting n is."""
    return Place(lat=35.9 + n % 20 * APART_DEGREES, lon=120.0 + n // 20 * APART_DEGREES)


def profile(n: int) -> Profile:
    """Worker n, invented."""
    return Profile(
        site=SITE, trades=[TRADE], born=date(1980, 1, 1), place=place(n), radius_m=500, pay=Pay(fen=2_000, unit="hour")
    )


def posting(n: int, now_ms: int) -> Posting:
    """Posting n, invented: tomorrow at the same time, four hours."""
    return Posting(
        employer=EMPLOYER,
        site=SITE,
        trade=TRADE,
        text="虚构岗位:搬运",
        headcount=1,
        start_ms=now_ms + 24 * HOUR_MS,
        end_ms=now_ms + 28 * HOUR_MS,
        valid_until_ms=now_ms + 24 * HOUR_MS,
        place=place(n),
        pay=Pay(fen=3_000, unit="hour"),
    )


async def prepare(store: Store) -> None:
    """Everybody registered, every posting open, and its first wave gone out to nobody."""
    await store.configure({"quiet_from_minute": 0, "quiet_until_minute": 24 * 60 - 1})
    (model, dimension), now_ms = await store.model(), await store.now_ms()
    vector = np.zeros(dimension, dtype=np.float32)
    await store.put_employer(EMPLOYER, Employer(name="虚构用工方", verified=True))
    await store.call_many([store.register_call(f"w{n}", profile(n), b"", vector, model) for n in range(TOGGLES)])
    for n in range(TOGGLES):
        write = PostingWrite(doc=posting(n, now_ms), vector=vector, model=model)
        await store.post(f"j{n}", write, verdict="open", reason="", award="instant", seed="5eed" * 8)
    async with asyncio.timeout(WITHIN_S):
        while any(record.wave == 0 for record in await store.postings([f"j{n}" for n in range(TOGGLES)])):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # another process rings no bell here


class Waves:
    """When the wave of each posting was seen in the stream, on this process's clock."""

    def __init__(self) -> None:
        self.seen_s: dict[str, float] = {}
        self._changed = asyncio.Event()

    async def follow(self, store: Store, after: str) -> None:
        """Reads events for ever."""
        while True:
            for change in await store.changes(after):
                after = change.stream_id
                if change.kind == "posting.offered" and change.who:
                    self.seen_s[change.id] = time.perf_counter()
                    self._changed.set()

    async def of(self, posting_id: str) -> float:
        """Waits for the posting's wave."""
        async with asyncio.timeout(WITHIN_S):
            while posting_id not in self.seen_s:
                self._changed.clear()
                await self._changed.wait()
        return self.seen_s[posting_id]


async def toggles_ms(store: Store, url: str) -> list[float]:
    """Milliseconds of each toggle, one after the other."""
    tokens = [await sessions.issue(store, "worker", f"w{n}") for n in range(TOGGLES)]
    waves, times_ms = Waves(), []
    end, _ = await store.stream_end()
    following = asyncio.create_task(waves.follow(store, end))
    async with aiohttp.ClientSession() as session:
        api = Api(session, url)
        for n, token in enumerate(tokens):
            begun = time.perf_counter()
            await api.call("PUT", f"/v1/profiles/w{n}/presence", token, {"state": "available"})
            times_ms.append((await waves.of(f"j{n}") - begun) * 1000)
    following.cancel()
    return times_ms


async def _measure(stage: Stage) -> list[float]:
    async with opened(stage.settings.store_url, stage.settings.market) as store:
        await prepare(store)
        return await toggles_ms(store, stage.url)


def measure() -> Json:
    """p99 and p50 over all toggles."""
    with tempfile.TemporaryDirectory(prefix="kz-bench-") as folder, Stage(Path(folder)) as stage:
        times_ms = asyncio.run(_measure(stage))
    p50, p99 = np.percentile(times_ms, [50, 99])
    return {
        "toggle_visible_ms": round(float(p99), 2),
        "toggle_visible_p50_ms": round(float(p50), 2),
        "toggles": len(times_ms),
        "longest_ms": round(max(times_ms), 2),
    }
