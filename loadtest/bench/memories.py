"""A matcher's memory of an invented city, filled without a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from loadtest.bench import open_postings
from loadtest.bench.open_postings import DIMENSION, EMPLOYERS
from loadtest.bench.oracle import Known
from loadtest.population import AT_ONCE, MODEL, NOON_MS
from matcher.ledger import Shift
from matcher.model import HOUR_MS, Block, Entry, PostingRecord, ProfileRecord, Tie
from matcher.replica import HeldPosting, Replica
from matcher.settings import MarketSettings
from matcher.store import Store

SETTINGS = MarketSettings(building_age_max=55)
NO_STORE = "unix:///nowhere/store.sock"
SHIFTS = (
    Shift(NOON_MS + 20 * HOUR_MS, NOON_MS + 28 * HOUR_MS, 36.125, 120.375),
    Shift(NOON_MS + 10 * HOUR_MS, NOON_MS + 15 * HOUR_MS, 36.25, 120.375),
    Shift(NOON_MS + 29 * HOUR_MS, NOON_MS + 33 * HOUR_MS, 36.3125, 120.4375),
)
"""Tomorrow 08:00-16:00, tonight 22:00-03:00, and tomorrow 17:00-21:00; in places that 32-bit numbers hold exactly."""
NOWHERE = Shift(0, 0, 0.0, 0.0)


class Told(Struct, frozen=True):
    """What the postings' entries say of a worker: open offers, offers had today, shifts held, postings had before; and
    the employers that they block or worked for."""

    live: int = 0
    today: int = 0
    shifts: tuple[tuple[int, int, float, float], ...] = ()
    asked: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    worked_for: frozenset[str] = frozenset()


def told_of(n: int) -> Told:
    """Of the n-th worker: one in 11 holds one of SHIFTS, one in 25 has all the open offers allowed, as many have one of
    them, one in 97 had all the day's; some of the first 2,000 block an employer or have worked there."""
    live = {1: SETTINGS.live_cap, 7: 1}.get(n % 25, 0)
    employer = frozenset({EMPLOYERS[n % len(EMPLOYERS)]}) if n < 2_000 else frozenset()
    return Told(
        live=live,
        today=SETTINGS.daily_cap if n % 97 == 2 else 0,
        blocked=employer if n % 5 == 3 else frozenset(),
        worked_for=employer if n % 7 == 4 else frozenset(),
        shifts=(SHIFTS[n // 11 % 3],) if n % 11 == 0 else (),
    )


def known(n: int, record: ProfileRecord) -> Known:
    """What the market knows of the n-th worker."""
    told = told_of(n)
    return Known(
        record,
        live=told.live,
        today=told.today,
        shifts=told.shifts,
        blocked=told.blocked,
        worked_for=told.worked_for,
    )


def empty() -> Replica:
    """A memory without a store."""
    return Replica(Store(NO_STORE, "bench"), SETTINGS, dimension=DIMENSION, model=MODEL)


def tell(memory: Replica, id_: str, told: Told) -> None:
    """Writes what is told of a worker as the postings' entries would."""
    offered = Entry(offer="open", wave=1, terms=1, offered_ms=NOON_MS - HOUR_MS, deadline_ms=NOON_MS + HOUR_MS)
    for n in range(told.live):
        memory.put_entry(f"open-{n}", id_, offered, NOWHERE)
    if told.today:
        ended = Entry(
            offer="expired", wave=1, terms=1, offered_ms=NOON_MS - HOUR_MS, deadline_ms=NOON_MS, nth_today=told.today
        )
        memory.put_entry("ended", id_, ended, NOWHERE)
    for n, shift in enumerate(told.shifts):
        seated = Entry(
            offer="accepted", wave=1, terms=1, offered_ms=0, deadline_ms=0, acceptance="seated", assignment="seated"
        )
        memory.put_entry(f"shift-{n}", id_, seated, Shift(*shift))
    for posting in told.asked:
        declined = Entry(offer="declined", wave=1, terms=1, offered_ms=0, deadline_ms=0)
        memory.put_entry(posting, id_, declined, NOWHERE)
    for employer in told.blocked | told.worked_for:
        block = Block(at_ms=NOON_MS) if employer in told.blocked else None
        memory.ties.put(employer, id_, Tie(done=int(employer in told.worked_for), worker_block=block))
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
    vectors = open_postings.unit_vectors([record.doc.trades[0] for record in batch], rng)
    for n, (record, vector) in enumerate(zip(batch, vectors, strict=True), start=first):
        memory.index.put(memory.columns.put(record), vector, MODEL)
        tell(memory, record.id, told_of(n))


def hold(memory: Replica, postings: Sequence[PostingRecord], seed: int) -> list[HeldPosting]:
    """Takes postings with their vectors into memory; the waves they had were declined by people since erased."""
    vectors = open_postings.unit_vectors([posting.doc.trade for posting in postings], np.random.default_rng(seed))
    held = [HeldPosting(posting, vector, 1) for posting, vector in zip(postings, vectors, strict=True)]
    memory.postings |= {posting.record.id: posting for posting in held}
    for posting in postings:
        for wave in range(1, posting.wave + 1):
            declined = Entry(offer="declined", wave=wave, terms=1, offered_ms=0, deadline_ms=0)
            memory.put_entry(posting.id, f"erased-{wave}", declined, NOWHERE)
    return held
