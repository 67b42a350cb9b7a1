"""How many are worked on at once: all together, each worker's, and those before each door."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from prometheus_client import Gauge

from matcher.errors import KuaizhaoError, Overloaded
from matcher.settings import Settings
from server.patience import Patience
from server.sessions import Caller

WORKER_REQUESTS_AT_ONCE: Final = 8
"""One worker's phone does not need more; more are answered 429."""
DOOR_AT_ONCE: Final = 4
DOOR_LINE: Final = 60
"""All doors' lines together stay far below `requests_at_once`."""

T = TypeVar("T")


class Gate:
    """Counts what is worked on: all requests together, and each worker's."""

    def __init__(self, settings: Settings, working: Gauge) -> None:
        self._most = settings.requests_at_once
        self._patience = Patience(settings.request_timeout_s)
        self._working = 0
        working.set_function(lambda: self._working)
        self._by_worker: defaultdict[str, int] = defaultdict(int)

    async def request(self, work: Callable[[], Awaitable[T]]) -> T:
        """A request at work. Raises `overloaded` when there are too many, `timeout` when it takes too long."""
        if self._working >= self._most:
            raise Overloaded()
        self._working += 1
        try:
            return await self._patience.wait_for(work)
        finally:
            self._working -= 1

    async def caller(self, caller: Caller, work: Callable[[], Awaitable[T]]) -> T:
        """A caller's request at work. Raises `too_many_requests` for a worker with too many of them."""
        if caller.role not in ("worker", "newcomer"):
            return await work()
        if self._by_worker[caller.subject] >= WORKER_REQUESTS_AT_ONCE:
            raise KuaizhaoError("too_many_requests")
        self._by_worker[caller.subject] += 1
        try:
            return await work()
        finally:
            self._by_worker[caller.subject] -= 1
            if not self._by_worker[caller.subject]:
                del self._by_worker[caller.subject]


class Door:
    """A route that asks for no session: a few at work, some in line. A crowd in front of it, which anybody can send,
    takes no turns from those who are in."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(DOOR_AT_ONCE)
        self._here = 0

    async def request(self, work: Callable[[], Awaitable[T]]) -> T:
        """A request in its turn. Raises `overloaded` where the line is long."""
        if self._here >= DOOR_AT_ONCE + DOOR_LINE:
            raise Overloaded()
        self._here += 1
        try:
            async with self._turn:
                return await work()
        finally:
            self._here -= 1
