"""The queue between readers and the intake: a stream with one consumer group (matcher/functions/intake.lua).

An entry stays until it is done. Whoever takes entries is known by its machine's name: started again after a crash, it
first gets back what it had not finished; what another machine left lying is claimed after a while.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis.exceptions import ResponseError

from ingest.batches import Batch, Ending, Sealer
from ingest.persons import Vault
from matcher.connection import COMMAND_TIMEOUT_S, guarded
from matcher.errors import KuaizhaoError
from matcher.store import Store

GROUP: Final = "ingest"
MOST_WAITING: Final = 8
"""Batches that may wait: readers pause while the intake is behind, so that no list fills the store."""
AGAIN_S: Final = 0.02
LEFT_LYING_MS: Final = 60_000
"""An entry that another machine has held for so long is taken over."""
LOOK_EVERY_S: Final = 5.0
"""How often such entries are looked for."""


class Entry(Struct):
    """One entry, taken for the `deliveries`-th time."""

    id: str
    value: Batch | Ending
    deliveries: int = 1


class Queue:
    """The queue of one market."""

    def __init__(self, store: Store, vault: Vault, consumer: str = "") -> None:
        self._store, self._sealer = store, Sealer(vault)
        self._consumer = consumer or socket.gethostname()
        self._key = store.key("ingest")
        self._back = "0"  # where to read on among what we had not finished; "" when there is nothing more
        self._look_again = 0.0

    # -- readers ----------------------------------------------------------------------------------------------------

    async def put(self, batch: Batch, most: int = MOST_WAITING) -> None:
        """Adds a batch; waits while `most` entries wait. Raises StoreUnavailable."""
        body = self._sealer.seal(batch)
        wait_s = AGAIN_S
        while True:
            try:
                await self._store.call("enqueue", most, batch.run, "rows", body)
                return
            except KuaizhaoError as exc:
                if exc.code != "overloaded":
                    raise
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, 0.5)

    async def offer(self, batch: Batch, most: int) -> None:
        """Adds a batch unless `most` entries wait. Raises `overloaded`, StoreUnavailable."""
        await self._store.call("enqueue", most, batch.run, "rows", self._sealer.seal(batch))

    async def end(self, ending: Ending) -> None:
        """Adds the end of a run."""
        await self._store.call("enqueue", 0, ending.run, "end", msgspec.msgpack.encode(ending))

    async def waiting(self) -> int:
        """Entries that are not done."""
        async with guarded():
            return int(await self._store.commands.xlen(self._key))

    # -- the intake -------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Makes the group where there is none; what was unfinished comes back first."""
        self._back = "0"
        async with guarded():
            try:
                await self._store.commands.xgroup_create(self._key, GROUP, id="0", mkstream=True)
            except ResponseError as exc:
                if "BUSYGROUP" not in str(exc):
                    raise

    async def take(self, block_ms: int = 1_000) -> Entry | None:
        """The next entry: one of ours from before, now and then one that another machine left lying, else a new one;
        None after `block_ms`."""
        while self._back:
            entry = await self._unfinished()
            if entry is not None:
                return entry
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + LOOK_EVERY_S
            entry = await self._left_lying()
            if entry is not None:
                self._look_again = 0.0
                return entry
        return await self._new(block_ms)

    async def _read(self, after: str, block_ms: int | None) -> list[Any]:
        limit_s = COMMAND_TIMEOUT_S + (block_ms or 0) / 1000
        try:
            async with guarded(limit_s):
                reply = await self._store.blocking.xreadgroup(
                    GROUP, self._consumer, {self._key: after}, count=1, block=block_ms
                )
        except ResponseError as exc:
            if "NOGROUP" not in str(exc):
                raise
            await self.open()  # the store was emptied
            return []
        return list(reply[0][1]) if reply else []

    async def _unfinished(self) -> Entry | None:
        found = await self._read(self._back, None)
        if not found:
            self._back = ""
            return None
        id_, fields = found[0]
        self._back = id_.decode()
        return await self._entry(id_, fields, again=True)

    async def _new(self, block_ms: int) -> Entry | None:
        found = await self._read(">", block_ms)
        return await self._entry(*found[0], again=False) if found else None

    async def _left_lying(self) -> Entry | None:
        async with guarded():
            reply = await self._store.commands.xautoclaim(
                self._key, GROUP, self._consumer, LEFT_LYING_MS, start_id="0-0", count=1
            )
        return await self._entry(*reply[1][0], again=True) if reply[1] else None

    async def _entry(self, id_: bytes, fields: Mapping[bytes, bytes], *, again: bool) -> Entry | None:
        if not fields:  # deleted by whoever finished it
            async with guarded():
                await self._store.commands.xack(self._key, GROUP, id_)
            return None
        body = fields[b"body"]
        value: Batch | Ending
        if fields[b"kind"] == b"rows":
            value = await asyncio.to_thread(self._sealer.batch, body)
        else:
            value = msgspec.msgpack.decode(body, type=Ending)
        return Entry(id_.decode(), value, await self._deliveries(id_) if again else 1)

    async def _deliveries(self, id_: bytes) -> int:
        async with guarded():
            found = await self._store.commands.xpending_range(self._key, GROUP, id_, id_, 1)
        return int(found[0]["times_delivered"]) if found else 1

    async def put_back(self, entry: Entry) -> None:
        """An end whose batches are still with somebody: it goes to the end of the queue."""
        assert isinstance(entry.value, Ending)
        await self.end(entry.value)
        await self.done(entry, {})

    async def done(self, entry: Entry, counts: Mapping[str, int], fields: Mapping[str, Any] | None = None) -> None:
        """The entry is done: its counts are added to its run, once."""
        numbers = [part for item in counts.items() for part in item]
        await self._store.call(
            "taken", entry.id, entry.value.run, len(counts), *numbers, *(p for i in (fields or {}).items() for p in i)
        )


def new_run() -> str:
    """The id of a run."""
    return secrets.token_hex(6)
