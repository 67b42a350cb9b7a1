"""The decision: which people get an offer of which posting now (pure).

A question is put to who is in the hall and then to everybody within the posting's radius; whoever was found is shared
out among the postings that are decided together; who is still short looks farther. Where the whole city holds too few,
those who let an offer of the app run out are left to the clerk's telephone. Too many people to look at now make a
question wide: it is not answered here but on a thread of its own (`wide`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from matcher import score, search, teams, waves
from matcher.ask import Ask, ask_of, terms_at, terms_of
from matcher.assign import assigned
from matcher.channels import channels_of
from matcher.columns import Columns
from matcher.hall import NOBODY, merged
from matcher.index import VectorIndex
from matcher.model import HOUR_MS, Pay, Place, Posting, PostingRecord, seats_open
from matcher.replica import HeldPosting, Replica
from matcher.row import Town
from matcher.score import Scores, Weights
from matcher.search import Rows
from matcher.seating import Offered
from matcher.settings import MarketSettings

NARROW: Final = 20_000
"""So many candidates are looked at without a thread: about a millisecond."""
CALLED_BACK: Final = "这家雇主点名再找你"
SPARE_PAIRS: Final = 200
PAIRS_A_PLACE: Final = 4
"""Where postings compete, each brings its best people: so many, and so many more for each one wanted."""
FEW: Final = 0.1
"""Where postings compete, one that found nobody at all would count so much more; who fits two as well goes to the one
that has fewer others."""


class Wave(Struct, frozen=True):
    """One wave, ready to be written: whom to ask, how long they have, and when the next one follows."""

    posting: str
    terms: int
    number: int
    timing: waves.Timing
    offered: list[Offered]


class Question(Struct, frozen=True):
    """What a posting needs now: how many people, and the radii to look in, the nearest first.

    `first` are rows that come before all others, wherever they live; `ring` those that are asked once more, by
    telephone, where nobody else is left. Both have passed every rule. `days` ask for the other days of a series that is
    taken as a whole: who is asked must be able to come on each of them. `seats` are those open. `sparing` leaves those
    who hold an offer to others (`holding`).
    """

    held: HeldPosting
    ask: Ask
    radii_m: tuple[int, ...]
    wanted: int
    timing: waves.Timing
    first: Rows = NOBODY
    ring: Rows = NOBODY
    days: tuple[Ask, ...] = ()
    seats: int = 1
    sparing: bool = False

    @property
    def wave(self) -> int:
        """Number of the wave that answers it."""
        return self.held.record.wave + 1


class Found(Struct, frozen=True):
    """Who may be asked, and how well they fit; the question holds the radius looked in, and those left."""

    question: Question
    rows: Rows
    similarity: Scores
    totals: Scores
    crews: teams.Crews = ()

    def only(self, positions: NDArray[np.int64]) -> Found:
        """These of them."""
        crews = tuple(self.crews[at] for at in positions.tolist()) if self.crews else ()
        return Found(self.question, self.rows[positions], self.similarity[positions], self.totals[positions], crews)


def needs_people(record: PostingRecord) -> bool:
    """Open for dispatch, and more seats open than people who have said yes and wait for the award."""
    return record.state == "open" and not record.held and not record.doc.listed_only and seats_open(record) > 0


def seats_of(line: Sequence[PostingRecord]) -> int:
    """Seats that nobody has, is called for or waits for on any day of the line, the leading one first."""
    return min(day.headcount - day.taken for day in line) - line[0].called - line[0].waiting


def may_ask(memory: Replica, record: PostingRecord, now_ms: int) -> bool:
    """Needs people and may ask them: of a series that is taken as a whole only the leading day, while every day is open
    and has seats."""
    if not needs_people(record) or record.begins_ms <= now_ms:
        return needs_people(record)
    line = memory.line(record.id, now_ms)
    return bool(line) and all(day.state in ("open", "filled") for day in line) and seats_of(line) > 0


def question(memory: Replica, held: HeldPosting, now_ms: int) -> Question:
    """What the posting needs for its next wave."""
    record, settings = held.record, memory.settings
    line = memory.line(record.id, now_ms)
    reached = len({e.wave for e in memory.ledger.entries.get(record.id, {}).values() if e.wave and not e.wished})
    radii_m = waves.radii_from(reached + 1)  # a wave that reached nobody, as by night, is no reason to look further
    rates, asked = memory.rates, memory.asked(record.id)
    employer, ties = record.doc.employer, memory.ties
    farthest, nobody = waves.RADII_M[-1], frozenset[str]()
    q = Question(
        held=held,
        ask=ask_of(
            record.id,
            record.doc,
            radius_m=0,
            asked=asked,
            now_ms=now_ms,
            settings=settings,
            answers=rates.answer_chances(),
            blocked=ties.blocked(employer),
            known=ties.known(employer),
            compiled=compiled(memory, held),
        ),
        radii_m=radii_m,
        wanted=waves.people_to_ask(seats_of(line), rates.usual_yes(record.doc.trade, rates.hour(now_ms))),
        timing=waves.timing(record.start_ms, now_ms, waves.midnight_after(now_ms, settings.zone_offset_ms)),
        days=tuple(
            ask_of(day.id, day.doc, radius_m=farthest, asked=nobody, now_ms=now_ms, settings=settings)
            for day in line[1:]
        ),
        seats=seats_of(line),
        sparing=not reached and waves.has_time(record.start_ms, now_ms),
    )
    if record.doc.first and not reached:
        named = passing(memory.columns, q.ask, memory.columns.rows_of(record.doc.first))
        if len(named):
            return structs.replace(q, first=named, radii_m=(waves.HALL_M,), wanted=len(named))
    return with_rows(memory, q)


def passing(c: Columns, ask: Ask, rows: NDArray[Any]) -> Rows:
    """Those of the rows that pass every rule, wherever in the city they live."""
    some = rows.astype(np.int64)
    return some[search.passing(c, ask.within(waves.RADII_M[-1]), some)] if len(some) else NOBODY


def on_every_day(c: Columns, q: Question, rows: Rows) -> Rows:
    """Those of the rows that may be asked for the other days too."""
    for day in q.days:
        rows = rows[search.passing(c, day, rows)]
    return rows


def with_rows(memory: Replica, q: Question) -> Question:
    """The question with its rows as they are numbered now."""
    c, everywhere = memory.columns, q.ask.within(waves.RADII_M[-1])
    nearest = c.hall.rows(q.ask.trades.tolist())
    if q.ask.known:
        nearest = merged([nearest, c.rows_of(q.ask.known)])
    first = passing(c, q.ask, nearest)
    silent = frozenset() if q.ask.terms["is_quiet"][0] else memory.unanswered(q.ask.posting)
    ring = NOBODY
    if silent:
        ring = np.array(sorted(c.row_of[profile] for profile in silent if profile in c.row_of), dtype=np.int64)
        ring = ring[search.passing(c, structs.replace(everywhere, asked=q.ask.asked - silent), ring)]
    return structs.replace(q, first=first, ring=ring)


def look(memory: Replica, q: Question, weights: Weights) -> Found | Question:
    """Everybody within the first radius that holds enough people; nobody near enough means looking farther at once. A
    question that turns out to be wide comes back with the radii left to look in."""
    c, radii_m = memory.columns, q.radii_m
    sight = search.sight(c, q.ask)
    while True:
        ask, radii_m = q.ask.within(radii_m[0]), radii_m[1:]
        rows = q.first
        if ask.radius_m != waves.HALL_M:
            found = search.within(sight, ask, NARROW)
            if found is None:
                return structs.replace(q, ask=ask, radii_m=(int(ask.radius_m), *radii_m))
            rows = joined(q.first, found)
        rows = on_every_day(c, q, rows)
        if np.count_nonzero(~holding(c, q, rows)) >= q.wanted or not radii_m:
            break
    if len(rows) < q.wanted:
        rows = joined(rows, on_every_day(c, q, q.ring))
    answer = structs.replace(q, ask=ask, radii_m=radii_m)
    return with_crews(memory, scored(memory.index, sight.town, answer, rows, weights))


def joined(first: Rows, others: Rows) -> Rows:
    """Both, each row once."""
    return np.concatenate([first, others[~search.among(others, first)]]) if len(first) else others


def scored(index: VectorIndex, town: Town, q: Question, rows: Rows, weights: Weights) -> Found:
    """How well these rows fit: a score within 0..1, raised by 1 for who comes first, and for all but those who would be
    rung up."""
    similarity = index.scores(q.held.vector, rows)
    totals = score.totals(town, q.ask, weights, rows, similarity)
    if len(q.first):
        totals += search.among(rows, q.first)
    if len(q.ring):
        totals += ~search.among(rows, q.ring)
    return Found(q, rows, similarity, totals)


def still_pass(memory: Replica, found: Found) -> Found:
    """Those found who pass every rule now."""
    q = with_rows(memory, found.question)
    positions = search.passing(memory.columns, q.ask.within(waves.RADII_M[-1]), found.rows)
    if len(q.ring):
        positions = np.union1d(positions, np.flatnonzero(search.among(found.rows, q.ring)))
    if q.days:
        every_day = on_every_day(memory.columns, q, found.rows)
        positions = positions[np.isin(found.rows[positions], every_day)]
    return with_crews(memory, structs.replace(found.only(positions), question=q))


def with_crews(memory: Replica, found: Found) -> Found:
    """Where the posting takes crews: those of whom everybody was found are asked as crews; where they stay together
    only those that the open seats hold."""
    q, ids = found.question, memory.columns.ids
    taken = q.held.record.doc.crews
    if taken == "none" or not memory.crew_of:
        return found
    most = q.seats if taken == "whole" else len(found.rows)
    crews = teams.crews_among([ids[row] for row in found.rows.tolist()], memory.crew_of, memory.crews, most)
    return structs.replace(found, totals=teams.shared_scores(crews, found.totals), crews=crews) if crews else found


def holding(c: Columns, q: Question, rows: Rows) -> NDArray[np.bool_]:
    """Which of the rows hold an unanswered offer, and are left to postings that have nobody else: none where time is
    short, in a later wave, or of those who come before all others."""
    if not q.sparing:
        return np.zeros(len(rows), dtype=np.bool_)
    holds: NDArray[np.bool_] = c.live_offers[rows] > 0
    if len(q.first) and holds.any():
        holds &= ~search.among(rows, q.first)
    return holds


def spared(c: Columns, found: Found) -> Found:
    """Those found without who is left to others; where the seats outnumber them, everybody, for no more than the seats
    and who holds no offer first."""
    q, holds = found.question, holding(c, found.question, found.rows)
    if not holds.any():
        return found
    if np.count_nonzero(~holds) >= q.seats:
        return found.only(teams.with_mates(found.crews, np.flatnonzero(~holds)))
    return structs.replace(found, question=structs.replace(q, wanted=q.seats), totals=found.totals + ~holds)


def best_of(found: Found, wanted: int) -> Found:
    """The best, crews whole: a crew counts as many as it has members, and the last one may go over."""
    return found.only(teams.with_mates(found.crews, score.best(found.totals, wanted)))


def decide(memory: Replica, questions: Iterable[Question], weights: Weights) -> tuple[list[Wave], list[Question]]:
    """The waves of postings decided together, and the questions that are wide."""
    found: list[Found] = []
    wide: list[Question] = []
    looking = list(questions)
    while True:
        for q in looking:
            answer = look(memory, q, weights)
            if isinstance(answer, Found):
                found.append(answer)
            else:
                wide.append(answer)
        chosen = share(memory.columns, found, memory.settings.live_cap)
        short = [len(f.rows) < f.question.wanted and bool(f.question.radii_m) for f in chosen]
        if not any(short):
            return [wave_of(memory.columns, f, weights) for f in chosen], wide
        looking = [f.question for f, is_short in zip(found, short, strict=True) if is_short]
        found = [f for f, is_short in zip(found, short, strict=True) if not is_short]


def share(c: Columns, found: Sequence[Found], live_cap: int) -> list[Found]:
    """Whom each posting gets, the best first, nobody beyond the offers allowed at a time: alone the best, together as
    the sum of all scores is greatest, a little more for a posting that found few."""
    found = [spared(c, f) for f in found]
    if len(found) <= 1:
        return [best_of(f, f.question.wanted) for f in found]
    best = [best_of(f, SPARE_PAIRS + PAIRS_A_PLACE * f.question.wanted) for f in found]
    room = [live_cap - np.minimum(c.live_offers[f.rows], live_cap) for f in best]
    wanted = [f.question.wanted for f in best]
    raised = [f.totals + FEW * max(0.0, 1 - len(f.rows) / n) for f, n in zip(best, wanted, strict=True)]
    chosen = assigned([f.rows for f in best], raised, wanted, room)
    return [_got(f, positions) for f, positions in zip(best, chosen, strict=True)]  # in the order of `best`


def _got(found: Found, positions: NDArray[np.int64]) -> Found:
    """Whom a posting got of those it competed for; a crew that was torn apart is asked one by one."""
    got = found.only(positions)
    got = structs.replace(got, crews=teams.without_parts(got.crews))
    return got.only(teams.with_mates(got.crews, np.arange(len(got.rows))))


def wave_of(c: Columns, chosen: Found, weights: Weights) -> Wave:
    """The chosen people as a wave, with distances and reasons."""
    q, rows, people = chosen.question, chosen.rows, c.table[chosen.rows]
    parts = score.parts(search.town(c, q.ask), q.ask, rows, chosen.similarity)
    told = score.reasons(people, q.ask, parts, weights)
    first, ring, now_ms = set(q.first.tolist()), set(q.ring.tolist()), int(q.ask.terms["now_ms"][0])
    named, offered = frozenset(q.held.record.doc.first), []
    crews, channels = chosen.crews or (None,) * len(rows), channels_of(people, now_ms)
    found = zip(rows.tolist(), parts.metres.tolist(), told, crews, channels, strict=True)
    for row, metres, words, crew, usual in found:
        id_, channel = c.ids[row], "call" if row in ring else usual
        line = Offered(
            id_,
            round(metres),
            [words[0], CALLED_BACK, *words[1:2]] if id_ in named else words,
            within_m=waves.HALL_M if row in first else int(q.ask.radius_m),
            channel=channel,
            reply_ms=q.timing.reply_ms(channel),
            crew=crew.id if crew is not None else "",
        )
        offered.append(line)
    return Wave(q.ask.posting, q.held.record.terms, q.wave, q.timing, offered)


def reached(memory: Replica, held: Sequence[HeldPosting], rows: Rows, now_ms: int) -> NDArray[np.bool_]:
    """Which of the postings one of these people may be asked for now, however far it looks; that somebody had it before
    does not count."""
    return search.reached(memory.columns, terms_now(memory, held, now_ms), rows)


def compiled(memory: Replica, held: HeldPosting) -> bytes:
    """A posting's terms but for the moment; kept with it."""
    if held.terms is None:
        held.terms = terms_of(held.record.doc, memory.settings)
    return held.terms


