"""Memories of a market, as the matcher builds them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from matcher import questions
from matcher.browse import Desk
from matcher.replica import Replica
from matcher.score import Weights
from matcher.settings import MarketSettings
from matcher.store import Store
from tests import builders

DAYLIGHT = MarketSettings(quiet_from_minute=0, quiet_until_minute=0)
"""No quiet hours: tests run at any time of the day."""


def empty(store: Store) -> Replica:
    """A memory that holds nothing yet."""
    return Replica(store, DAYLIGHT, dimension=builders.DIMENSION, model=builders.MODEL)


async def rebuilt(store: Store) -> Replica:
    """A memory built from the records alone."""
    memory = empty(store)
    await memory.load()
    return memory


@asynccontextmanager
async def answering(store: Store) -> AsyncIterator[None]:
    """Meanwhile a memory of the market as it is answers questions, as the matcher does."""
    now_ms = await store.now_ms()
    desk = Desk(await rebuilt(store), Weights(), lambda: now_ms)
    task = asyncio.create_task(questions.answer_questions(store, desk.answer))
    async with asyncio.timeout(10):
        while (await store.commands.pubsub_numsub(store.key(questions.CHANNEL)))[0][1] == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    yield
    task.cancel()
    await asyncio.wait([task])
