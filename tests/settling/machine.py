"""A small market in a real store: does an operation at a time and judges what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from msgspec import Struct, structs

from loadtest.audit import audit
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import Entry, Posting, PostingRecord
from matcher.settings import MarketSettings
from matcher.store import Store
from tests.builders import EMPLOYER, MINUTE_MS, dump, employer
from tests.conftest import TEST_CLOCK, new_market, stop_clock
from tests.market_view import View, event_faults, idle_seat_faults, move_faults, order_faults, other_faults, view

DAWN_MS = 1_772_399_400_000
"""Monday 2026-03-02, 05:10 in the market's zone."""
WINDOW_MS, LIVE_CAP, CALLS_MS = 30_000, 2, 190 * MINUTE_MS
WORKERS = tuple(f"w{n}" for n in range(5))
POSTINGS = tuple(f"p{n}" for n in range(5))
CREWS = ("c0", "c1")

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
    """Of every class that the market is made of."""

    def __init_subclass__(cls) -> None:
        marked = [m.action for kind in cls.__mro__ for m in vars(kind).values() if hasattr(m, "action")]
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
