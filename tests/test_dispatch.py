"""From an event to a wave: who is asked, how often, and what two matchers do to each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from matcher import plan, waves
from matcher.dispatch import Dispatcher
from matcher.model import HOUR_MS, Pay, Place, Presence
from matcher.plan import decide, needs_people, question
from matcher.score import Weights
from matcher.store import Store
from tests import builders
from tests.conftest import move_clock
from tests.memory import rebuilt

MINUTE_MS = 60_000


@asynccontextmanager
async def matcher(store: Store) -> AsyncIterator[Dispatcher]:
    """A running matcher: the loop that follows and the one that sweeps."""
    plan.warm()
    dispatcher = Dispatcher(store, await rebuilt(store))
    dispatcher.clock_ahead_ms = await builders.market_now_ms(store) - await store.now_ms()
    await dispatcher.catch_up()
    tasks = [asyncio.create_task(work) for work in (dispatcher.follow(), dispatcher.answer_wide(), dispatcher.sweep())]
    try:
        yield dispatcher
    finally:
        for task in tasks:
            assert not task.done(), task
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_event(store: Store, kind: str, after: str) -> str:
    """Waits for an event of this kind; answers with its stream id."""
    async with asyncio.timeout(10):
        while True:
            for change in await store.changes(after, block_ms=5_000):
                after = change.stream_id
                if change.kind == kind:
                    return after


async def crowd(store: Store, n: int, **over: object) -> list[str]:
    people = [f"p{i}" for i in range(n)]
    await builders.register(store, *people, **over)
    return people


async def test_a_posting_is_offered_to_as_many_as_the_seats_need(market: Store) -> None:
    await crowd(market, 60)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=3)
        await until_event(market, "posting.offered", end)
    entries = await market.entries("j")
    assert len(entries) == waves.people_to_ask(3, waves.DEFAULT_ACCEPTANCE_RATE) == 19
    assert all(e.reasons and e.reasons[0].startswith("离你") for e in entries.values())


async def test_a_posting_that_waited_for_a_matcher_is_dispatched_at_its_start(market: Store) -> None:
    await crowd(market, 5)
    await builders.post(market, "j", headcount=1)
    end, _ = await market.stream_end()
    async with matcher(market):
        await until_event(market, "posting.offered", end)
    assert len(await market.entries("j")) == 5


async def test_nobody_near_means_looking_further_at_once(market: Store) -> None:
    far = Place(lat=builders.HERE.lat + 0.2, lon=builders.HERE.lon)
    await builders.register(market, "far", place=far, radius_m=50_000)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j")
        await until_event(market, "posting.offered", end)
    assert list(await market.entries("j")) == ["far"]


async def test_two_postings_at_once_keep_the_cap_of_live_offers(market: Store) -> None:
    await crowd(market, 4)
    async with matcher(market):
        end, _ = await market.stream_end()
        await asyncio.gather(*(builders.post(market, f"j{n}", headcount=2) for n in range(4)))
        for _ in range(4):
            end = await until_event(market, "posting.offered", end)
    offered = [p for n in range(4) for p in await market.entries(f"j{n}")]
    assert all(offered.count(p) <= 2 for p in offered)
    assert len(offered) == 8


async def test_whom_two_postings_want_goes_to_the_one_that_has_nobody_else(market: Store) -> None:
    await market.configure({"live_cap": 1})
    await builders.register(market, "only", trades=[builders.TRADE, "bricklayer"])
    await builders.register(market, "other", place=Place(lat=builders.HERE.lat + 0.01, lon=builders.HERE.lon))
    await builders.post(market, "a", headcount=1)
    await builders.post(market, "b", headcount=1, trade="bricklayer")
    dispatcher = Dispatcher(market, await rebuilt(market))
    dispatcher.memory.settings = await market.market_settings()
    await dispatcher.catch_up()
    assert [list(await market.entries(posting)) for posting in ("a", "b")] == [["other"], ["only"]]
    assert (dispatcher.counts.together, dispatcher.counts.waves, dispatcher.counts.offers) == (2, 2, 2)


async def test_a_wide_posting_is_answered_beside_the_others(market: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd(market, 30)
    async with matcher(market) as dispatcher:
        monkeypatch.setattr(plan, "NARROW", -1)
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1)
        await until_event(market, "posting.offered", end)
    assert len(await market.entries("j")) == waves.people_to_ask(1, waves.DEFAULT_ACCEPTANCE_RATE)
    assert (dispatcher.counts.wide, dispatcher.counts.alone) == (1, 0)


async def test_a_release_asks_more_people(market: Store) -> None:
    await builders.register(market, "p0")
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1, award="instant")
        end = await until_event(market, "posting.offered", end)
        await builders.accept(market, "j", "p0")
        await builders.register(market, "p1")
        await market.release("j", "p0", "worker")
        await until_event(market, "posting.offered", end)
    entries = await market.entries("j")
    assert (entries["p0"].assignment, entries["p1"].offer) == ("released", "open")


async def test_when_everybody_declined_the_next_wave_does_not_wait(market: Store) -> None:
    await builders.register(market, "p0")
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1)
        end = await until_event(market, "posting.offered", end)
        await builders.register(market, "p1")
        await market.decline("j", "p0", 1)
        await until_event(market, "posting.offered", end)
    assert (await market.entries("j"))["p1"].wave == 2


async def test_windows_settle_and_waves_follow_when_due_without_polling(market: Store) -> None:
    await crowd(market, 40)
    await market.configure({"window_ms": 200})
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=2, award="fair")
        end = await until_event(market, "posting.offered", end)
        some = list(await market.entries("j"))[:3]
        await builders.accept(market, "j", *some)
        await until_event(market, "posting.settled", end)
    entries = await market.entries("j")
    assert sorted(str(entries[p].acceptance) for p in some) == ["seated", "seated", "standby"]


async def test_the_next_wave_comes_when_the_gap_is_over(market: Store) -> None:
    await crowd(market, 40)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1, starts_in_ms=HOUR_MS + 30 * MINUTE_MS)
        await until_event(market, "posting.offered", end)
    end, _ = await market.stream_end()
    await move_clock(market, 3 * MINUTE_MS + 1_000)
    async with matcher(market):
        await until_event(market, "posting.offered", end)
    assert {e.wave for e in (await market.entries("j")).values()} == {1, 2}


async def test_two_matchers_of_one_market_do_not_double_a_wave(market: Store) -> None:
    await crowd(market, 60)
    async with matcher(market), matcher(market):
        end, _ = await market.stream_end()
        for n in range(3):
            await builders.post(market, f"j{n}", headcount=2)
            end = await until_event(market, "posting.offered", end)
        await market.sweep()
    for n in range(3):
        assert (await market.posting(f"j{n}")).wave == 1


@pytest.mark.parametrize("listed_only", [True, False])
async def test_long_term_work_is_listed_and_never_dispatched(market: Store, listed_only: bool) -> None:
    await crowd(market, 3)
    await builders.post(market, "j", listed_only=listed_only)
    assert needs_people(await market.posting("j")) is not listed_only


async def test_a_late_matcher_does_not_make_a_second_wave(market: Store) -> None:
    await crowd(market, 60)
    late = Dispatcher(market, await rebuilt(market))
    await builders.post(market, "j", headcount=2)
    changes = await market.changes(late.memory.stream_id)
    await builders.offer(market, "j", ["p0", "p1"])
    await late.step(changes)
    assert (await market.posting("j")).wave == 1


@pytest.mark.parametrize("last", ["accepts", "declines"])
async def test_when_the_last_answer_is_in_and_seats_remain_the_next_wave_does_not_wait(
    market: Store, last: str
) -> None:
    await crowd(market, 2)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=2)
        end = await until_event(market, "posting.offered", end)
        first, second = ("p0", "p1") if last == "declines" else ("p1", "p0")
        if last == "declines":
            await builders.accept(market, "j", first)
            await builders.register(market, "late")
            await market.decline("j", second, 1)
        else:
            await market.decline("j", first, 1)
            await builders.register(market, "late")
            await builders.accept(market, "j", second)
        await until_event(market, "posting.offered", end)
    assert (await market.entries("j"))["late"].wave == 2


async def test_a_wave_does_not_run_ahead_of_those_who_have_come(market: Store) -> None:
    """The first answer's event finds the record of both; who registered between them is in memory with the second."""
    await crowd(market, 2)
    dispatcher = Dispatcher(market, await rebuilt(market))
    await builders.post(market, "j", headcount=2)
    await builders.offer(market, "j", ["p0", "p1"])
    await builders.accept(market, "j", "p0")
    await builders.register(market, "late")
    await market.decline("j", "p1", 1)
    changes = await market.changes(dispatcher.memory.stream_id)
    first = next(n for n, c in enumerate(changes) if c.kind == "posting.accepted") + 1
    await dispatcher.step(changes[:first])
    assert (await market.posting("j")).wave == 1
    await dispatcher.step(changes[first:])
    assert (await market.entries("j"))["late"].wave == 2


