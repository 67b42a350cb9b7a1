"""The home market of each person: the one that they are registered in; another refuses until they move.

    {homes}:market_of   hash   mark (a keyed hash of ID number, or of name and telephone) -> market

The only key that no market owns. A claim counts while the market that made it has the person: one that was left behind
by a crash, or by an erased person, is taken over, and given up within a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from matcher.connection import guarded
from matcher.store import Store

KEY: Final = "{homes}:market_of"
REGISTERING_S: Final = 30.0
"""Longer than it takes to register somebody who has been claimed."""
_AT_ONCE: Final = 2_000


def telling(marks: Sequence[str]) -> list[str]:
    """The marks that tell who it is; a telephone alone may be a family's."""
    return [mark for mark in marks if not mark.startswith("t:")]


async def claim(store: Store, people: Sequence[Sequence[str]]) -> list[str]:
    """Claims people, each known by their marks, for the store's market. Answers for each with the other market that
    they live in, or "" where they are at home here now. Raises StoreUnavailable."""
    known = [telling(marks) for marks in people]
    marks = [mark for each in known for mark in each]
    if not marks:
        return [""] * len(known)
    *_, homes = await store.ask([*(("HSETNX", KEY, mark, store.market) for mark in marks), ("HMGET", KEY, *marks)])
    home_of = dict(zip(marks, homes, strict=True))
    return [await _elsewhere(store, each, home_of) for each in known]


async def move(store: Store, marks: Sequence[str], market: str) -> None:
    """From now on these people live in another market. Raises StoreUnavailable."""
    if named := telling(marks):
        async with guarded():
            await store.commands.hset(KEY, mapping=dict.fromkeys(named, market))


async def tidy(store: Store) -> int:
    """Gives up the market's claims of people whom it does not have; answers with how many marks that were. Who is being
    registered just now has been claimed, and is there at the second look. Raises StoreUnavailable."""
    absent = await _absent(store, await _claimed(store))
    if absent:
        await asyncio.sleep(REGISTERING_S)
        absent = await _absent(store, absent)
    for first in range(0, len(absent), _AT_ONCE):
        async with guarded():
            await store.commands.hdel(KEY, *absent[first : first + _AT_ONCE])
    return len(absent)


async def _claimed(store: Store) -> list[str]:
    async with guarded(None):
        found = store.commands.hscan_iter(KEY, count=_AT_ONCE)
        return [mark.decode() async for mark, market in found if market.decode() == store.market]


async def _absent(store: Store, marks: list[str]) -> list[str]:
    """Those of the marks that nobody registered in the market has."""
    absent = []
    for first in range(0, len(marks), _AT_ONCE):
        some = marks[first : first + _AT_ONCE]
        async with guarded():
            holders = await store.commands.hmget(store.key("marks"), some)
        absent += [mark for mark, held in zip(some, holders, strict=True) if held is None]
    return absent


async def _elsewhere(store: Store, marks: list[str], home_of: dict[str, bytes]) -> str:
    for mark in marks:
        market = home_of[mark].decode()
        if market == store.market:
            continue
        async with guarded():
            if await store.commands.hexists(f"{{{market}}}:marks", mark):
                return market
            await store.commands.hset(KEY, mark, store.market)
    return ""
