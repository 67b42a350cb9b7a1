"""One connection to the store on which calls do not wait for each other.

Whatever is asked for in one turn of the event loop goes out as one write, and answers come back in the order of the
questions. The store works on all that has come, syncs its file once, and answers: so many calls share one fsync, and
none of them pays for a connection pool. (redis-py alone: a connection and a round trip a call, about 200 us of Python.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

Command = Sequence[Any]
CONNECT_WITHIN_S: Final = 2.0
INCOMPLETE: Final = object()


class _Asked:
    """Commands that were sent together, and their replies so far."""

    __slots__ = ("commands", "replies", "told")

    def __init__(self, commands: int, told: asyncio.Future[list[Any]]) -> None:
        self.commands = commands
        self.replies: list[Any] = []
        self.told = told


class _Wire(asyncio.Protocol):
    """An open connection: packs what is asked, hands out what is answered."""

    def __init__(self) -> None:
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = hiredis.Reader(replyError=ResponseError, notEnoughData=INCOMPLETE)
        self._asked: deque[_Asked] = deque()
        self._unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """The replies to come; an error that the store answers with is one of them."""
        told: asyncio.Future[list[Any]] = self._loop.create_future()
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent += [hiredis.pack_command(tuple(command)) for command in commands]
        self._asked.append(_Asked(len(commands), told))
        return told

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and not self.lost:
            self._transport.write(b"".join(unsent))

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        while (reply := self._parser.gets()) is not INCOMPLETE:
            asked = self._asked[0]
            asked.replies.append(reply)
            if len(asked.replies) == asked.commands:
                self._asked.popleft()
                if not asked.told.done():  # whoever asked may have given up
                    asked.told.set_result(asked.replies)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        for asked in self._asked:
            if not asked.told.done():
                asked.told.set_exception(RedisConnectionError(str(exc or "the store closed the connection")))
        self._asked.clear()

    def drop(self) -> None:
        """Ends the connection; whoever waits is told so."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()


class Line:
    """The connection, opened when it is first needed and again after it was lost."""

    def __init__(self, place: AbstractConnection) -> None:
        """`place` is a connection of redis-py that is never opened: it knows the address, TLS and the log-in."""
        self._place = place
        self._wire: _Wire | None = None
        self._opening = asyncio.Lock()

    async def run(self, commands: Sequence[Command], timeout_s: float | None = None) -> list[Any]:
        """Replies to the commands, in their order; an error that the store answered with is an exception among them.

        Raises redis-py's ConnectionError, OSError or TimeoutError when there is no connection or no answer in time:
        then nothing is known of what became of them.
        """
        wire = self._wire
        try:
            async with asyncio.timeout(timeout_s):
                if wire is None or wire.lost:
                    wire = await self._opened()
                return await wire.ask(commands)
        except TimeoutError:
            self.drop()  # what still comes would be late, and a half-open connection answers nothing ever
            raise

    def drop(self) -> None:
        """Ends the connection; the next call opens another."""
        if self._wire is not None:
            self._wire.drop()
            self._wire = None

    async def _opened(self) -> _Wire:
        async with self._opening:  # one connection, however many ask at once
            if self._wire is None or self._wire.lost:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    wire = await self._connect()
                    log_in = self._log_in()
                    replies = await wire.ask(log_in) if log_in else []
                for reply in replies:
                    if isinstance(reply, Exception):
                        wire.drop()
                        raise reply
                self._wire = wire
            return self._wire

    async def _connect(self) -> _Wire:
        loop, place = asyncio.get_running_loop(), self._place
        if isinstance(place, UnixDomainSocketConnection):
            _, wire = await loop.create_unix_connection(_Wire, place.path)
            return wire
        assert isinstance(place, Connection)
        tls = place.ssl_context.get() if isinstance(place, SSLConnection) else None
        _, wire = await loop.create_connection(_Wire, place.host, place.port, ssl=tls)
        return wire

    def _log_in(self) -> list[Command]:
        place = self._place
        first: list[Command] = []
        if place.password:
            first.append(("AUTH", *([place.username] if place.username else []), place.password))
        if place.db:
            first.append(("SELECT", place.db))
        return first
