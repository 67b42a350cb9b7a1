"""The line to the store: calls side by side, answers in order, and what becomes of them when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import redis.asyncio as redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from matcher.errors import StoreUnavailable
from matcher.line import Line
from matcher.store import Store


def line_to(store: Store, patience_s: float = 10.0, **log_in: str | int) -> Line:
    kwargs = store.blocking.connection_pool.connection_kwargs | log_in
    pool = redis.ConnectionPool(store.blocking.connection_pool.connection_class, **kwargs)
    return Line(pool.make_connection(), patience_s)  # type: ignore[no-untyped-call]


@pytest.fixture
async def line(market: Store) -> AsyncIterator[Line]:
    held = line_to(market)
    yield held
    held.drop()


async def test_answers_come_in_the_order_of_the_questions(line: Line, market: Store) -> None:
    key = market.key("line")
    asked = [line.run([("RPUSH", key, n), ("ECHO", f"{n}")]) for n in range(200)]
    for n, replies in enumerate(await asyncio.gather(*asked)):
        assert replies == [n + 1, str(n).encode()]


async def test_an_error_is_the_answer_to_its_own_command_only(line: Line) -> None:
    first, wrong, last = await line.run([("ECHO", b"\xff"), ("NOSUCH",), ("ECHO", 2.5)])
    assert (first, last) == (b"\xff", b"2.5")
    assert isinstance(wrong, ResponseError)


async def test_whoever_gives_up_does_not_take_the_answer_of_another(line: Line) -> None:
    given_up = asyncio.create_task(line.run([("ECHO", "theirs")]))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await line.run([("ECHO", "mine")]) == [b"mine"]
    with suppress(asyncio.CancelledError):
        await given_up


async def test_a_lost_connection_is_told_to_all_who_wait_and_the_next_call_opens_another(
    line: Line, market: Store
) -> None:
    (me,) = await line.run([("CLIENT", "ID")])
    waiting = [asyncio.create_task(line.run([("BLPOP", market.key("never"), 0)])) for _ in range(3)]
    await asyncio.sleep(0)
    await market.commands.client_kill_filter(_id=me, skipme=False)
    for told in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(told, RedisConnectionError)
    assert await line.run([("ECHO", "again")]) == [b"again"]


async def test_no_answer_in_time_ends_the_connection(market: Store) -> None:
    line = line_to(market, patience_s=0.02)
    with pytest.raises(RedisConnectionError):
        await line.run([("BLPOP", market.key("never"), 0)])
    assert await line.run([("ECHO", "again")]) == [b"again"]
    line.drop()


async def test_it_logs_in_and_chooses_the_database(line: Line, market: Store) -> None:
    user = market.market
    await line.run([("ACL", "SETUSER", user, "on", ">a-password", "~*", "+@all")])
    try:
        inside = line_to(market, username=user, password="a-password", db=1)
        assert await inside.run([("ACL", "WHOAMI")]) == [user.encode()]
        (told,) = await inside.run([("CLIENT", "INFO")])
        assert b" db=1 " in told
        inside.drop()
        with pytest.raises(ResponseError, match="WRONGPASS"):
            await line_to(market, username=user, password="another").run([("PING",)])
    finally:
        await line.run([("ACL", "DELUSER", user)])


async def test_a_store_that_is_not_there_is_unavailable() -> None:
    store = Store("unix:///nowhere/store.sock", "m")
    with pytest.raises(StoreUnavailable):
        await store.hashes("profile", ["p"])
    with pytest.raises(StoreUnavailable):
        await store.changes("0-0")
    await store.close()