async def test_who_comes_is_asked_at_once(market: Store) -> None:
    for person in await crowd(market, 3):
        await market.commands.hset(market.key("profile", person), "paused", 1)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1)
        end = await until_event(market, "posting.offered", end)
        assert await market.entries("j") == {}
        await market.presence("p1", Presence(state="available"), await market.now_ms() + HOUR_MS)
        await until_event(market, "posting.offered", end)
    assert list(await market.entries("j")) == ["p1"]


async def test_who_has_answered_is_asked_at_once_what_nobody_could_be_asked(market: Store) -> None:
    (person,) = await crowd(market, 1)
    async with matcher(market):
        end, _ = await market.stream_end()
        for n in range(3):  # two open offers at a time, and a third posting
            await builders.post(market, f"j{n}", headcount=1, starts_in_ms=(24 + 10 * n) * HOUR_MS)
            end = await until_event(market, "posting.offered", end)
        assert await market.entries("j2") == {}
        await market.decline("j0", person, 1)
        end = await until_event(market, "posting.offered", end)  # j0 again: nobody is left for it
        await until_event(market, "posting.offered", end)
    assert list(await market.entries("j2")) == [person]


async def test_who_is_called_back_is_asked_before_anybody_else(market: Store) -> None:
    await crowd(market, 30)
    await builders.register(market, "busy", pay=Pay(fen=50_000))
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=2, first=["p7", "busy", "p9"])
        end = await until_event(market, "posting.offered", end)
        entries = await market.entries("j")
        assert sorted(entries) == ["p7", "p9"]  # within the rules: the pay is less than `busy` wants
        assert all("这家雇主点名再找你" in entry.reasons for entry in entries.values())
        for who in entries:
            await market.decline("j", who, 1)
        await until_event(market, "posting.offered", end)
    assert len(await market.entries("j")) > 2


