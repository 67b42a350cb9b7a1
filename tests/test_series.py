"""Series that are taken as a whole (全程): seated on every day or on none, until the first day starts."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from loadtest.audit import audit
from matcher.model import HOUR_MS, Pay, Posting
from matcher.seating import Offered
from matcher.store import Store
from tests.builders import (
    EMPLOYER,
    SEED,
    accept,
    employer,
    in_play,
    market_now_ms,
    offer,
    post,
    posting,
    refused,
    register,
    replayed,
    write,
)  # fmt: skip
from tests.conftest import move_clock

DAYS = ("d1", "d2", "d3")
DAY_MS = 24 * HOUR_MS


def call_of(id_: str, doc: Posting, award: str = "instant", verdict: Any = "open") -> tuple[str, list[Any]]:
    return Store.post_call(id_, write(doc), verdict=verdict, reason="", award=award, seed=SEED)


async def series(store: Store, award: str = "instant", verdicts: Any = ("open",) * 3, **over: Any) -> list[Posting]:
    """Three days, each from the same hour, the first one in ten hours."""
    await store.put_employer(EMPLOYER, employer())
    now_ms = await market_now_ms(store)
    docs = [
        posting(now_ms, series="s", whole_series=True, starts_in_ms=10 * HOUR_MS + n * DAY_MS, **over)
        for n in range(len(DAYS))
    ]
    days = [call_of(id_, doc, award, verdict) for id_, doc, verdict in zip(DAYS, docs, verdicts, strict=True)]
    await store.post_series("s", days)
    return docs


async def states(store: Store, who: str) -> list[str | None]:
    """What somebody has on each day."""
    return [getattr((await store.entries(day)).get(who), "assignment", None) for day in DAYS]


async def taken(store: Store) -> list[int]:
    return [(await store.posting(day)).taken for day in DAYS]


async def seated(store: Store, *people: str, **over: Any) -> list[Posting]:
    """A series whose first day was offered to people, who have all said yes."""
    await register(store, *people)
    docs = await series(store, **over)
    await offer(store, "d1", people)
    await accept(store, "d1", *people)
    return docs


async def test_days_are_written_all_at_once_or_not_at_all(store: Store) -> None:
    docs = await series(store)
    days = [call_of(id_, doc) for id_, doc in zip(DAYS, docs, strict=True)]
    await replayed(store, store.post_series("s", days))
    await refused(store, "key_reused", store.post_series("s", [*days[:2], call_of("d9", docs[2])]))
    await refused(store, "key_reused", store.post_series("s", [call_of("d9", docs[2])]))
    late = structs.replace(docs[0], start_ms=1_000_000_000_000)
    await refused(store, "posting_past", store.post_series("t", [call_of("e1", docs[0]), call_of("e2", late)]))
    await refused(store, "series_overlap", store.post_series("t", [call_of("e1", docs[0]), call_of("e2", docs[0])]))
    p = await store.posting("d2")
    assert (p.whole, p.begins_ms, p.state) == ("s", docs[0].start_ms, "open")
    assert (await audit(store)).ok


async def test_one_yes_seats_on_every_day(store: Store) -> None:
    await seated(store, "ann", "bob", "cat")
    assert await states(store, "ann") == ["seated"] * 3
    assert (await store.entries("d1"))["cat"].acceptance == "standby"
    assert await states(store, "cat") == [None] * 3
    assert await taken(store) == [2, 2, 2]
    assert sorted(await store.calendar("ann")) == list(DAYS)
    assert {(await store.posting(day)).state for day in DAYS} == {"filled"}
    assert (await audit(store)).ok


async def test_only_the_first_day_asks(store: Store) -> None:
    await series(store)
    await register(store, "ann")
    await refused(store, "posting_not_open", offer(store, "d2", ["ann"]))


async def test_who_is_booked_on_one_day_is_passed_over(store: Store) -> None:
    await in_play(store, "q", ["ann"], starts_in_ms=60 * HOUR_MS)
    await accept(store, "q", "ann")
    await series(store)
    await offer(store, "d1", ["ann"])
    (done,) = await accept(store, "d1", "ann")
    assert done.acceptance == "passed_over"
    assert await taken(store) == [0, 0, 0]


async def test_nobody_is_seated_while_one_day_is_under_review(store: Store) -> None:
    await register(store, "ann")
    await series(store, verdicts=("open", "awaiting_review", "open"))
    await refused(store, "posting_not_open", offer(store, "d1", ["ann"]))
    await store.review("d2", "open")
    await offer(store, "d1", ["ann"])
    await accept(store, "d1", "ann")
    assert await states(store, "ann") == ["seated"] * 3


@pytest.mark.parametrize("day", DAYS)
async def test_a_seat_that_ends_before_the_beginning_ends_on_every_day(store: Store, day: str) -> None:
    await seated(store, "ann", "bob", "cat")
    await store.release(day, "ann", "worker")
    assert await states(store, "ann") == ["released"] * 3
    assert await states(store, "cat") == ["seated"] * 3
    assert await store.calendar("ann") == {}
    assert (await store.profile("ann")).releases == 1
    assert (await audit(store)).ok


async def test_once_begun_each_day_is_by_itself(store: Store) -> None:
    docs = await seated(store, "ann", "bob")
    await register(store, "cat")
    await move_clock(store, 10 * HOUR_MS)
    await store.no_show("d1", "ann")
    assert await states(store, "ann") == ["no_show", "seated", "seated"]
    await store.release("d2", "bob", "worker")
    assert await states(store, "bob") == ["seated", "released", "seated"]
    await offer(store, "d2", ["cat"])
    await accept(store, "d2", "cat")
    assert await states(store, "cat") == [None, "seated", None]
    assert (await store.posting("d3")).begins_ms == docs[0].start_ms
    assert (await audit(store)).ok


async def test_the_days_ask_for_people_themselves_when_the_first_has_begun(store: Store) -> None:
    await series(store)
    await move_clock(store, 10 * HOUR_MS)
    seen = (await store.stream_end())[0]
    await store.sweep()
    due = {c.id for c in await store.changes(seen, block_ms=1) if c.kind == "posting.wave_due"}
    assert due == {"d2", "d3"}


async def test_changed_terms_of_one_day_are_asked_on_that_day_and_no_is_no_to_all(store: Store) -> None:
    docs = await seated(store, "ann", "bob", "cat")
    less = write(structs.replace(docs[1], pay=Pay(fen=9_000, unit="day")))
    await store.amend("d2", less, material=True, warns=False)
    assert await states(store, "ann") == ["seated", "consent_due", "seated"]
    assert (await store.entries("d1"))["cat"].acceptance == "withdrawn"  # cat waited for other terms
    await store.reconsent("d2", "ann", 2, True)
    await store.reconsent("d2", "bob", 2, False)
    assert (await states(store, "ann"), await states(store, "bob")) == (["seated"] * 3, ["released"] * 3)
    assert (await offer(store, "d1", ["cat", "bob"])).offered == 2
    assert (await audit(store)).ok


async def test_a_day_that_moves_to_the_front_leads(store: Store) -> None:
    docs = await seated(store, "ann")
    first = structs.replace(docs[2], start_ms=docs[0].start_ms - 9 * HOUR_MS, end_ms=docs[0].start_ms - 6 * HOUR_MS)
    await store.amend("d3", write(first), material=True, warns=False)
    assert {(await store.posting(day)).begins_ms for day in DAYS} == {first.start_ms}
    await register(store, "bob")
    await refused(store, "posting_not_open", offer(store, "d1", ["bob"]))
    await offer(store, "d3", ["bob"])
    await accept(store, "d3", "bob")
    assert await states(store, "bob") == ["seated"] * 3
    over = structs.replace(docs[1], start_ms=docs[0].start_ms)
    await refused(store, "series_overlap", store.amend("d2", write(over), material=True, warns=False))
    assert (await audit(store)).ok


@pytest.mark.parametrize("day", DAYS)
async def test_a_day_can_be_withdrawn_and_the_others_go_on(store: Store, day: str) -> None:
    await seated(store, "ann", "bob", "cat")
    await store.withdraw(day)
    first = next(d for d in DAYS if d != day)
    expected = ["released" if d == day else "consent_due" if d == first else "seated" for d in DAYS]
    assert await states(store, "ann") == expected  # a shorter series is other work: they are asked
    await store.reconsent(first, "ann", 2, True)
    await store.reconsent(first, "bob", 2, False)
    assert await states(store, "bob") == ["released"] * 3
    assert [s for s in await states(store, "ann") if s != "released"] == ["seated", "seated"]
    assert (await offer(store, first, ["cat"])).offered == 1
    await accept(store, first, "cat")
    assert [s for s in await states(store, "cat") if s] == ["seated", "seated"]
    assert (await store.profile("bob")).releases == 0
    assert (await audit(store)).ok


async def test_a_series_is_withdrawn_as_a_whole(store: Store) -> None:
    await seated(store, "ann")
    await store.withdraw_series("s")
    assert await states(store, "ann") == ["released"] * 3
    assert {(await store.posting(day)).state for day in DAYS} == {"withdrawn"}
    await replayed(store, store.withdraw_series("s"))
    await refused(store, "no_series", store.withdraw_series("t"))
    assert (await audit(store)).ok


async def test_before_it_begins_a_series_closes_as_one(store: Store) -> None:
    await seated(store, "ann")
    await store.close_posting("d2")
    assert {(await store.posting(day)).state for day in DAYS} == {"closed"}
    assert await states(store, "ann") == ["seated"] * 3
    assert (await audit(store)).ok


async def test_the_day_with_the_fewest_seats_decides(store: Store) -> None:
    docs = await seated(store, "ann")
    one = write(structs.replace(docs[2], headcount=1))
    await store.amend("d3", one, material=False, warns=False)
    await register(store, "bob")
    await refused(store, "posting_not_open", offer(store, "d1", ["bob"]))
    assert [(await store.posting(day)).state for day in DAYS] == ["open", "open", "filled"]
    assert (await audit(store)).ok


async def test_the_fair_award_of_a_series_is_that_of_its_first_day(store: Store) -> None:
    await seated(store, "ann", "bob", "cat", award="fair")
    assert await taken(store) == [0, 0, 0]
    await move_clock(store, 31_000)
    await store.sweep()
    assert await taken(store) == [2, 2, 2]
    await post(store, "x")
    assert (await audit(store)).ok


async def test_a_crew_takes_a_series_together(store: Store) -> None:
    await register(store, "ann", "bob")
    await store.form_crew("c", "ann", ["bob"])
    await store.join_crew("c", "bob")
    await series(store, crews="whole")
    lines = [Offered(who, 500, ["近"], "c") for who in ("ann", "bob")]
    await store.offer("d1", terms=1, wave=1, reply_ms=HOUR_MS, gap_ms=HOUR_MS, offered=lines)
    await accept(store, "d1", "ann", "bob")
    assert await states(store, "ann") == await states(store, "bob") == ["seated"] * 3
    assert (await audit(store)).ok
