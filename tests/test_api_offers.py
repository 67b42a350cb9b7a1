"""Offers and assignments over HTTP: yes, no, and the way from the seat to the pay."""

from __future__ import annotations

import asyncio
from collections import Counter

from matcher.model import HOUR_MS
from matcher.settings import MarketSettings
from tests import builders
from tests.api import Api
from tests.conftest import move_clock

SEATS, PEOPLE = 5, 200


async def test_two_hundred_at_once_on_five_seats(api: Api) -> None:
    people = [f"w{n}" for n in range(PEOPLE)]
    await builders.in_play(api.store, "j1", people, headcount=SEATS)
    tokens = await asyncio.gather(*(api.worker(p) for p in people))
    replies = await asyncio.gather(
        *(api.post(f"/v1/offers/j1:{p}:1/accept", token=t) for p, t in zip(people, tokens, strict=True))
    )
    told = Counter(reply.code or reply.data["acceptance"] for reply in replies)
    record = await api.store.posting("j1")
    assert told["seated"] == record.taken == record.headcount == SEATS
    assert record.state == "filled"
    assert told["standby"] == record.standby == record.standby_target
    assert told["offer_withdrawn"] == PEOPLE - SEATS - record.standby_target
    for reply in replies:
        words = reply.data["error"]["message"] if reply.code else reply.data["words"]
        assert words, "everybody is told why"
    held = [p for p in people if await api.store.calendar(p)]
    assert len(held) == SEATS


