"""A cold start with a million records: the real store, a matcher process, from records alone and from a snapshot.

The time runs from the start of the store's process until the matcher says that it serves the market: the store reads
its file, the matcher loads numba's code, memory and postings.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from loadtest import population
from loadtest.bench import memories, open_postings
from loadtest.bench.open_postings import DIMENSION
from loadtest.bench.timing import Json, memory_gb
from loadtest.population import MODEL
from matcher import snapshot
from matcher.errors import KuaizhaoError
from matcher.replica import Replica
from matcher.settings import PREFIX
from matcher.store import Store, opened
from server.embedded import EmbeddedStore

MARKET: Final = "bench"
SEED: Final = 7
AT_ONCE: Final = 2_000
WITHIN_S: Final = 600.0


@contextmanager
def running_store(data_dir: Path) -> Iterator[EmbeddedStore]:
    """The embedded store, as `kuaizhao up` starts it."""
    store = EmbeddedStore(data_dir)
    store.start()
    try:
        yield store
    finally:
        store.stop()


async def fill(url: str, profiles: int) -> None:
    """Registers invented workers through the operation that everybody uses, many in one round trip."""
    people, rng = population.workers(profiles, SEED), np.random.default_rng(SEED)
    async with opened(url, MARKET) as store:
        await store.put_model(MODEL, DIMENSION)
        sent: asyncio.Task[None] | None = None
        while batch := list(islice(people, AT_ONCE)):
            vectors = open_postings.unit_vectors([record.doc.trades[0] for record in batch], rng)
            calls = [
                store.register_call(record.id, record.doc, b"", vector, MODEL)
                for record, vector in zip(batch, vectors, strict=True)
            ]
            if sent is not None:
                await sent
            sent = asyncio.create_task(_send(store, calls))
            await asyncio.sleep(0)
        if sent is not None:
            await sent


async def _send(store: Store, calls: list[tuple[str, list[object]]]) -> None:
    for answer in await store.call_many(calls):
        if isinstance(answer, KuaizhaoError):
            raise answer


async def _until_served(url: str, matcher: subprocess.Popen[bytes]) -> None:
    async with opened(url, MARKET) as store, asyncio.timeout(WITHIN_S):
        while not await store.is_alive("matcher"):
            if matcher.poll() is not None:
                raise RuntimeError(f"the matcher ended with {matcher.returncode}")
            await asyncio.sleep(0.01)


async def _forget_matcher(url: str) -> None:
    async with opened(url, MARKET) as store:
        await store.commands.delete(store.key("alive", "matcher"))


def start(data_dir: Path) -> Json:
    """One cold start of store and matcher; then both are stopped, and the matcher leaves a snapshot."""
    environment = os.environ | {f"{PREFIX}DATA_DIR": str(data_dir), f"{PREFIX}MARKET": MARKET, f"{PREFIX}REDIS_URL": ""}
    begun = time.monotonic()
    with running_store(data_dir) as store, (data_dir / "match.log").open("ab") as log:
        store_s = time.monotonic() - begun
        matcher = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "match"], env=environment, stdout=log, stderr=log
        )
        try:
            asyncio.run(_until_served(store.url, matcher))
            served_s = time.monotonic() - begun
            held = {"rss_gb": memory_gb("VmRSS", matcher.pid), "peak_rss_gb": memory_gb("VmHWM", matcher.pid)}
        finally:
            matcher.send_signal(signal.SIGTERM)
            matcher.wait(WITHIN_S)
        asyncio.run(_forget_matcher(store.url))
    return {"s": round(served_s, 2), "store_s": round(store_s, 2), **held}


async def _load(url: str, path: Path) -> Replica:
    async with opened(url, MARKET) as store:
        memory = Replica(store, memories.SETTINGS, dimension=DIMENSION, model=MODEL)
        if not await snapshot.load(memory, path):
            raise RuntimeError("the snapshot was not used")
        return memory


def measure(profiles: int, data_dir: Path) -> tuple[Json, Replica]:
    """Fills a store, starts cold twice, and answers with the memory loaded from the snapshot, with what postings tell
    of people added."""
    with running_store(data_dir) as store:
        begun = time.monotonic()
        asyncio.run(fill(store.url, profiles))
        filled_s = time.monotonic() - begun
        held_gb = memory_gb("VmRSS", store.process.pid) if store.process else 0.0
    from_records, from_snapshot = start(data_dir), start(data_dir)
    with running_store(data_dir) as store:
        memory = asyncio.run(_load(store.url, data_dir / f"snapshot-{MARKET}.bin"))
    for n in range(profiles):
        told = memories.told_of(n)
        if told != memories.Told():
            memories.tell(memory, f"w{n:07d}", told)
    return {
        "cold_start_s": from_snapshot["s"],
        "cold_start_records_s": from_records["s"],
        "rss_gb": from_snapshot["rss_gb"],
        "from_snapshot": from_snapshot,
        "from_records": from_records,
        "register_s": round(filled_s, 1),
        "store_rss_gb": held_gb,
    }, memory
