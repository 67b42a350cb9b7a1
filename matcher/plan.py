"""The decision: which people get an offer of a posting now (pure)."""

from __future__ import annotations

from msgspec import Struct, structs

from matcher import rules, score, waves
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


def nearest(
    memory: Replica, ask: Ask, radii_m: tuple[int, ...], wanted: int, taken: dict[int, int]
) -> tuple[Rows, Ask]:
    """Who may be asked within the first radius that holds enough people, and the question as it was put then; nobody
    near enough means looking further at once."""
    c, cap = memory.columns, ask.settings.live_cap
    full = [row for row, planned in taken.items() if planned + int(c.live_offers[row]) >= cap]
    for radius_m in radii_m:
        ask = structs.replace(ask, radius_m=radius_m)
        rows = rules.survivors(c, memory.ledger, ask)
        if full:
            rows = rows[rules.without(rows, full)]
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
    ask = rules.ask_of(
        record.id, record.doc, radius_m=radii_m[0], asked=memory.asked(record.id), now_ms=now_ms, settings=settings
    )
    rows, ask = nearest(memory, ask, radii_m, wanted, taken)
    p = score.parts(c, rows, ask, memory.index.scores(held.vector, rows))
    chosen = score.best(p.total(weights), wanted)
    metres, told = p.distance_m[chosen].tolist(), score.reasons(c, rows, ask, p, chosen, weights)
    offered = []
    for row, metres_away, words in zip(rows[chosen].tolist(), metres, told, strict=True):
        taken[row] = taken.get(row, 0) + 1
        offered.append(Offered(c.ids[row], round(metres_away), words))
    return Wave(record.id, record.terms, number, timing, offered)
