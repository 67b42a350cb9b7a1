"""Standby and calls, confirm, release, check_in, no_show, done, paid, and the sweep that does what has come due."""

from __future__ import annotations

import pytest
from msgspec import structs

from loadtest.audit import audit
from matcher.model import HOUR_MS
from matcher.store import Store
from tests.builders import (
    MINUTE_MS,
    accept,
    as_of_old,
    in_play,
    offer,
    post,
    refused,
    register,
    replayed,
    set_counts,
    write,
)
from tests.conftest import move_clock


async def test_a_released_seat_goes_to_the_first_on_standby(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob", "cat"], headcount=1)
    await store.configure({"reconfirm_within_ms": 0})
    await accept(store, "p", "ann", "bob")
    await store.release("p", "ann", "worker", "家里有事")
    entries, p = await store.entries("p"), await store.posting("p")
    assert (entries["ann"].assignment, entries["ann"].ended_by) == ("released", "worker")
    assert entries["bob"].assignment == "seated"
    assert (p.state, p.taken, p.standby) == ("filled", 1, 0)
    assert await store.calendar("ann") == {}
    assert (await store.profile("ann")).releases == 1
    await replayed(store, store.release("p", "ann", "worker"))


@pytest.mark.parametrize("by", ["employer", "clerk"])
async def test_a_seat_taken_away_is_no_fault_of_the_worker(store: Store, by: str) -> None:
    await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await store.release("p", "ann", by)
    assert (await store.profile("ann")).releases == 0
    assert (await store.posting("p")).state == "open"


async def called_standby(store: Store) -> None:
    """ann had the only seat an hour before the start; bob is called, cat stands by."""
    await in_play(store, "p", ["ann", "bob", "cat"], headcount=1, starts_in_ms=3 * HOUR_MS)
    await set_counts(store, "p", standby_target=2)
    await accept(store, "p", "ann", "bob", "cat")
    await move_clock(store, 2 * HOUR_MS)
    await store.release("p", "ann", "worker")


async def test_close_to_the_start_a_standby_is_asked_first(store: Store) -> None:
    await called_standby(store)
    entries, p = await store.entries("p"), await store.posting("p")
    assert (entries["bob"].acceptance, entries["cat"].acceptance) == ("called", "standby")
    assert (p.state, p.taken, p.called) == ("open", 0, 1)
    assert (await store.messages("bob"))[-1].kind == "called"
    assert await store.calendar("bob") == {}
    await register(store, "dan")
    await refused(store, "posting_not_open", offer(store, "p", ["dan"]))  # the seat is kept for bob


async def test_a_called_standby_says_yes(store: Store) -> None:
    await called_standby(store)
    assert (await store.reconfirm("p", "bob")).assignment == "seated"
    await replayed(store, store.reconfirm("p", "bob"))
    p = await store.posting("p")
    assert (p.state, p.taken, p.called, p.standby) == ("filled", 1, 0, 1)
    await refused(store, "illegal_move", store.reconfirm("p", "cat"))


async def test_a_call_lapses_and_the_next_is_called(store: Store) -> None:
    await called_standby(store)
    await move_clock(store, 5 * MINUTE_MS)
    await refused(store, "offer_expired", store.reconfirm("p", "bob"))
    await store.sweep()
    entries = await store.entries("p")
    assert (entries["bob"].acceptance, entries["cat"].acceptance) == ("lapsed", "called")
    await refused(store, "offer_expired", store.reconfirm("p", "bob"))
    await store.withdraw_acceptance("p", "cat")
    p = await store.posting("p")
    assert (p.state, p.called, p.standby) == ("open", 0, 0)


async def test_a_called_standby_says_no_and_the_next_is_called(store: Store) -> None:
    await called_standby(store)
    await store.withdraw_acceptance("p", "bob")
    entries = await store.entries("p")
    assert (entries["bob"].acceptance, entries["cat"].acceptance) == ("withdrawn", "called")


async def test_a_seat_kept_for_a_call_is_not_amended_away(store: Store) -> None:
    doc = await in_play(store, "p", ["ann", "bob", "cat"], headcount=2, starts_in_ms=HOUR_MS)
    await accept(store, "p", "ann", "bob", "cat")
    await store.release("p", "ann", "clerk")
    assert (await store.entries("p"))["cat"].acceptance == "called"
    fewer = write(structs.replace(doc, headcount=1))
    await refused(store, "headcount_below_seats", store.amend("p", fewer, material=False, warns=False))


async def test_a_called_standby_who_found_other_work_cannot_take_both(store: Store) -> None:
    await called_standby(store)
    await in_play(store, "q", ["bob"], starts_in_ms=2 * HOUR_MS)
    await accept(store, "q", "bob")
    await refused(store, "already_booked", store.reconfirm("p", "bob"))


async def test_reconfirm_is_for_whom_was_called(store: Store) -> None:
    await in_play(store, "p", ["ann"])
    await refused(store, "no_posting", store.reconfirm("nowhere", "ann"))
    await refused(store, "no_acceptance", store.reconfirm("p", "ann"))


async def test_the_course_of_a_good_day(store: Store) -> None:
    await in_play(store, "p", ["ann"], starts_in_ms=3 * HOUR_MS, lasts_ms=4 * HOUR_MS)
    await accept(store, "p", "ann")
    assert (await store.confirm("p", "ann")).assignment == "confirmed"
    await refused(store, "too_early", store.check_in("p", "ann"))
    await move_clock(store, HOUR_MS)
    assert (await store.check_in("p", "ann")).assignment == "checked_in"
    await refused(store, "too_early", store.done("p", "ann"))
    await move_clock(store, 9 * HOUR_MS)
    assert (await store.done("p", "ann")).assignment == "done"
    assert (await store.paid("p", "ann")).assignment == "paid"
    record, p = await store.profile("ann"), await store.posting("p")
    assert (record.done, record.last_work_ms) == (1, p.end_ms)
    assert (p.taken, len(await store.calendar("ann"))) == (1, 1)
    await refused(store, "illegal_move", store.done("p", "ann"))
    await replayed(store, store.paid("p", "ann"))


async def test_every_step_can_be_repeated(store: Store) -> None:
    await in_play(store, "p", ["ann"], starts_in_ms=HOUR_MS)
    await accept(store, "p", "ann")
    await store.confirm("p", "ann")
    await replayed(store, store.confirm("p", "ann"))
    await store.check_in("p", "ann")
    await replayed(store, store.check_in("p", "ann"))
    await move_clock(store, HOUR_MS)
    await store.done("p", "ann")
    await replayed(store, store.done("p", "ann"))
    assert (await store.profile("ann")).done == 1


async def test_who_does_not_come_loses_the_seat_to_standby(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"], headcount=1, starts_in_ms=HOUR_MS)
    await accept(store, "p", "ann", "bob")
    await refused(store, "too_early", store.no_show("p", "ann"))
    await move_clock(store, HOUR_MS)
    await store.no_show("p", "ann")
    await replayed(store, store.no_show("p", "ann"))
    entries = await store.entries("p")
    assert (entries["ann"].assignment, entries["bob"].acceptance) == ("no_show", "called")
    assert (await store.profile("ann")).no_shows == 1
    assert await store.calendar("ann") == {}


STEPS = ["confirm", "check_in", "no_show", "done", "paid"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_needs_a_seat(store: Store, step: str) -> None:
    await in_play(store, "p", ["ann"])
    await refused(store, "no_posting", getattr(store, step)("nowhere", "ann"))
    await refused(store, "no_assignment", getattr(store, step)("p", "ann"))
    await refused(store, "no_assignment", getattr(store, step)("p", "stranger"))


@pytest.mark.parametrize("step", STEPS)
async def test_who_was_released_is_out(store: Store, step: str) -> None:
    await in_play(store, "p", ["ann"])
    await accept(store, "p", "ann")
    await store.release("p", "ann", "clerk")
    await refused(store, "illegal_move", getattr(store, step)("p", "ann"))


async def test_work_that_has_begun_is_not_given_back(store: Store) -> None:
    await in_play(store, "p", ["ann"], starts_in_ms=HOUR_MS)
    await accept(store, "p", "ann")
    await store.check_in("p", "ann")
    await refused(store, "illegal_move", store.release("p", "ann", "worker"))
    await refused(store, "illegal_move", store.no_show("p", "ann"))
    await refused(store, "illegal_move", store.confirm("p", "ann"))


async def test_the_sweep_tells_when_to_come_again(store: Store) -> None:
    assert (await store.sweep()).next_ms == 0
    await in_play(store, "p", ["ann"], award="fair")
    await accept(store, "p", "ann")
    p = await store.posting("p")
    done = await store.sweep()
    assert (done.done, done.next_ms) == (0, p.window_until_ms)
    assert 0 < done.next_ms - done.now_ms <= 30_000


async def test_the_sweep_does_a_bounded_amount_at_once(store: Store) -> None:
    for n in range(5):
        await post(store, f"p{n}", valid_until_ms=await store.now_ms() + MINUTE_MS)
    await move_clock(store, 2 * MINUTE_MS)
    assert [(await store.sweep(2)).done for _ in range(4)] == [2, 2, 1, 0]
    assert len(await store.postings_in("expired")) == 5


async def test_the_next_wave_is_announced_while_seats_are_open(store: Store) -> None:
    await in_play(store, "p", ["ann"], headcount=2)
    await move_clock(store, HOUR_MS)
    await store.sweep()
    kinds = [c.kind for c in await store.changes("0-0", block_ms=1)]
    assert kinds.count("posting.wave_due") == 1
    assert (await audit(store)).ok


async def test_a_posting_written_before_its_numbers_were_kept_together(store: Store) -> None:
    await in_play(store, "p", ["ann", "bob"], headcount=2)
    await accept(store, "p", "ann")
    before = await store.posting("p")
    await as_of_old(store, "p")
    assert await store.posting("p") == before
    assert await store.ended_after(["p"], before.end_ms - 1) == ["p"]
    assert await store.ended_after(["p"], before.end_ms) == []
    await accept(store, "p", "bob")
    p = await store.posting("p")
    assert (p.state, p.taken, p.v, p.end_ms) == ("filled", 2, before.v + 1, before.end_ms)
    assert (await audit(store)).ok
