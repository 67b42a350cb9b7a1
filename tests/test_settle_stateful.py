"""Everything that can happen in a small market, in any order, against the real store.

Hypothesis drives every operation with five people and five postings that overlap in time, in both award modes, with the
clock stopped and moved by hand. After each step the whole market is judged from its records alone: tests/market_view.py
holds what must be true from one step to the next, the audit what must be true at any time, and each rule below says by
itself which refusals are right; anything else, refused or done, is a fault.

How long it searches is a Hypothesis profile: `HYPOTHESIS_PROFILE=long pytest tests/test_settle_stateful.py` takes about
a quarter of an hour; without it some twenty to thirty seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from msgspec import Struct, structs

from loadtest.audit import audit
from matcher import codec, records
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import HOUR_MS, Entry, Pay, Posting, PostingRecord, Presence
from matcher.seating import Offered
from matcher.settings import MarketSettings
from matcher.store import Store
from tests import design
from tests.builders import EMPLOYER, MINUTE_MS, MODEL, SEED, dump, employer, posting, profile, vector, write
from tests.conftest import TEST_CLOCK, move_clock, new_market, running_redis7, running_valkey, stop_clock
from tests.market_view import View, event_faults, idle_seat_faults, move_faults, order_faults, other_faults, view

DAWN_MS = 1_772_399_400_000
"""Monday 2026-03-02, 05:10 in the market's zone."""
WINDOW_MS, LIVE_CAP, CALLS_MS = 30_000, 2, 190 * MINUTE_MS
WORKERS = tuple(f"w{n}" for n in range(5))
POSTINGS = tuple(f"p{n}" for n in range(5))
CREWS = ("c0", "c1")
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
PHASES = (Phase.generate, Phase.shrink)  # explaining a failure would trace every line of every step: minutes

workers = st.sampled_from(WORKERS)
postings = st.sampled_from(POSTINGS)
crews = st.sampled_from(CREWS)
modes = st.sampled_from(["none", "whole", "whole", "split"])
crowds = st.just(list(WORKERS)) | st.lists(workers, min_size=1, max_size=4)
rarely = st.sampled_from([False] * 14 + [True])
WAITS = ("gathering", "waiting", "standby", "called")
DATA = object()
"""In an action's draws: it draws for itself."""
Pair = tuple[str, str]
Check = Callable[[View, View, Done], None]


class Action(Struct, frozen=True):
    """One operation that may come next: how often compared to others, when it makes sense, what it draws."""

    name: str
    weight: int
    needs: Callable[[Any], Any] | None
    draws: dict[str, Any]

    def __repr__(self) -> str:
        return self.name


def action(weight: int, *, needs: Callable[[Any], Any] | None = None, **draws: Any) -> Callable[[Any], Any]:
    """Marks a method of the market as an action."""

    def marked(method: Any) -> Any:
        method.action = Action(method.__name__, weight, needs, draws)
        return method

    return marked


