"""The load: workers who answer on their sockets or over HTTP and keep their own records, employers who keep posting.

Shifts of several employers lie over one another, so that people are asked for two things at the same time. When the
service works again after a fault is told by the traffic itself: the first yes that is acknowledged to a posting made
after the fault ended; that takes the web server, the store, the matcher and a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import date
from typing import Any, Final

import msgspec
import numpy as np

from loadtest.audit_checks import ClientRecord
from loadtest.clients import Api, Habits, Json, Refused, Worker
from matcher.model import DAY_MS, HOUR_MS, MINUTE_MS, Employer, Pay, Place, Posting, Profile, Site
from matcher.store import Store
from server import sessions

WORKERS: Final = 800
EMPLOYERS: Final = 8
HEADCOUNTS: Final = (4, 8, 12)
SITE: Final = "site-chaos"
HERE: Final = Place(lat=36.3071, lon=120.3963, text="虚构路1号")
HABITS: Final = Habits(accepts=0.6, thinks_s=(0.05, 0.5))
MARKET: Final = {
    "quiet_from_minute": 0, "quiet_until_minute": 0, "daily_cap": 255, "live_cap": 4, "window_ms": 500,
    "timeouts_to_pause": 1_000, "events_kept": 5_000,
}  # fmt: skip
"""Caps and quiet hours lifted, short windows, and so short a stream that whoever was away has missed events."""
FIRST_START_MS: Final = 3 * DAY_MS
APART_MS: Final = 9 * HOUR_MS
LASTS_MS: Final = 4 * HOUR_MS
POSTING_EVERY_S: Final = 0.35
TRY_S: Final = 3.0
"""So long a client waits for an answer before it asks again."""


class PatientApi(Api):
    """Asks again also when no answer comes."""

    async def call(self, method: str, path: str, token: str, body: Json | None = None) -> Json:
        """As before; an operation that got no answer in time is sent once more, for it is idempotent."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TRY_S):
                    return await super().call(method, path, token, body)


class Told(Worker):
    """A worker whose records the traffic hears of at once, and who notices a line that has gone dead."""

    heartbeat_s = 2.0

    def __init__(self, traffic: Traffic, profile: str, token: str) -> None:
        super().__init__(traffic.api, profile, token, HABITS, lambda *_: None)
        self._traffic = traffic

    def _note(self, operation: str, posting: str, answer: Json, terms: int = 0) -> None:
        super()._note(operation, posting, answer, terms)
        if operation == "accept":
            self._traffic.acknowledged(posting)


class Traffic:
    """Workers and employers, from `start` to `stop`."""

    def __init__(self, store: Store, api: PatientApi) -> None:
        self.store, self.api = store, api
        self.accepted = 0
        self.workers: list[Told] = []
        self.posted: list[ClientRecord] = []
        self._began_s: dict[str, float] = {}
        """When the request that made a posting was first sent."""
        self._served_s = 0.0
        """When the latest posting was sent that somebody has said yes to."""
        self._served = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, workers: int = WORKERS) -> None:
        """Registers everybody through the store's operations and lets them begin."""
        await self.store.configure(MARKET)
        await self.store.put_site(SITE, Site(name="虚构零工之家", district="城阳区", place=HERE))
        model, dimension = await self.store.model()
        draw = np.random.default_rng(7)
        for n in range(workers):
            vector = draw.standard_normal(dimension).astype(np.float32)
            await self.store.register(f"w{n}", _profile(), b"", vector / np.linalg.norm(vector), model)
            token = await sessions.issue(self.store, "worker", f"w{n}")
            self.workers.append(Told(self, f"w{n}", token))
        for n in range(EMPLOYERS):
            await self.store.put_employer(f"firm-{n}", Employer(name="虚构搬运有限公司", verified=True))
            token = await sessions.issue(self.store, "employer", f"firm-{n}")
            self._tasks.append(asyncio.create_task(self._post(n, token)))
        self._tasks += [asyncio.create_task(worker.run()) for worker in self.workers]

    async def _post(self, lane: int, token: str) -> None:
        first_ms = await self.store.now_ms() + FIRST_START_MS + lane * 30 * MINUTE_MS
        for n in range(100_000):
            doc = _posting(f"firm-{lane}", first_ms + n * APART_MS, HEADCOUNTS[n % len(HEADCOUNTS)])
            body = {"id": f"j{lane}-{n}", "posting": {**_plain(doc), "award": "fair" if n % 2 else "instant"}}
            self._began_s[f"j{lane}-{n}"] = time.monotonic()
            with contextlib.suppress(Refused):
                answer = await self.api.call("POST", "/v1/postings", token, body)
                self.posted.append(
                    ClientRecord(operation="post", posting=f"j{lane}-{n}", answer=answer["state"], v=answer["v"])
                )
            await asyncio.sleep(POSTING_EVERY_S)

    def acknowledged(self, posting: str) -> None:
        """Somebody's yes was acknowledged."""
        self.accepted += 1
        self._served_s = max(self._served_s, self._began_s.get(posting, 0.0))
        self._served.set()

    async def works_again(self, since_s: float) -> float:
        """Seconds from `since_s` until a posting made later has been said yes to."""
        while self._served_s < since_s:
            self._served.clear()
            await self._served.wait()
            self.look()
        return time.monotonic() - since_s

    async def reached(self, accepted: float) -> None:
        """Waits until so many acceptances were acknowledged."""
        while self.accepted < accepted:
            self._served.clear()
            await self._served.wait()
            self.look()

    def look(self) -> None:
        """Raises what ended a client that should still run."""
        for task in self._tasks:
            if task.done():
                task.result()

    @property
    def records(self) -> list[ClientRecord]:
        """What all clients were told."""
        return [*self.posted, *(record for worker in self.workers for record in worker.told)]

    async def stop(self) -> None:
        """Everybody goes, in the middle of whatever they do."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _profile() -> Profile:
    return Profile(
        site=SITE,
        trades=["porter"],
        skills="有力气(虚构)",
        born=date(1980, 5, 1),
        place=HERE,
        pay=Pay(fen=2_000, unit="hour"),
    )


def _posting(employer: str, start_ms: int, headcount: int) -> Posting:
    return Posting(
        employer=employer,
        site=SITE,
        trade="porter",
        text="虚构:搬运纸箱,日结",
        headcount=headcount,
        start_ms=start_ms,
        end_ms=start_ms + LASTS_MS,
        place=HERE,
        pay=Pay(fen=20_000, unit="day"),
        valid_until_ms=start_ms,
    )


def _plain(doc: Posting) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(doc)
    return plain
