"""The whole dispatch, beside what most teams write first on the same store: GEOSEARCH, then a filter in Python.

Both take one open posting to written offers, on the same embedded store, which syncs every write before it answers.
Ours decides from the matcher's memory and writes the wave; the loop asks the store who is within the circle, reads
their records in one round trip, goes through them, takes the nearest who fit and writes each an offer. It writes as
many as ours did, compares no vectors, and knows nothing of calendars, caps, waves or reasons.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgpack
import numpy as np
from msgspec import structs

from loadtest.bench import oracle
from loadtest.bench.cold import running_store
from loadtest.bench.open_postings import DIMENSION, EMPLOYERS
from loadtest.bench.timing import Json, spread
from loadtest.peers.city import City, Question
from loadtest.population import MODEL, NOON_MS
from matcher import plan
from matcher.dispatch import Dispatcher
from matcher.errors import KuaizhaoError
from matcher.model import DAY_MS, Employer, Hours, Posting
from matcher.replica import Replica
from matcher.settings import MarketSettings
from matcher.store import PostingWrite, Store, opened
from matcher.trades import trades
from matcher.waves import RADII_M

MARKET: Final = "peers"
AT_ONCE: Final = 2_000
REPLY_S: Final = 1_800
GEO: Final = "loop:where"
FIELDS: Final = ("doc", "paused", "suspended_until_ms")


async def _register(store: Store, c: City) -> None:
    await store.put_model(MODEL, DIMENSION)
    await store.configure({"quiet_from_minute": 0, "quiet_until_minute": 0})
    for name in EMPLOYERS:
        await store.put_employer(name, Employer(name="虚构用工方", verified=True))
    people, vectors = c.records(), iter(c.vectors)
    while some := list(islice(people, AT_ONCE)):
        calls = [store.register_call(r.id, r.doc, b"", next(vectors), MODEL) for r in some]
        for answer in await store.call_many(calls):
            if isinstance(answer, KuaizhaoError):
                raise answer
        where = [part for r in some for part in (r.doc.place.lon, r.doc.place.lat, r.id)]
        await store.commands.geoadd(GEO, where)


async def _post(store: Store, some: Sequence[Question], now_ms: int) -> list[Posting]:
    later_ms = (now_ms - NOON_MS) // DAY_MS * DAY_MS + DAY_MS
    docs = []
    for q in some:
        doc = q.posting.doc
        start_ms = doc.start_ms + later_ms
        doc = structs.replace(doc, start_ms=start_ms, end_ms=doc.end_ms + later_ms, valid_until_ms=start_ms)
        write = PostingWrite(doc=doc, vector=q.vector, model=MODEL)
        await store.post(q.posting.id, write, verdict="open", reason="", award="instant", seed="5eed" * 8)
        docs.append(doc)
    return docs


class Loop:
    """What most teams write first."""

    def __init__(self, store: Store, settings: MarketSettings) -> None:
        self.store, self.settings = store, settings

    async def dispatch(self, posting: str, doc: Posting, wanted: int) -> list[str]:
        """Ids of who got an offer: circle after circle, as ours, until enough people fit."""
        for radius_m in RADII_M:
            found = await self._within(doc, radius_m)
            if len(found) >= wanted:
                break
        pipe = self.store.commands.pipeline(transaction=True)
        for id_ in found[:wanted]:
            pipe.set(f"loop:offer:{posting}:{id_}", b"open", ex=REPLY_S)
            pipe.publish(f"loop:worker:{id_}", posting)
        await pipe.execute()
        return found[:wanted]

    async def _within(self, doc: Posting, radius_m: float) -> list[str]:
        commands, place = self.store.commands, doc.place
        near = await commands.geosearch(
            GEO, longitude=place.lon, latitude=place.lat, radius=radius_m, unit="m", sort="ASC", withdist=True
        )
        pipe = commands.pipeline(transaction=False)
        for id_, _ in near:
            pipe.hmget(self.store.key("profile", id_.decode()), FIELDS)
        fits = self._fits(doc)
        people = zip(near, await pipe.execute(), strict=True)
        return [id_.decode() for (id_, metres), raw in people if fits(raw, metres)]

    def _fits(self, doc: Posting) -> Callable[[list[bytes | None], float], bool]:
        """The six conditions, the quick ones first; whole weeks are looked at once."""
        able = _able(doc.trade)
        offered = oracle.per_hour(doc.pay, (doc.end_ms - doc.start_ms) / 3_600_000)
        day, weeks = oracle.local(doc.start_ms, self.settings).date(), dict[bytes, bool]()

        def fits(raw: list[bytes | None], metres: float) -> bool:
            who: dict[str, Any] = msgpack.unpackb(raw[0])
            if raw[1] == b"1" or int(raw[2] or 0) > NOON_MS or able.isdisjoint(who["trades"]):
                return False
            pay, born = who["pay"], who["born"]
            if pay["fen"] / (8 if pay["unit"] in ("day", "shift") else 1) > offered or metres > who["radius_m"]:
                return False
            years = day.year - int(born[:4]) - ((day.month, day.day) < (int(born[5:7]), int(born[8:])))
            if not (doc.age_min or 16) <= years <= (doc.age_max or 200):
                return False
            week = msgpack.packb(who.get("hours", []))
            if week not in weeks:
                wanted = [Hours(**hours) for hours in who.get("hours", [])]
                weeks[week] = oracle.free_for(wanted, doc, self.settings)
            return weeks[week]

        return fits


@cache
def _able(trade: str) -> frozenset[str]:
    """Trades whose workers may do this one."""
    return frozenset(name for name in trades() if oracle.able(trade, [name]))


async def _ours(dispatcher: Dispatcher, id_: str, after: str) -> int:
    """People offered it. A question over very many people is answered on a thread: its wave is known by its event,
    which comes `after`."""
    for wave in await dispatcher.dispatch([id_]):
        return len(wave.offered)
    while True:
        for change in await dispatcher.store.changes(after):
            if change.kind == "posting.offered" and change.id == id_:
                return len(change.who)
            after = change.stream_id


async def _measure(url: str, c: City, some: Sequence[Question], rounds: int) -> Json:
    async with opened(url, MARKET) as store:
        await store.load()
        await _register(store, c)
        docs = await _post(store, some, await store.now_ms())
        settings, (model, dimension) = await store.market_settings(), await store.model()
        memory = Replica(store, settings, model=model, dimension=dimension)
        await memory.load()
        dispatcher, loop = Dispatcher(store, memory), Loop(store, settings)
        await dispatcher.set_clock()
        plan.warm()
        answering = asyncio.create_task(dispatcher.answer_wide())
        ours: list[list[float]] = [[] for _ in range(rounds)]
        theirs: list[list[float]] = [[] for _ in range(rounds)]
        offers = theirs_offers = 0
        for n, (q, doc) in enumerate(zip(some, docs, strict=True)):
            after, _ = await store.stream_end()
            begun = time.perf_counter_ns()
            wanted = await _ours(dispatcher, q.posting.id, after)
            between = time.perf_counter_ns()
            found = await loop.dispatch(q.posting.id, doc, wanted)
            ended = time.perf_counter_ns()
            if n == 0:
                continue  # neither is warm yet
            ours[n % rounds].append((between - begun) / 1e6)
            theirs[n % rounds].append((ended - between) / 1e6)
            offers, theirs_offers = offers + wanted, theirs_offers + len(found)
        answering.cancel()
        await asyncio.wait([answering])
    return {
        "profiles": len(c),
        "postings": len(some) - 1,
        "offers_per_posting": round(offers / (len(some) - 1), 1),
        "loop_offers_per_posting": round(theirs_offers / (len(some) - 1), 1),
        "ours_ms": spread([float(np.median(r)) for r in ours]),
        "geosearch_loop_ms": spread([float(np.median(r)) for r in theirs]),
    }


def measure(c: City, some: Sequence[Question], rounds: int, folder: Path) -> Json:
    """Median milliseconds of a dispatch, over the rounds; the first posting is for warming up and does not count."""
    with running_store(folder) as store:
        result = asyncio.run(_measure(store.url, c, some, rounds))
    result["speedup"] = round(result["geosearch_loop_ms"]["median"] / result["ours_ms"]["median"], 1)
    return result
