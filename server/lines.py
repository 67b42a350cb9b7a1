"""Serving connections: how many one address may hold open, and how long one that asks nothing stays."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from matcher.settings import Settings
from server.metrics import Metrics
from server.peers import Networks, is_trusted
from server.tls import server_context

SHUTDOWN_S: Final = 5.0
KEEPALIVE_S: Final = 30.0
"""A connection that has asked nothing for so long, or has not finished its first headers, is closed."""
LINGERING_S: Final = 2.0
"""How long what still comes of a body that was refused is read away, so that the client sees the answer."""
BACKLOG: Final = 1024
FULL_S: Final = 0.05
"""How long an address that had as many as it may is turned away without looking at its lines again."""
ADDRESSES_KEPT: Final = 10_000
FILES_MOST: Final = 65_536
"""Files that may be open, where the system allows it; a connection is one."""


class Lines:
    """The open connections of each address. Those that have ended are found when an address has as many as it may."""

    def __init__(
        self, most: int, proxies: Networks, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._proxies = proxies
        self._metrics = metrics
        self._clock = clock
        self._open: defaultdict[str, list[asyncio.Transport]] = defaultdict(list)
        self._full_until: dict[str, float] = {}
        self._tidy_at = ADDRESSES_KEPT

    def admits(self, transport: asyncio.Transport) -> bool:
        """Whether this connection may stay; those of a trusted proxy always may."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
        if is_trusted(address, self._proxies):
            return True
        if len(self._open) >= self._tidy_at:
            self._tidy()
        mine = self._open[address]
        if len(mine) >= self._most and not self._has_room(address, mine):
            self._metrics.lines_refused.inc()
            return False
        mine.append(transport)
        return True

    def _has_room(self, address: str, mine: list[asyncio.Transport]) -> bool:
        now_s = self._clock()
        if now_s < self._full_until.get(address, now_s):
            return False
        mine[:] = [other for other in mine if not other.is_closing()]
        self._full_until[address] = now_s + FULL_S
        return len(mine) < self._most

    def _tidy(self) -> None:
        for address, mine in list(self._open.items()):
            if all(line.is_closing() for line in mine):
                del self._open[address]
                self._full_until.pop(address, None)
        self._tidy_at = ADDRESSES_KEPT + 2 * len(self._open)


class Porter(asyncio.Protocol):
    """Has a connection until it says something, then hands it to the HTTP protocol: who only holds lines open costs no
    more than a timer."""

    def __init__(self, lines: Lines, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._lines = lines
        self._protocol = protocol
        self._line: asyncio.Transport | None = None
        self._silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        line = cast(asyncio.Transport, transport)
        if not self._lines.admits(line):
            line.abort()
            return
        self._line = line
        self._silence = asyncio.get_running_loop().call_later(KEEPALIVE_S, line.abort)

    def data_received(self, data: bytes) -> None:
        """The first bytes."""
        line, silence = self._line, self._silence
        if line is None or silence is None:
            return  # it has not been admitted
        silence.cancel()
        protocol = self._protocol()
        line.set_protocol(protocol)
        protocol.connection_made(line)
        protocol.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended without a word."""
        if self._silence is not None:
            self._silence.cancel()


def is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp's log tells us something. Bytes that are no HTTP are the client's fault, were answered
    400, and may hold a token: they have no place in a log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def serve(app: web.Application, settings: Settings, lines: Lines) -> None:
    """Serves until SIGINT or SIGTERM; requests at work may end, sockets are told that the server stops."""
    logging.getLogger("aiohttp.server").addFilter(is_our_fault)
    make_room()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = runner_of(app)
    await runner.setup()
    try:
        listening = await listen(runner, settings, lines)
        await stop.wait()
        listening.close()
    finally:
        await runner.cleanup()


def make_room() -> int:
    """Lets this process hold `FILES_MOST` files open, or as many as the system allows, and has the kernel's table of
    them grown now: grown later, for every doubling it stops a process with threads for 10 to 15 ms (measured; the
    kernel waits for all processors before it frees the smaller table). Answers with how many may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = FILES_MOST if hard == resource.RLIM_INFINITY else min(FILES_MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < room:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    with Path(os.devnull).open() as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD, room - 1))
    return room


def runner_of(
    app: web.Application,
    *,
    keepalive_s: float = KEEPALIVE_S,
    lingering_s: float = LINGERING_S,
    shutdown_s: float = SHUTDOWN_S,
) -> web.AppRunner:
    """What hands connections to the application. It inflates nothing: `wire.read` refuses compressed bodies unread, and
    what still comes of them is thrown away as it is."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=keepalive_s,
        lingering_time=lingering_s,
        shutdown_timeout=shutdown_s,
    )


async def listen(runner: web.AppRunner, settings: Settings, lines: Lines) -> asyncio.Server:
    """Listens for a runner that has been set up."""
    protocol = runner.server
    assert protocol is not None
    return await asyncio.get_running_loop().create_server(
        lambda: Porter(lines, protocol),
        settings.host,
        settings.port,
        ssl=server_context(settings),
        backlog=BACKLOG,
        reuse_address=True,
    )
