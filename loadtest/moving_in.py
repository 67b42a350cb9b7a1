"""A city moves into a running service: people by the door where sites' records are pushed, firms by a clerk.

Rows go to POST /v1/ingest and are taken in by the service's own collector, so what is measured afterwards are records
as real ones are: read, reviewed, encoded, marked and noted in the ledger.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Final

import msgspec

from loadtest import population
from loadtest.clients import Api, Json
from matcher import records
from matcher.model import Employer, ProfileRecord
from matcher.store import Store
from server import sessions

BYTES_A_PUSH: Final = 200_000
"""Below the service's usual limit of a body."""
ROWS_A_PUSH: Final = 500
POLL_S: Final = 0.25
AT_ONCE: Final = 2_000


class NotMovedIn(RuntimeError):
    """Rows stayed out that should not have."""


async def move_in(api: Api, store: Store, people: int, seed: int = 1) -> Json:
    """Pushes so many people and registers the firms that go with them; answers when all are in the store.

    Answers with the counts of what became of the rows and with the seconds it took. Raises NotMovedIn when more than
    one in a hundred stayed out; Refused, TimeoutError as the API.
    """
    began = time.monotonic()
    key = await sessions.issue(store, "integration", "loadtest")
    runs = []
    for site, rows in pushes(people, seed):
        runs.append((await api.call("POST", "/v1/ingest", key, {"site": site, "source": "city", "rows": rows}))["run"])
    counts: Json = {}
    for run in runs:
        told = await _closed(api, key, run)
        for name in ("read", "accepted", "changed", "unchanged", "merged", "quarantined"):
            counts[name] = counts.get(name, 0) + told[name]
    if counts["quarantined"] > people // 100 or counts["read"] != people:
        raise NotMovedIn(f"{counts}")
    await register(api, store, population.employers(max(10, people // population.PEOPLE_AN_EMPLOYER)))
    return counts | {"seconds": round(time.monotonic() - began, 1)}


async def _closed(api: Api, key: str, run: str) -> Json:
    """The run, once all of its rows are taken in."""
    while True:
        told = await api.call("GET", f"/v1/ingest/runs/{run}", key)
        if told["state"] != "reading":
            return told
        await asyncio.sleep(POLL_S)


def pushes(people: int, seed: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The city's rows, some of one site at a time, few enough for one request."""
    waiting: dict[str, list[dict[str, str]]] = {}
    sizes: dict[str, int] = {}
    for site, row in population.rows(people, seed):
        mine, size = waiting.setdefault(site, []), len(msgspec.json.encode(row))
        if mine and (len(mine) == ROWS_A_PUSH or sizes[site] + size > BYTES_A_PUSH):
            yield site, mine
            waiting[site] = mine = []
            sizes[site] = 0
        mine.append(row)
        sizes[site] = sizes.get(site, 0) + size
    yield from ((site, rows) for site, rows in waiting.items() if rows)


async def register(api: Api, store: Store, firms: dict[str, Employer]) -> None:
    """Firms that a clerk has verified; those that are there already stay."""
    clerk = await sessions.issue(store, "clerk", "loadtest")
    known = set(await store.ids("employer"))
    for id_, firm in firms.items():
        if id_ not in known:
            await api.call("POST", "/v1/employers", clerk, {"id": id_, "employer": msgspec.to_builtins(firm)})


async def people_drawn(store: Store, n: int, seed: int = 1) -> list[ProfileRecord]:
    """`n` of those registered, at random and the same for the same market and seed; all where there are fewer."""
    ids = sorted(await store.ids("profile"))
    drawn = Random(seed).sample(ids, min(n, len(ids)))  # noqa: S311 - a load, not a secret
    found = []
    for first in range(0, len(drawn), AT_ONCE):
        some = drawn[first : first + AT_ONCE]
        raws = await store.hashes("profile", some)
        found += [records.profile_record(id_, raw) for id_, raw in zip(some, raws, strict=True)]
    return found


def day_of(now_ms: int) -> date:
    """The day of an instant, in universal time: ages do not hang on hours."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()