async def test_an_answer_given_twice_is_one_answer(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2"])
    w1, w2 = await api.worker("w1"), await api.worker("w2")
    first = await api.post("/v1/offers/j1:w1:1/accept", token=w1)
    assert first.data["words"] == "你被录用了,请确认会来"
    again = await api.post("/v1/offers/j1:w1:1/accept", token=w1)
    assert again.data == first.data | {"replay": True}
    no = await api.post("/v1/offers/j1:w2:1/decline", {"reason": "太远"}, token=w2)
    assert (no.status, no.data["replay"]) == (200, False)
    assert (await api.post("/v1/offers/j1:w2:1/decline", {"reason": "太远"}, token=w2)).data["replay"] is True
    assert (await api.store.entries("j1"))["w2"].decline_reason == "太远"


async def test_own_lists_show_what_is_current(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"], starts_in_ms=20 * HOUR_MS)
    await builders.post(api.store, "j2")
    await builders.offer(api.store, "j2", ["w1"])
    w1, clerk = await api.worker("w1"), await api.token("clerk")
    cards = (await api.get("/v1/offers", token=w1)).data["cards"]
    assert [c["posting"]["id"] for c in cards] == ["j2", "j1"]
    card = cards[0]
    assert (card["v"], card["entry"]["offer"], card["entry"]["distance_m"]) == (2, "j2:w1:1", 1_000)
    assert card["entry"]["reasons"] == ["近"]
    assert card["posting"]["employer_name"] == builders.employer().name
    assert card["posting"]["pay"] == {"fen": 20_000, "unit": "day"}
    assert "seed" not in card["posting"]
    assert (await api.get("/v1/offers?profile=w1", token=clerk)).data["cards"] == cards
    assert (await api.get("/v1/assignments", token=w1)).data["cards"] == []
    await api.post("/v1/offers/j2:w1:1/accept", token=w1)
    assert [c["posting"]["id"] for c in (await api.get("/v1/offers", token=w1)).data["cards"]] == ["j1"]
    (mine,) = (await api.get("/v1/assignments", token=w1)).data["cards"]
    assert (mine["entry"]["assignment_id"], mine["entry"]["assignment"]) == ("j2:w1", "seated")
    assert (await api.get("/v1/assignments?over=true", token=w1)).data["cards"] == []
    assert (await api.post("/v1/assignments/j2:w1/release", {"reason": "病了"}, token=w1)).status == 200
    assert (await api.get("/v1/assignments", token=w1)).data["cards"] == []
    (over,) = (await api.get("/v1/assignments?over=true&profile=w1", token=clerk)).data["cards"]
    assert (over["posting"]["id"], over["entry"]["assignment"]) == ("j2", "released")


async def test_from_the_seat_to_the_pay(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"], starts_in_ms=HOUR_MS)
    w1, own = await api.worker("w1"), await api.token("employer", builders.EMPLOYER)
    kiosk, at = await api.token("kiosk", site=builders.SITE), "/v1/assignments/j1:w1"
    await api.post("/v1/offers/j1:w1:1/accept", token=w1)
    assert (await api.post(f"{at}/confirm", token=w1)).data["assignment"] == "confirmed"
    assert (await api.post(f"{at}/check-in", token=kiosk)).data["assignment"] == "checked_in"
    assert (await api.post(f"{at}/done", token=own)).code == "too_early"
    await move_clock(api.store, 9 * HOUR_MS)
    assert (await api.post(f"{at}/done", token=own)).data["assignment"] == "done"
    assert (await api.post(f"{at}/paid", token=own)).code == "forbidden"
    assert (await api.post(f"{at}/paid", token=w1)).data["assignment"] == "paid"
    assert (await api.get("/v1/profiles/w1", token=w1)).data["done"] == 1


async def test_who_is_released_or_missing_is_replaced_and_not_always_counted(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1", "w2", "w3"], headcount=1, starts_in_ms=5 * HOUR_MS)
    await builders.accept(api.store, "j1", "w1", "w2")
    own, w1, w2 = await api.token("employer", builders.EMPLOYER), await api.worker("w1"), await api.worker("w2")
    assert (await api.post("/v1/assignments/j1:w1/release", {}, token=w1)).data["assignment"] == "released"
    assert (await api.store.entries("j1"))["w2"].assignment == "seated"
    assert (await api.post("/v1/assignments/j1:w2/release", {"reason": "不需要了"}, token=own)).status == 200
    entries = await api.store.entries("j1")
    assert (entries["w1"].ended_by, entries["w2"].ended_by) == ("worker", "employer")
    assert (await api.get("/v1/profiles/w1", token=w1)).data["releases"] == 1
    assert (await api.get("/v1/profiles/w2", token=w2)).data["releases"] == 0


async def test_a_called_standby_says_yes_in_time_or_the_next_is_called(api: Api) -> None:
    await api.store.configure({"reconfirm_within_ms": 6 * HOUR_MS})
    await builders.in_play(api.store, "j1", ["w1", "w2", "w3"], headcount=1, starts_in_ms=5 * HOUR_MS)
    await api.store.accept("j1", "w1", 1)
    await api.store.accept("j1", "w2", 1)
    w1, w2 = await api.worker("w1"), await api.worker("w2")
    assert (await api.post("/v1/assignments/j1:w2/reconfirm", token=w2)).code == "illegal_move"
    await api.post("/v1/assignments/j1:w1/release", {}, token=w1)
    assert (await api.store.entries("j1"))["w2"].acceptance == "called"
    assert (await api.post("/v1/assignments/j1:w2/reconfirm", token=w2)).data["assignment"] == "seated"


async def test_stepping_back_before_being_seated(api: Api) -> None:
    await builders.in_play(api.store, "j1", ["w1"], award="fair")
    w1 = await api.worker("w1")
    yes = await api.post("/v1/offers/j1:w1:1/accept", token=w1)
    window_ms = MarketSettings().window_ms
    assert (yes.data["acceptance"], yes.data["order"]) == ("waiting", 1)
    assert yes.data["window_until_ms"] > await builders.market_now_ms(api.store) + window_ms - 5_000
    assert (await api.post("/v1/assignments/j1:w1/withdraw", token=w1)).status == 200
    assert (await api.post("/v1/assignments/j1:w1/withdraw", token=w1)).data["replay"] is True
    assert (await api.store.entries("j1"))["w1"].acceptance == "withdrawn"


async def test_an_offer_that_is_expired_foreign_or_of_old_terms(api: Api) -> None:
    await builders.register(api.store, "w1", "w2", "w3")
    await builders.post(api.store, "j1")
    await builders.offer(api.store, "j1", ["w1", "w3"], reply_ms=60_000)
    w1, w2, w3 = await api.worker("w1"), await api.worker("w2"), await api.worker("w3")
    assert (await api.post("/v1/offers/j1:w2:1/accept", token=w2)).code == "no_offer"
    assert (await api.post("/v1/offers/j1:w1:1/accept", token=w2)).code == "forbidden"
    assert (await api.post("/v1/offers/j1:w1:2/accept", token=w1)).code == "offer_withdrawn"
    assert (await api.post("/v1/offers/j1:w3:1/decline", {}, token=w3)).status == 200
    assert (await api.post("/v1/offers/j1:w3:1/accept", token=w3)).code == "offer_declined"
    await move_clock(api.store, 61_000)
    before = await builders.dump(api.store)
    late = await api.post("/v1/offers/j1:w1:1/accept", token=w1)
    assert (late.status, late.code, late.data["error"]["message"]) == (
        409,
        "offer_expired",
        "这个派单已过时间,下次请早点回复",
    )
    assert await builders.dump(api.store) == before
