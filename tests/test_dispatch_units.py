"""What is asked for together: crews found as units, and the days of a series."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.dispatch import Dispatcher
from matcher.model import DAY_MS, HOUR_MS, Hours, Pay, Place
from matcher.store import Store
from tests import builders
from tests.conftest import move_clock
from tests.memory import rebuilt
from tests.test_series import series

NEAR = Place(lat=builders.HERE.lat + 0.005, lon=builders.HERE.lon)


async def crew(store: Store, id_: str, *members: str, **over: Any) -> None:
    await builders.register(store, *members, **over)
    await store.form_crew(id_, members[0], members[1:])
    for who in members[1:]:
        await store.join_crew(id_, who)


async def dispatched(store: Store) -> Dispatcher:
    """A matcher that has just begun and caught up with what waited."""
    dispatcher = Dispatcher(store, await rebuilt(store))
    dispatcher.memory.settings = await store.market_settings()
    dispatcher.clock_ahead_ms = await builders.market_now_ms(store) - await store.now_ms()
    await dispatcher.catch_up()
    return dispatcher


async def crews_asked(store: Store, posting: str) -> dict[str, str]:
    return {who: e.crew for who, e in (await store.entries(posting)).items()}


# -- crews -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "asked_as"), [("none", ""), ("whole", "c"), ("split", "c")])
async def test_a_crew_is_asked_as_one_where_the_posting_takes_crews(market: Store, mode: str, asked_as: str) -> None:
    await crew(market, "c", "ann", "bob")
    await builders.register(market, "cat")
    await builders.post(market, "p", crews=mode)
    await dispatched(market)
    assert await crews_asked(market, "p") == {"ann": asked_as, "bob": asked_as, "cat": ""}


@pytest.mark.parametrize("why", ["one may not", "one is not in it yet", "too large"])
async def test_who_cannot_be_asked_as_a_crew_is_asked_alone(market: Store, why: str) -> None:
    await crew(market, "c", "ann", "bob")
    headcount = 1 if why == "too large" else 2
    if why == "one may not":
        profile = builders.profile(pay=Pay(fen=90_000, unit="hour"))
        await market.amend_profile("bob", profile, builders.vector(), builders.MODEL)
    if why == "one is not in it yet":
        await market.leave_crew("c", "bob")
        await market.invite("c", "bob")
    await builders.post(market, "p", crews="whole", headcount=headcount)
    await dispatched(market)
    asked = await crews_asked(market, "p")
    assert asked["ann"] == ""
    assert asked.get("bob", "") == ""


async def test_a_crew_stands_with_the_mean_of_its_members(market: Store) -> None:
    """Alone the near one of the crew would come before everybody, the far one after: asked for two, both or neither."""
    far = Place(lat=builders.HERE.lat + 0.02, lon=builders.HERE.lon)
    await crew(market, "c", "near", "far")
    await market.amend_profile("far", builders.profile(place=far), builders.vector(), builders.MODEL)
    await builders.register(market, *(f"w{n}" for n in range(30)), place=NEAR)
    await builders.post(market, "p", crews="whole", headcount=2)
    await dispatched(market)
    asked = await crews_asked(market, "p")
    assert ("near" in asked) == ("far" in asked)


async def test_postings_that_compete_never_tear_a_crew(market: Store) -> None:
    await market.configure({"live_cap": 1})
    for n in range(4):
        await crew(market, f"c{n}", f"a{n}", f"b{n}")
    for n in range(3):
        await builders.post(market, f"p{n}", crews="whole")
    await dispatched(market)
    asked = [await market.entries(f"p{n}") for n in range(3)]
    assert sum(map(len, asked)) == 8
    assert all(mate in entries for entries in asked for e in entries.values() for mate in e.mates)


async def test_memory_of_crews_is_that_of_the_records(market: Store) -> None:
    await crew(market, "c", "ann", "bob", "cat")
    dispatcher = await dispatched(market)
    await market.leave_crew("c", "cat")
    await crew(market, "d", "dan", "eve")
    await market.leave_crew("d", "dan")
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    assert dispatcher.memory.dump() == (await rebuilt(market)).dump()
    assert dispatcher.memory.crew_of == {"ann": "c", "bob": "c"}


# -- series ------------------------------------------------------------------------------------------------------------


async def test_of_a_series_as_a_whole_only_the_first_day_is_offered_to_who_can_come_on_all(market: Store) -> None:
    await builders.register(market, "free", "weekend", "busy")
    first = await builders.market_now_ms(market) + 10 * HOUR_MS
    weekday = (first // DAY_MS + 3) % 7 + 1
    only = builders.profile(hours=[Hours(days=[weekday, weekday % 7 + 1], start="00:00", end="24:00")])
    await market.amend_profile("weekend", only, builders.vector(), builders.MODEL)
    await builders.in_play(market, "q", ["busy"], starts_in_ms=58 * HOUR_MS)
    await builders.accept(market, "q", "busy")
    await series(market)
    await dispatched(market)
    assert list(await market.entries("d1")) == ["free"]
    assert await market.entries("d2") == await market.entries("d3") == {}


async def test_a_seat_that_opens_on_one_day_before_the_beginning_is_offered_by_the_first(market: Store) -> None:
    await builders.register(market, "ann")
    await series(market, headcount=1)
    dispatcher = await dispatched(market)
    await builders.accept(market, "d1", "ann")
    await builders.register(market, "bob")
    await market.release("d3", "ann", "clerk")
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    assert set(await market.entries("d1")) == {"ann", "bob"}
    assert set(await market.entries("d3")) == {"ann"}


async def test_once_begun_a_day_looks_for_people_by_itself(market: Store) -> None:
    await builders.register(market, "ann")
    await series(market, headcount=1)
    dispatcher = await dispatched(market)
    await builders.accept(market, "d1", "ann")
    await move_clock(market, 10 * HOUR_MS)
    dispatcher.clock_ahead_ms += 10 * HOUR_MS
    await builders.register(market, "bob")
    await market.release("d3", "ann", "clerk")
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    assert set(await market.entries("d3")) == {"ann", "bob"}
    assert set(await market.entries("d1")) == {"ann"}


async def test_the_days_of_a_choice_are_one_offer(market: Store) -> None:
    """Four days to one person, who may have two offers at a time and two a day: it is one."""
    await market.configure({"daily_cap": 2, "live_cap": 2})
    await builders.register(market, "ann")
    for n in range(4):
        await builders.post(market, f"p{n}", series="s", starts_in_ms=10 * HOUR_MS + n * DAY_MS)
    dispatcher = await dispatched(market)
    assert [list(await market.entries(f"p{n}")) for n in range(4)] == [["ann"]] * 4
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    row = dispatcher.memory.columns.row_of["ann"]
    assert dispatcher.memory.columns.live_offers[row] == 1
    await builders.post(market, "other", starts_in_ms=200 * HOUR_MS)
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    assert list(await market.entries("other")) == ["ann"]
    await builders.post(market, "third", starts_in_ms=300 * HOUR_MS)
    await dispatcher.step(await market.changes(dispatcher.memory.stream_id, block_ms=1))
    assert await market.entries("third") == {}