class Market(RuleBasedStateMachine):
    """One market. `do` runs an operation and judges what came of it."""

    url = ""
    actions: ClassVar[list[Action]]

    def __init_subclass__(cls) -> None:
        marked = [m.action for m in vars(Market).values() if hasattr(m, "action")]
        cls.actions = sorted(marked, key=lambda a: -a.weight)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = Store(self.url, new_market(), clock=TEST_CLOCK)
        self.now_ms = DAWN_MS
        self.unswept = False
        self.count = 0
        self.penalised: set[Pair] = set()
        """(worker, posting) of every late release."""
        self.run(self.begin())

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def begin(self) -> None:
        await stop_clock(self.store, DAWN_MS)
        await self.store.load(
            MarketSettings(live_cap=LIVE_CAP, daily_cap=100_000, window_ms=WINDOW_MS, reconfirm_within_ms=CALLS_MS)
        )
        await self.store.put_employer(EMPLOYER, employer())
        self.seen = "-"
        await self.events()
        self.dump = await dump(self.store)
        self.view = await view(self.store, self.now_ms)

    def teardown(self) -> None:
        self.run(self.store.commands.flushall())  # the server is this test's own
        self.run(self.store.close())
        self.loop.close()

    # -- one step ---------------------------------------------------------------------------------------------------

    def do(
        self,
        call: Callable[[], Awaitable[Done]],
        refusals: dict[str, bool],
        *,
        settles: Iterable[str] = (),
        check: Check | None = None,
        again: str | None = "replay",
        several: bool = False,
    ) -> None:
        """Runs `call`. It must be refused with one of the codes whose condition holds, and done when none does.

        `settles` are the postings that have to be settled afterwards; `again` what the very same call answers next:
        "replay", the code of a refusal, or None for not asked.
        """
        self.run(self._do(call, refusals, tuple(settles), check, again, several))

    async def _do(
        self,
        call: Callable[[], Awaitable[Done]],
        refusals: dict[str, bool],
        settles: tuple[str, ...],
        check: Check | None,
        again: str | None,
        several: bool,
    ) -> None:
        right = {code for code, holds in refusals.items() if holds}
        done = await self.answer(call)
        if isinstance(done, KuaizhaoError):
            assert done.code in right, f"refused with {done.code}, right would be {right or 'to do it'}"
            assert await dump(self.store) == self.dump, "a refusal changed something"
            return
        if done.replay:
            assert await dump(self.store) == self.dump, "a replay changed something"
            return
        assert not right, f"done, although {right}"
        before, after = self.view, await view(self.store, self.now_ms)
        await self.judge(before, after, settles, several)
        if check is not None:
            check(before, after, done)
        self.view, self.dump = after, await dump(self.store)
        await self.repeat(call, done, again)

    @staticmethod
    async def answer(call: Callable[[], Awaitable[Done]]) -> Done | KuaizhaoError:
        try:
            return await call()
        except KuaizhaoError as refusal:
            return refusal

    async def events(self) -> dict[str, set[str]]:
        """Record -> everybody named, of the events since the last step."""
        named: dict[str, set[str]] = {}
        for stream_id, fields in await self.store.commands.xrange(self.store.key("events"), min=self.seen):
            self.seen = "(" + stream_id.decode()
            named.setdefault(fields[b"id"].decode(), set()).update(fields[b"who"].decode().split())
        return named

    async def judge(self, before: View, after: View, settles: tuple[str, ...], several: bool) -> None:
        events = await self.events()
        faults = list(move_faults(before, after, several=several))
        faults += order_faults(before, after)
        faults += other_faults(before, after, LIVE_CAP)
        faults += event_faults(before, after, events)
        for id_ in settles:
            faults += idle_seat_faults(before, after, id_)
        assert not faults, faults
        report = await audit(self.store)
        assert report.ok, report.examples

    async def repeat(self, call: Callable[[], Awaitable[Done]], done: Done, again: str | None) -> None:
        if again is None:
            return
        answer = await self.answer(call)
        if isinstance(answer, KuaizhaoError):
            assert answer.code == again, "another answer to the same call"
        else:
            assert again == "replay"
            assert answer.replay
            assert structs.replace(answer, replay=False) == done, "another answer to the same call"
        assert await dump(self.store) == self.dump, "the same call again changed something"

    # -- what to try ------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One of the things that make sense now, the telling ones more often."""
        possible = [a for a in self.actions for _ in range(a.weight) if a.needs is None or a.needs(self)]
        chosen = data.draw(st.sampled_from(possible), label="action")
        drawn = {name: data if s is DATA else data.draw(s, label=name) for name, s in chosen.draws.items()}
        getattr(self, chosen.name)(**drawn)

    def postings_in(self, *states: str) -> list[str]:
        return sorted(id_ for id_, p in self.view.postings.items() if p.state in states)

    def pairs(self, holds: Callable[[PostingRecord, Entry], bool]) -> list[Pair]:
        return [(id_, who) for id_, who, p, e in self.view.pairs() if holds(p, e)]

    def pick(self, data: st.DataObject, likely: list[Pair]) -> tuple[str, str, PostingRecord | None, Entry | None]:
        """Mostly somebody for whom it makes sense, now and then anybody."""
        anybody = not likely or data.draw(rarely, label="anybody")
        chosen: st.SearchStrategy[Pair] = st.tuples(postings, workers) if anybody else st.sampled_from(likely)
        id_, who = data.draw(chosen, label="pair")
        return id_, who, self.view.postings.get(id_), self.view.entries.get(id_, {}).get(who)

    def new_doc(self, old: Posting, **over: Any) -> Posting:
        self.count += 1
        return structs.replace(old, text=f"虚构:搬运,第{self.count}版", **over)

    # -- people -----------------------------------------------------------------------------------------------------

    @initialize(n=st.integers(3, 5))
    def first_people(self, n: int) -> None:
        for number, who in enumerate(WORKERS[:n]):
            self.register(who, 0)
            if number % 2:
                self.presence(who, "in_hall", 9 - number)
            if number % 3 == 0:
                self.run(self.worked_before(who, DAWN_MS - number))
        if n > 3:
            self.form_crew("c0", WORKERS[0], list(WORKERS[1 : n - 2]))
            for who in WORKERS[1 : n - 2]:
                self.join_crew("c0", who)

    async def worked_before(self, who: str, at_ms: int) -> None:
        """A past that the fair order looks at, without the days that it takes to earn it."""
        await self.store.commands.hset(self.store.key("profile", who), "last_work_ms", at_ms)
        self.view, self.dump = await view(self.store, self.now_ms), await dump(self.store)

    @initialize(
        awards=st.lists(st.sampled_from(["instant", "fair"]), min_size=2, max_size=3),
        headcount=st.integers(1, 3),
        mode=modes,
    )
    def first_postings(self, awards: list[str], headcount: int, mode: Any) -> None:
        for n, award in enumerate(awards):
            self.post(POSTINGS[n], award, headcount, (90, 200, 180)[n], 240, 100, "open", mode)

    @action(1, who=workers, skills=st.integers(0, 1))
    def register(self, who: str, skills: int) -> None:
        doc = profile(skills=f"虚构技能{skills}")
        known = self.view.profiles.get(who)
        self.do(
            lambda: self.store.register(who, doc, b"sealed", vector(), MODEL),
            {"key_reused": known is not None and known.doc != doc},
        )

    @action(1, who=workers, skills=st.integers(0, 2), stale=rarely)
    def amend_profile(self, who: str, skills: int, stale: bool) -> None:
        known = self.view.profiles.get(who)
        expected_v = (known.v + 1 if stale else known.v) if known else 0
        doc = profile(skills=f"虚构技能{skills}")
        self.do(
            lambda: self.store.amend_profile(who, doc, vector(), MODEL, expected_v),
            {"no_profile": known is None, "stale_version": stale and known is not None and known.doc != doc},
        )

    @action(
        1, who=workers, state=st.sampled_from(["away", "available", "in_hall"]), queue_no=st.none() | st.integers(1, 9)
    )
    def presence(self, who: str, state: Any, queue_no: int | None) -> None:
        until_ms = self.now_ms + 2 * HOUR_MS

        def no_pause(before: View, after: View, done: Done) -> None:
            assert after.profiles[who].paused == (state == "away" and before.profiles[who].paused)

        self.do(
            lambda: self.store.presence(who, Presence(state=state, queue_no=queue_no), until_ms),
            {"no_profile": who not in self.view.profiles},
            check=no_pause,
        )

    # -- crews ------------------------------------------------------------------------------------------------------

    def in_a_crew(self, who: str) -> bool:
        return any(who in crew.consented for crew in self.view.crews.values())

    @action(1, id_=crews, leader=workers, invited=st.lists(workers, min_size=1, max_size=3))
    def form_crew(self, id_: str, leader: str, invited: list[str]) -> None:
        known = self.view.crews.get(id_)
        unknown = any(who not in self.view.profiles for who in (leader, *invited))
        self.do(
            lambda: self.store.form_crew(id_, leader, invited),
            {
                "key_reused": known is not None,
                "no_profile": known is None and unknown,
                "in_a_crew": known is None and self.in_a_crew(leader),
            },
        )

    @action(1, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def invite(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        self.do(
            lambda: self.store.invite(id_, who),
            {"no_crew": crew is None, "no_profile": crew is not None and who not in self.view.profiles},
        )

    @action(2, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def join_crew(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        self.do(
            lambda: self.store.join_crew(id_, who),
            {
                "no_crew": crew is None,
                "not_invited": crew is not None and who not in crew.members,
                "in_a_crew": crew is not None and who in crew.members and self.in_a_crew(who),
            },
        )

    @action(1, needs=lambda m: m.view.crews, id_=crews, who=workers)
    def leave_crew(self, id_: str, who: str) -> None:
        crew = self.view.crews.get(id_)
        waits = [p for p, w, _, e in self.view.pairs() if w == who and e.together and e.acceptance in WAITS]

        def out(before: View, after: View, done: Done) -> None:
            assert id_ not in after.crews or who not in after.crews[id_].members
            for posting_ in waits:
                assert after.entries[posting_][who].acceptance not in WAITS

        self.do(
            lambda: self.store.leave_crew(id_, who),
            {"no_crew": crew is None},
            settles=[p for p in self.view.postings if any(e.together for e in self.view.entries[p].values())],
            check=out,
            again="no_crew" if crew is not None and crew.leader == who else "replay",
        )

    # -- postings ---------------------------------------------------------------------------------------------------

    @action(
        2,
        id_=postings,
        award=st.sampled_from(["instant", "fair"]),
        headcount=st.integers(1, 3),
        starts_in=st.sampled_from([90, 1, 180, 200, 300, -1]),
        lasts=st.sampled_from([60, 240]),
        valid=st.sampled_from([60, 100, 400, 1]),
        verdict=st.sampled_from(["open", "open", "open", "open", "awaiting_review", "draft", "blocked"]),
        mode=modes,
    )
    def post(
        self, id_: str, award: str, headcount: int, starts_in: int, lasts: int, valid: int, verdict: Any, mode: Any
    ) -> None:
        known = self.view.postings.get(id_)
        doc = posting(
            self.now_ms,
            headcount=headcount,
            starts_in_ms=starts_in * MINUTE_MS,
            lasts_ms=lasts * MINUTE_MS,
            valid_until_ms=self.now_ms + valid * MINUTE_MS,
            crews=mode,
        )
        self.do(
            lambda: self.store.post(id_, write(doc), verdict=verdict, reason="", award=award, seed=SEED),
            {
                "key_reused": known is not None and known.doc != doc,
                "posting_past": known is None and starts_in < 0,
            },
        )

    @action(
        2,
        needs=lambda m: m.postings_in("draft", "awaiting_review", "blocked"),
        data=DATA,
        to=st.sampled_from(["open", "open", "open", "draft", "blocked", "awaiting_review"]),
    )
    def review(self, data: st.DataObject, to: Any) -> None:
        id_ = data.draw(st.sampled_from(self.postings_in("draft", "awaiting_review", "blocked")) | postings)
        p = self.view.postings.get(id_)
        by_review = {
            "draft": {"open", "blocked", "awaiting_review"},
            "awaiting_review": {"open", "draft"},
            "blocked": {"open", "draft"},
        }
        legal = p is not None and to in by_review.get(p.state, ())
        late = p is not None and (p.start_ms <= self.now_ms or p.valid_until_ms <= self.now_ms)
        self.do(
            lambda: self.store.review(id_, to),
            {
                "no_posting": p is None,
                "illegal_move": p is not None and not legal and p.state != to,
                "posting_past": legal and late and to == "open",
            },
            settles=[id_],
            again=None if to == "open" else "replay",  # opened, it may have been filled at once
        )

    @action(1, id_=postings, model=st.sampled_from([MODEL, "another-model"]), stale=rarely)
    def reencode(self, id_: str, model: str, stale: bool) -> None:
        """A change of model goes on whatever the posting's state: seats, order and terms must not notice."""
        p = self.view.postings.get(id_)
        mark = "" if p is None or stale else records.digest(codec.pack(p.doc))
        self.do(
            lambda: self.store.reencode("posting", id_, mark, vector(), model),
            {"no_posting": p is None, "stale_version": p is not None and stale},
        )

    @action(3, needs=lambda m: m.view.postings, data=DATA)
    def amend(self, data: st.DataObject) -> None:
        alive = self.postings_in(*design.POSTING.keys() - design.ENDED) or sorted(self.view.postings)
        id_ = data.draw(st.sampled_from(sorted(self.view.postings) if data.draw(rarely) else alive))
        p, entries = self.view.postings[id_], self.view.entries[id_]
        kind = data.draw(st.sampled_from(["text", "headcount", "headcount", "pay", "time", "validity"]))
        over: dict[str, Any] = {}
        if kind == "headcount":
            over["headcount"] = data.draw(st.integers(1, 4))
        if kind == "pay":
            over["pay"] = Pay(fen=data.draw(st.integers(100, 200)) * 100, unit="day")
        if kind == "time":
            shift_ms = data.draw(st.sampled_from([-60, 60, 120])) * MINUTE_MS
            over |= {"start_ms": p.start_ms + shift_ms, "end_ms": p.end_ms + shift_ms}
        if kind == "validity":
            over["valid_until_ms"] = self.now_ms + data.draw(st.sampled_from([-1, 0, 1, 60])) * MINUTE_MS
        doc = self.new_doc(p.doc, **over)
        named = set(data.draw(st.lists(workers, max_size=2))) if kind == "headcount" else set()
        warns = data.draw(rarely)
        told_material = kind == "pay" or (kind == "time" and data.draw(st.booleans()))
        stale = data.draw(rarely)
        self.amend_to(id_, p, entries, doc, named, warns, told_material, p.v - 1 if stale else p.v)

    def overlaps(self, id_: str, doc: Posting) -> bool:
        others = [self.view.postings[day] for day in self.view.bound(id_) if day != id_]
        return any(doc.start_ms < day.end_ms and day.start_ms < doc.end_ms for day in others)

    @action(
        2,
        needs=lambda m: len(m.view.postings) < 4,
        ids=st.lists(postings, min_size=2, max_size=2, unique=True),
        award=st.sampled_from(["instant", "fair"]),
        headcounts=st.lists(st.integers(1, 2), min_size=2, max_size=2),
        starts_in=st.sampled_from([60, 130, 190]),
        mode=modes,
        verdicts=st.lists(st.sampled_from(["open"] * 6 + ["awaiting_review"]), min_size=2, max_size=2),
    )
    def post_series(
        self, ids: list[str], award: str, headcounts: list[int], starts_in: int, mode: Any, verdicts: list[Any]
    ) -> None:
        """Two shifts that are taken as a whole."""
        days = []
        for n, id_ in enumerate(ids):
            doc = posting(
                self.now_ms,
                headcount=headcounts[n],
                starts_in_ms=(starts_in + n * 100) * MINUTE_MS,
                lasts_ms=90 * MINUTE_MS,
                crews=mode,
                series="s",
                whole_series=True,
            )
            days.append(Store.post_call(id_, write(doc), verdict=verdicts[n], reason="", award=award, seed=SEED))
        known = any(id_ in self.view.postings for id_ in ids) or any(p.doc.series for p in self.view.postings.values())
        self.do(lambda: self.store.post_series("s", days), {"key_reused": known})

    def amend_to(
        self, id_: str, p: PostingRecord, entries: dict[str, Entry], doc: Posting, named: set[str],
        warns: bool, told_material: bool, expected_v: int,
    ) -> None:  # fmt: skip
        moved = (doc.start_ms, doc.end_ms) != (p.start_ms, p.end_ms)
        material = told_material or moved
        begun = any(e.assignment in ("checked_in", "done", "paid") for e in entries.values())

        def consent(before: View, after: View, done: Done) -> None:
            for who, e in entries.items():
                now = after.entries[id_][who]
                if who in named:
                    assert now.assignment == "released"
                elif material and e.assignment in design.BEFORE_WORK:
                    assert now.assignment in ("consent_due", "released")
                    assert (now.assignment == "released") == after.booked(who, id_)

        self.do(
            lambda: self.store.amend(
                id_, write(doc), material=told_material, warns=warns, expected_v=expected_v, release=sorted(named)
            ),
            {
                "illegal_move": p.state in design.ENDED or (p.state == "filled" and warns) or (material and begun),
                "stale_version": expected_v not in (0, p.v),
                "posting_past": doc.valid_until_ms <= self.now_ms
                or (doc.start_ms != p.start_ms and doc.start_ms <= self.now_ms),
                "no_assignment": any(
                    who not in entries or entries[who].assignment not in design.BEFORE_WORK for who in named
                ),
                "headcount_below_seats": doc.headcount < self.view.taken(id_) + self.view.called(id_) - len(named),
                "series_overlap": self.overlaps(id_, doc),
            },
            settles=[id_],
            check=consent,
        )

    @action(
        1, needs=lambda m: len(m.view.postings) > 2, id_=postings, how=st.sampled_from(["expire", "close", "withdraw"])
    )
    def finish(self, id_: str, how: str) -> None:
        p = self.view.postings.get(id_)
        state = {"close": "closed", "withdraw": "withdrawn", "expire": "expired"}[how]
        call = {"close": self.store.close_posting, "withdraw": self.store.withdraw, "expire": self.store.expire}[how]

        def all_ended(before: View, after: View, done: Done) -> None:
            assert after.postings[id_].state == state
            for e in after.entries[id_].values():
                assert e.offer != "open"
                assert e.acceptance not in (*design.IN_LINE, "gathering")

        self.do(
            lambda: call(id_),
            {
                "no_posting": p is None,
                "illegal_move": p is not None and p.state in design.ENDED and p.state != state,
                "not_yet_due": how == "expire" and p is not None and p.valid_until_ms > self.now_ms,
            },
            check=all_ended,
            several=True,  # a window that has run out is settled first
        )

    # -- offers and acceptances -------------------------------------------------------------------------------------

    def suspended(self, who: str) -> bool:
        return who in self.view.profiles and self.view.profiles[who].suspended_until_ms > self.now_ms

    def left_out(self, id_: str, who: str) -> str | None:
        p, e = self.view.postings[id_], self.view.entries[id_].get(who)
        if e is not None:
            answered = max(e.terms, e.consented_terms or 0, e.refused_terms or 0)
            over = e.offer != "open" and e.acceptance not in design.IN_LINE and e.assignment in (None, "released")
            if answered >= p.terms or not over:
                return "offered_before"
        if who not in self.view.profiles:
            return "no_profile"
        if self.suspended(who):
            return "suspended"
        return "live_cap" if self.view.live_offers(who) >= LIVE_CAP else None

    def crew_left_out(self, id_: str, crew: str, members: list[str]) -> bool:
        """Whether these people are not offered it as that crew."""
        p, known = self.view.postings[id_], self.view.crews.get(crew)
        as_it_is = known is not None and known.consented == sorted(members)
        fits = p.doc.crews == "split" or (p.doc.crews == "whole" and len(members) <= self.view.open_seats(id_))
        return not (as_it_is and fits) or any(self.left_out(id_, who) for who in members)

    @action(
        5,
        needs=lambda m: m.postings_in("open"),
        data=DATA,
        whom=crowds,
        reply=st.sampled_from([20, 400, 1]),
        as_crew=st.sampled_from([*CREWS, "c0", "c0", ""]),
    )
    def offer(self, data: st.DataObject, whom: list[str], reply: int, as_crew: str) -> None:
        id_ = data.draw(postings if data.draw(rarely) else st.sampled_from(self.postings_in("open")))
        p = self.view.postings.get(id_)
        stale = data.draw(rarely)
        terms, wave = (p.terms, p.wave + (2 if stale else 1)) if p else (1, 1)
        crew = self.view.crews[as_crew].consented if as_crew in self.view.crews else []
        whom = [who for who in whom if who not in crew]
        lines = [Offered(profile=who, distance_m=100, reasons=["近"]) for who in whom]
        lines += [Offered(profile=who, distance_m=100, reasons=["近"], crew=as_crew) for who in crew]

        def right_ones(before: View, after: View, done: Done) -> None:
            reasons = {who: self.left_out(id_, who) for who in set(whom)}
            asked = {who for who, reason in reasons.items() if reason is None}
            named = {tuple(line.split()) for line in done.left_out}
            assert {item for item in reasons.items() if item[1]} <= named
            if crew and self.crew_left_out(id_, as_crew, crew):
                assert set(crew) <= {who for who, _ in named}
            else:
                asked |= set(crew)
                whole = before.postings[id_].doc.crews == "whole"
                assert all(after.entries[id_][who].together == whole for who in crew)
            assert done.offered == len(asked)
            for who in asked:
                e = after.entries[id_][who]
                assert (e.offer, e.wave, e.terms) == ("open", wave, terms)
                assert e.deadline_ms <= min(after.postings[id_].start_ms, after.postings[id_].valid_until_ms)

        past = p is not None and (p.start_ms <= self.now_ms or p.valid_until_ms <= self.now_ms)
        self.do(
            lambda: self.store.offer(
                id_, terms=terms, wave=wave, reply_ms=reply * MINUTE_MS, gap_ms=10 * MINUTE_MS, offered=lines
            ),
            {
                "no_posting": p is None,
                "posting_not_open": p is not None
                and (
                    p.state != "open"
                    or past
                    or self.view.open_seats(id_) <= 0
                    or not self.view.may_seat(id_)
                    or self.view.leader(id_) != id_
                ),
                "stale_wave": stale and p is not None,
            },
            check=right_ones,
            again="stale_wave",
        )

    def offer_refusals(self, p: PostingRecord | None, e: Entry | None, terms: int, answered: str) -> dict[str, bool]:
        mine = e is not None and e.terms == terms
        offer = e.offer if e is not None and mine else ""
        late = e is not None and e.offer == "open" and e.deadline_ms <= self.now_ms
        return {
            "no_posting": p is None,
            "no_offer": p is not None and e is None,
            "offer_withdrawn": e is not None and (not mine or offer == "withdrawn"),
            "offer_expired": offer == "expired" or late,
            "offer_declined": offer == "declined" and answered != "declined",
            "illegal_move": offer == "accepted" and answered != "accepted",
        }

    @action(12, needs=lambda m: m.pairs(lambda p, e: e.offer == "open"), data=DATA, old=rarely)
    def accept(self, data: st.DataObject, old: bool) -> None:
        likely = self.pairs(lambda p, e: e.offer == "open" and e.deadline_ms > self.now_ms)
        id_, who, p, e = self.pick(data, likely)
        terms = (e.terms if e else 1) - old

        def in_line(before: View, after: View, done: Done) -> None:
            now, there = after.entries[id_][who], after.postings[id_]
            assert now.offer == "accepted"
            assert (done.acceptance, done.assignment) == (now.acceptance, now.assignment)
            if now.acceptance == "gathering":
                assert any(after.entries[id_][mate].offer == "open" for mate in now.mates)
                return
            if there.window_until_ms > self.now_ms:
                assert now.acceptance == "waiting", "a seat before the window's end"
                assert there.window_until_ms <= self.now_ms + WINDOW_MS
            ran_out = 0 < before.postings[id_].window_until_ms <= self.now_ms
            if there.award == "fair" and not ran_out and before.open_seats(id_) > 0:
                assert there.window_until_ms > self.now_ms, "open seats, and nobody has a fair chance"

        refusals = self.offer_refusals(p, e, terms, "accepted")
        ended = p is not None and (p.valid_until_ms <= self.now_ms or not self.view.may_seat(id_))
        answered = e is not None and e.offer == "accepted"
        self.do(
            lambda: self.store.accept(id_, who, terms),
            refusals
            | {
                "posting_not_open": ended and e is not None and not answered,
                "suspended": self.suspended(who) and e is not None and not answered,
            },
            settles=[id_],
            check=in_line,
            several=True,  # a window that has run out is settled first
        )

    @action(1, needs=lambda m: m.pairs(lambda p, e: e.offer == "open"), data=DATA, old=rarely)
    def decline(self, data: st.DataObject, old: bool) -> None:
        id_, who, p, e = self.pick(data, self.pairs(lambda p, e: e.offer == "open"))
        terms = (e.terms if e else 1) - old
        self.do(lambda: self.store.decline(id_, who, terms, "太远"), self.offer_refusals(p, e, terms, "declined"))

    @action(1, needs=lambda m: m.pairs(lambda p, e: e.acceptance in WAITS), data=DATA)
    def withdraw_acceptance(self, data: st.DataObject) -> None:
        id_, who, p, e = self.pick(data, self.pairs(lambda p, e: e.acceptance in WAITS))
        given = e is not None and e.acceptance is not None
        self.do(
            lambda: self.store.withdraw_acceptance(id_, who),
            {
                "no_posting": p is None,
                "no_acceptance": p is not None and not given,
                "illegal_move": e is not None and given and e.acceptance not in (*WAITS, "withdrawn"),
            },
            settles=[id_],
        )

    @action(4, needs=lambda m: m.pairs(lambda p, e: e.acceptance == "called"), data=DATA)
    def reconfirm(self, data: st.DataObject) -> None:
        id_, who, p, e = self.pick(data, self.pairs(lambda p, e: e.acceptance == "called"))
        called = e is not None and e.acceptance == "called"
        self.do(
            lambda: self.store.reconfirm(id_, who),
            {
                "no_posting": p is None,
                "no_acceptance": p is not None and (e is None or e.acceptance is None),
                "offer_expired": e is not None
                and (e.acceptance == "lapsed" or (called and (e.call_deadline_ms or 0) <= self.now_ms)),
                "illegal_move": e is not None
                and e.acceptance in {"gathering", "waiting", "standby", "passed_over", "withdrawn"},
                "posting_not_open": called and p is not None and not self.view.may_seat(id_),
                "already_booked": e is not None
                and called
                and any(self.view.booked(one, id_) for one in (who, *(e.mates if e.together else ()))),
            },
            settles=[id_],
        )

    # -- seats ------------------------------------------------------------------------------------------------------

    def seat_step(
        self, data: st.DataObject, name: str, to: str, allowed: set[str], early: Callable[[PostingRecord], bool],
        settles: bool = False,
    ) -> None:  # fmt: skip
        id_, who, p, e = self.pick(data, self.pairs(lambda p, e: e.assignment in allowed))
        seat = e.assignment if e is not None else None
        call = getattr(self.store, name)

        def there(before: View, after: View, done: Done) -> None:
            assert after.entries[id_][who].assignment == to == done.assignment

        self.do(
            lambda: call(id_, who),
            {
                "no_posting": p is None,
                "no_assignment": p is not None and seat is None,
                "illegal_move": seat is not None and seat != to and seat not in allowed,
                "too_early": p is not None and seat in allowed and early(p),
            },
            settles=[id_] if settles else [],
            check=there,
        )

    @action(1, needs=lambda m: m.pairs(lambda p, e: e.assignment == "seated"), data=DATA)
    def confirm(self, data: st.DataObject) -> None:
        self.seat_step(data, "confirm", "confirmed", {"seated"}, lambda p: False)

    @action(1, needs=lambda m: m.pairs(lambda p, e: e.assignment in design.BEFORE_WORK), data=DATA)
    def check_in(self, data: st.DataObject) -> None:
        self.seat_step(
            data, "check_in", "checked_in", {"seated", "confirmed"}, lambda p: p.start_ms - self.now_ms > 2 * HOUR_MS
        )

    @action(1, needs=lambda m: m.pairs(lambda p, e: e.assignment in design.BEFORE_WORK), data=DATA)
    def no_show(self, data: st.DataObject) -> None:
        self.seat_step(
            data, "no_show", "no_show", {"seated", "confirmed"}, lambda p: p.start_ms > self.now_ms, settles=True
        )

    @action(2, needs=lambda m: m.pairs(lambda p, e: e.assignment == "checked_in"), data=DATA)
    def done(self, data: st.DataObject) -> None:
        self.seat_step(data, "done", "done", {"checked_in"}, lambda p: p.start_ms > self.now_ms)

    @action(2, needs=lambda m: m.pairs(lambda p, e: e.assignment == "done"), data=DATA)
    def paid(self, data: st.DataObject) -> None:
        self.seat_step(data, "paid", "paid", {"done"}, lambda p: False)

    @action(
        3,
        needs=lambda m: m.pairs(lambda p, e: e.assignment in design.BEFORE_WORK),
        data=DATA,
        by=st.sampled_from(["worker", "employer", "clerk"]),
    )
    def release(self, data: st.DataObject, by: str) -> None:
        awaited = self.pairs(lambda p, e: e.assignment in design.BEFORE_WORK and p.standby > 0)
        id_, who, p, e = self.pick(data, awaited or self.pairs(lambda p, e: e.assignment in design.BEFORE_WORK))
        seat = e.assignment if e is not None else None

        def counted(before: View, after: View, done: Done) -> None:
            left = e is not None and any(self.is_out(id_, mate, e) for mate in (e.mates if e.together else ()))
            penalty = by == "worker" and seat != "consent_due" and not left
            assert after.profiles[who].releases == before.profiles[who].releases + penalty
            assert p is not None
            self.judge_penalty(before, after, who, id_, penalty and p.start_ms - self.now_ms < 4 * HOUR_MS)

        self.do(
            lambda: self.store.release(id_, who, by),
            {
                "no_posting": p is None,
                "no_assignment": p is not None and seat is None,
                "illegal_move": seat is not None and seat not in (*design.BEFORE_WORK, "released"),
                "too_late": by == "worker" and seat in design.BEFORE_WORK and p.start_ms <= self.now_ms,
            },
            settles=[id_],
            check=counted,
        )

    def judge_penalty(self, before: View, after: View, who: str, posting: str, is_new: bool) -> None:
        """A penalty comes once a posting and kind, and only where there is a reason."""
        was, now = before.profiles[who].penalty_one_ms, after.profiles[who].penalty_one_ms
        assert (now > was) == (is_new and (who, posting) not in self.penalised)
        if is_new:
            self.penalised.add((who, posting))

    def is_out(self, id_: str, mate: str, e: Entry) -> bool:
        its = self.view.entries[id_].get(mate)
        same = its is not None and (its.crew, its.wave) == (e.crew, e.wave)
        return its is not None and same and its.assignment in ("released", "no_show")

    @action(
        4,
        needs=lambda m: m.pairs(lambda p, e: e.assignment == "consent_due"),
        data=DATA,
        yes=st.booleans(),
        stale=rarely,
    )
    def reconsent(self, data: st.DataObject, yes: bool, stale: bool) -> None:
        id_, who, p, e = self.pick(data, self.pairs(lambda p, e: e.assignment == "consent_due"))
        seat = e.assignment if e is not None else None
        terms = (p.terms if p else 1) - stale
        asked = e is not None and seat == "consent_due"

        def answered(before: View, after: View, done: Done) -> None:
            assert e is not None
            assert after.entries[id_][who].assignment == (e.before_consent if yes else "released")

        said = e is not None and ((yes and e.consented_terms == terms) or (not yes and seat == "released"))
        self.do(
            lambda: self.store.reconsent(id_, who, terms, yes),
            {
                "no_posting": p is None,
                "no_assignment": p is not None and seat is None,
                "stale_version": p is not None and seat is not None and terms != p.terms,
                "offer_expired": e is not None and asked and (e.consent_deadline_ms or 0) <= self.now_ms,
                "illegal_move": seat is not None and not asked and not said,
            },
            settles=[] if yes else [id_],
            check=answered,
        )

    # -- time -------------------------------------------------------------------------------------------------------

    @action(4, by=st.sampled_from([10, 31, 31, 60, 200, 400, 1_900, 3_600, 7_200, 18_000]), sweeps=st.booleans())
    def time_passes(self, by: int, sweeps: bool) -> None:
        """Seconds pass; the sweep comes in time or late."""
        self.run(move_clock(self.store, by * 1000))
        self.now_ms += by * 1000
        self.view = structs.replace(self.view, now_ms=self.now_ms)
        self.unswept = True
        if sweeps:
            self.sweep()

    @action(2, needs=lambda m: m.unswept)
    def sweep(self) -> None:
        """Whatever is due by now."""
        self.unswept = False
        self.run(self._sweep())

    async def _sweep(self) -> None:
        done = await self.store.sweep()
        assert done.next_ms == 0 or done.next_ms > self.now_ms, "something due is left"
        before, after = self.view, await view(self.store, self.now_ms)
        settled = [id_ for id_, p in after.postings.items() if p.v > before.postings[id_].v]
        await self.judge(before, after, (), True)
        for id_, who, p, e in after.pairs():
            assert e.offer != "open" or e.deadline_ms > self.now_ms, f"{who} has an open offer of the past"
            assert e.acceptance != "gathering" or any(after.entries[id_][mate].offer == "open" for mate in e.mates)
            assert e.acceptance != "called" or (e.call_deadline_ms or 0) > self.now_ms
            assert e.assignment != "consent_due" or (e.consent_deadline_ms or 0) > self.now_ms
            assert p.state in design.ENDED or p.valid_until_ms > self.now_ms
            assert (
                e.acceptance != "waiting"
                or p.window_until_ms > self.now_ms
                or id_ not in settled
                or not after.may_seat(id_)
            )
        self.view, self.dump = after, await dump(self.store)


def search(url: str, examples: int, steps: int) -> None:
    """Runs the machine against a server of its own."""
    with redis.Redis.from_url(url) as client:
        client.config_set("appendonly", "no")  # what is on disk is another test's subject
    machine = type("Market", (Market,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=PHASES,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(3_600 if LONG else 300)
def test_any_order_of_operations_on_valkey() -> None:
    with running_valkey() as server:
        search(server.url, 1_500 if LONG else 40, 60)


@pytest.mark.timeout(3_600 if LONG else 300)
def test_any_order_of_operations_on_redis7() -> None:
    with running_redis7() as url:
        search(url, 500 if LONG else 12, 50)
