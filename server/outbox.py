"""Short messages that wait to be sent: kept sealed in the store, tried again with growing pauses, at most until they
would be of no use. A message may be handed over twice and has one id: the gateway sends it once.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from ingest.persons import Box
from matcher.connection import guarded
from matcher.errors import KuaizhaoError, StoreUnavailable
from matcher.store import Store
from server.gateway import Gateway, NotSent
from server.metrics import Metrics

AGAIN_FIRST_MS: Final = 1_000
AGAIN_MOST_MS: Final = 30_000
LOOK_S: Final = 0.5
AT_ONCE: Final = 50
LEASE_MS: Final = 10_000
"""While one server hands a message over, the others leave it alone."""

log = structlog.get_logger()


class Message(Struct):
    """What is sealed: nothing of it is for a reader of the store."""

    telephone: str
    text: str


class Outbox:
    """Takes messages, and hands them to the gateway from a task of its own."""

    def __init__(self, store: Store, seal: Box, gateway: Gateway | None, metrics: Metrics) -> None:
        self._store = store
        self._seal = seal
        self._gateway = gateway
        self._metrics = metrics
        self._wake = asyncio.Event()
        self._one_begins = asyncio.Lock()

    async def put(self, telephone: str, text: str, *, mark: str, for_s: int, really: bool = True) -> None:
        """Keeps a message until it is handed over, or for so long. One that is not `really` sent costs the same work.
        By the telephone's `mark` it is found when whoever has the telephone is erased.

        Raises `no_gateway` when none is configured; StoreUnavailable.
        """
        if self._gateway is None:
            raise KuaizhaoError("no_gateway")
        id_ = f"m-{secrets.token_hex(12)}"
        sealed = self._seal.close(msgspec.msgpack.encode(Message(telephone, text)), id_)
        key = self._store.key("message", id_)
        now = await self._store.now_ms()
        async with guarded():
            pipe = self._store.commands.pipeline(transaction=True)
            pipe.hset(key, mapping={"sealed": sealed, "really": int(really), "since_ms": now, "to": mark})
            pipe.expire(key, for_s)
            pipe.zadd(self._store.key("outbox"), {id_: now})
            await pipe.execute()
        self._wake.set()

    async def run(self) -> None:
        """Hands over what is due; never ends by itself."""
        while True:
            try:
                self._wake.clear()
                while await self._round() == AT_ONCE:
                    pass
            except StoreUnavailable as exc:
                log.warning("outbox_waits_for_store", detail=exc.detail)
            except Exception:
                log.exception("outbox_failed")
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def close(self) -> None:
        """Ends the gateway's connections."""
        if self._gateway is not None:
            await self._gateway.close()

    async def _round(self) -> int:
        now, key = await self._store.now_ms(), self._store.key("outbox")
        async with guarded():
            due = [id_.decode() for id_ in await self._store.commands.zrangebyscore(key, 0, now, start=0, num=AT_ONCE)]
            if not due:
                return 0
            await self._store.commands.zadd(key, dict.fromkeys(due, now + LEASE_MS), xx=True)
        kept = await self._store.hashes("message", due)
        await asyncio.gather(*(self._hand_over(id_, raw, now) for id_, raw in zip(due, kept, strict=True)))
        return len(due)

    async def _hand_over(self, id_: str, raw: dict[bytes, bytes], now_ms: int) -> None:
        async with self._one_begins:
            await asyncio.sleep(0)  # twenty that begin in one go hold up everybody for a millisecond
        if not raw:
            return await self._done(id_, "too_late")
        if not int(raw[b"really"]) or self._gateway is None:
            return await self._done(id_, "")
        message = msgspec.msgpack.decode(self._seal.open(raw[b"sealed"], id_), type=Message)
        try:
            await self._gateway.send(id_, message.telephone, message.text)
        except NotSent as exc:
            log.warning("message_not_sent", id=id_, why=str(exc))
            if not exc.again:
                return await self._done(id_, "refused")
            waited_ms = now_ms - int(raw[b"since_ms"])  # waiting as long again each time doubles the pause
            wait_ms = min(max(AGAIN_FIRST_MS, waited_ms), AGAIN_MOST_MS)
            async with guarded():
                await self._store.commands.zadd(self._store.key("outbox"), {id_: now_ms + wait_ms}, xx=True)
            self._metrics.messages.labels("again").inc()
        else:
            await self._done(id_, "sent")

    async def _done(self, id_: str, became: str) -> None:
        async with guarded():
            pipe = self._store.commands.pipeline(transaction=True)
            pipe.zrem(self._store.key("outbox"), id_)
            pipe.delete(self._store.key("message", id_))
            await pipe.execute()
        if became:
            self._metrics.messages.labels(became).inc()
