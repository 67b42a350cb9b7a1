"""Answers from memory: what somebody can do today, how many fit a posting, how somebody stands with one.

The rules and the score are the compiled ones that decide about offers, run here for one row over many postings: what a
worker is told is what a wave would do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matcher import missing, plan, score, search, waves
from matcher.ask import Ask, ask_of
from matcher.errors import KuaizhaoError
from matcher.model import Posting, Reason
from matcher.questions import (
    Answer,
    Fits,
    HowMany,
    HowManyAnswer,
    OutOfReach,
    Question,
    Today,
    TodayAnswer,
    Why,
    WhyAnswer,
    Wish,
)
from matcher.replica import HeldPosting, Replica
from matcher.row import Town
from matcher.rules import RULES, UNTOLD
from matcher.score import Weights
from matcher.wishes import wished

CITY_M: Final = waves.RADII_M[-1]
OF_OFFERS: Final = frozenset({"paused", "live_cap", "daily_cap", "quiet_hours", "not_asked"})
"""Rules about being asked, not about being able to do the work."""
AGES: Final = frozenset({"working_age", "minor_hazard", "age"})
"""Rules that ask for one and the same thing."""
NEAR_ENOUGH_M: Final = 5_000.0
NEAR_ENOUGH_PAY: Final = 0.3
"""Farther away, or wishing for more than this above the pay, is not just out of reach."""
AFTER_OTHERS: Final = 2.0
"""More than any score: taken from who is asked after everybody else."""
LOOKED_AT: Final = 200
"""So many of those who stand before somebody are compared with them."""
BEFORE: Final = {
    "skill": "手艺更对口,或这活做得更多",
    "near": "离得更近",
    "pay": "期望的工钱更低",
    "reliable": "到岗记录更好",
    "waited": "更久没接到活",
    "present": "在大厅,或打开了今天能干",
    "focus": "属于优先的重点群体",
    "answers": "回复得更勤",
    "known": "在这家干过活",
    "spare": "手上没有待回复的派单",
}
"""By part of the score: what people have who stand before somebody."""


def _mask(codes: Collection[str]) -> int:
    return sum(1 << i for i, rule in enumerate(RULES) if rule.code in codes)


_OF_OFFERS: Final = _mask(OF_OFFERS)
_MENDABLE: Final = _mask(missing.MISSING.keys())


class Desk:
    """Answers questions about one memory; `now_ms` is the store's clock."""

    def __init__(self, memory: Replica, weights: Weights, now_ms: Callable[[], int]) -> None:
        self.memory = memory
        self.weights = weights
        self.now_ms = now_ms

    async def answer(self, question: Question) -> Answer:
        """Raises `no_profile`, `no_posting`, `posting_not_open`."""
        if isinstance(question, Today):
            return self.today(question)
        if isinstance(question, HowMany):
            return await self.how_many(question.posting)
        if isinstance(question, Wish):
            return wished(self.memory, self.weights, question, self.now_ms())
        return await self.why(question)

    # -- what can I do today ----------------------------------------------------------------------------------------

    def today(self, question: Today) -> TodayAnswer:
        """One row over all open postings: milliseconds for thousands of them."""
        row, now_ms = self._row(question.profile), self.now_ms()
        held = [h for h in self.memory.postings.values() if plan.needs_people(h.record) and _is_ahead(h, now_ms)]
        if not held:
            return TodayAnswer(fits=[], out_of_reach=[])
        terms, own = plan.terms_now(self.memory, held, now_ms), self.memory.index.vectors()[row]
        similarity = np.array([h.vector @ own if len(h.vector) else 0.0 for h in held], dtype=np.float32)
        broken, metres, totals = np.zeros(len(held), dtype=np.int64), np.zeros(len(held)), np.zeros(len(held))
        towns: dict[int, Town] = {}
        for town, at in self._towns(held, question.profile):
            towns |= dict.fromkeys(at.tolist(), town)
            broken[at] = search.broken_by(town, terms[at], row)
            metres[at], totals[at] = score.across(town, terms[at], self.weights, row, similarity[at])
        able = broken & ~_OF_OFFERS
        best = (-totals).argsort(kind="stable").tolist()
        fits = [i for i in best if not able[i]][: question.limit]
        lacking = (able != 0) & (able & ~_MENDABLE == 0)
        near = [i for i in best if lacking[i] and self._is_near(int(able[i]), row, terms[i], float(metres[i]))]
        return TodayAnswer(
            fits=[
                self._fits(held[i], towns[i], terms[i : i + 1], row, float(similarity[i]), int(broken[i])) for i in fits
            ],
            out_of_reach=[
                self._near(held[i], terms[i], row, int(able[i]), float(metres[i])) for i in near[: question.limit]
            ],
        )

    def _towns(self, held: Sequence[HeldPosting], profile: str) -> Iterator[tuple[Town, NDArray[np.int64]]]:
        """What the rules see for this person, and for which of the postings: it differs by whether they had it before
        and by what they have to do with its employer."""
        groups: dict[tuple[bool, bool, bool], list[int]] = {}
        for i, h in enumerate(held):
            ties = self.memory.ties.told(h.record.doc.employer, profile)
            groups.setdefault((self.memory.was_asked(h.record.id, profile), *ties), []).append(i)
        for flags, at in groups.items():
            yield self.memory.columns.town(*((profile,) if flag else () for flag in flags)), np.array(at)

    def _is_near(self, able: int, row: int, terms: Any, metres: float) -> bool:
        codes = {"age" if rule.code in AGES else rule.code for rule in search.rules_of(able)}
        if len(codes) != 1:
            return False
        w = self.memory.columns.table[row]
        if codes == {"pay"}:
            return float(w["pay_fen"]) <= float(terms["pay_fen"]) * (1 + NEAR_ENOUGH_PAY)
        return codes != {"place"} or metres - float(w["radius_m"]) <= NEAR_ENOUGH_M

    def _fits(self, h: HeldPosting, town: Town, terms: NDArray[Any], row: int, similarity: float, broken: int) -> Fits:
        c, rows = self.memory.columns, np.array([row], dtype=np.int64)
        ask = Ask(h.record.id, terms, np.zeros(0, dtype=np.uint16), frozenset())
        parts = score.parts(town, ask, rows, np.array([similarity], dtype=np.float32))
        return Fits(
            posting=h.record.id,
            distance_m=round(parts.metres[0]),
            reasons=score.reasons(c.table[rows], ask, parts, self.weights)[0],
            waits=[Reason(rule.code, rule.words) for rule in search.rules_of(broken)],
        )

    def _near(self, h: HeldPosting, terms: Any, row: int, able: int, metres: float) -> OutOfReach:
        w = self.memory.columns.table[row]
        told = [missing.told(rule.code, w, terms, h.record.doc, metres) for rule in search.rules_of(able)]
        by_words = {reason.words: reason for reason in told}
        return OutOfReach(posting=h.record.id, distance_m=round(metres), missing=list(by_words.values()))

    # -- how many fit, and how do I stand ---------------------------------------------------------------------------

    async def how_many(self, doc: Posting) -> HowManyAnswer:
        """People in the whole city who pass every rule now, counted on a thread, and what to expect of them."""
        memory, now_ms, ties = self.memory, self.now_ms(), self.memory.ties
        ask = ask_of(
            "none",
            doc,
            radius_m=CITY_M,
            asked=frozenset(),
            now_ms=now_ms,
            settings=memory.settings,
            blocked=ties.blocked(doc.employer),
        )
        people = len(await self._everybody(ask))
        rate = memory.rates.usual_yes(doc.trade, memory.rates.hour(now_ms))
        timing = waves.timing(doc.start_ms, now_ms, waves.midnight_after(now_ms, memory.settings.zone_offset_ms))
        answer_s = memory.rates.usual_answer_s()
        return HowManyAnswer(
            people=people,
            asked=min(people, waves.people_to_ask(doc.headcount, rate)),
            minutes=waves.minutes_to_fill(doc.headcount, people, rate, answer_s, timing.gap_ms),
        )

    async def why(self, question: Why) -> WhyAnswer:
        """Every rule that keeps somebody out, or their place among those who fit."""
        held = self.memory.postings.get(question.posting)
        if held is None:
            raise KuaizhaoError("no_posting")
        row, q = self._row(question.profile), plan.question(self.memory, held, self.now_ms())
        ask = q.ask.within(CITY_M)
        broken = search.excluded_by(self.memory.columns, ask, row)
        excluded = [Reason(code, words) for code, words in broken if question.untold or code not in UNTOLD]
        numbering = self.memory.columns.numbering
        rows = await self._everybody(ask)
        if self.memory.columns.numbering != numbering:  # every row is another's: ask anew
            return await self.why(question)
        at = np.flatnonzero(rows == row)
        if broken or not len(at):
            return WhyAnswer(excluded=excluded, rank=None, among=len(rows), before=[])
        town = search.town(self.memory.columns, ask)
        holds = plan.holding(self.memory.columns, q, rows)
        totals = plan.scored(self.memory.index, town, q, rows, self.weights).totals - AFTER_OTHERS * holds
        ahead = np.flatnonzero(totals > totals[at[0]])
        before = self._before(q, rows[ahead[(-totals[ahead]).argsort()][:LOOKED_AT]], row)
        return WhyAnswer(excluded=[], rank=len(ahead) + 1, among=len(rows), before=before)

    def _before(self, q: plan.Question, ahead: NDArray[np.int64], row: int) -> list[Reason]:
        """What most of those before somebody have more of; nothing about any one of them."""
        if not len(ahead):
            return []
        rows = np.append(ahead, row)
        similarity = self.memory.index.scores(q.held.vector, rows)
        parts = score.parts(search.town(self.memory.columns, q.ask), q.ask, rows, similarity)
        counted = parts.values * score.by_part(self.weights)
        more = np.median(counted[:-1], axis=0) - counted[-1]
        names = [part.name for part in score.PARTS]
        if plan.holding(self.memory.columns, q, rows)[-1]:  # whatever it counts, it comes first
            more[names.index("spare")] = 1.0
        told = [Reason(names[k], BEFORE[names[k]]) for k in (-more).argsort().tolist() if more[k] > 0.005]
        first = [Reason("hall", "先问在大厅里的人")] if np.isin(ahead, q.first).any() and row not in q.first else []
        return (first + told)[:2]

    async def _everybody(self, ask: Ask) -> NDArray[np.int64]:
        c = self.memory.columns
        sight = search.sight(c, ask)
        return await asyncio.to_thread(search.survivors, sight, ask, search.spans(c.by_cell, ask))

    def _row(self, profile: str) -> int:
        row = self.memory.columns.row_of.get(profile)
        if row is None:
            raise KuaizhaoError("no_profile")
        return row


def _is_ahead(h: HeldPosting, now_ms: int) -> bool:
    return h.record.start_ms > now_ms and h.record.valid_until_ms > now_ms
