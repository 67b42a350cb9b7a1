"""Small builders of visibly invented sites, people, employers and postings, and the shortest way to a posting in play.

Documents are pure; the functions that take a store write them through the same operations as the server does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray

from matcher import codec, records
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import HOUR_MS, Certificate, Employer, Pay, Person, Place, Posting, Profile, Site
from matcher.seating import Offered
from matcher.store import PostingWrite, Store

MINUTE_MS = 60_000
MODEL = "invented-model"
DIMENSION = 256
SITE = "site-chengyang"
EMPLOYER = "firm-1"
TRADE = "porter"
HERE = Place(lat=36.3071, lon=120.3963, text="虚构路1号")
SEED = "5eed" * 8


def site(**over: Any) -> Site:
    """An invented site."""
    return structs.replace(Site(name="虚构零工之家", district="城阳区", place=HERE), **over)


def employer(**over: Any) -> Employer:
    """A verified invented firm."""
    known = Employer(name="虚构搬运有限公司", credit_code="91370200XXXXXXXXXX", verified=True)
    return structs.replace(known, **over)


def profile(**over: Any) -> Profile:
    """A porter of 1980 who takes any hours within 10 km."""
    known = Profile(
        site=SITE,
        trades=[TRADE],
        skills="有力气,肯吃苦(虚构)",
        born=date(1980, 5, 1),
        place=HERE,
        pay=Pay(fen=2_000, unit="hour"),
    )
    return structs.replace(known, **over)


def certificate(kind: str = "forklift", expires: date | None = None) -> Certificate:
    """A certificate that does not run out unless told."""
    return Certificate(kind=kind, expires=expires)


def person(n: int = 1, **over: Any) -> Person:
    """Invented person number n; the telephone prefix 100 is given to nobody."""
    known = Person(name=f"虚构人{n}", telephone=f"100{n:08d}", consent="2026-01")
    return structs.replace(known, **over)


def posting(now_ms: int, **over: Any) -> Posting:
    """Two porters for a shift of eight hours that starts in ten hours, so that nothing is urgent by itself.

    `starts_in_ms` and `lasts_ms` move the shift; every other keyword replaces a field.
    """
    start_ms = now_ms + over.pop("starts_in_ms", 10 * HOUR_MS)
    end_ms = start_ms + over.pop("lasts_ms", 8 * HOUR_MS)
    known = Posting(
        employer=EMPLOYER,
        site=SITE,
        trade=TRADE,
        text="虚构:搬运纸箱,日结",
        headcount=2,
        start_ms=start_ms,
        end_ms=end_ms,
        place=HERE,
        pay=Pay(fen=20_000, unit="day"),
        valid_until_ms=start_ms,
    )
    return structs.replace(known, **over)


def vector(n: int = 0) -> NDArray[np.float32]:
    """A unit vector, another one for each n."""
    drawn = np.random.default_rng(n).standard_normal(DIMENSION).astype(np.float32)
    return drawn / np.float32(np.linalg.norm(drawn))


def write(doc: Posting) -> PostingWrite:
    """A posting as the server hands it to the store."""
    return PostingWrite(doc=doc, vector=vector(), model=MODEL)


async def register(store: Store, *ids: str, **over: Any) -> None:
    """Registers invented workers."""
    for id_ in ids:
        await store.register(id_, profile(**over), b"sealed:" + id_.encode(), vector(), MODEL)


async def market_now_ms(store: Store) -> int:
    """The market's clock with the tests' shift in it."""
    moved, stopped = await store.commands.mget(store.key("test_clock_ms"), store.key("test_stopped_ms"))
    return (int(stopped) if stopped else await store.now_ms()) + int(moved or 0)


async def post(store: Store, id_: str, *, award: str = "instant", verdict: Any = "open", **over: Any) -> Posting:
    """Posts and returns the document; writes the invented employer first when it is missing."""
    if not await store.hashes("employer", [EMPLOYER]) or not (await store.hashes("employer", [EMPLOYER]))[0]:
        await store.put_employer(EMPLOYER, employer())
    doc = posting(await market_now_ms(store), **over)
    await store.post(id_, write(doc), verdict=verdict, reason="", award=award, seed=SEED)
    return doc


async def set_counts(store: Store, posting: str, **numbers: int) -> None:
    """Changes a posting's numbers behind everybody's back."""
    (raw,) = await store.hashes("posting", [posting])
    changed = records.counts(raw) | numbers
    packed = codec.pack([changed[name] for name in records.COUNTS])
    await store.commands.hset(store.key("posting", posting), "counts", packed)


async def as_of_old(store: Store, posting: str) -> None:
    """Keeps a posting as the version did that wrote each number as a field of its own."""
    (raw,) = await store.hashes("posting", [posting])
    key = store.key("posting", posting)
    await store.commands.hset(key, mapping=records.counts(raw))
    await store.commands.hdel(key, "counts")


async def offer(
    store: Store, id_: str, profiles: Iterable[str], *, reply_ms: int = HOUR_MS, gap_ms: int = HOUR_MS
) -> Done:
    """The next wave of a posting."""
    record = await store.posting(id_)
    lines = [Offered(profile=p, distance_m=1_000, reasons=["近"]) for p in profiles]
    return await store.offer(
        id_, terms=record.terms, wave=record.wave + 1, reply_ms=reply_ms, gap_ms=gap_ms, offered=lines
    )


async def in_play(store: Store, id_: str, profiles: Sequence[str], **over: Any) -> Posting:
    """A posting with one wave out to `profiles`, who are registered first."""
    await register(store, *profiles)
    doc = await post(store, id_, **over)
    await offer(store, id_, profiles)
    return doc


async def accept(store: Store, id_: str, *profiles: str) -> list[Done]:
    """Each accepts in turn the offer that they have."""
    entries = await store.entries(id_, profiles)
    return [await store.accept(id_, p, entries[p].terms) for p in profiles]


async def dump(store: Store) -> dict[bytes, object]:
    """Every key of the market with its value; the clock apart. For "nothing changed"."""
    pattern = store.prefix.replace("{", "\\{").replace("}", "\\}") + "*"
    keys = sorted([k async for k in store.commands.scan_iter(match=pattern, count=1000)])
    keys = [k for k in keys if not k.endswith((b":test_clock_ms", b":test_stopped_ms"))]
    pipe = store.commands.pipeline(transaction=False)
    for key in keys:
        pipe.type(key)
    for key, kind in zip(keys, await pipe.execute(), strict=True):
        # a table's order is the server's own affair, and it may change while nothing else does
        {b"hash": pipe.hgetall, b"set": pipe.smembers}.get(kind, pipe.dump)(key)
    return dict(zip(keys, await pipe.execute(), strict=True))


async def refused(store: Store, code: str, call: Awaitable[Done]) -> None:
    """The call is refused with this code, and nothing in the market has changed."""
    before = await dump(store)
    with pytest.raises(KuaizhaoError) as refusal:
        await call
    assert refusal.value.code == code
    assert await dump(store) == before, "a refusal changed something"


async def replayed(store: Store, call: Awaitable[Done]) -> Done:
    """The call is answered as one that had been done before, and nothing in the market has changed."""
    before = await dump(store)
    done = await call
    assert done.replay
    assert await dump(store) == before, "a replay changed something"
    return done
