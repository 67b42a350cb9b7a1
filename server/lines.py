"""How many connections one address may hold open, and how many of them without a word."""

from __future__ import annotations

import asyncio
import fcntl
import termios
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from server.metrics import Metrics
from server.peers import Networks, is_trusted

FULL_S: Final = 0.05
"""How long an address that had as many as it may is turned away without looking at its lines again."""
FEW: Final = 16
"""With so many lines, and again with twice as many as were open then, an address's lines that have ended are let go."""
SILENT_MOST: Final = 100
"""So many lines of an address may have said nothing yet; with one more the first of them is ended. A flood of silent
lines is let go one by one while it comes: a thousand that end at once hold up everybody for 7 ms."""
ADDRESSES_KEPT: Final = 10_000


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
        self._silent: defaultdict[str, dict[asyncio.Transport, None]] = defaultdict(dict)
        self._full_until: dict[str, float] = {}
        self._look_at: dict[str, int] = {}
        self._tidy_at = ADDRESSES_KEPT

    def is_proxy(self, address: str) -> bool:
        """Whether a trusted proxy has this address."""
        return is_trusted(address, self._proxies)

    def admits(self, transport: asyncio.Transport, address: str) -> bool:
        """Whether this connection may stay; those of a trusted proxy always may."""
        if self.is_proxy(address):
            return True
        if len(self._open) >= self._tidy_at:
            self._tidy()
        mine = self._open[address]
        if len(mine) >= self._look_at.get(address, FEW):
            self._let_go(address, mine)
        if len(mine) >= self._most and not self._has_room(address, mine):
            self._metrics.lines_refused.inc()
            return False
        mine.append(transport)
        self._silent[address][transport] = None
        if len(self._silent[address]) > SILENT_MOST:
            self._end_the_first(self._silent[address])
        return True

    def speaks(self, transport: asyncio.Transport, address: str) -> None:
        """Something has come on this connection, or it has ended."""
        if (silent := self._silent.get(address)) is not None:
            silent.pop(transport, None)
            if not silent:
                del self._silent[address]

    def _end_the_first(self, silent: dict[asyncio.Transport, None]) -> None:
        first = next(iter(silent))
        del silent[first]
        if not first.is_closing() and not _has_sent(first):
            self._metrics.lines_refused.inc()
            first.abort()

    def _has_room(self, address: str, mine: list[asyncio.Transport]) -> bool:
        now_s = self._clock()
        if now_s < self._full_until.get(address, now_s):
            return False
        self._let_go(address, mine)
        self._full_until[address] = now_s + FULL_S
        return len(mine) < self._most

    def _let_go(self, address: str, mine: list[asyncio.Transport]) -> None:
        mine[:] = [other for other in mine if not other.is_closing()]
        self._look_at[address] = max(FEW, 2 * len(mine))

    def _tidy(self) -> None:
        for address, mine in list(self._open.items()):
            if all(line.is_closing() for line in mine):
                del self._open[address]
                self._full_until.pop(address, None)
                self._look_at.pop(address, None)
        self._tidy_at = ADDRESSES_KEPT + 2 * len(self._open)


def _has_sent(transport: asyncio.Transport) -> bool:
    """Whether something has come that was not read yet."""
    waiting = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.FIONREAD, bytes(4))
    return any(waiting)
