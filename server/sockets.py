"""One socket: what waits to be sent on it, why it ends, and its life from the handshake to the last frame."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import random
from typing import Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Struct

from server import wire
from server.auth import offered_protocols
from server.wire import Format

PROTOCOLS: Final[dict[str, Format]] = {"kuaizhao.json": "json", "kuaizhao.msgpack": "msgpack"}
ALIVE_S: Final = 20.0
"""How often a socket is told that the line is there: browsers hide pings from pages, and a line can end wordlessly.
A ping goes with it; a client that has not answered one by the next is gone. Each socket has a beat of its own: those
of aiohttp fall on full seconds, and ten thousand of them took 0.4 s."""
PING: Final = b""
"""Stands among the frames for a ping; nothing else that is sent is empty."""
CLOSE_S: Final = 5.0
"""How long a socket has to take what waits for it and the reason why it closes."""
LONGEST_FRAME: Final = 4096
HEARD: Final = frozenset({WSMsgType.PING, WSMsgType.PONG, WSMsgType.TEXT, WSMsgType.BINARY})
"""Kinds of messages after which a socket goes on."""
WRITER_LIMIT: Final = 65_536
"""So much may lie in the line's own buffer; what comes then waits among the frames, which are counted."""
AGAIN_S: Final = 0.05
"""How often a line that is full is looked at."""
LONGEST_LIFE_S: Final = 30 * 24 * 3600

SHUTTING_DOWN: Final = (1001, "shutting_down")
SLOW: Final = (4008, "slow")
REPLACED: Final = (4009, "replaced")
TOKEN_EXPIRED: Final = (4001, "bad_token")
GONE: Final = (1001, "gone")
ONLY_LISTENS: Final = (1003, "answer over HTTP")

log = structlog.get_logger()


class AliveFrame(Struct, tag_field="type", tag="alive"):
    """Nothing else was said lately: the line is there. A hello says how often, at least, some frame comes."""


ALIVE: Final[dict[Format, bytes]] = {each: wire.encode(AliveFrame(), each) for each in ("json", "msgpack")}


def alive_ms() -> int:
    """At most so much time lies between two frames of a line that is there."""
    return round(ALIVE_S * 1000)


class Socket:
    """What waits to be sent on one socket, and its end. Bounded: who does not keep up is dropped.

    Most sockets are idle most of the time, and thousands of them are open: there is no task besides the request's own.
    What is put in one turn of the event loop goes out as one write; while the line still holds much, it waits.
    """

    def __init__(self, wire_format: Format, size: int, session: str = "") -> None:
        self.session = session
        self.wire_format = wire_format
        self.why: tuple[int, str] | None = None
        """Code and reason for which it was told to end."""
        self._size = size
        self._opcode = WSMsgType.TEXT if wire_format == "json" else WSMsgType.BINARY
        self._frames: list[bytes] = []
        self._line: asyncio.Transport | None = None
        self._sending: asyncio.Handle | None = None
        self._stay: asyncio.Timeout | None = None
        self._alive: asyncio.TimerHandle | None = None
        self._waits_for_pong = False

    def put(self, frame: bytes) -> bool:
        """Queues a frame; False when the socket is too slow and ends."""
        if self.why is not None:
            return True
        if len(self._frames) >= self._size:
            self.end(SLOW)
            return False
        self._frames.append(frame)
        self._send_soon()
        return True

    def end(self, why: tuple[int, str]) -> None:
        """Asks the socket to close with a code and a reason."""
        if self.why is None:
            self.why = why
            if self._stay is not None:
                self._stay.reschedule(asyncio.get_running_loop().time())

    def open(self, line: asyncio.Transport, hello: bytes, stay: asyncio.Timeout) -> None:
        """The handshake is done: sends `hello` and then what has waited. `stay` is what `end` cuts short."""
        self._line, self._stay = line, stay
        self._frames.insert(0, hello)
        self._send_soon()
        own_beat = (1 + random()) / 2  # noqa: S311 - to spread them, not a secret; a hello is word enough for a while
        self._alive = asyncio.get_running_loop().call_later(ALIVE_S * own_beat, self._tell_alive)
        if self.why is not None:
            stay.reschedule(asyncio.get_running_loop().time())

    def stop(self) -> None:
        """Nothing more is sent."""
        self._line = self._stay = None
        for waiting in (self._alive, self._sending):
            if waiting is not None:
                waiting.cancel()

    def answered_ping(self) -> None:
        """The client is there."""
        self._waits_for_pong = False

    def _tell_alive(self) -> None:
        if self._waits_for_pong:
            self.end(GONE)
        self._waits_for_pong = True
        if not self._frames:  # else something is being said
            self.put(ALIVE[self.wire_format])
        self.put(PING)
        self._alive = asyncio.get_running_loop().call_later(ALIVE_S, self._tell_alive)

    def _send_soon(self) -> None:
        if self._sending is None and self._line is not None:
            self._sending = asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._sending = None
        line = self._line
        if line is None or line.is_closing():
            return  # whoever listens for the client sees that the line is gone
        if line.get_write_buffer_size() > WRITER_LIMIT:
            self._sending = asyncio.get_running_loop().call_later(AGAIN_S, self._send)
            return
        line.write(b"".join([framed(frame, self._opcode if frame else WSMsgType.PING) for frame in self._frames]))
        self._frames.clear()


