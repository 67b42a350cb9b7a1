"""kill -9 of the store, the matcher and the web server under traffic: nothing acknowledged is lost, all comes back.

Everything runs as a user starts it (`kuaizhao up`); clients keep their own records, and the audit holds them against
the store.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from loadtest.audit import audit
from loadtest.clients import Api, Habits, Worker
from loadtest.stage import Stage
from matcher import snapshot
from matcher.model import HOUR_MS
from matcher.replica import Replica
from matcher.store import Store, opened
from server import sessions
from tests import builders

WORKERS = 40
SHIFTS_APART_H = 9
WITHIN_S = 60.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("crash")) as running:
        yield running


class Traffic:
    """Workers who answer every offer, and an employer who keeps posting shifts that do not overlap."""

    def __init__(self, store: Store, api: Api) -> None:
        self.store, self.api = store, api
        self.workers: list[Worker] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.posted: list[str] = []

    async def start(self) -> None:
        await self.store.configure(
            {"quiet_from_minute": 0, "quiet_until_minute": 0, "daily_cap": 200, "window_ms": 300}
        )
        await self.store.put_site(builders.SITE, builders.site())
        await self.store.put_employer(builders.EMPLOYER, builders.employer())
        model, dimension = await self.store.model()
        for n in range(WORKERS):
            await self.store.register(f"p{n}", builders.profile(), b"", builders.vector(n)[:dimension], model)
            token = await sessions.issue(self.store, "worker", f"p{n}")
            self.workers.append(
                Worker(self.api, f"p{n}", token, Habits(accepts=0.6, thinks_s=(0.01, 0.15)), self._seen)
            )
        self.tasks = [asyncio.create_task(w.run()) for w in self.workers]
        self.tasks.append(asyncio.create_task(self._post()))

    def _seen(self, worker: Worker, card: object, received: float) -> None:
        """Cards are what the workers answer to; the test counts answers."""

    async def _post(self) -> None:
        token = await sessions.issue(self.store, "employer", builders.EMPLOYER)
        for n in range(10_000):
            now_ms = time.time_ns() // 1_000_000
            doc = builders.posting(now_ms, headcount=1 + n % 3, starts_in_ms=(10 + SHIFTS_APART_H * n) * HOUR_MS)
            body = {"id": f"j{n}", "posting": {**as_json(doc), "award": "fair" if n % 2 else "instant"}}
            await self.api.call("POST", "/v1/postings", token, body)
            self.posted.append(f"j{n}")
            await asyncio.sleep(0.1)

    @property
    def told(self) -> int:
        return sum(len(w.told) for w in self.workers)

    async def until_more(self, answers: int) -> None:
        """Waits until the workers have had so many more answers acknowledged: the service works again."""
        wanted = self.told + answers
        await until(lambda: self.told >= wanted)
        for task in self.tasks:
            assert not task.done(), task

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def until(reached: Callable[[], bool]) -> None:
    """Looks at processes and clients, which ring no bell, until something is so."""
    async with asyncio.timeout(WITHIN_S):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def as_json(doc: object) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(doc)
    return plain


async def quiet(store: Store) -> None:
    """Waits until no event has come for a second."""
    async with asyncio.timeout(WITHIN_S):
        after, _ = await store.stream_end()
        while changes := await store.changes(after, block_ms=1_000):
            after = changes[-1].stream_id


async def test_kill_each_part_under_traffic(stage: Stage) -> None:
    async with (
        opened(stage.settings.store_url, stage.settings.market) as store,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        traffic = Traffic(store, Api(session, stage.url))
        await traffic.start()
        await traffic.until_more(20)
        for part in ("store", "match", "serve"):
            before = stage.pid_of(part)
            stage.kill(part)
            await traffic.until_more(40)
            await until(lambda: stage.pid_of(part) not in (None, before))  # noqa: B023
        await traffic.stop()
        await quiet(store)

        told = [record for worker in traffic.workers for record in worker.told]
        report = await audit(store, told)
        assert report.ok, report
        assert report.records["seated"] > 10
        assert sum(record.operation == "accept" for record in told) > 40

        await memory_of_a_restarted_matcher_equals_memory_rebuilt(stage, store)


async def memory_of_a_restarted_matcher_equals_memory_rebuilt(stage: Stage, store: Store) -> None:
    """The matcher that was killed came back from records; asked to end, it leaves its memory as a snapshot."""
    path = Path(stage.settings.data_dir) / f"snapshot-{store.market}.bin"
    before = stage.pid_of("match")
    assert before is not None
    os.kill(before, signal.SIGTERM)
    await until(lambda: stage.pid_of("match") not in (None, before) and path.exists())
    model, dimension = await store.model()
    settings = await store.market_settings()
    kept, rebuilt = (Replica(store, settings, dimension=dimension, model=model) for _ in range(2))
    assert await snapshot.load(kept, path)
    while changes := await store.changes(kept.stream_id, block_ms=1):
        await kept.apply(changes)
    await rebuilt.load()
    assert kept.dump() == rebuilt.dump()
    assert len(kept.columns.row_of) == WORKERS


def test_it_ends_cleanly_and_leaves_no_process_behind(stage: Stage) -> None:
    pids = [stage.pid_of(part) for part in ("store", "match", "serve")]
    assert all(pids)
    assert stage.stop() == 0
    assert "bye bye" in (Path(stage.settings.data_dir) / "store" / "store.log").read_text("utf-8").splitlines()[-1]
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()
