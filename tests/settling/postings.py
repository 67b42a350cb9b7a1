"""Operations on postings and series."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from matcher import codec, records
from matcher.connection import Done
from matcher.model import Entry, Pay, Posting, PostingRecord
from matcher.store import Store
from tests import design
from tests.builders import MINUTE_MS, MODEL, SEED, posting, vector, write
from tests.market_view import View
from tests.settling.machine import DATA, Market, action, modes, postings, rarely, workers


class Postings(Market):
    """What there is to do, and what becomes of it."""

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
