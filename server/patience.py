"""How long a request may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from matcher.errors import KuaizhaoError

T = TypeVar("T")


class Patience:
    """Ends what takes too long. One timer watches over all: a timer each costs as much as the rest of a request's way
    to its handler."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._begun: dict[asyncio.Task[Any], float] = {}  # who began first stands first
        self._late: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.TimerHandle | None = None

    async def wait_for(self, work: Callable[[], Awaitable[T]]) -> T:
        """The work's result. Raises `timeout`; the work was cancelled then, as by asyncio.timeout."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._begun[task] = loop.time()
        if self._watch is None:
            self._watch = loop.call_later(self._patience_s, self._look)
        try:
            return await work()
        except asyncio.CancelledError as exc:
            if task in self._late and task.uncancel() == 0:  # else somebody else has cancelled it too
                raise KuaizhaoError("timeout") from exc
            raise
        finally:
            del self._begun[task]
            self._late.discard(task)

    def _look(self) -> None:
        self._watch = None
        loop = asyncio.get_running_loop()
        for task, begun_s in self._begun.items():
            left_s = begun_s + self._patience_s - loop.time()
            if left_s > 0:
                self._watch = loop.call_later(left_s, self._look)
                return
            if task not in self._late:
                self._late.add(task)
                task.cancel()
