"""What takes too long ends, and nothing else does."""

from __future__ import annotations

import asyncio

import pytest

from matcher.errors import KuaizhaoError
from server.patience import Patience


async def test_each_has_its_own_time() -> None:
    patience, order, never = Patience(0.05), [], asyncio.Event()

    async def late(name: str) -> None:
        with pytest.raises(KuaizhaoError, match="timeout"):
            await patience.wait_for(never.wait)
        order.append(name)

    first = asyncio.create_task(late("first"))
    await asyncio.sleep(0.03)
    second = asyncio.create_task(late("second"))
    assert await patience.wait_for(lambda: asyncio.sleep(0.001, "done")) == "done"
    await first
    assert order == ["first"]
    await second
    assert not first.cancelling()
    with pytest.raises(KuaizhaoError, match="timeout"):  # the watch begins again
        await patience.wait_for(never.wait)


async def test_who_is_cancelled_otherwise_stays_cancelled() -> None:
    patience, never = Patience(0.01), asyncio.Event()
    gone = asyncio.create_task(patience.wait_for(never.wait))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    async def slow_to_end() -> None:
        try:
            await never.wait()
        finally:
            await asyncio.sleep(0.03)

    both = asyncio.create_task(patience.wait_for(slow_to_end))
    await asyncio.sleep(0.02)  # late by now, and still tidying up
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both


async def test_what_fails_fails_as_it_is() -> None:
    async def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Patience(1.0).wait_for(broken)