def framed(payload: bytes, opcode: int) -> bytes:
    """A whole message as the server sends it: unmasked, in one frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return b"%c%c%b" % (0x80 | opcode, size, payload)
    if size < 1 << 16:
        return b"%c\x7e%b%b" % (0x80 | opcode, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (0x80 | opcode, size.to_bytes(8, "big"), payload)


def wanted_format(request: web.Request) -> Format:
    """The format of the subprotocol that the client offers; else the negotiated one."""
    return next((PROTOCOLS[p] for p in offered_protocols(request) if p in PROTOCOLS), wire.format_of(request))


async def shake_hands(request: web.Request) -> web.WebSocketResponse:
    """Answers the handshake."""
    answer = web.WebSocketResponse(
        protocols=tuple(PROTOCOLS),
        autoping=False,
        compress=False,
        timeout=CLOSE_S,
        max_msg_size=LONGEST_FRAME,
        writer_limit=WRITER_LIMIT,
    )
    await answer.prepare(request)
    return answer


async def talk(
    request: web.Request,
    answer: web.WebSocketResponse,
    socket: Socket,
    hello: bytes,
    life_s: float,
    hear: Callable[[str | bytes], Awaitable[None]] | None = None,
) -> None:
    """Sends `hello` and what comes after it, until the client goes, `life_s` is over, or the socket is told to end.
    What the client says goes to `hear`, one frame after the other; without it, who says anything is told to use HTTP.
    """
    try:
        async with asyncio.timeout(min(life_s, LONGEST_LIFE_S)) as stay:
            if request.transport is not None:  # else it is lost already, as `receive` tells
                socket.open(request.transport, hello, stay)
            while socket.why is None and (message := await answer.receive()).type in HEARD:
                if message.type is WSMsgType.PING:
                    await answer.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    socket.answered_ping()
                elif hear is not None:
                    await hear(message.data)
                else:
                    socket.end(ONLY_LISTENS)
                    break
    except TimeoutError:
        socket.end(TOKEN_EXPIRED)
    finally:
        socket.stop()
        await _close(request, answer, socket)


async def _close(request: web.Request, answer: web.WebSocketResponse, socket: Socket) -> None:
    code, reason = socket.why or (WSCloseCode.OK, "")
    if socket.why == GONE and request.transport is not None:
        request.transport.abort()  # nobody is there to shake hands with
    try:
        async with asyncio.timeout(CLOSE_S):
            await answer.close(code=code, message=reason.encode(), drain=False)
    except TimeoutError:
        pass  # it reads nothing any more
    finally:
        if request.transport is not None and socket.why is not None:
            request.transport.abort()  # else what it does not read would be kept for it
