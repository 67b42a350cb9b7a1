"""Clients that cost next to nothing: HTTP over kept connections, and a worker's socket, as bare asyncio protocols."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Final, cast

Answered = Callable[[int, bytes], None]
"""What is called with the status and the body of an answer; status 0: the connection was lost."""
LOST: Final = 0
BINARY, PING, PONG = 2, 9, 10
_CONTENT_LENGTH: Final = b"content-length: "


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request in msgpack, ready to be written."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Accept: application/msgpack\r\nContent-Type: application/msgpack\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


class HttpLine(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self, pool: HttpPool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._answered: Answered | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for requests."""
        self._transport = cast(asyncio.Transport, transport)

    def send(self, payload: bytes, answered: Answered) -> None:
        """Writes a request."""
        assert self._transport is not None
        self._answered = answered
        self._transport.write(payload)

    def data_received(self, data: bytes) -> None:
        """A part of an answer; the service sends Content-Length with each."""
        data = self._buffer + data if self._buffer else data
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            at = data.lower().find(_CONTENT_LENGTH, 0, end + 2)
            length = int(data[at + len(_CONTENT_LENGTH) : data.find(b"\r", at)]) if at >= 0 else 0
            if len(data) >= end + 4 + length:
                self._buffer = b""
                self._finish(int(data[9:12]), data[end + 4 :])
                return
        self._buffer = data

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        self._pool.lost(self)
        if self._answered is not None:
            self._finish(LOST, b"")

    def _finish(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if status != LOST:
            self._pool.free(self)
        if answered is not None:
            answered(status, body)

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.abort()


class HttpPool:
    """So many kept connections; a request that finds none free waits for one, in order."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._free: deque[HttpLine] = deque()
        self._all: set[HttpLine] = set()
        self._waiting: deque[tuple[bytes, Answered]] = deque()
        self.waited = 0
        """Requests that found no free connection."""

    async def fill(self, lines: int, first: bytes) -> None:
        """Opens connections until there are so many, and sends a request on each: the service soon ends those that
        say nothing, and some at once where one address has many."""
        while len(self._all) < lines:
            await self._open(first)

    async def _open(self, first: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: HttpLine(self), *self._address)
        self._all.add(line)
        told: asyncio.Future[int] = loop.create_future()
        line.send(first, lambda status, _: told.set_result(status))
        if await told == LOST:
            raise ConnectionError("a new connection was ended")

    def send(self, payload: bytes, answered: Answered) -> None:
        """Sends a request now, or as soon as a connection is free: that which has been silent for longest, so that none
        is silent for long."""
        if self._free:
            self._free.popleft().send(payload, answered)
        else:
            self.waited += 1
            self._waiting.append((payload, answered))

    async def ask(self, payload: bytes) -> tuple[int, bytes]:
        """Status and body of one request."""
        told: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self.send(payload, lambda status, body: told.set_result((status, body)))
        return await told

    def free(self, line: HttpLine) -> None:
        """A connection has no request any more."""
        if self._waiting:
            line.send(*self._waiting.popleft())
        else:
            self._free.append(line)

    def lost(self, line: HttpLine) -> None:
        """A connection has ended."""
        self._all.discard(line)
        if line in self._free:
            self._free.remove(line)

    def close(self) -> None:
        """Ends all of them."""
        for line in list(self._all):
            line.close()


class SocketLine(asyncio.Protocol):
    """A worker's socket: every frame is handed on with the moment at which it came (perf_counter seconds)."""

    def __init__(self, token: str, took: Callable[[bytes, float], None], ended: Callable[[], None]) -> None:
        self._token = token
        self._took, self._ended = took, ended
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the service has shaken hands; ConnectionError when it would not."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shakes hands."""
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /v1/inbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: kuaizhao.msgpack\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Frames, perhaps several, perhaps a part of one."""
        came_s = time.perf_counter()
        if self._buffer:
            data = self._buffer + data
        if not self.open.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(ConnectionError(data.decode("utf-8", "replace")))
                self.close()
                return
            self.open.set_result(None)
            data = data[end + 4 :]
        elif self.open.exception() is not None:
            return
        at, size = 0, len(data)
        while size - at >= 2:
            length, head = data[at + 1], 2
            if length == 126:
                if size - at < 4:
                    break
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                if size - at < 10:
                    break
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if size - at < head + length:
                break
            self._frame(data[at] & 0x0F, data[at + head : at + head + length], came_s)
            at += head + length
        self._buffer = data[at:]

    def say(self, frame: bytes) -> None:
        """Sends a frame of MessagePack."""
        if self._transport is not None:
            self._transport.write(_masked(BINARY, frame))

    def _frame(self, opcode: int, payload: bytes, came_s: float) -> None:
        if opcode == BINARY:
            self._took(payload, came_s)
        elif opcode == PING and self._transport is not None:
            self._transport.write(_masked(PONG, payload))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes any more."""
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed"))
        self._ended()

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.abort()


def _masked(opcode: int, payload: bytes) -> bytes:
    """A whole message as a client sends it, below 64 KiB: masked, and a mask of zeros is one (RFC 6455, 5.3)."""
    if len(payload) < 126:
        return struct.pack("!BBI", 0x80 | opcode, 0x80 | len(payload), 0) + payload
    return struct.pack("!BBHI", 0x80 | opcode, 0xFE, len(payload), 0) + payload
