"""One socket: what waits to be sent on it, why it ends, and its life from the handshake to the last frame."""

from __future__ import annotations

import asyncio
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
WRITER_LIMIT: Final = 65_536
LONGEST_LIFE_S: Final = 30 * 24 * 3600

SHUTTING_DOWN: Final = (1001, "shutting_down")
SLOW: Final = (4008, "slow")
REPLACED: Final = (4009, "replaced")
TOKEN_EXPIRED: Final = (4001, "bad_token")
GONE: Final = (1001, "gone")
ONLY_LISTENS: Final = (1003, "answer over HTTP")
BROKEN: Final = (1011, "internal")

log = structlog.get_logger()


class AliveFrame(Struct, tag_field="type", tag="alive"):
    """Nothing else was said lately: the line is there. A hello says how often, at least, some frame comes."""


ALIVE: Final[dict[Format, bytes]] = {each: wire.encode(AliveFrame(), each) for each in ("json", "msgpack")}


def alive_ms() -> int:
    """At most so much time lies between two frames of a line that is there."""
    return round(ALIVE_S * 1000)


class Socket:
    """What waits to be sent on one socket, and its end. Bounded: who does not keep up is dropped.

    Most sockets are idle most of the time, and thousands of them are open: an idle one has no task besides its
    request's own. Frames are sent by a task that lives while there are some.
    """

    def __init__(self, wire_format: Format, size: int, session: str = "") -> None:
        self.session = session
        self.wire_format = wire_format
        self.why: tuple[int, str] | None = None
        """Code and reason for which it was told to end."""
        self._size = size
        self._frames: list[bytes] = []
        self._answer: web.WebSocketResponse | None = None
        self._sending: asyncio.Task[None] | None = None
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

    def open(self, answer: web.WebSocketResponse, hello: bytes, stay: asyncio.Timeout) -> None:
        """The handshake is done: sends `hello` and then what has waited. `stay` is what `end` cuts short."""
        self._answer, self._stay = answer, stay
        self._frames.insert(0, hello)
        self._send_soon()
        own_beat = (1 + random()) / 2  # noqa: S311 - to spread them, not a secret; a hello is word enough for a while
        self._alive = asyncio.get_running_loop().call_later(ALIVE_S * own_beat, self._tell_alive)
        if self.why is not None:
            stay.reschedule(asyncio.get_running_loop().time())

    async def stop(self) -> None:
        """Nothing more is sent."""
        self._answer = self._stay = None
        if self._alive is not None:
            self._alive.cancel()
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])

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
        if self._sending is None and self._answer is not None:
            self._sending = asyncio.create_task(self._send(self._answer))

    async def _send(self, answer: web.WebSocketResponse) -> None:
        opcode = WSMsgType.TEXT if self.wire_format == "json" else WSMsgType.BINARY
        try:
            while self._frames:
                frame = self._frames[0]
                await answer.send_frame(frame, opcode if frame else WSMsgType.PING)
                del self._frames[0]
        except ConnectionError:
            pass  # whoever listens for the client sees that the line is gone
        except Exception:
            log.exception("socket_failed")
            self.end(BROKEN)
        finally:
            self._sending = None


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
    request: web.Request, answer: web.WebSocketResponse, socket: Socket, hello: bytes, life_s: float
) -> None:
    """Sends `hello` and what comes after it, until the client goes, `life_s` is over, or the socket is told to end.
    A client that sends anything is told to use HTTP."""
    try:
        async with asyncio.timeout(min(life_s, LONGEST_LIFE_S)) as stay:
            socket.open(answer, hello, stay)
            while (message := await answer.receive()).type in (WSMsgType.PING, WSMsgType.PONG):
                if message.type is WSMsgType.PING:
                    await answer.pong(message.data)
                else:
                    socket.answered_ping()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                socket.end(ONLY_LISTENS)
    except TimeoutError:
        socket.end(TOKEN_EXPIRED)
    finally:
        await socket.stop()
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
