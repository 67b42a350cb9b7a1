"""The loop: events in, waves out. Nothing polls: it sleeps until an event comes or something falls due.

A batch is whatever events queued while the last batch ran. Sweeping what has come due runs beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final

import numpy as np
import structlog

from matcher import plan
from matcher.connection import Done
from matcher.counts import Counts
from matcher.errors import KuaizhaoError
from matcher.plan import Question, Wave
from matcher.reading import Change
from matcher.replica import Replica
from matcher.score import Weights, weights_of
from matcher.store import Store
from matcher.wide import WideSearch

log = structlog.get_logger()

ASK_MORE_AFTER = frozenset(
    {
        "posting.opened",
        "posting.wave_due",
        "posting.amended",
        "posting.unheld",
        "posting.settled",
        "posting.lapsed",
        "posting.consent_lapsed",
        "posting.reconsented",
        "posting.acceptance_withdrawn",
        "assignment.released",
        "assignment.no_show",
    }
)
"""Events after which a posting may need people that no offer is out for."""

ANSWERS = frozenset({"posting.accepted", "posting.declined", "posting.offers_expired", "posting.offer_withdrawn"})
"""Events that may leave a posting without an open offer: while seats are open, the next wave then follows at once."""

TIMED = ASK_MORE_AFTER | {"posting.offered", "posting.accepted", "posting.posted", "posting.reviewed"}
"""Events that may have set a timer earlier than the one the sweeper waits for."""


TIMERS_GATHER_S: Final = 0.05
"""Timers set by events that come so close together are asked for once: asked for each event, they were a fifth of the
matcher's round trips, and no timer is set for so soon."""


