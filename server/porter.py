"""The porter at each connection: who only holds a line open costs no more than a timer, and who has shown no session is
heard in their turn."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web

from server.lines import Lines
from server.turns import Turns

KEEPALIVE_S: Final = 30.0
"""A connection that has asked nothing for so long, or has not finished its first headers, is closed."""
HUNG_UP: Final = getattr(select, "POLLRDHUP", 0)
"""The other side has closed; the kernel of Linux tells it of lines that nobody reads, too."""


class Porter(asyncio.Protocol):
    """Stands before the HTTP protocol and hands on what comes."""

    def __init__(self, lines: Lines, turns: Turns, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._lines = lines
        self._turns = turns
        self._protocol = protocol
        self._line: asyncio.Transport | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._http: asyncio.Protocol | None = None
        self._heard = False
        """Whether what comes is handed on at once: a request is at work, or the last one showed a session."""
        self._is_known = False
        self._is_proxy = False
        self._unread = b""
        self._has_ended = False
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        line = cast(asyncio.Transport, transport)
        peer = line.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        if not self._lines.admits(line, self.address):
            line.abort()
            return
        self._line = line
        self._silence = asyncio.get_running_loop().call_later(KEEPALIVE_S, line.abort)

    def data_received(self, data: bytes) -> None:
        """Some bytes: a request's first, or more."""
        if self._line is None:
            return  # it has not been admitted
        if self._heard and self._http is not None:
            if self._is_known:
                self._turns.goes_ahead(self)
            self._http.data_received(data)
            return
        self._unread += data
        if len(self._unread) > len(data):
            return  # it waits already
        self._lines.speaks(self._line, self.address)
        if self._lines.is_proxy(self.address):  # its connections carry everybody's requests, one after the other's
            self._is_proxy = True
            self.speak()
            return
        self._turns.ask(self)
        if not self._heard:
            self._line.pause_reading()

    def is_gone(self) -> bool:
        """Whether nobody is there any more. While a line waits it is not read, so that only the kernel knows: without a
        look thousands who come back at once, wait too long and try again would be heard and answered in vain, and those
        behind them would wait too long in their turn."""
        line = self._line
        if self._has_ended or line is None or line.is_closing():
            return True
        if _has_hung_up(line):
            line.abort()
            return True
        return False

    def speak(self) -> None:
        """It is this line's turn."""
        line = self._line
        if line is None or line.is_closing():
            return
        self._heard = True
        if self._http is None:
            self._http = self._protocol()
            self._http.connection_made(line)
        if self._silence is not None:
            self._silence.cancel()
        data, self._unread = self._unread, b""
        line.resume_reading()
        self._http.data_received(data)

    def shown(self) -> None:
        """The request shows a session."""
        self._is_known = True
        self._turns.goes_ahead(self)

    def over(self, *, known: bool) -> None:
        """The request was answered; what comes next is heard at once where it showed a session."""
        self._is_known = known
        self._heard = known or self._is_proxy
        self._turns.over(self)

    def eof_received(self) -> bool | None:
        """The other side has no more to say."""
        return self._http.eof_received() if self._http is not None else None

    def pause_writing(self) -> None:
        """The other side reads slowly."""
        if self._http is not None:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._http is not None:
            self._http.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._has_ended = True
        self._turns.over(self)
        if self._line is not None:
            self._lines.speaks(self._line, self.address)
        if self._silence is not None:
            self._silence.cancel()
        if self._http is not None:
            self._http.connection_lost(exc)


def _has_hung_up(line: asyncio.Transport) -> bool:
    look = select.poll()
    look.register(line.get_extra_info("socket").fileno(), HUNG_UP)
    return bool(look.poll(0))


def session_shown(request: web.Request) -> None:
    """Tells the porter of the request's connection that whoever asks is no stranger."""
    if (porter := _porter(request)) is not None:
        porter.shown()


def answered(request: web.Request, *, known: bool) -> None:
    """Tells the porter of the request's connection that it has its answer; `known`: it showed a session."""
    if (porter := _porter(request)) is not None:
        porter.over(known=known)


def _porter(request: web.Request) -> Porter | None:
    line = request.transport
    porter = line.get_protocol() if line is not None else None
    return porter if isinstance(porter, Porter) else None
