"""Operations on offers and acceptances."""

from __future__ import annotations

from hypothesis import strategies as st

from matcher.connection import Done
from matcher.model import Entry, PostingRecord
from matcher.seating import Offered
from tests import design
from tests.builders import MINUTE_MS
from tests.market_view import View
from tests.settling.machine import CREWS, DATA, LIVE_CAP, WAITS, WINDOW_MS, Market, action, crowds, postings, rarely


class Offers(Market):
    """Who is asked, and says what."""

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