class Dispatcher:
    """Follows one market: applies events to memory, dispatches the postings that need people."""

    def __init__(
        self, store: Store, memory: Replica, weights: Weights | None = None, *, configured_seq: int = 0
    ) -> None:
        self.store = store
        self.memory = memory
        self.configured_seq = configured_seq
        """Settings and model are those in force after the event with this number, however old memory itself is."""
        self.weights = weights or weights_of(memory.settings)
        self.clock_ahead_ms = 0
        """How far the store's clock is ahead of ours: deadlines are the store's."""
        self.timers_changed = asyncio.Event()
        self.counts = Counts()
        self._wide = WideSearch()
        self._wide_questions: asyncio.Queue[tuple[Question, bool]] = asyncio.Queue()
        """Each with whether a wave that reaches nobody is to be written."""
        self._asking: set[str] = set()
        """Postings that an event left wanting people, and no wave since."""
        self._answered: set[str] = set()
        """Postings of which an answer has come whose events are not all applied."""
        self._unmet: set[str] = set()
        """Postings whose last wave reached nobody."""

    def now_ms(self) -> int:
        """The store's clock, as far as we know it."""
        return time.time_ns() // 1_000_000 + self.clock_ahead_ms

    async def set_clock(self) -> None:
        """Notes how the store's clock differs from ours; every sweep notes it again."""
        self._set_clock(await self.store.now_ms())

    def _set_clock(self, store_now_ms: int) -> None:
        self.clock_ahead_ms = store_now_ms - time.time_ns() // 1_000_000

    async def catch_up(self) -> None:
        """Dispatches what was waiting before we came: every open posting without a wave that is still out."""
        waiting = [i for i, held in self.memory.postings.items() if held.record.open_offers == 0]
        await self.dispatch(waiting)

    async def follow(self) -> None:
        """Applies events and dispatches, for ever. Raises MemoryStale or StoreUnavailable."""
        while True:
            changes = await self.store.changes(self.memory.stream_id)
            if self.memory.missed(changes):
                raise MemoryStale(f"events after {self.memory.seq} are gone from the stream")
            if changes:
                await self.step(changes)

    async def step(self, changes: list[Change]) -> None:
        """One batch: memory first, then waves for the postings that the events leave wanting."""
        if any(c.kind in ("model.put", "market.configured") and c.seq > self.configured_seq for c in changes):
            raise MemoryStale("the market's model or settings have changed")
        self.counts.events += len(changes)
        touched = await self.memory.apply(changes)
        for change in changes:  # a record read back may hold another matcher's wave whose event is still to come
            if change.kind in ASK_MORE_AFTER:
                self._asking.add(change.id)
            elif change.kind == "posting.offered":
                self._asking.discard(change.id)
                (self._unmet.discard if change.who else self._unmet.add)(change.id)
        self._answered.update(c.id for c in changes if c.kind in ANSWERS)
        # a record read back ahead of its events may be ahead of the people whom those events bring, too
        asking = {i for i in self._asking if self._caught_up(i)}
        answered = {i for i in self._answered if self._caught_up(i)}
        self._asking -= asking
        self._answered -= answered
        if any(c.kind in TIMED for c in changes):
            self.timers_changed.set()
        wanting = [i for i in touched if i in asking or (i in answered and self._all_answered(i))]
        wanting = list(dict.fromkeys(self.memory.leader(i, self.now_ms()) for i in wanting))
        await self.dispatch(wanting)
        self._unmet &= self.memory.postings.keys()
        if self._unmet:
            await self.dispatch(self._unmet_by(may_be_free(changes), wanting), only_if_found=True)

    def _unmet_by(self, profiles: Iterable[str], wanting: Collection[str]) -> list[str]:
        """Postings but those `wanting` whose last wave reached nobody, and that one of these people may be asked for:
        who comes, or has answered another offer, need not wait for the next wave."""
        row_of, postings = self.memory.columns.row_of, self.memory.postings
        rows = np.array([row_of[i] for i in profiles if i in row_of], dtype=np.int64)
        unmet = [i for i in self._unmet if i not in wanting]
        if not unmet or not len(rows):
            return []
        reached = plan.reached(self.memory, [postings[i] for i in unmet], rows, self.now_ms())
        those = [i for i, is_reached in zip(unmet, reached, strict=True) if is_reached]
        return [i for i in those if self._all_answered(i) and self._may_ask(i)]

    def _may_ask(self, posting: str) -> bool:
        return plan.may_ask(self.memory, self.memory.postings[posting].record, self.now_ms())

    def _caught_up(self, posting: str) -> bool:
        held = self.memory.postings.get(posting)
        return held is None or held.event_v >= held.record.v

    def _all_answered(self, posting: str) -> bool:
        held = self.memory.postings.get(posting)
        return held is not None and held.record.open_offers == 0

    async def dispatch(self, postings: Iterable[str], *, only_if_found: bool = False) -> list[Wave]:
        """Decides and writes the next wave of each posting that needs people, all in one round trip; wide ones follow
        (`answer_wide`). A wave that reaches nobody is written too, for it sets the time of the next one, unless
        `only_if_found`."""
        begun, now_ms = time.perf_counter_ns(), self.now_ms()
        held = [self.memory.postings[id_] for id_ in postings if id_ in self.memory.postings]
        wanting = [h for h in held if self._may_ask(h.record.id) and h.record.start_ms > now_ms]
        waves: list[Wave] = []
        wide: list[Question] = []
        for some in days_apart(plan.question(self.memory, h, now_ms) for h in wanting):
            decided, left = plan.decide(self.memory, some, self.weights)
            waves += decided
            wide += left
        for q in wide:
            self._wide_questions.put_nowait((q, not only_if_found))
        self._count(len(waves), len(wide), begun)
        planned = [w for w in waves if w.offered or not only_if_found]
        if planned:
            await self._write(planned)
        return planned

    def _count(self, waves: int, wide: int, begun_ns: int) -> None:
        counts = self.counts
        counts.wide += wide
        if waves == 1:
            counts.alone += 1
        else:
            counts.together += waves
        counts.deciding_us += (time.perf_counter_ns() - begun_ns) // 1_000

    def told(self) -> Counts:
        """What was done, and what memory holds now."""
        counts, memory = self.counts, self.memory
        counts.profiles, counts.postings = len(memory.columns.row_of), len(memory.postings)
        counts.strays, counts.tombstones = memory.columns.strays, memory.columns.tombstones
        return counts

    async def answer_wide(self) -> None:
        """Answers wide questions as they come, for ever; those that came together share people."""
        try:
            while True:
                asked = [await self._wide_questions.get()]
                while not self._wide_questions.empty():
                    asked.append(self._wide_questions.get_nowait())
                memory = self.memory
                found = [await self._wide.find(memory, q, self.weights) for q, _ in asked if self._is_open(q)]
                self.counts.wide_cut = self._wide.cut
                still_open = [f for f in found if self._is_open(f.question)]
                chosen = plan.share(memory.columns, still_open, memory.settings.live_cap)
                even_nobody = {q.ask.posting for q, even_nobody in asked if even_nobody}
                telling = [f for f in chosen if len(f.rows) or f.question.ask.posting in even_nobody]
                if telling:
                    await self._write([plan.wave_of(memory.columns, f, self.weights) for f in telling])
        finally:
            self._wide.close()

    def _is_open(self, q: Question) -> bool:
        """Whether the posting still waits for the wave that answers this."""
        held = self.memory.postings.get(q.ask.posting)
        if held is None or (held.record.wave + 1, held.record.terms) != (q.wave, q.held.record.terms):
            return False
        return self._may_ask(q.ask.posting)

    async def _write(self, planned: list[Wave]) -> None:
        calls = [
            self.store.offer_call(
                w.posting,
                terms=w.terms,
                wave=w.number,
                reply_ms=w.timing.app_ms,
                gap_ms=w.timing.gap_ms,
                offered=w.offered,
            )
            for w in planned
        ]
        for w, answer in zip(planned, await self.store.call_many(calls), strict=True):
            if isinstance(answer, KuaizhaoError):  # somebody was quicker: their event tells us what is so
                self.counts.refused += 1
                log.info("wave_refused", posting=w.posting, wave=w.number, code=answer.code)
            else:
                self.counts.waves += 1
                self.counts.offers += answer.offered
                log.debug(
                    "wave", posting=w.posting, wave=w.number, offered=answer.offered, left_out=len(answer.left_out)
                )

    async def sweep(self) -> None:
        """Does what falls due, when it falls due, for ever."""
        while True:
            self.timers_changed.clear()
            due: Done = await self.store.sweep()
            self._set_clock(due.now_ms)
            if due.done:
                continue
            wait_s = None if due.next_ms == 0 else max(0.001, (due.next_ms - due.now_ms) / 1000)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.timers_changed.wait()
                    await asyncio.sleep(TIMERS_GATHER_S)


def may_be_free(changes: Iterable[Change]) -> set[str]:
    """Who has come, or whose offer, acceptance or shift has changed: perhaps they can be asked for more than before."""
    come = {c.id for c in changes if c.kind == "profile.presence"}
    changed = (c for c in changes if c.kind.startswith(("posting.", "assignment.")) and c.kind != "posting.offered")
    return come.union(*(c.who for c in changed))


def days_apart(questions: Iterable[Question]) -> list[list[Question]]:
    """Questions to be decided one list after the other: the days of one series do not compete, for they go to the same
    people as one offer."""
    lists: list[list[Question]] = []
    seen: Counter[str] = Counter()
    for q in questions:
        series = q.held.record.doc.series
        at = seen[series] if series else 0
        if series:
            seen[series] += 1
        if at == len(lists):
            lists.append([])
        lists[at].append(q)
    return lists


class MemoryStale(RuntimeError):
    """Memory has to be built anew: events after our position are gone, or the market's model has changed."""
