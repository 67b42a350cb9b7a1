"""Whether the matcher finds exactly whom the oracle finds, and ranks the same people first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from loadtest import population
from loadtest.bench import memories, open_postings, oracle
from loadtest.bench.open_postings import Kind
from loadtest.bench.oracle import Known, Question
from loadtest.population import NOON_MS
from matcher import score, search
from matcher.ask import ask_of
from matcher.model import HOUR_MS, PostingRecord
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights

TOP = 50
SAME_SCORE = 1e-5
"""Scores closer than 32-bit sums can tell are equal."""
RADII_M = (3_000, 6_000, 15_000, 60_000)
NIGHT_MS = NOON_MS + 11 * HOUR_MS
"""Of the same day, so that offers had today are had today."""


class Agreement(Struct):
    """Over all questions: how many, those with the same survivors, survivors in all, questions with
    more than 50 of them, and the worst recall of the best 50."""

    questions: int
    same_survivors: int
    survivors: int
    more_than_50: int
    recall_at_50: float


def mixed(n: int, seed: int) -> list[PostingRecord]:
    """Postings of every kind: with and without ages, by the piece, hazardous, with certificates."""
    kinds = (Kind(), Kind(popular=True), Kind(ages=False, popular=True), Kind(ages=False, piece=True, popular=True))
    found = [p for i, kind in enumerate(kinds) for p in open_postings.posting_records(-(-n // 4), seed + i, kind)][:n]
    for i, posting in enumerate(found):
        if i % 10 == 3:
            posting.doc = structs.replace(posting.doc, hazards=["heights"])
        if i % 10 == 7:
            posting.doc = structs.replace(posting.doc, certificates=["food"])
    return found


def questions(postings: Sequence[PostingRecord]) -> list[Question]:
    """Every radius in turn; every seventh is put at night."""
    return [
        Question(p.id, p.doc, RADII_M[i % 4], NIGHT_MS if i % 7 == 0 else NOON_MS, memories.SETTINGS)
        for i, p in enumerate(postings)
    ]


def _ours(memory: Replica, held: HeldPosting, q: Question) -> tuple[list[str], list[str]]:
    ask = ask_of(
        q.id,
        q.doc,
        radius_m=q.radius_m,
        asked=memory.asked(q.id),
        now_ms=q.now_ms,
        settings=q.settings,
        blocked=memory.ties.blocked(q.doc.employer),
        known=memory.ties.known(q.doc.employer),
    )
    c = memory.columns
    rows = search.everybody(c, ask)
    total = score.totals(search.town(c, ask), ask, Weights(), rows, memory.index.scores(held.vector, rows))
    return [c.ids[row] for row in rows], [c.ids[rows[i]] for i in score.best(total, TOP)]


def _theirs(memory: Replica, held: HeldPosting, known: Sequence[Known], q: Question) -> dict[str, float]:
    wanted = [float(x) for x in held.vector]
    found = {}
    for k in known:
        if oracle.may_be_asked(k, q):
            own = memory.index.vectors()[memory.columns.row_of[k.record.id]].tolist()
            found[k.record.id] = oracle.score(k, q, sum(a * b for a, b in zip(wanted, own, strict=True)))
    return found


def agreement(memory: Replica, known: Sequence[Known], postings: Sequence[PostingRecord], seed: int) -> Agreement:
    """Puts every question to both. `known` is what the oracle goes through, row by row."""
    result = Agreement(0, 0, 0, 0, 1.0)
    for held, q in zip(memories.hold(memory, postings, seed), questions(postings), strict=True):
        survivors, first = _ours(memory, held, q)
        theirs = _theirs(memory, held, known, q)
        result.questions += 1
        result.same_survivors += sorted(survivors) == sorted(theirs)
        result.survivors += len(theirs)
        result.more_than_50 += len(theirs) > TOP
        if theirs:
            last = sorted(theirs.values(), reverse=True)[: len(first) or 1][-1]
            best = sum(theirs.get(id_, -1.0) >= last - SAME_SCORE for id_ in first)
            result.recall_at_50 = min(result.recall_at_50, best / min(TOP, len(theirs)))
    return result


def measure(profiles: int, postings: int, seed: int) -> Agreement:
    """Agreement on an invented city of this size."""
    records = list(population.workers(profiles, seed))
    asked = mixed(postings, seed + 100)
    rng = np.random.default_rng(seed)
    known = [memories.known(n, record) for n, record in enumerate(records)]
    memory = memories.empty()
    memories.fill(memory, records, seed)
    for n in rng.choice(profiles, profiles // 20, replace=False).tolist():
        known[n].asked = frozenset(p.id for p in asked[n % 10 :: 10])
        memories.tell(memory, records[n].id, structs.replace(memories.told_of(n), asked=known[n].asked))
    return agreement(memory, known, asked, seed + 200)
