"""The intake: takes batches from the queue, one after the other, and closes runs. Killed anywhere, it goes on there.

While one batch is written the next is understood in a thread beside it, and the ledger is asked about the one after it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ingest.batch_writer import BatchWriter, Looked, Understood
from ingest.batches import Batch, Ending, Sealer
from ingest.ending import Ender
from ingest.kept_rows import KeptRows
from ingest.prepare import Preparer
from ingest.problems import problem
from ingest.queue import Entry, Queue
from ingest.runs import Runs
from matcher.errors import StoreUnavailable
from matcher.store import Store

log = structlog.get_logger()

AT_ONCE: Final = 3
"""Batches under way: one being written, one being understood, one being looked up."""
TRIED: Final = 3
"""After so many deliveries a batch's rows are taken one by one: one of them may be what kills the process."""
GIVEN_UP: Final = 5
"""After so many, its rows go to the quarantine unread."""
_AGAIN_S: Final = 0.2

Progress = Callable[[str, int], None]
"""Told a run and how many of its rows are done now."""


def _ignore(run: str, rows: int) -> None:
    """Progress that nobody looks at."""


class Intake:
    """One process's work on the queue."""

    def __init__(
        self, store: Store, queue: Queue, preparer: Preparer, sealer: Sealer, progress: Progress = _ignore
    ) -> None:
        self._store, self._queue, self._preparer = store, queue, preparer
        self._writer = BatchWriter(store, preparer, sealer)
        self._ender, self._runs = Ender(store, KeptRows(store, sealer)), Runs(store)
        self._progress = progress
        self._understanding = asyncio.Lock()

    async def run(self, enough: Callable[[], Awaitable[bool]], block_ms: int = 1_000) -> None:
        """Takes what comes until `enough` says so; asked after each entry, and every `block_ms` while none comes.

        Raises StoreUnavailable; what was under way then is taken again by the next run.
        """
        await self._queue.open()
        under_way: deque[asyncio.Task[None]] = deque()
        try:
            while True:
                entry = await self._queue.take(1 if under_way else block_ms)
                if entry is not None and isinstance(entry.value, Batch):
                    if len(under_way) == AT_ONCE:
                        await under_way.popleft()
                    before = under_way[-1] if under_way else None
                    under_way.append(asyncio.create_task(self._take(entry, entry.value, before)))
                    continue
                while under_way:
                    await under_way.popleft()
                if entry is not None and isinstance(entry.value, Ending):
                    await self._end(entry, entry.value)
                if await enough():
                    return
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _take(self, entry: Entry, batch: Batch, before: asyncio.Task[None] | None) -> None:
        """Takes one batch in; writes it after the one before it."""
        looked = await self._looked(entry, batch)
        async with self._understanding:
            understood = await self._understood(looked) if looked is not None else None
        if before is not None:
            await before
        counts = await self._written(understood) if understood is not None else None
        if counts is None:
            counts = await self._one_by_one(batch, give_up=entry.deliveries > GIVEN_UP)
        await self._queue.done(entry, counts + Counter(taken=1))
        self._progress(batch.run, len(batch.lines))

    async def _looked(self, entry: Entry, batch: Batch) -> Looked | None:
        """None where the batch has to be taken row by row."""
        if entry.deliveries > TRIED:
            return None
        try:
            return await self._writer.look(batch)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("batch_not_read", source=batch.source, run=batch.run)
            return None

    async def _understood(self, looked: Looked) -> Understood | None:
        try:
            return await self._writer.understand(looked)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("batch_not_understood", source=looked.batch.source, run=looked.batch.run)
            return None

    async def _written(self, ahead: Understood) -> Counter[str] | None:
        try:
            return await self._writer.write(ahead)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("batch_not_written", source=ahead.batch.source, run=ahead.batch.run)
            return None

    async def _one_by_one(self, batch: Batch, *, give_up: bool) -> Counter[str]:
        """Takes each row by itself; one that fails lies in the quarantine, the others are not harmed."""
        counts: Counter[str] = Counter()
        for line in batch.lines:
            alone = Batch(batch.run, batch.source, batch.site, batch.origin, batch.day, [line], batch.kept)
            counts += await self._alone(alone, give_up=give_up)
        return counts

    async def _alone(self, alone: Batch, *, give_up: bool) -> Counter[str]:
        code = "given_up" if give_up else "internal"
        if not give_up:
            try:
                return await self._writer.write(await self._writer.understand(await self._writer.look(alone)))
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("row_failed", source=alone.source, run=alone.run, line=alone.lines[0].line)
        return await self._writer.keep(alone, problem(code, ""))

    async def _end(self, entry: Entry, ending: Ending) -> None:
        put, done = await self._runs.batches(ending.run)
        if done < min(put, ending.batches):
            await asyncio.sleep(_AGAIN_S)  # another machine has the last batches
            await self._queue.put_back(entry)
            return
        counts, fields = await self._ender.end(ending)
        await self._queue.done(entry, counts, fields)
