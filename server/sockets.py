"""One socket: what waits to be sent on it, why it ends, and its life from the handshake to the last frame."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from server import wire
from server.auth import offered_protocols
from server.wire import Format

PROTOCOLS: Final[dict[str, Format]] = {"kuaizhao.json": "json", "kuaizhao.msgpack": "msgpack"}
HEARTBEAT_S: Final = 20.0
CLOSE_S: Final = 5.0
"""How long a socket has to take what waits for it and the reason why it closes."""
LONGEST_FRAME: Final = 4096
WRITER_LIMIT: Final = 65_536
LONGEST_LIFE_S: Final = 30 * 24 * 3600

SHUTTING_DOWN: Final = (1001, "shutting_down")
SLOW: Final = (4008, "slow")
REPLACED: Final = (4009, "replaced")
TOKEN_EXPIRED: Final = (4001, "bad_token")
ONLY_LISTENS: Final = (1003, "answer over HTTP")

log = structlog.get_logger()


class Socket:
    """What waits to be sent on one socket. Bounded: who does not keep up is dropped."""

    def __init__(self, wire_format: Format, size: int, session: str = "") -> None:
        self.session = session
        self.wire_format = wire_format
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(size)
        self.ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def put(self, frame: bytes) -> bool:
        """Queues a frame; False when the socket is too slow and ends."""
        if self.ended.done():
            return True
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(SLOW)
            return False
        return True

    def end(self, why: tuple[int, str]) -> None:
        """Asks the socket to close with a code and a reason."""
        if not self.ended.done():
            self.ended.set_result(why)


def wanted_format(request: web.Request) -> Format:
    """The format of the subprotocol that the client offers; else the negotiated one."""
    return next((PROTOCOLS[p] for p in offered_protocols(request) if p in PROTOCOLS), wire.format_of(request))


async def shake_hands(request: web.Request) -> web.WebSocketResponse:
    """Answers the handshake."""
    answer = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S,
        protocols=tuple(PROTOCOLS),
        compress=False,
        timeout=CLOSE_S,
        max_msg_size=LONGEST_FRAME,
        writer_limit=WRITER_LIMIT,
    )
    await answer.prepare(request)
    return answer


async def talk(
    request: web.Request, answer: web.WebSocketResponse, socket: Socket, hello: bytes, life_s: float
) -> None:
    """Sends `hello` and what comes after it, until the client goes, `life_s` is over, or the socket is told to end."""
    writer = asyncio.ensure_future(_write(answer, socket, hello))
    reader = asyncio.ensure_future(_read(answer, socket))
    ended: list[asyncio.Future[Any]] = [writer, reader, socket.ended]
    try:
        done, _ = await asyncio.wait(ended, timeout=min(life_s, LONGEST_LIFE_S), return_when=asyncio.FIRST_COMPLETED)
        if not done:
            socket.end(TOKEN_EXPIRED)
    finally:
        for task in (writer, reader):
            task.cancel()
        for ending in await asyncio.gather(writer, reader, return_exceptions=True):
            if isinstance(ending, Exception) and not isinstance(ending, ConnectionError):
                log.error("socket_failed", exc_info=ending)
        await _close(request, answer, socket)


async def _write(answer: web.WebSocketResponse, socket: Socket, hello: bytes) -> None:
    opcode = WSMsgType.TEXT if socket.wire_format == "json" else WSMsgType.BINARY
    frame = hello
    while True:
        await answer.send_frame(frame, opcode)
        frame = await socket.queue.get()


async def _read(answer: web.WebSocketResponse, socket: Socket) -> None:
    """Ends when the client closes or the line is gone; a client that sends anything is told to use HTTP."""
    message = await answer.receive()
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        socket.end(ONLY_LISTENS)


async def _close(request: web.Request, answer: web.WebSocketResponse, socket: Socket) -> None:
    code, reason = socket.ended.result() if socket.ended.done() else (WSCloseCode.OK, "")
    try:
        async with asyncio.timeout(CLOSE_S):
            await answer.close(code=code, message=reason.encode(), drain=False)
    except TimeoutError:
        pass  # it reads nothing any more
    finally:
        if request.transport is not None and socket.ended.done():
            request.transport.abort()  # else what it does not read would be kept for it
