"""Serving connections: files, signals, the listening socket, and what hands connections to the application."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import signal
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from matcher.settings import Settings
from server.lines import Lines
from server.porter import KEEPALIVE_S, Porter
from server.tls import server_context
from server.turns import Turns

SHUTDOWN_S: Final = 5.0
LINGERING_S: Final = 2.0
"""How long what still comes of a body that was refused is read away, so that the client sees the answer."""
BACKLOG: Final = 1024
FILES_MOST: Final = 65_536
"""Files that may be open, where the system allows it; a connection is one."""


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
    turns = Turns()
    return await asyncio.get_running_loop().create_server(
        lambda: Porter(lines, turns, protocol),
        settings.host,
        settings.port,
        ssl=server_context(settings),
        backlog=BACKLOG,
        reuse_address=True,
    )
