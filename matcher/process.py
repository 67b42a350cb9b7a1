"""The matcher's own process: memory, dispatch, sweeping and snapshots of one market, begun anew when they fail."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import structlog
import uvloop

from matcher import compiled, plan, snapshot
from matcher.allocator import give_back_large_pieces
from matcher.browse import Desk
from matcher.dispatch import Dispatcher, MemoryStale
from matcher.errors import StoreUnavailable
from matcher.garbage import spare_what_is_loaded
from matcher.questions import answer_questions
from matcher.replica import Replica
from matcher.settings import Settings
from matcher.store import Store

log = structlog.get_logger()

HEARTBEAT_S = 2.0
TIDY_EVERY_S = 5.0
AGAIN_FIRST_S = 0.1
AGAIN_MOST_S = 1.0
"""A store that is back is found within this time: asking costs a connection."""
STEADY_AFTER_S = 5.0


async def _beat(dispatcher: Dispatcher) -> None:
    """Says that this market has a matcher, for /readyz, and what it has done, for /metrics."""
    while True:
        await dispatcher.store.beat("matcher", HEARTBEAT_S * 3, dispatcher.told())
        await asyncio.sleep(HEARTBEAT_S)


async def _save_now_and_then(memory: Replica, path: Path, every_s: float) -> None:
    saved = memory.stream_id
    while True:
        await asyncio.sleep(every_s)
        memory.forget_ended(await memory.store.now_ms())
        if memory.stream_id != saved:
            saved = memory.stream_id
            await snapshot.save(memory, path)


async def _tidy_now_and_then(memory: Replica) -> None:
    """Keeps the index short. Idle means: no event since the last look."""
    seen = memory.stream_id
    while True:
        await asyncio.sleep(TIDY_EVERY_S)
        await memory.tidy(idle=memory.stream_id == seen)
        seen = memory.stream_id


async def serve_market(store: Store, settings: Settings) -> None:
    """Loads memory and works until something fails or the task is cancelled; then leaves a snapshot if it can."""
    await store.load()
    _, configured_seq = await store.stream_end()
    market, (model, dimension) = await store.market_settings(), await store.model()
    memory = Replica(store, market, model=model, dimension=dimension)
    path = Path(settings.data_dir) / f"snapshot-{store.market}.bin"
    from_snapshot = await snapshot.load(memory, path)
    if not from_snapshot:
        memory = Replica(store, market, model=model, dimension=dimension)
        await memory.load()
    dispatcher = Dispatcher(store, memory, configured_seq=configured_seq)
    await dispatcher.set_clock()
    desk = Desk(memory, dispatcher.weights, dispatcher.now_ms)
    log.info(
        "matcher_ready",
        market=store.market,
        profiles=len(memory.columns.row_of),
        postings=len(memory.postings),
        from_snapshot=from_snapshot,
    )
    await dispatcher.catch_up()
    spare_what_is_loaded()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(dispatcher.follow())
            tasks.create_task(dispatcher.answer_wide())
            tasks.create_task(dispatcher.sweep())
            tasks.create_task(answer_questions(store, desk.answer))
            tasks.create_task(_beat(dispatcher))
            tasks.create_task(_tidy_now_and_then(memory))
            tasks.create_task(_save_now_and_then(memory, path, settings.snapshot_every_s))
    except asyncio.CancelledError:
        await snapshot.save(memory, path)
        raise


async def run(settings: Settings) -> None:
    """Serves the market until SIGTERM or SIGINT. A lost store is waited for; anything else ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    again_s = AGAIN_FIRST_S
    while not stop.is_set():
        store = Store(settings.store_url, settings.market, connections=settings.store_connections)
        started = loop.time()
        work = asyncio.create_task(serve_market(store, settings))
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _finish(work)
        finally:
            await store.close()
        if stop.is_set():
            break
        again_s = AGAIN_FIRST_S if loop.time() - started > STEADY_AFTER_S else min(again_s * 2, AGAIN_MOST_S)
        await asyncio.wait({stopping}, timeout=again_s)
    stopping.cancel()


async def _finish(work: asyncio.Task[None]) -> None:
    """Ends the work; a lost store or stale memory is a reason to begin anew, anything else is raised."""
    work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        return
    except (StoreUnavailable, MemoryStale) as exc:
        log.warning("matcher_again", why=repr(exc))
    except ExceptionGroup as group:
        known, other = group.split((StoreUnavailable, MemoryStale))
        if other is not None:
            raise other from None
        log.warning("matcher_again", why=repr(known))


def main(settings: Settings) -> None:
    """Runs the matcher in this process. What decides is compiled before the market is served, and so before /readyz
    says that there is a matcher: no posting waits for it."""
    give_back_large_pieces()
    compiled.keep_in(settings.data_dir)
    begun = time.monotonic()
    compiled.compile_apart(settings.data_dir)
    plan.warm()
    log.info("compiled", seconds=round(time.monotonic() - begun, 2))
    uvloop.run(run(settings))
