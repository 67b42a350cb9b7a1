"""A TCP proxy between clients and web server that can cut lines, or leave one of their two ends with nobody there; and
that knows which acceptances over HTTP are on their way."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final, Literal, cast

Side = Literal["client", "server"]
ACCEPTING: Final = re.compile(rb"POST /v1/offers/[^ ]+/accept ")
FRESH_S: Final = 0.3
"""An acceptance that has had no answer for longer waits for something that is not there any more."""


class _End(asyncio.Protocol):
    """One end of a line: what comes in goes out at the other end, as fast as that takes it."""

    def __init__(self, proxy: Proxy, other: _End | None = None) -> None:
        self.proxy, self.other = proxy, other
        self.transport: asyncio.Transport | None = None
        self.early: list[bytes] = []
        """What came before the other end was there."""
        self.asked_s = 0.0
        """When the acceptance came in that has no answer yet; 0: there is none. A line carries one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.other is None:
            self.proxy.open_line(self)

    def data_received(self, data: bytes) -> None:
        if ACCEPTING.match(data):
            self.asked_s = time.monotonic()
            self.proxy.asked.set()
        elif self.other is not None:
            self.other.asked_s = 0.0
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        elif self not in self.proxy.silent:
            self.early.append(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        return self in self.proxy.silent  # a silent end does not even close

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.proxy.lines.discard(self)
        self.proxy.silent.discard(self)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Proxy:
    """Listens on a port of its own and passes everything on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.lines: set[_End] = set()
        """Client ends of the open lines."""
        self.silent: set[_End] = set()
        """Ends that hear nothing any more, and do not know it."""
        self.asked = asyncio.Event()
        """Set whenever an acceptance comes in."""
        self._opening: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """Acceptances that were sent a moment ago, on lines whose two ends are there, and have no answer yet."""
        since_s = time.monotonic() - FRESH_S
        return sum(client.other is not None and client.asked_s > since_s for client in self.lines)

    async def start(self) -> str:
        """Answers with the address to be used instead of the server's."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _End(self), "127.0.0.1", 0, backlog=1024)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def open_line(self, client: _End) -> None:
        """A client has come."""
        self.lines.add(client)
        task = asyncio.create_task(self._connect(client))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self, client: _End) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, server = await loop.create_connection(lambda: _End(self, client), "127.0.0.1", self._to)
        except OSError:  # the server is away: so is the client's line
            if client.transport is not None:
                client.transport.abort()
            return
        assert server.transport is not None
        if client.transport is None or client in self.silent:
            server.transport.abort()
            return
        client.other = server
        for data in client.early:
            server.transport.write(data)
        client.early.clear()

    def drop(self) -> int:
        """Cuts every line at both ends; answers how many."""
        some = list(self.lines)
        for client in some:
            for end in (client, client.other):
                if end is not None and end.transport is not None:
                    end.transport.abort()
        return len(some)

    def half_open(self, left: Side) -> int:
        """Of every line one end is cut, and the one that is `left` hears nothing of it; answers how many."""
        some = [client for client in self.lines if client.other is not None]
        for client in some:
            server = client.other
            assert server is not None
            client.other = server.other = None
            stays, goes = (client, server) if left == "client" else (server, client)
            self.silent.add(stays)
            if goes.transport is not None:
                goes.transport.abort()
        return len(some)

    async def close(self) -> None:
        """Ends everything."""
        self._server.close()
        for end in [*self.lines, *self.silent]:
            if end.transport is not None:
                end.transport.abort()
        await self._server.wait_closed()
