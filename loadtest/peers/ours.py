"""Ours: a matcher's memory, asked as the dispatcher asks it and, for the same answer as the peers', rules and top K."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from msgspec import structs

from loadtest.bench import memories
from loadtest.bench.timing import Json
from loadtest.peers.city import City, K, Question
from loadtest.population import MODEL, NOON_MS
from matcher import plan, search
from matcher.ask import ask_of
from matcher.plan import Wave
from matcher.replica import HeldPosting, Replica
from matcher.score import Weights, best
from matcher.wide import WideSearch

WEIGHTS = Weights()
KEPT = 1_000
"""Records kept, to be changed."""


class Ours:
    """One memory of the city; every rule of the matcher is asked, also those that bind nobody here."""

    def __init__(self) -> None:
        self.memory: Replica = memories.empty()
        self.settings: Json = {
            "index": "rows by trade and cell of 2 km, rules compiled",
            "vectors": "float32, inner products of the survivors by FAISS",
            "threads": 1,
        }
        self._wide, self._loop = WideSearch(), asyncio.Runner()

    def build(self, c: City) -> None:
        """Rows and vectors, then sorted as a matcher does once loaded."""
        self._first = list(c.records(KEPT))
        for record, vector in zip(c.records(), c.vectors, strict=True):
            self.memory.index.put(self.memory.columns.put(record), vector, MODEL)
        self.memory.compact()
        self._numbers = np.array([int(id_[1:]) for id_ in self.memory.columns.ids])
        plan.warm()

    def hold(self, some: Sequence[Question]) -> None:
        """Takes the postings into memory."""
        self.memory.postings |= {q.posting.id: HeldPosting(q.posting, q.vector, 1) for q in some}

    def search(self, q: Question) -> list[int]:
        """Numbers of the best K by the vectors, among all who pass every rule."""
        memory, doc = self.memory, q.posting.doc
        ask = ask_of(
            q.posting.id,
            doc,
            radius_m=q.radius_m,
            asked=memory.asked(q.posting.id),
            now_ms=NOON_MS,
            settings=memory.settings,
            blocked=memory.ties.blocked(doc.employer),
            known=memory.ties.known(doc.employer),
            compiled=plan.compiled(memory, memory.postings[q.posting.id]),
        )
        rows = search.everybody(memory.columns, ask)
        numbers: list[int] = self._numbers[rows[best(memory.index.scores(q.vector, rows), K)]].tolist()
        return numbers

    def decide(self, q: Question) -> Wave:
        """The whole decision: hall first, radii, the published score with reasons, channels and deadlines. Only a wide
        question needs the loop, whose start and end no dispatcher pays for each question."""
        memory, held = self.memory, self.memory.postings[q.posting.id]
        waves, too_wide = plan.decide(memory, [plan.question(memory, held, NOON_MS)], WEIGHTS)
        if waves:
            return waves[0]
        found = self._loop.run(self._wide.find(memory, too_wide[0], WEIGHTS))
        (chosen,) = plan.share(memory.columns, [found], memory.settings.live_cap)
        return plan.wave_of(memory.columns, chosen, WEIGHTS)

    def toggle(self, c: City, n: int, free: int) -> None:
        """A person's record, read back with another status."""
        self.memory.columns.put(structs.replace(self._first[n], paused=not free))

    def close(self) -> None:
        """Ends the loop and the thread of wide questions."""
        self._wide.close()
        self._loop.close()
