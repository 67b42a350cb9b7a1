"""The decision: which people get an offer of a posting now (pure)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from matcher import score, search, waves
from matcher.ask import Ask, ask_of
from matcher.columns import Columns
from matcher.model import HOUR_MS, Pay, Place, Posting, PostingRecord
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights
from matcher.search import Rows
from matcher.seating import Offered
from matcher.settings import MarketSettings


class Wave(Struct, frozen=True):
    """One wave, ready to be written: whom to ask, how long they have, and when the next one follows."""

    posting: str
    terms: int
    number: int
    timing: waves.Timing
    offered: list[Offered]


def needs_people(record: PostingRecord) -> bool:
    """Open for dispatch, and more seats open than people who have said yes and wait for the award."""
    return (
        record.state == "open"
        and not record.doc.listed_only
        and record.headcount - record.taken - record.called - record.waiting > 0
    )


def nearest(
    memory: Replica, ask: Ask, radii_m: tuple[int, ...], wanted: int, full: NDArray[np.int64]
) -> tuple[Rows, Ask]:
    """Who may be asked, but for the rows that are full, within the first radius that holds enough people, and the
    question as it was put then; nobody near enough means looking further at once."""
    for radius_m in radii_m:
        ask = ask.within(radius_m)
        rows = search.survivors(memory.columns, ask)
        if len(full):
            rows = rows[~np.isin(rows, full)]
        if len(rows) >= wanted:
            break
    return rows, ask


def wave(memory: Replica, held: HeldPosting, now_ms: int, weights: Weights, taken: dict[int, int]) -> Wave:
    """The next wave of a posting: hard rules, exact scores of the survivors, the best ones with their reasons.

    Args:
        taken: row -> offers already planned in this batch, so that postings decided together do not ask the same
            people beyond their cap; updated.
    """
    record, c, settings = held.record, memory.columns, memory.settings
    timing = waves.timing(record.start_ms, now_ms, waves.midnight_after(now_ms, settings.zone_offset_ms))
    seats = record.headcount - record.taken - record.called - record.waiting
    wanted = waves.people_to_ask(seats, waves.DEFAULT_ACCEPTANCE_RATE)
    number = record.wave + 1
    reached = len({e.wave for e in memory.ledger.entries.get(record.id, {}).values()})
    radii_m = waves.radii_from(reached + 1)  # a wave that reached nobody, as by night, is no reason to look further
    ask = ask_of(
        record.id, record.doc, radius_m=radii_m[0], asked=memory.asked(record.id), now_ms=now_ms, settings=settings
    )
    full = [row for row, planned in taken.items() if planned + int(c.live_offers[row]) >= settings.live_cap]
    rows, ask = nearest(memory, ask, radii_m, wanted, np.array(full, dtype=np.int64))
    similarity = memory.index.scores(held.vector, rows)
    chosen = score.best(score.totals(c, ask, weights, rows, similarity), wanted)
    rows, similarity = rows[chosen], similarity[chosen]
    p = score.parts(c, ask, rows, similarity)
    offered = []
    told = score.reasons(c, ask, rows, p, weights)
    for row, metres, words in zip(rows.tolist(), p.metres.tolist(), told, strict=True):
        taken[row] = taken.get(row, 0) + 1
        offered.append(Offered(c.ids[row], round(metres), words))
    return Wave(record.id, record.terms, number, timing, offered)


def warm() -> None:
    """Compiles what decides, or reads it from disk, by deciding on a posting that nobody made over no profiles: seconds
    the first time on a machine, a fifth of one later."""
    doc = Posting(
        employer="nobody",
        site="nowhere",
        trade="porter",
        text="搬运",
        headcount=1,
        start_ms=HOUR_MS,
        end_ms=2 * HOUR_MS,
        valid_until_ms=HOUR_MS,
        place=Place(lat=36.3, lon=120.4),
        pay=Pay(fen=3_000),
    )
    c, rows, none = Columns(), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    ask = ask_of("none", doc, radius_m=1.0, asked=frozenset(), now_ms=0, settings=MarketSettings())
    search.survivors(c, ask)
    search.excluded_by(c, ask, 0)
    score.totals(c, ask, Weights(), rows, none)
    score.parts(c, ask, rows, none)
