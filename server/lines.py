"""How many connections one address may hold open."""

from __future__ import annotations

import asyncio
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
        self._full_until: dict[str, float] = {}
        self._look_at: dict[str, int] = {}
        self._tidy_at = ADDRESSES_KEPT

    def is_proxy(self, address: str) -> bool:
        """Whether a trusted proxy has this address."""
        return is_trusted(address, self._proxies)

    def admits(self, transport: asyncio.Transport) -> bool:
        """Whether this connection may stay; those of a trusted proxy always may."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
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
        return True

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
