"""A worker's client on its socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import WSMsgType

from matcher import codec
from matcher.store import Store
from server.sockets import AliveFrame
from server.wire import Format, encode, typed
from server.worker_views import AnsweredFrame, CardFrame, HelloFrame, MessageFrame, RefusedFrame
from tests.api import Api, prepared, running
from tests.conftest import TEST_CLOCK, new_market

Frame = CardFrame | HelloFrame | MessageFrame | AliveFrame | AnsweredFrame | RefusedFrame


QUEUE = 8


@asynccontextmanager
async def serving(valkey_url: str, folder: Path) -> AsyncIterator[Api]:
    """A market and its server, whose sockets hold `QUEUE` frames that were not read yet."""
    store = Store(valkey_url, new_market(), clock=TEST_CLOCK)
    await store.load()
    await prepared(store)
    async with running(store, folder, socket_queue=QUEUE) as api:
        yield api
    await store.close()


class Phone:
    """A worker's client: keeps of two cards the one whose version is not smaller, and every message once."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line
        self.cards: dict[str, Any] = {}
        self.messages: dict[int, MessageFrame | Any] = {}

    async def receive(self, within_s: float = 5.0) -> Frame:
        """The next frame, taken over."""
        message = await self.line.receive(within_s)
        assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
        plain = msgspec.json.decode(message.data) if message.type is WSMsgType.TEXT else codec.unpack(message.data)
        frame: Frame = typed(plain, Frame)  # type: ignore[arg-type]  # a union of tagged structs
        self.take(frame)
        return frame

    def take(self, frame: Frame) -> None:
        if isinstance(frame, HelloFrame):
            self.cards = {card.posting.id: card for card in frame.cards}
            self.messages |= {m.seq: m for m in frame.messages}
        elif isinstance(frame, CardFrame):
            known = self.cards.get(frame.posting.id)
            if known is None or frame.v >= known.v:
                self.cards[frame.posting.id] = frame
        elif isinstance(frame, MessageFrame):
            assert frame.seq not in self.messages
            self.messages[frame.seq] = frame

    async def say(self, frame: Any, wire_format: Format = "json") -> None:
        """Sends a frame."""
        body = encode(frame, wire_format)
        await (self.line.send_bytes(body) if wire_format == "msgpack" else self.line.send_str(body.decode()))

    async def until_told(self, kind: str) -> None:
        """Reads until a message of this kind has come."""
        while not any(m.kind == kind for m in self.messages.values()):
            await self.receive()


@asynccontextmanager
async def phone(api: Api, profile: str, query: str = "", **options: Any) -> AsyncIterator[Phone]:
    headers = {"Authorization": f"Bearer {await api.worker(profile)}"}
    async with api.session.ws_connect(f"/v1/inbox{query}", headers=headers, **options) as line:
        yield Phone(line)