def terms_now(memory: Replica, held: Sequence[HeldPosting], now_ms: int) -> NDArray[Any]:
    """The terms of many postings at a moment, over the whole city."""
    known = [compiled(memory, h) for h in held]
    return terms_at(known, waves.RADII_M[-1], now_ms, memory.settings, memory.rates.answer_chances())


def warm() -> None:
    """Compiles what decides, or reads it from disk, by deciding on a posting that nobody made over no profiles: seconds
    the first time on a machine, half a second later."""
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
    c, rows, none = Columns(), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.float32)
    ask = ask_of("none", doc, radius_m=1.0, asked=frozenset(), now_ms=0, settings=MarketSettings())
    sight = search.sight(c, ask)
    search.within(sight, ask, NARROW)
    search.survivors(sight, ask, search.spans(c.by_cell, ask))
    search.passing(c, ask, rows)
    search.reached(c, ask.terms, rows)
    search.among(rows, rows)
    search.excluded_by(c, ask, 0)
    index = VectorIndex(1, "")
    index.put(0, none, "")
    index.scores(none, rows)
    score.across(sight.town, ask.terms, Weights(), 0, none)
    score.totals(sight.town, ask, Weights(), rows, none)
    score.parts(sight.town, ask, rows, none)
    assigned([rows, rows], [none, none], [1, 1], [rows.astype(np.uint8)] * 2)
