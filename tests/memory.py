"""Memories of a market, as the matcher builds them."""

from __future__ import annotations

from matcher.replica import Replica
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
