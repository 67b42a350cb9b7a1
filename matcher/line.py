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

    __slots__ = ("at_s", "commands", "replies", "told")

    def __init__(self, commands: int, told: asyncio.Future[list[Any]], at_s: float) -> None:
        self.at_s = at_s
        self.commands = commands
        self.replies: list[Any] = []
        self.told = told


class _Wire(asyncio.Protocol):
    """An open connection: packs what is asked, hands out what is answered."""

    def __init__(self, patience_s: float) -> None:
        self.lost = False
        self._patience_s = patience_s
        self._watch: asyncio.TimerHandle | None = None
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
        self._asked.append(_Asked(len(commands), told, self._loop.time()))
        if self._watch is None:  # one timer for all: a timer a call would cost more than the call
            self._watch = self._loop.call_later(self._patience_s, self._look)
        return told

    def _look(self) -> None:
        """Ends a connection on which an answer is overdue: a half-open one would never answer."""
        self._watch = None
        if self._asked and not self.lost:
            left_s = self._asked[0].at_s + self._patience_s - self._loop.time()
            if left_s <= 0:
                self.drop()
            else:
                self._watch = self._loop.call_later(left_s, self._look)

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
        if self._watch is not None:
            self._watch.cancel()
        for asked in self._asked:
            if not asked.told.done():
                asked.told.set_exception(RedisConnectionError(str(exc or "no answer")))
        self._asked.clear()

    def drop(self) -> None:
        """Ends the connection; whoever waits is told so."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()


class Line:
    """The connection, opened when it is first needed and again after it was lost."""

    def __init__(self, place: AbstractConnection, patience_s: float) -> None:
        """`place` is a connection of redis-py that is never opened: it knows the address, TLS and the log-in. An
        answer that takes longer than `patience_s` ends the connection."""
        self._place = place
        self._patience_s = patience_s
        self._wire: _Wire | None = None
        self._opening = asyncio.Lock()

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """Replies to the commands, in their order; an error that the store answered with is an exception among them.

        Raises redis-py's ConnectionError, or OSError, when there is no connection or no answer in time: then nothing is
        known of what became of them.
        """
        wire = self._wire
        if wire is None or wire.lost:
            wire = await self._opened()
        return await wire.ask(commands)

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
            _, wire = await loop.create_unix_connection(self._new_wire, place.path)
            return wire
        assert isinstance(place, Connection)
        tls = place.ssl_context.get() if isinstance(place, SSLConnection) else None
        _, wire = await loop.create_connection(self._new_wire, place.host, place.port, ssl=tls)
        return wire

    def _new_wire(self) -> _Wire:
        return _Wire(self._patience_s)

    def _log_in(self) -> list[Command]:
        place = self._place
        first: list[Command] = []
        if place.password:
            first.append(("AUTH", *([place.username] if place.username else []), place.password))
        if place.db:
            first.append(("SELECT", place.db))
        return first
