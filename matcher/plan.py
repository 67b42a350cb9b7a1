"""The decision: which people get an offer of a posting now (pure)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from matcher import rules, score, waves
from matcher.columns import Columns
from matcher.model import PostingRecord
from matcher.replica import HeldPosting, Replica
from matcher.rules import Ask, Rows
from matcher.score import Weights
from matcher.store import Offered


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


def nearest_ring(c: Columns, rows: Rows, ask: Ask, radii_m: tuple[int, ...], wanted: int) -> Rows:
    """The rows within the first radius that holds enough people; nobody near enough means looking further at once."""
    metres = rules.distance_m(c, rows, ask.lat, ask.lon)
    for radius in radii_m[:-1]:
        within = metres <= radius
        if np.count_nonzero(within) >= wanted:
            return rows[within]
    return rows


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
    ask = rules.ask_of(
        record.id, record.doc, radius_m=radii_m[-1], asked=memory.asked(record.id), now_ms=now_ms, settings=settings
    )
    rows = rules.survivors(c, memory.ledger, ask)
    room = [settings.live_cap - int(c.live_offers[row]) > taken.get(int(row), 0) for row in rows]
    rows = nearest_ring(c, rows[np.array(room, dtype=np.bool_)], ask, radii_m, wanted)
    p = score.parts(c, rows, ask, memory.index.scores(held.vector, rows))
    total = p.total(weights)
    best = np.lexsort((rows, -total))[:wanted]
    offered = []
    for i in best:
        row = int(rows[i])
        taken[row] = taken.get(row, 0) + 1
        words = score.reasons(c, row, ask, p, int(i), weights)
        offered.append(Offered(c.ids[row], round(float(p.distance_m[i])), words))
    return Wave(record.id, record.terms, number, timing, offered)
