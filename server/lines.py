"""Serving connections: how many one address may hold open, and how long one that asks nothing stays."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import defaultdict
from collections.abc import Callable
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


class Lines:
    """The open connections of each address."""

    def __init__(self, most: int, proxies: Networks, metrics: Metrics) -> None:
        self._most = most
        self._proxies = proxies
        self._metrics = metrics
        self._open: defaultdict[str, list[asyncio.Transport]] = defaultdict(list)

    def admits(self, transport: asyncio.Transport) -> bool:
        """Whether this connection may stay; those of a trusted proxy always may."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
        if is_trusted(address, self._proxies):
            return True
        mine = self._open[address]
        if len(mine) >= self._most:
            mine[:] = [other for other in mine if not other.is_closing()]
        if len(mine) >= self._most:
            self._metrics.lines_refused.inc()
            return False
        mine.append(transport)
        return True


class Porter(asyncio.Protocol):
    """Has a connection for its first moment: hands it to the HTTP protocol, or ends it."""

    def __init__(self, lines: Lines, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._lines = lines
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        line = cast(asyncio.Transport, transport)
        if not self._lines.admits(line):
            line.abort()
            return
        protocol = self._protocol()
        line.set_protocol(protocol)
        protocol.connection_made(line)


def is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp's log tells us something. Bytes that are no HTTP are the client's fault, were answered
    400, and may hold a token: they have no place in a log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def serve(app: web.Application, settings: Settings, lines: Lines) -> None:
    """Serves until SIGINT or SIGTERM; requests at work may end, sockets are told that the server stops."""
    logging.getLogger("aiohttp.server").addFilter(is_our_fault)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=KEEPALIVE_S,
        lingering_time=LINGERING_S,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    try:
        listening = await listen(runner, settings, lines)
        await stop.wait()
        listening.close()
    finally:
        await runner.cleanup()


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
