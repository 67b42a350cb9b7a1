"""A matcher's memory of an invented city, filled without a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from loadtest.bench import population
from loadtest.bench.oracle import Known
from loadtest.bench.population import AT_ONCE, DIMENSION, MODEL, NOON_MS
from matcher.model import HOUR_MS, Entry, PostingRecord, ProfileRecord
from matcher.replica import HeldPosting, Replica
from matcher.settings import MarketSettings
from matcher.store import Store

SETTINGS = MarketSettings()
NO_STORE = "unix:///nowhere/store.sock"
SHIFT_MS = (NOON_MS + 20 * HOUR_MS, NOON_MS + 28 * HOUR_MS)


def known(n: int, record: ProfileRecord) -> Known:
    """What the market knows of the n-th worker: one in 33 works tomorrow 08:00-16:00, one in 25 has all the open offers
    allowed, one in 97 had all the day's."""
    return Known(
        record,
        live=SETTINGS.live_cap if n % 25 == 1 else 0,
        today=SETTINGS.daily_cap if n % 97 == 2 else 0,
        shifts=(SHIFT_MS,) if n % 33 == 0 else (),
    )


def empty() -> Replica:
    """A memory without a store."""
    return Replica(Store(NO_STORE, "bench"), SETTINGS, dimension=DIMENSION, model=MODEL)


def tell(memory: Replica, k: Known) -> None:
    """Writes what is known beyond the record as the postings' entries would."""
    id_ = k.record.id
    offered = Entry(offer="open", wave=1, terms=1, offered_ms=NOON_MS - HOUR_MS, deadline_ms=NOON_MS + HOUR_MS)
    for n in range(k.live):
        memory.ledger.put(f"open-{n}", id_, offered, 0, 0)
    if k.today:
        ended = Entry(
            offer="expired", wave=1, terms=1, offered_ms=NOON_MS - HOUR_MS, deadline_ms=NOON_MS, nth_today=k.today
        )
        memory.ledger.put("ended", id_, ended, 0, 0)
    for n, (start_ms, end_ms) in enumerate(k.shifts):
        seated = Entry(
            offer="accepted", wave=1, terms=1, offered_ms=0, deadline_ms=0, acceptance="seated", assignment="seated"
        )
        memory.ledger.put(f"shift-{n}", id_, seated, start_ms, end_ms)
    for posting in k.asked:
        declined = Entry(offer="declined", wave=1, terms=1, offered_ms=0, deadline_ms=0)
        memory.ledger.put(posting, id_, declined, 0, 0)
    memory.show_ledger(id_)


def fill(memory: Replica, records: Iterable[ProfileRecord], seed: int) -> None:
    """Puts the records with vectors and entries, in their order, and sorts the memory as a matcher does once loaded."""
    rng = np.random.default_rng(seed)
    batch: list[ProfileRecord] = []
    for n, record in enumerate(records):
        batch.append(record)
        if len(batch) == AT_ONCE:
            _put(memory, batch, n + 1 - len(batch), rng)
            batch = []
    _put(memory, batch, len(memory.columns.ids), rng)
    memory.compact()


def _put(memory: Replica, batch: Sequence[ProfileRecord], first: int, rng: np.random.Generator) -> None:
    if not batch:
        return
    vectors = population.unit_vectors([record.doc.trades[0] for record in batch], rng)
    for n, (record, vector) in enumerate(zip(batch, vectors, strict=True), start=first):
        memory.index.put(memory.columns.put(record), vector, MODEL)
        tell(memory, known(n, record))


def hold(memory: Replica, postings: Sequence[PostingRecord], seed: int) -> list[HeldPosting]:
    """Takes postings with their vectors into memory; the waves they had were declined by people since erased."""
    vectors = population.unit_vectors([posting.doc.trade for posting in postings], np.random.default_rng(seed))
    held = [HeldPosting(posting, vector, 1) for posting, vector in zip(postings, vectors, strict=True)]
    memory.postings |= {posting.record.id: posting for posting in held}
    for posting in postings:
        for wave in range(1, posting.wave + 1):
            declined = Entry(offer="declined", wave=wave, terms=1, offered_ms=0, deadline_ms=0)
            memory.ledger.put(posting.id, f"erased-{wave}", declined, posting.start_ms, posting.end_ms)
    return held
