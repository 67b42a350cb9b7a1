"""How many acceptances a second one web server takes: every claim with a token and a worker of its own.

Everybody has one offer of a posting whose seats go to who comes first; then all claim as fast as answers come. What
everybody was told is held against the store, and the store against itself.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import numpy as np
import uvloop

from loadtest import population
from loadtest.audit import audit
from loadtest.audit_checks import ClientRecord
from loadtest.bench.timing import Json
from loadtest.latency.city import LIFTED, body_of, log_in, put_sites
from loadtest.latency.lines import HttpPool, request
from loadtest.latency.outcome import processor_s
from loadtest.stage import Stage
from matcher.model import DAY_MS, HOUR_MS, Pay, Place, Posting, Profile
from matcher.store import Store, opened

POSTINGS: Final = 60
HEADCOUNT: Final = 150
ASKED: Final = 200
"""The largest wave, which is what so many seats call for."""
AT_ONCE: Final = 64
WITHIN_S: Final = 120.0
SITE: Final = "chengyang"
HERE: Final = Place(lat=36.3, lon=120.4, text="城阳区样本路")


class Answered(msgspec.Struct):
    """What is read of an answer."""

    v: int
    acceptance: str | None = None


ANSWERS: Final = msgspec.msgpack.Decoder(Answered)


def measure(postings: int = POSTINGS) -> Json:
    """Claims a second, and what became of them."""
    with tempfile.TemporaryDirectory(prefix="kz-claims-") as folder, Stage(Path(folder)) as stage:
        return uvloop.run(_measure(stage, postings))


async def _measure(stage: Stage, postings: int) -> Json:
    settings = stage.settings
    async with opened(settings.store_url, settings.market) as store:
        pool = HttpPool(settings.host, settings.port)
        tokens = await _people(store, postings * ASKED)
        await pool.fill(AT_ONCE, request("GET", "/v1/session", tokens["c0"]))
        await _offers(store, pool, postings)
        offers = [offer async for offer in _open_offers(store, postings)]
        Random(1).shuffle(offers)  # noqa: S311 - an order, not a secret
        pids = {name: stage.pid_of(name) or 0 for name in ("store", "match", "serve")}
        cpu = {name: processor_s(pid) for name, pid in pids.items()}
        begun = time.perf_counter()
        told = await _claim(pool, offers, tokens)
        took_s = time.perf_counter() - begun
        cpu = {name: round(1e6 * (processor_s(pid) - cpu[name]) / len(offers)) for name, pid in pids.items()}
        pool.close()
        return await _held_against_the_store(store, offers, told) | {
            "claims": len(offers),
            "claims_per_s": round(len(offers) / took_s),
            "at_once": AT_ONCE,
            "appendfsync": str((await store.commands.config_get("appendfsync"))["appendfsync"]),
            "cpu_us_a_claim": cpu,
        }


async def _people(store: Store, n: int) -> dict[str, str]:
    """Everybody with a token; all do the same work in the same place."""
    await store.configure(LIFTED | {"live_cap": 1})
    await put_sites(store)
    for id_, firm in population.employers(1).items():
        await store.put_employer(id_, firm)
    (model, dimension), ids = await store.model(), [f"c{i}" for i in range(n)]
    doc = Profile(site=SITE, trades=["porter"], born=date(1985, 5, 1), place=HERE, pay=Pay(fen=2_000))
    vector = np.zeros(dimension, dtype=np.float32)
    for first in range(0, n, 1_000):
        await store.call_many([store.register_call(i, doc, b"", vector, model) for i in ids[first : first + 1_000]])
    return await log_in(store, "worker", ids)


async def _offers(store: Store, pool: HttpPool, postings: int) -> None:
    """Posts and waits for the waves."""
    (employer,) = population.employers(1)
    token = (await log_in(store, "employer", [employer]))[employer]
    for n in range(postings):
        status, body = await pool.ask(request("POST", "/v1/postings", token, body_of(f"p{n}", _posting(employer, n))))
        assert status == 201, body
        async with asyncio.timeout(WITHIN_S):
            while (await store.posting(f"p{n}")).wave == 0:  # noqa: ASYNC110 - another process rings no bell here
                await asyncio.sleep(0.02)


def _posting(employer: str, n: int) -> Posting:
    start_ms = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS + (2 + n % 30) * DAY_MS
    return Posting(
        employer=employer,
        site=SITE,
        trade="porter",
        text="急招搬运工,搬样本(虚构)",
        headcount=HEADCOUNT,
        start_ms=start_ms,
        end_ms=start_ms + 4 * HOUR_MS,
        valid_until_ms=start_ms,
        place=HERE,
        pay=Pay(fen=3_000),
        award="instant",
    )


async def _open_offers(store: Store, postings: int) -> AsyncIterator[tuple[str, str]]:
    for n in range(postings):
        for profile in await store.entries(f"p{n}"):
            yield f"p{n}", profile


async def _claim(pool: HttpPool, offers: list[tuple[str, str]], tokens: dict[str, str]) -> list[tuple[int, bytes]]:
    """Status and body of each claim, in the order of the offers; `AT_ONCE` at a time."""
    payloads = [request("POST", f"/v1/offers/{p}:{w}:1/accept", tokens[w]) for p, w in offers]
    told: list[tuple[int, bytes]] = [(0, b"")] * len(offers)
    left = iter(range(len(offers)))

    async def one_after_the_other() -> None:
        for n in left:
            told[n] = await pool.ask(payloads[n])

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return told


async def _held_against_the_store(store: Store, offers: list[tuple[str, str]], told: list[tuple[int, bytes]]) -> Json:
    """What became of the claims. Wrong is a refusal of an offer that was not taken back, an answer other than what the
    store holds, and whatever the audit counts."""
    became: Counter[str] = Counter()
    records, wrong = [], 0
    entries = {posting: await store.entries(posting) for posting in {posting for posting, _ in offers}}
    for (posting, profile), (status, body) in zip(offers, told, strict=True):
        entry = entries[posting][profile]
        if status != 200:
            became[f"refused {status}"] += 1
            wrong += status != 409 or entry.offer != "withdrawn"
            continue
        answer = ANSWERS.decode(body)
        became[answer.acceptance or ""] += 1
        wrong += answer.acceptance != entry.acceptance
        records.append(
            ClientRecord(
                operation="accept",
                posting=posting,
                profile=profile,
                answer=answer.acceptance or "",
                terms=1,
                v=answer.v,
                at_ms=time.time_ns() // 1_000_000,
            )
        )
    found = await audit(store, records)
    return {
        "seated_pct": round(100 * became["seated"] / len(offers), 1),
        "wrong": wrong + sum(found.counts().values()),
        "became": dict(became),
        "audit": found.counts(),
    }
