"""offer, accept, decline, withdraw_acceptance: one wave, and what people answer."""

from __future__ import annotations

import asyncio

import pytest

from loadtest.audit import audit
from matcher import draw
from matcher.connection import Done
from matcher.errors import KuaizhaoError
from matcher.model import HOUR_MS, Presence
from matcher.seating import Offered
from matcher.store import Store
from tests.builders import MINUTE_MS, SEED, accept, in_play, offer, post, refused, register, replayed
from tests.conftest import move_clock


async def test_a_wave_is_offers_one_event_and_a_deadline(store: Store) -> None:
    await register(store, "ann", "bob")
    await post(store, "p")
    done = await offer(store, "p", ["ann", "bob"], reply_ms=5 * MINUTE_MS)
    entries, p = await store.entries("p"), await store.posting("p")
    assert (done.offered, done.left_out, p.wave, p.offered, p.open_offers) == (2, [], 1, 2, 2)
    ann = entries["ann"]
    assert (ann.offer, ann.wave, ann.terms, ann.reasons, ann.distance_m) == ("open", 1, 1, ("近",), 1_000)
    assert ann.deadline_ms == ann.offered_ms + 5 * MINUTE_MS == done.deadline_ms
    (event,) = [c for c in await store.changes("0-0", block_ms=1) if c.kind == "posting.offered"]
    assert (event.v, sorted(event.who)) == (p.v, ["ann", "bob"])
    assert await store.postings_of_worker("ann") == ["p"]


