"""Operations on seats."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from matcher.connection import Done
from matcher.model import HOUR_MS, Entry, PostingRecord
from tests import design
from tests.market_view import View
from tests.settling.machine import DATA, Market, action, rarely


class Seats(Market):
    """Who is seated, and what becomes of them."""

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
