"""The connection to one market's store: its clients, its function library, and calls with their answers.

What is asked for all the time, the operations and the reading of records, goes over a `Line`; events are listened to on
another. The rest uses two clients of redis-py: one for commands (short timeout, no automatic retries, since a retried
command may be applied twice) and one for blocking reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio as redis
from msgspec import Struct
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from matcher import codec, library
from matcher.errors import KuaizhaoError, StoreUnavailable
from matcher.line import Command, Line
from matcher.settings import MarketSettings

REFUSES_WRITES = (OutOfMemoryError, ReadOnlyError, ClusterDownError, TryAgainError)
"""What redis-py makes of OOM, READONLY, CLUSTERDOWN, MASTERDOWN and TRYAGAIN; LOADING is a ConnectionError to it."""
REFUSALS = (
    "OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "LOADING", "MISCONF", "NOREPLICAS", "BUSY",
)  # fmt: skip
"""How a store's answer begins that can do nothing now."""
COMMAND_TIMEOUT_S = 10.0
LISTENS_S = 5.0
"""How long a read of the events waits for one."""


class Done(Struct, kw_only=True):
    """What an operation answered. `v` is the record's version afterwards; `replay`: it had been done before."""

    v: int = 0
    replay: bool = False
    state: str = ""
    acceptance: str | None = None
    assignment: str | None = None
    order: int | None = None
    window_until_ms: int = 0
    offered: int = 0
    left_out: list[str] = []
    deadline_ms: int = 0
    done: int = 0
    next_ms: int = 0
    now_ms: int = 0
    outcome: str = ""
    answers: list[str | dict[str, str]] = []


def _unavailable(exc: Exception) -> bool:
    if isinstance(exc, (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)):
        return True
    # a store that is loading, read-only, out of memory or disk refuses to write: nothing was acknowledged
    return isinstance(exc, REFUSES_WRITES) or (isinstance(exc, ResponseError) and str(exc).startswith(REFUSALS))


def _not_loaded(exc: Exception) -> bool:
    """Whether the library, or this market's settings, are not there: a new store, or one that was emptied."""
    return isinstance(exc, ResponseError) and ("Function not found" in str(exc) or "NOSETTINGS" in str(exc))


@asynccontextmanager
async def guarded(timeout_s: float | None = COMMAND_TIMEOUT_S) -> AsyncIterator[None]:
    """Turns a store that cannot be reached, takes too long or refuses to write into StoreUnavailable.

    The time limit is ours and not the client's: on Python 3.11 the client's own (asyncio.wait_for around a send) can
    swallow the cancellation of a task.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (RedisError, OSError) as exc:
        raise _translated(exc) from exc


def _translated(exc: Exception) -> Exception:
    """What the caller is told: that the store is unavailable, or the error itself."""
    return StoreUnavailable(str(exc) or type(exc).__name__) if _unavailable(exc) else exc


async def _replies(line: Line, commands: Sequence[Command]) -> list[Any]:
    try:
        replies = await line.run(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies
    except (RedisError, OSError) as exc:
        raise _translated(exc) from exc


def _answer(reply: bytes) -> Done | KuaizhaoError:
    answer = codec.unpack(reply)
    if "no" in answer:
        return KuaizhaoError(answer["no"], answer["detail"])
    answer.pop("ok")
    return Done(**answer)


class Connection:
    """One market in one store. `prefix` is `{market}:`, so that all keys share a cluster slot."""

    def __init__(self, url: str, market: str, *, connections: int = 64, clock: str | None = None) -> None:
        self.market = market
        self.prefix = f"{{{market}}}:"
        self._clock = clock
        no_retry: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "protocol": 2}
        # Any: the stubs of redis-py mix answers of both protocols, bytes and str
        self.commands: Any = redis.Redis(
            connection_pool=redis.BlockingConnectionPool.from_url(
                url,
                max_connections=connections,
                timeout=COMMAND_TIMEOUT_S,
                socket_timeout=None,  # `guarded` limits the time
                socket_connect_timeout=2.0,
                **no_retry,
            )
        )
        self._pool = redis.ConnectionPool.from_url(url, socket_timeout=None, socket_connect_timeout=2.0, **no_retry)
        self.blocking: Any = redis.Redis(connection_pool=self._pool)
        self._line = self._new_line(COMMAND_TIMEOUT_S)
        self._unheard: list[Line] = []
        """Lines on which nobody listens now. Each listener has one to itself: a command that waits in the store keeps
        all behind it waiting."""

    def _new_line(self, patience_s: float) -> Line:
        return Line(self._pool.make_connection(), patience_s)  # type: ignore[no-untyped-call]

    async def load(self, settings: MarketSettings | None = None) -> None:
        """Writes the market's settings (given ones, else defaults for missing ones) and loads the function library.

        All settings appear at once and before the functions: an operation that met half of them would end half done.
        """
        async with guarded():
            pipe = self.commands.pipeline(transaction=True)
            for name, value in codec.unpack(codec.pack(settings or MarketSettings())).items():
                write = pipe.hsetnx if settings is None else pipe.hset
                write(self.key("settings"), name, value)
            await pipe.execute()
            await self.commands.function_load(library.source(self._clock), replace=True)

    async def close(self) -> None:
        """Closes every connection."""
        for line in (self._line, *self._unheard):
            line.drop()
        for client in (self.commands, self.blocking):
            await client.aclose(close_connection_pool=True)  # a pool that was handed in is not closed by itself

    def key(self, kind: str, id_: str | None = None) -> str:
        """Key of a record, or of a single thing of the market."""
        return f"{self.prefix}{kind}" if id_ is None else f"{self.prefix}{kind}:{id_}"

    # -- calling functions ------------------------------------------------------------------------------------------

    async def call(self, name: str, *args: Any) -> Done:
        """Runs one operation. Raises KuaizhaoError with the function's code, StoreUnavailable when nothing is sure."""
        (result,) = await self.call_many([(name, args)])
        if isinstance(result, KuaizhaoError):
            raise result
        return result

    async def call_many(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Done | KuaizhaoError]:
        """Runs operations in one round trip; each is atomic by itself, and each has its own answer."""
        replies = await self._send(calls)
        if any(isinstance(r, Exception) and _not_loaded(r) for r in replies):
            await self.load()
            replies = await self._send(calls)
        answers: list[Done | KuaizhaoError] = []
        for reply in replies:
            if isinstance(reply, Exception):
                if _unavailable(reply):
                    raise StoreUnavailable(str(reply)) from reply
                raise reply
            answers.append(_answer(reply))
        return answers

    async def _send(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        try:
            return await self._line.run([("FCALL", f"kz_{name}", 1, self.prefix, *args) for name, args in calls])
        except (RedisError, OSError) as exc:
            raise _translated(exc) from exc

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Replies to plain commands, in one round trip. Raises StoreUnavailable, or the first error among them."""
        return await _replies(self._line, commands) if commands else []

    async def listen(self, command: Command) -> Any:
        """The reply to a command that waits in the store, `LISTENS_S` at most. Raises StoreUnavailable."""
        line = self._unheard.pop() if self._unheard else self._new_line(LISTENS_S + COMMAND_TIMEOUT_S)
        try:
            (reply,) = await _replies(line, [command])
        except BaseException:
            line.drop()  # the store may still be waiting
            raise
        self._unheard.append(line)
        return reply

    async def now_ms(self) -> int:
        """The store's real clock."""
        async with guarded():
            seconds, micros = await self.commands.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def ping(self) -> None:
        """Raises StoreUnavailable unless the store answers."""
        async with guarded():
            await self.commands.ping()