async def test_a_wave_is_written_once(store: Store) -> None:
    await register(store, "ann")
    await post(store, "p")
    lines = [Offered(profile="ann", distance_m=1, reasons=[])]

    def wave(number: int, terms: int = 1) -> asyncio.Future[Done]:
        return asyncio.ensure_future(
            store.offer("p", terms=terms, wave=number, reply_ms=HOUR_MS, gap_ms=HOUR_MS, offered=lines)
        )

    answers = await asyncio.gather(*(wave(1) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(a, Done) for a in answers) == 1
    assert {a.code for a in answers if isinstance(a, KuaizhaoError)} == {"stale_wave"}
    await refused(store, "stale_wave", wave(1))
    await refused(store, "stale_wave", wave(3))
    await refused(store, "stale_wave", wave(2, terms=2))
    assert (await store.posting("p")).offered == 1


async def test_nobody_is_offered_more_than_the_caps(store: Store) -> None:
    await store.configure({"live_cap": 2, "daily_cap": 3})
    await register(store, "ann")
    for n in range(5):
        await post(store, f"p{n}", starts_in_ms=(10 + 10 * n) * HOUR_MS)
    assert [(await offer(store, f"p{n}", ["ann"])).left_out for n in (0, 1)] == [[], []]
    assert (await offer(store, "p2", ["ann"])).left_out == ["ann live_cap"]
    await store.decline("p0", "ann", 1)
    assert (await offer(store, "p3", ["ann"])).left_out == []
    await store.decline("p1", "ann", 1)
    assert (await offer(store, "p4", ["ann"])).left_out == ["ann daily_cap"]


async def test_an_offer_whose_time_is_over_does_not_count_as_live(store: Store) -> None:
    await store.configure({"live_cap": 1})
    await in_play(store, "p", ["ann"])
    await move_clock(store, HOUR_MS + 1)
    await post(store, "q")
    assert (await offer(store, "q", ["ann"])).left_out == []


async def test_who_was_asked_or_is_unknown_is_left_out(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    done = await offer(store, "p", ["ann", "nobody", "ann"])
    assert done.left_out == ["ann offered_before", "nobody no_profile", "ann offered_before"]
    assert (done.offered, (await store.posting("p")).wave) == (0, 2)


@pytest.mark.parametrize("verdict", ["draft", "blocked", "awaiting_review"])
async def test_only_an_open_posting_is_offered(store: Store, verdict: str) -> None:
    await register(store, "ann")
    await post(store, "p", verdict=verdict)
    await refused(store, "posting_not_open", offer(store, "p", ["ann"]))


async def test_a_posting_without_open_seats_or_in_the_past_is_not_offered(store: Store) -> None:
    await in_play(store, "p", ["ann"], headcount=1)
    await accept(store, "p", "ann")
    await register(store, "bob")
    await refused(store, "posting_not_open", offer(store, "p", ["bob"]))
    await post(store, "q", starts_in_ms=HOUR_MS, valid_until_ms=await store.now_ms() + 9 * HOUR_MS)
    await move_clock(store, HOUR_MS)
    await refused(store, "posting_not_open", offer(store, "q", ["bob"]))
    call = store.offer("nowhere", terms=1, wave=1, reply_ms=1, gap_ms=1, offered=[])
    await refused(store, "no_posting", call)


async def test_the_first_who_says_yes_is_seated_at_once(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob", "cat"], headcount=2)
    answers = await accept(store, "p", "bob", "ann", "cat")
    assert [(a.acceptance, a.assignment, a.order) for a in answers] == [
        ("seated", "seated", 1),
        ("seated", "seated", 2),
        ("standby", None, 3),
    ]
    p = await store.posting("p")
    assert (p.state, p.taken, p.standby, p.open_offers) == ("filled", 2, 1, 0)
    assert await store.calendar("bob") == {"p": (doc.start_ms, doc.end_ms)}
    assert await store.calendar("cat") == {}
    assert (await store.messages("cat"))[-1].kind == "standby"


async def test_accepting_twice_is_once_and_tells_what_became_of_it(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    (first,) = await accept(store, "p", "ann")
    again = await replayed(store, store.accept("p", "ann", 1))
    assert (again.acceptance, again.assignment, again.order, again.v) == ("seated", "seated", 1, first.v)
    await store.confirm("p", "ann")
    assert (await replayed(store, store.accept("p", "ann", 1))).assignment == "confirmed"


async def test_two_hundred_at_once_on_five_seats(store: Store) -> None:
    crowd = [f"w{n}" for n in range(200)]
    await in_play(store, "p", crowd, headcount=5)
    answers = await asyncio.gather(*(store.accept("p", who, 1) for who in crowd), return_exceptions=True)
    done = [a for a in answers if isinstance(a, Done)]
    assert sum(a.assignment == "seated" for a in done) == 5
    assert sum(a.acceptance == "standby" for a in done) == (await store.posting("p")).standby_target
    assert {a.code for a in answers if isinstance(a, KuaizhaoError)} == {"offer_withdrawn"}
    assert len(done) + sum(isinstance(a, KuaizhaoError) for a in answers) == 200
    assert (await audit(store)).ok


async def test_fair_seats_when_the_window_ends_in_the_published_order(store: Store) -> None:
    """Longest without work first, then hall queue number, then the draw that was committed before."""
    people = ["worked", "drawn1", "drawn2", "hall9", "hall3"]
    await register(store, *people)
    await store.commands.hset(store.key("profile", "worked"), "last_work_ms", 1_700_000_000_000)
    until = 4_000_000_000_000
    await store.presence("hall9", Presence(state="in_hall", queue_no=9), until)
    await store.presence("hall3", Presence(state="in_hall", queue_no=3), until)
    await post(store, "p", award="fair", headcount=5)
    await offer(store, "p", people)
    answers = await accept(store, "p", *people)
    assert {a.acceptance for a in answers} == {"waiting"}
    assert (await store.posting("p")).taken == 0
    await move_clock(store, 30_001)
    await store.sweep()
    entries = await store.entries("p")
    drawn = sorted(["drawn1", "drawn2"], key=lambda who: draw.ticket(draw.chain(SEED)[0], who))
    assert sorted(entries, key=lambda who: entries[who].order or 0) == ["hall3", "hall9", *drawn, "worked"]
    assert {e.assignment for e in entries.values()} == {"seated"}
    assert (await store.posting("p")).awarded


async def test_fair_with_fewer_seats_seats_the_head_of_the_order(store: Store) -> None:
    await register(store, "early", "idle")
    await store.commands.hset(store.key("profile", "early"), "last_work_ms", 5)
    await post(store, "p", award="fair", headcount=1)
    await offer(store, "p", ["early", "idle"])
    await accept(store, "p", "early", "idle")
    await move_clock(store, 30_001)
    await store.sweep()
    entries = await store.entries("p")
    assert (entries["idle"].acceptance, entries["early"].acceptance) == ("seated", "standby")


async def test_who_is_booked_at_that_time_is_passed_over(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await in_play(store, "q", ["ann", "bob"], starts_in_ms=12 * HOUR_MS, headcount=1)
    await accept(store, "p", "ann")
    (ann,) = await accept(store, "q", "ann")
    (bob,) = await accept(store, "q", "bob")
    assert (ann.acceptance, ann.assignment, bob.assignment) == ("passed_over", None, "seated")


async def test_one_shift_may_begin_when_another_ends(store: Store) -> None:
    await in_play(store, "p", ["ann"], lasts_ms=2 * HOUR_MS)
    end_ms = (await store.posting("p")).end_ms
    await in_play(store, "q", ["ann"], start_ms=end_ms, end_ms=end_ms + HOUR_MS)
    await accept(store, "p", "ann")
    (done,) = await accept(store, "q", "ann")
    assert done.assignment == "seated"


async def test_answers_that_are_refused(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat", "dan"])
    await refused(store, "no_posting", store.accept("nowhere", "ann", 1))
    await refused(store, "no_offer", store.accept("p", "stranger", 1))
    await refused(store, "offer_withdrawn", store.accept("p", "ann", 2))
    await store.decline("p", "bob", 1, "太远")
    await refused(store, "offer_declined", store.accept("p", "bob", 1))
    await accept(store, "p", "cat")
    await refused(store, "illegal_move", store.decline("p", "cat", 1))
    await move_clock(store, HOUR_MS)
    await refused(store, "offer_expired", store.accept("p", "ann", 1))
    await refused(store, "offer_expired", store.decline("p", "ann", 1))
    await store.sweep()
    await refused(store, "offer_expired", store.accept("p", "dan", 1))
    assert (await store.entries("p"))["dan"].offer == "expired"


async def test_time_to_answer_by_channel(store: Store) -> None:
    await register(store, "app", "sms", "phone")
    await post(store, "p")
    minutes = {"app": None, "sms": 10 * MINUTE_MS, "phone": 30 * MINUTE_MS}
    channels = {"app": "inbox", "sms": "sms", "phone": "call"}
    lines = [Offered(who, 1_000, ["近"], channel=channels[who], reply_ms=ms) for who, ms in minutes.items()]  # type: ignore[arg-type]
    await store.offer("p", terms=1, wave=1, reply_ms=3 * MINUTE_MS, gap_ms=HOUR_MS, offered=lines)
    entries = await store.entries("p")
    assert {p: e.deadline_ms - e.offered_ms for p, e in entries.items()} == minutes | {"app": 3 * MINUTE_MS}
    assert {p: (e.rank, e.channel) for p, e in entries.items()} == {
        p: (rank, channels[p]) for rank, p in enumerate(minutes, 1)
    }
    await move_clock(store, 3 * MINUTE_MS)
    await store.sweep()
    assert {p: e.offer for p, e in (await store.entries("p")).items()} == {
        "app": "expired",
        "sms": "open",
        "phone": "open",
    }


async def rung_up(store: Store, *people: str) -> None:
    """The next wave goes by telephone."""
    record = await store.posting("p")
    lines = [Offered(who, 1_000, ["近"], channel="call") for who in people]
    wave = record.wave + 1
    await store.offer("p", terms=record.terms, wave=wave, reply_ms=HOUR_MS, gap_ms=HOUR_MS, offered=lines)


async def test_who_did_not_answer_the_app_may_be_rung_up_once(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat"])
    await store.decline("p", "bob", 1)
    await accept(store, "p", "cat")
    await move_clock(store, HOUR_MS)
    await store.sweep()
    await rung_up(store, "ann", "bob", "cat")
    entries = await store.entries("p")
    assert [(e.offer, e.channel) for e in (entries["ann"], entries["bob"], entries["cat"])] == [
        ("open", "call"),
        ("declined", "inbox"),
        ("accepted", "inbox"),
    ]
    for _ in range(2):
        await move_clock(store, HOUR_MS)
        await store.sweep()
        await rung_up(store, "ann")
    assert (await store.entries("p"))["ann"].offer == "expired"
    assert not (await store.profile("ann")).paused, "whom nobody rang up has not let anything run out"


async def test_a_ring_is_noted_once_and_a_yes_by_telephone_is_an_acceptance(store: Store) -> None:
    await store.configure({"quiet_from_minute": 0, "quiet_until_minute": 0})
    await register(store, "ann", "bob")
    await post(store, "p")
    await rung_up(store, "ann", "bob")
    await refused(store, "stale_version", store.ring("p", "ann", 1, 2, False))
    await store.ring("p", "ann", 1, 1, False)
    await replayed(store, store.ring("p", "ann", 1, 1, False))
    await store.ring("p", "ann", 1, 2, True)
    ann = (await store.entries("p"))["ann"]
    assert (ann.rings, ann.reached, ann.offer) == (2, True, "open")
    done = await store.accept("p", "ann", 1, "call")
    assert done.assignment == "seated"
    assert (await store.entries("p"))["ann"].answered_by == "call"
    await refused(store, "illegal_move", store.ring("p", "ann", 1, 3, True))
    await refused(store, "no_offer", store.ring("p", "stranger", 1, 1, True))
    await refused(store, "offer_withdrawn", store.ring("p", "bob", 2, 1, True))
    await refused(store, "no_posting", store.ring("nowhere", "bob", 1, 1, True))
    await move_clock(store, HOUR_MS)
    await refused(store, "offer_expired", store.ring("p", "bob", 1, 1, True))


async def test_nobody_is_rung_up_in_quiet_hours(store: Store) -> None:
    await register(store, "ann")
    await post(store, "p")
    await rung_up(store, "ann")
    minute = (await store.now_ms() + 8 * HOUR_MS) // MINUTE_MS % 1440
    for begins, ends in ((minute - 5, minute + 5), (minute + 20, minute + 10)):
        await store.configure({"quiet_from_minute": begins % 1440, "quiet_until_minute": ends % 1440})
        await refused(store, "quiet_hours", store.ring("p", "ann", 1, 1, True))
    await store.configure({"quiet_from_minute": (minute + 10) % 1440, "quiet_until_minute": (minute - 10) % 1440})
    await store.ring("p", "ann", 1, 1, True)


async def test_declining_is_free_and_final(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await store.decline("p", "ann", 1, "太远")
    ann = (await store.entries("p"))["ann"]
    assert (ann.offer, ann.decline_reason, ann.acceptance) == ("declined", "太远", None)
    await replayed(store, store.decline("p", "ann", 1, "太远"))
    await refused(store, "no_posting", store.decline("nowhere", "ann", 1))
    await refused(store, "no_offer", store.decline("p", "stranger", 1))
    await refused(store, "offer_withdrawn", store.decline("p", "ann", 7))
    assert (await store.posting("p")).open_offers == 0


async def test_an_offer_that_was_taken_back_cannot_be_answered(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await store.close_posting("p")
    await refused(store, "offer_withdrawn", store.accept("p", "ann", 1))
    await refused(store, "offer_withdrawn", store.decline("p", "ann", 1))


async def test_stepping_back_before_the_award_is_free(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"], award="fair", headcount=1)
    await accept(store, "p", "ann", "bob")
    await store.withdraw_acceptance("p", "ann")
    await replayed(store, store.withdraw_acceptance("p", "ann"))
    await move_clock(store, 30_001)
    await store.sweep()
    entries = await store.entries("p")
    assert (entries["ann"].acceptance, entries["bob"].acceptance) == ("withdrawn", "seated")
    assert (await store.profile("ann")).releases == 0
    await refused(store, "illegal_move", store.withdraw_acceptance("p", "bob"))
    await refused(store, "no_acceptance", store.withdraw_acceptance("p", "stranger"))
    await refused(store, "no_posting", store.withdraw_acceptance("nowhere", "ann"))
