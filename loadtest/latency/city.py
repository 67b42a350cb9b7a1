"""The city of a measurement: profiles and employers written to a store, log-ins for those who are connected."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs

from ingest.pipeline import put_site
from ingest.sites import configured
from loadtest import population
from loadtest.bench.open_postings import unit_vectors
from loadtest.stage import Stage
from matcher import codec
from matcher.model import DAY_MS, HOUR_MS, Posting, PresenceState, ProfileRecord, Role
from matcher.store import Store, opened
from server import sessions
from server.embedded import EmbeddedStore

AT_ONCE: Final = 1_000
LOG_INS_AT_ONCE: Final = 256
EMPLOYERS: Final = 100
DAYS: Final = (2, 60)
"""Shifts lie so many days ahead: who is seated on one is still free on the others."""
HEADCOUNTS: Final = (1, 2, 3)
LIFTED: Final = {"daily_cap": 255, "quiet_from_minute": 0, "quiet_until_minute": 0}
"""Settings of the market that a measurement cannot do with: offers of a day, and the hours of quiet. The cap of live
offers stays."""
EVERY_ELSEWHERE: Final = 2
"""One in so many of the connected has 今天能干 on, the others are in a hall: with people who answer as soon as these,
more than half of all offers go to the connected, and the city does not run out of people, at the rates asked for."""
STARTS_H: Final = (5, 6, 7, 8, 13, 18)
ZONE_MS: Final = 8 * HOUR_MS


class City(Struct, frozen=True):
    """Who takes part: tokens of the connected workers and of the employers, by id."""

    profiles: int
    workers: dict[str, str]
    employers: dict[str, str]


def prepare(folder: Path, profiles: int, connected: int, seed: int) -> City:
    """Fills an empty data directory with a city; answers with who takes part. The market's model is named by a first
    start of the service."""
    with Stage(folder) as stage:
        market = stage.settings.market
    (folder / f"snapshot-{market}.bin").unlink(missing_ok=True)  # of nobody; records are quicker than a million events
    store = EmbeddedStore(folder)
    store.start()
    try:
        return asyncio.run(_fill(store.url, market, profiles, connected, seed))
    finally:
        store.stop()


async def _fill(url: str, market: str, profiles: int, connected: int, seed: int) -> City:
    async with opened(url, market) as store:
        await store.configure(LIFTED)
        await put_sites(store)
        employers = population.employers(EMPLOYERS)
        for id_, firm in employers.items():
            await store.put_employer(id_, firm)
        here = await _register(store, profiles, connected, seed)
        await _arrive(store, here)
        return City(profiles, await log_in(store, "worker", here), await log_in(store, "employer", list(employers)))


async def put_sites(store: Store) -> None:
    """The ten sites of the sample."""
    for id_ in configured():
        await put_site(store, configured(), id_)


async def _register(store: Store, profiles: int, connected: int, seed: int) -> list[str]:
    """Everybody; answers with those who will be connected: they are reached by the app, and spread over the city."""
    (model, _), rng = await store.model(), np.random.default_rng(seed)
    everybody, by_app = population.workers(profiles, seed), []
    writing = asyncio.create_task(asyncio.sleep(0))
    for some in _batches(everybody):
        vectors = unit_vectors([record.doc.trades[0] for record in some], rng)
        calls = [store.register_call(r.id, r.doc, b"", v, model) for r, v in zip(some, vectors, strict=True)]
        await writing
        writing = asyncio.create_task(_write(store, calls))
        await asyncio.sleep(0.001)  # it goes out, and the store works on it while the next ones are drawn
        by_app += [record.id for record in some if not record.doc.channels]
    await writing
    return sorted(rng.choice(by_app, connected, replace=False).tolist())


async def _write(store: Store, calls: list[tuple[str, list[Any]]]) -> None:
    for answer in await store.call_many(calls):
        if isinstance(answer, Exception):
            raise answer


def _batches(everybody: Iterator[ProfileRecord]) -> Iterator[list[ProfileRecord]]:
    while some := list(islice(everybody, AT_ONCE)):
        yield some


async def _arrive(store: Store, here: list[str]) -> None:
    """Who is connected can work today; some are in a hall."""
    until_ms = await store.now_ms() + DAY_MS
    for first in range(0, len(here), AT_ONCE):
        calls = []
        for n, id_ in enumerate(here[first : first + AT_ONCE], first + 1):
            state: PresenceState = "in_hall" if n % EVERY_ELSEWHERE else "available"
            calls.append(("presence", [id_, state, until_ms, n if state == "in_hall" else ""]))
        await store.call_many(calls)


async def log_in(store: Store, role: Role, ids: list[str]) -> dict[str, str]:
    """A token for each of them, by id."""
    tokens: list[str] = []
    for first in range(0, len(ids), LOG_INS_AT_ONCE):
        tokens += await asyncio.gather(
            *(sessions.issue(store, role, id_) for id_ in ids[first : first + LOG_INS_AT_ONCE])
        )
    return dict(zip(ids, tokens, strict=True))


def postings(n: int, seed: int, employers: list[str], now_ms: int) -> Iterator[tuple[str, Posting]]:
    """Ids and documents of `n` postings that open at once: as the city's urgent ones, but of one to three seats and
    spread over the days to come."""
    rng, salt = np.random.default_rng(seed), secrets.token_hex(4)
    midnight_ms = (now_ms + ZONE_MS) // DAY_MS * DAY_MS - ZONE_MS
    for at in range(n):
        doc = population.urgent_posting(rng, employers[at % len(employers)], now_ms)
        headcount = int(rng.choice(HEADCOUNTS))
        start_ms = midnight_ms + int(rng.integers(*DAYS)) * DAY_MS + int(rng.choice(STARTS_H)) * HOUR_MS
        yield (
            f"p{salt}-{at}",
            structs.replace(
                doc,
                text=f"{doc.text},{headcount}人,{at}号场地",
                headcount=headcount,
                start_ms=start_ms,
                end_ms=start_ms + doc.end_ms - doc.start_ms,
                valid_until_ms=start_ms,
            ),
        )


def body_of(id_: str, doc: Posting) -> bytes:
    """The body of POST /v1/postings."""
    return codec.pack({"posting": doc, "id": id_})