async def test_past_workers_come_first_and_blocks_are_never_asked(market: Store) -> None:
    people = await crowd(market, 60)
    await builders.post(market, "other", starts_in_ms=40 * HOUR_MS)
    await market.favour(builders.EMPLOYER, "p42", True)
    await market.block(builders.EMPLOYER, "p3", "worker", True)
    far = Place(lat=builders.HERE.lat + 0.08, lon=builders.HERE.lon)
    await market.amend_profile("p42", builders.profile(place=far), builders.vector(), builders.MODEL)
    memory = await rebuilt(market)
    waves_ = decide(memory, [question(memory, memory.postings["other"], await market.now_ms())], Weights())[0]
    assert waves_[0].offered[0].profile == "p42"  # nine kilometres away, and asked with those next door
    assert "p3" not in {line.profile for line in waves_[0].offered}
    assert len(people) > len(waves_[0].offered)


async def test_who_is_in_the_hall_comes_first_wherever_they_live(market: Store) -> None:
    until_ms = await market.now_ms() + HOUR_MS
    await crowd(market, 30)
    far = Place(lat=builders.HERE.lat + 0.2, lon=builders.HERE.lon)
    await builders.register(market, *(f"hall{n}" for n in range(12)), place=far, radius_m=50_000)
    for n in range(12):
        await market.presence(f"hall{n}", Presence(state="in_hall"), until_ms)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "enough", headcount=1)
        await builders.post(market, "more", headcount=3)
        for _ in range(2):
            end = await until_event(market, "posting.offered", end)
    enough, more = await market.entries("enough"), await market.entries("more")
    assert {p[:4] for p in enough} == {"hall"}
    assert len(more) == 19
    ranked = sorted(more, key=lambda p: more[p].rank)
    assert {p[:4] for p in ranked[:12]} == {"hall"}
    assert {more[p].within_m for p in ranked[:12]} == {0}
    assert {more[p].within_m for p in ranked[12:]} == {3_000}


