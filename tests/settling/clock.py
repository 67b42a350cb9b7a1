"""Time and the sweep."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import structs

from tests import design
from tests.builders import dump
from tests.conftest import move_clock
from tests.market_view import view
from tests.settling.machine import Market, action


class Clock(Market):
    """The market's clock, moved by hand."""

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
