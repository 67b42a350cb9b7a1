"""The sweep only tidies: with nobody sweeping, every deadline still means what it says."""

from __future__ import annotations

from msgspec import structs

from matcher.model import HOUR_MS, Posting
from matcher.store import Store
from tests.builders import MINUTE_MS, accept, in_play, market_now_ms, offer, post, refused, register, write
from tests.conftest import move_clock


async def test_an_offer_ends_with_the_posting_s_validity(store: Store) -> None:
    await in_play(store, "p", ["ann"], valid_until_ms=(await store.now_ms()) + 10 * MINUTE_MS)
    p = await store.posting("p")
    assert (await store.entries("p"))["ann"].deadline_ms == p.valid_until_ms


async def test_nobody_accepts_after_the_validity_was_cut_short(store: Store) -> None:
    doc = await in_play(store, "p", ["ann"])
    await amend_validity(store, doc, MINUTE_MS)
    await move_clock(store, 2 * MINUTE_MS)
    await refused(store, "posting_not_open", store.accept("p", "ann", 1))
    await register(store, "bob")
    p = await store.posting("p")
    await refused(store, "posting_not_open", offer(store, "p", ["bob"]))
    assert p.state == "open"


async def amend_validity(store: Store, doc: Posting, in_ms: int) -> None:
    """Cuts the validity of posting p to `in_ms` from now."""
    until = structs.replace(doc, valid_until_ms=await market_now_ms(store) + in_ms)
    await store.amend("p", write(until), material=False, warns=False)


async def test_who_accepts_after_the_window_does_not_join_its_award(store: Store) -> None:
    """The window is over by the store's clock, swept or not: its seats go to those who came in time."""
    await register(store, "early", "late")
    await store.commands.hset(store.key("profile", "early"), "last_work_ms", 1_000)  # late is ahead in the order
    await post(store, "p", award="fair", headcount=1)
    await offer(store, "p", ["early", "late"])
    await accept(store, "p", "early")
    await move_clock(store, 31_000)
    (done,) = await accept(store, "p", "late")
    entries = await store.entries("p")
    assert entries["early"].acceptance == "seated"
    assert done.acceptance == entries["late"].acceptance == "standby"


async def test_a_late_acceptance_opens_a_window_of_its_own_while_seats_are_left(store: Store) -> None:
    await in_play(store, "p", ["early", "late"], award="fair", headcount=2)
    await accept(store, "p", "early")
    await move_clock(store, 31_000)
    (done,) = await accept(store, "p", "late")
    assert done.acceptance == "waiting"
    assert (await store.entries("p"))["early"].acceptance == "seated"
    await move_clock(store, 31_000)
    await store.sweep()
    assert (await store.entries("p"))["late"].acceptance == "seated"


async def test_a_window_never_outlasts_the_posting(store: Store) -> None:
    """Whoever accepted in time is seated before the posting expires, not sent away by it."""
    await in_play(store, "p", ["ann"], award="fair", valid_until_ms=await store.now_ms() + 10_000)
    (done,) = await accept(store, "p", "ann")
    p = await store.posting("p")
    assert done.window_until_ms == p.valid_until_ms
    await move_clock(store, 40_000)
    await store.sweep()
    assert (await store.posting("p")).state == "expired"
    assert (await store.entries("p"))["ann"].assignment == "seated"


async def test_closing_after_the_window_s_end_keeps_the_award(store: Store) -> None:
    await in_play(store, "p", ["ann"], award="fair")
    await accept(store, "p", "ann")
    await move_clock(store, 31_000)
    await store.close_posting("p")
    assert (await store.entries("p"))["ann"].assignment == "seated"


async def test_every_wave_s_deadline_is_swept_in_time(store: Store) -> None:
    await register(store, "ann", "bob")
    await post(store, "p", headcount=2)
    await offer(store, "p", ["ann"], reply_ms=2 * MINUTE_MS)
    await offer(store, "p", ["bob"], reply_ms=HOUR_MS)
    await move_clock(store, 3 * MINUTE_MS)
    await store.sweep()
    entries = await store.entries("p")
    assert (entries["ann"].offer, entries["bob"].offer) == ("expired", "open")


async def test_nobody_is_called_or_seated_once_the_shift_is_over(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"], headcount=1)
    await accept(store, "p", "ann", "bob")
    await move_clock(store, 19 * HOUR_MS)
    await store.no_show("p", "ann")
    entries = await store.entries("p")
    assert (entries["ann"].assignment, entries["bob"].acceptance) == ("no_show", "standby")
    assert (await store.posting("p")).state == "open"