async def test_who_let_the_app_run_out_is_left_to_the_telephone(market: Store) -> None:
    await crowd(market, 3)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=1, starts_in_ms=5 * HOUR_MS)
        await until_event(market, "posting.offered", end)
    await market.decline("j", "p1", 1)
    await move_clock(market, 20 * MINUTE_MS)
    end, _ = await market.stream_end()
    await market.sweep()
    async with matcher(market):
        await until_event(market, "posting.offered", end)
    entries = await market.entries("j")
    assert {p: (e.offer, e.channel) for p, e in entries.items()} == {
        "p0": ("open", "call"),
        "p1": ("declined", "inbox"),
        "p2": ("open", "call"),
    }
    assert entries["p0"].deadline_ms - entries["p0"].offered_ms == 30 * MINUTE_MS


async def test_each_is_asked_on_a_channel_that_reaches_them(market: Store) -> None:
    until_ms = await market.now_ms() + HOUR_MS
    wished = {"a": [], "b": ["sms", "inbox"], "c": ["call"], "d": ["kiosk"], "e": ["kiosk"], "f": ["call"]}
    for who, channels in wished.items():
        await builders.register(market, who, channels=channels)
    for who in ("e", "f"):
        await market.presence(who, Presence(state="in_hall"), until_ms)
    async with matcher(market):
        end, _ = await market.stream_end()
        await builders.post(market, "j", headcount=2)
        await until_event(market, "posting.offered", end)
    channels_used = {p: e.channel for p, e in (await market.entries("j")).items()}
    assert channels_used == {"a": "inbox", "b": "sms", "c": "call", "d": "call", "e": "kiosk", "f": "kiosk"}


async def test_waves_that_reached_nobody_are_no_reason_to_look_further(market: Store) -> None:
    await builders.post(market, "j", headcount=1)
    for _ in range(3):
        await builders.offer(market, "j", [])
    people = await crowd(market, 30)
    far = Place(lat=builders.HERE.lat + 0.05, lon=builders.HERE.lon)
    await builders.register(market, *(f"far{n}" for n in range(60)), place=far, radius_m=50_000)
    end, _ = await market.stream_end()
    async with matcher(market):
        await until_event(market, "posting.offered", end)
    assert set(await market.entries("j")) <= set(people)


async def test_one_unreadable_record_does_not_stop_the_market(market: Store) -> None:
    await crowd(market, 3)
    await builders.post(market, "broken", headcount=1)
    await market.commands.hset(market.key("posting", "broken"), "doc", b"\xc1")
    await market.commands.hset(market.key("profile", "p2"), "doc", b"\xc1")
    end, _ = await market.stream_end()
    await builders.post(market, "j", headcount=1)
    async with matcher(market):
        await until_event(market, "posting.offered", end)
    assert set(await market.entries("j")) == {"p0", "p1"}
