"""/v1/inbox: a worker's socket. It only tells; answers go over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from server import wire
from server.auth import offered_protocols
from server.keys import CALLER, CARDS, PUSH, now_ms
from server.push import ONLY_LISTENS, TOKEN_EXPIRED, Inbox
from server.sessions import Caller
from server.wire import Format
from server.worker_views import InboxQuery

PROTOCOLS: Final[dict[str, Format]] = {"kuaizhao.json": "json", "kuaizhao.msgpack": "msgpack"}
HEARTBEAT_S: Final = 20.0
CLOSE_S: Final = 5.0
"""How long a socket has to take what waits for it and the reason why it closes."""
LONGEST_FRAME: Final = 4096
WRITER_LIMIT: Final = 65_536

log = structlog.get_logger()


async def inbox(request: web.Request, query: InboxQuery) -> web.StreamResponse:
    """Joins first and reads the snapshot after, so that nothing falls between; then sends what changes."""
    caller, push = request[CALLER], request.app[PUSH]
    wire_format = next((PROTOCOLS[p] for p in offered_protocols(request) if p in PROTOCOLS), wire.format_of(request))
    box = push.join(caller.subject, wire_format, query.after, caller.token_hash)
    try:
        hello = await request.app[CARDS].hello(caller.subject, query.after)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S,
            protocols=tuple(PROTOCOLS),
            compress=False,
            timeout=CLOSE_S,
            max_msg_size=LONGEST_FRAME,
            writer_limit=WRITER_LIMIT,
        )
        await socket.prepare(request)
        if hello.messages:
            box.last_seq = max(box.last_seq, hello.messages[-1].seq)
        await _talk(request, socket, box, wire.encode(hello, wire_format), caller)
        return socket
    finally:
        push.leave(box)


async def _talk(request: web.Request, socket: web.WebSocketResponse, box: Inbox, hello: bytes, caller: Caller) -> None:
    writer = asyncio.ensure_future(_write(socket, box, hello))
    reader = asyncio.ensure_future(_read(socket, box))
    ended: list[asyncio.Future[Any]] = [writer, reader, box.ended]
    life_s = min((caller.expires_ms - now_ms()) / 1000, 30 * 24 * 3600)
    try:
        done, _ = await asyncio.wait(ended, timeout=life_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            box.end(TOKEN_EXPIRED)
    finally:
        for task in (writer, reader):
            task.cancel()
        for ending in await asyncio.gather(writer, reader, return_exceptions=True):
            if isinstance(ending, Exception) and not isinstance(ending, ConnectionError):
                log.error("socket_failed", exc_info=ending)
        await _close(request, socket, box)


async def _write(socket: web.WebSocketResponse, box: Inbox, hello: bytes) -> None:
    opcode = WSMsgType.TEXT if box.wire_format == "json" else WSMsgType.BINARY
    frame = hello
    while True:
        await socket.send_frame(frame, opcode)
        frame = await box.queue.get()


async def _read(socket: web.WebSocketResponse, box: Inbox) -> None:
    """Ends when the client closes or the line is gone; a client that sends anything is told to use HTTP."""
    message = await socket.receive()
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        box.end(ONLY_LISTENS)


async def _close(request: web.Request, socket: web.WebSocketResponse, box: Inbox) -> None:
    code, reason = box.ended.result() if box.ended.done() else (WSCloseCode.OK, "")
    try:
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code=code, message=reason.encode(), drain=False)
    except TimeoutError:
        pass  # it reads nothing any more
    finally:
        if request.transport is not None and box.ended.done():
            request.transport.abort()  # else what it does not read would be kept for it
